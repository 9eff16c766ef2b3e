/**
 * What the kit tells the audit log of an operation that changed something: which thing, what is different, and why, where
 * a reason was given. The thing is looked at before and after; who keeps the entries is `access/`.
 * Next: operation.ts
 */
import { isDeepStrictEqual } from 'node:util';
import { Problem } from '../base/problem.ts';
import type { Caller } from './caller.ts';
import type { Principal } from './principal.ts';

export interface Audited {
  /** What is changed, in one word: `connection`. */
  readonly thing: string;
  /** There is one of it for whoever asks: nothing is made, also not by a POST. */
  readonly single?: true;
  /**
   * How it is now, secrets as the API shows them. `id` is what stands in the path, or the id of what was made; empty
   * where there is only one. Throws `not_found` when it is not there.
   */
  view?(principal: Principal, id: string): Promise<unknown>;
}

/** `none` is for what changes no settings and has a record of its own: say which, in a comment. */
export type Audit = Audited | 'none';

/** Reading is recorded only where the caller gave a reason for it. */
export type AuditOfReading = Pick<Audited, 'thing'>;

export type AuditChange =
  | { readonly path: string; readonly before?: unknown; readonly after?: unknown }
  /** Of a secret: never what it was or is. */
  | { readonly path: string; readonly changed: true };

export interface AuditFacts {
  readonly operation: string;
  readonly thing: string;
  readonly thingId: string | null;
  readonly changes: readonly AuditChange[];
  readonly reason: string | null;
}

/** Keeps an entry. Does not reject: the change has happened, whether it could be recorded or not. */
export type RecordAudit = (principal: Principal, caller: Caller, facts: AuditFacts) => Promise<void>;

interface Change<A> {
  readonly name: string;
  readonly audit: Audited;
  /** Whether it makes a thing that was not there: a POST without a parameter in its path. */
  readonly makes: boolean;
  readonly principal: Principal;
  readonly caller: Caller;
  readonly params: unknown;
  readonly reason: string | null;
  readonly record: RecordAudit;
  run(): Promise<A>;
}

const REASON_MAX = 500;

/** Runs it, and records it when it succeeded: exactly one entry, and none for what was refused. */
export async function runRecorded<A extends { readonly status: number; readonly body?: unknown }>(
  change: Change<A>,
): Promise<A> {
  const { audit, makes, principal, caller, record } = change;
  const named = firstValue(change.params);
  const before = makes ? undefined : await look(audit, principal, named ?? '');
  const answer = await change.run();
  if (answer.status >= 300) return answer;
  const answered = idIn(answer.body);
  const thingId = idIn(before) ?? named ?? answered;
  const names = [idIn(before), named, answered, fieldOf(answer.body, 'slug')];
  const after = await lookByAny(audit, principal, names).catch(() => UNSEEN);
  const changes = after === UNSEEN ? [] : changesBetween(before, after);
  const made = named !== undefined && answered !== undefined && ![named, thingId].includes(answered);
  await record(principal, caller, {
    operation: change.name,
    thing: audit.thing,
    thingId: thingId ?? null,
    changes: made ? [...changes, { path: 'made', after: answered }] : changes,
    reason: change.reason,
  });
  return answer;
}

const UNSEEN = Symbol('could not be looked at');

/** The reason that a request gives, in its query or its body. */
export function reasonIn(...parts: readonly unknown[]): string | null {
  for (const part of parts) {
    const reason = fieldOf(part, 'reason');
    if (typeof reason === 'string' && reason.trim() !== '') return reason.trim().slice(0, REASON_MAX);
  }
  return null;
}

async function look({ view }: Audited, principal: Principal, id: string): Promise<unknown> {
  try {
    return await view?.(principal, id);
  } catch (error) {
    if (error instanceof Problem && error.code === 'not_found') return undefined;
    throw error;
  }
}

/** Its name may have changed, and not everything is found by its id. */
async function lookByAny(audit: Audited, principal: Principal, names: readonly unknown[]): Promise<unknown> {
  const texts = [...new Set(names.filter((name) => typeof name === 'string'))];
  for (const name of texts) {
    const found = await look(audit, principal, name);
    if (found !== undefined) return found;
  }
  return texts.length === 0 ? look(audit, principal, '') : undefined;
}

function firstValue(params: unknown): string | undefined {
  if (typeof params !== 'object' || params === null) return undefined;
  const [first] = Object.values(params) as unknown[];
  return typeof first === 'string' ? first : undefined;
}

function idIn(value: unknown): string | undefined {
  const id = fieldOf(value, 'id') ?? fieldOf(value, 'slug');
  return typeof id === 'string' ? id : undefined;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
}

const CHANGES_MAX = 200;
const VALUE_MAX = 2_000;

/** A second wall: whatever a view shows under such a name is not written down. */
const SECRET_NAME = /(?:password|passphrase|secret|token|clientKey|privateKey|serviceAccount|hash)$/i;

/** What is different, field by field; lists count as one value. */
function changesBetween(before: unknown, after: unknown): AuditChange[] {
  const old = leavesOf(before);
  const now = leavesOf(after);
  const paths = [...new Set([...old.keys(), ...now.keys()])].toSorted();
  const changed = paths.filter((path) => !isDeepStrictEqual(known(old.get(path)), known(now.get(path))));
  return changed.slice(0, CHANGES_MAX).map((path) => {
    const [was, is] = [old.get(path), now.get(path)];
    if (SECRET_NAME.test(path) || isSecretState(was) || isSecretState(is)) return { path, changed: true };
    return {
      path,
      ...(was !== undefined && { before: short(was) }),
      ...(is !== undefined && { after: short(is) }),
    };
  });
}

function leavesOf(value: unknown, path = '', found = new Map<string, unknown>()): Map<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || isSecretState(value)) {
    if (value !== undefined) found.set(path, value);
    return found;
  }
  for (const [name, inner] of Object.entries(value))
    leavesOf(inner, path === '' ? name : `${path}.${name}`, found);
  return found;
}

/** What stands in place of a secret: that it is there, and since when. */
function isSecretState(value: unknown): boolean {
  return typeof fieldOf(value, 'set') === 'boolean';
}

/** Of a secret's state what changes by itself from day to day is no change. */
function known(value: unknown): unknown {
  if (!isSecretState(value)) return value;
  return [fieldOf(value, 'set'), fieldOf(value, 'rotatedAt'), fieldOf(value, 'reference')];
}

function short(value: unknown): unknown {
  const text = JSON.stringify(value);
  return text.length <= VALUE_MAX ? value : `${text.slice(0, VALUE_MAX)}…`;
}
