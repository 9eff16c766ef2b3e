/**
 * The generated types as callers meet them: nobody changes what was answered, and nothing that was given is changed.
 * Next: message.ts
 */

/** An answer. */
export type Told<T> = T extends object ? { readonly [Key in keyof T]: Told<T[Key]> } : T;

/** What a call takes: also lists that may not be changed, and `undefined` for a field that may be absent. */
export type Given<T> = T extends readonly (infer Item)[]
  ? readonly Given<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Given<T[Key]> | (IsOptional<T, Key> extends true ? undefined : never) }
    : T;

/** Whether `Key` may be absent; the keys of a dictionary are not optional, they are any. */
type IsOptional<T, Key extends keyof T> = string extends Key
  ? false
  : object extends Pick<T, Key>
    ? true
    : false;
