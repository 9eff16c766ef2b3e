/**
 * Named schemas of the OpenAPI document. A schema with an id (`.meta({ id: 'Message' })`) is written once and referred
 * to. Where the form that is sent differs from the form that is answered, the one that is sent is named `…Input`.
 * Next: operation.ts
 */
import { z } from 'zod';

export type Json = Record<string, unknown>;

export interface Components {
  /** The JSON schema to put in place: inline, with references to the named ones inside it. */
  use(schema: z.ZodType, io: 'input' | 'output'): Json;
  use(schema: z.ZodType | undefined, io: 'input' | 'output'): Json | undefined;
  /** The named schemas met so far. */
  schemas(): Record<string, Json>;
  /** The document with every reference pointing at the name its target got. */
  resolve(document: Json): Json;
}

const HOME = '#/components/schemas/';
const INPUT = 'Input';

export function createComponents(): Components {
  const inputs = new Map<string, Json>();
  const outputs = new Map<string, Json>();

  function use(schema: z.ZodType | undefined, io: 'input' | 'output'): Json | undefined {
    if (schema === undefined) return undefined;
    const suffix = io === 'input' ? INPUT : '';
    const found = io === 'input' ? inputs : outputs;
    const made = z.toJSONSchema(schema, { io, unrepresentable: 'any', override: plainIntegers });
    const { $schema: _dialect, $defs = {}, id, ...root } = rewriteRefs(made, (name) => name + suffix);
    for (const [name, { id: _id, ...value }] of Object.entries($defs as Record<string, Json>))
      found.set(name, value);
    if (typeof id !== 'string') return root;
    found.set(id, root);
    return { $ref: HOME + id + suffix };
  }

  /** Ids whose two forms differ, by themselves or by what they refer to. */
  function twofold(): Set<string> {
    const plain = (value: Json) => JSON.stringify(rewriteRefs(value, withoutSuffix));
    const differ = new Set<string>();
    for (const [id, input] of inputs) {
      const output = outputs.get(id);
      if (output && plain(input) !== plain(output)) differ.add(id);
    }
    for (let before = -1; before !== differ.size;) {
      before = differ.size;
      for (const [id, input] of inputs) {
        const text = JSON.stringify(input);
        if (outputs.has(id) && [...differ].some((other) => text.includes(`"${HOME}${other}${INPUT}"`)))
          differ.add(id);
      }
    }
    return differ;
  }

  function settledName(name: string): string {
    const id = withoutSuffix(name);
    return id === name || !inputs.has(id) || twofold().has(id) ? name : id;
  }

  return {
    use: use as Components['use'], // overloads of an arrow
    schemas() {
      const differ = twofold();
      const all: Record<string, Json> = {};
      for (const [id, value] of outputs) all[id] = value;
      for (const [id, value] of inputs) all[differ.has(id) ? id + INPUT : id] = value;
      return Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)));
    },
    resolve: (document) => rewriteRefs(document, settledName),
  };
}

function withoutSuffix(name: string): string {
  return name.endsWith(INPUT) ? name.slice(0, -INPUT.length) : name;
}

/** A copy in which the name at the end of every `$ref` went through `rename`. */
function rewriteRefs(value: object, rename: (name: string) => string): Json {
  const revive = (key: string, inner: unknown): unknown =>
    key === '$ref' && typeof inner === 'string'
      ? HOME + rename(inner.slice(inner.lastIndexOf('/') + 1))
      : inner;
  return JSON.parse(JSON.stringify(value), revive) as Json; // a copy of a plain object
}

/** `z.int()` carries the bounds of JavaScript's safe integers; they say nothing to a reader. */
function plainIntegers({ jsonSchema }: { jsonSchema: Json }): void {
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
}
