/**
 * The search line of message lists: `status:failed to:@acme.example tag:billing class:otp since:24h "words in the subject"`.
 * Spaces are "and", commas inside a value are "or", `-` in front negates. Pure: text in, filters or complaints out.
 * Next: read-queries.ts
 */
import {
  MESSAGE_CLASSES,
  RECIPIENT_STATES,
  type MessageClass,
  type RecipientState,
} from '../delivery/delivery.ts';
import { parseAddress } from '../mail/mail.ts';

export type Filter =
  | { readonly kind: 'status'; readonly not: boolean; readonly states: readonly RecipientState[] }
  /** Keys as `searchKey` makes them; one that ends in `@` means the whole domain. */
  | { readonly kind: 'to'; readonly not: boolean; readonly keys: readonly string[] }
  | { readonly kind: 'tag'; readonly not: boolean; readonly tags: readonly string[] }
  | { readonly kind: 'class'; readonly not: boolean; readonly classes: readonly MessageClass[] }
  | { readonly kind: 'id'; readonly not: boolean; readonly ids: readonly string[] }
  /** Epoch ms, inclusive. */
  | { readonly kind: 'since'; readonly at: number }
  | { readonly kind: 'until'; readonly at: number }
  | { readonly kind: 'subject'; readonly not: boolean; readonly words: string };

export interface Complaint {
  /** The part of the line that was not understood. */
  readonly part: string;
  readonly message: string;
}

const FIELDS = ['status', 'to', 'tag', 'class', 'id', 'since', 'until'] as const;
const QUERY_MAX = 1_000;
const UNITS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Reads a line; `now` (epoch ms) is what `24h` counts back from. Parts that are not understood come back as complaints. */
export function parseQuery(line: string, now: number): { filters: Filter[]; complaints: Complaint[] } {
  const filters: Filter[] = [];
  const complaints: Complaint[] = [];
  if (line.length > QUERY_MAX) {
    return {
      filters,
      complaints: [
        { part: `${line.slice(0, 20)}…`, message: `is longer than ${String(QUERY_MAX)} characters` },
      ],
    };
  }
  for (const part of split(line)) {
    const filter = readPart(part, now);
    if ('message' in filter) complaints.push(filter);
    else filters.push(filter);
  }
  return { filters, complaints };
}

/** Words by spaces; a quoted stretch is one word. Linear. */
function split(line: string): string[] {
  return line.match(/-?"[^"]*"|[^\s"]+/g) ?? [];
}

function readPart(part: string, now: number): Filter | Complaint {
  const not = part.startsWith('-');
  const text = not ? part.slice(1) : part;
  // No field of a message can hold one, and a database may refuse to look for it.
  if (/[\u0000-\u001f\u007f]/.test(text)) return { part: '…', message: 'holds a control character' };
  const [, field, value] = /^([a-z]+):(.*)$/s.exec(text) ?? [];
  if (field === undefined || value === undefined) {
    const words = text.replaceAll('"', '');
    return words === '' ? { part, message: 'holds no words' } : { kind: 'subject', not, words };
  }
  const values = value.split(',').filter((item) => item !== '');
  if (values.length === 0) return { part, message: `needs a value after ${field}:` };
  switch (field) {
    case 'status':
      return oneOf(part, values, RECIPIENT_STATES, (states) => ({ kind: 'status', not, states }));
    case 'class':
      return oneOf(
        part,
        values,
        Object.fromEntries(MESSAGE_CLASSES.map((name) => [name, name])) as Record<MessageClass, string>,
        (classes) => ({ kind: 'class', not, classes }),
      );
    case 'to':
      return readTo(part, values, not);
    case 'tag':
      return { kind: 'tag', not, tags: values };
    case 'id':
      return { kind: 'id', not, ids: values };
    case 'since':
    case 'until':
      if (not) return { part, message: `cannot be negated; use ${field === 'since' ? 'until' : 'since'}:` };
      return readTime(part, field, value, now);
    default:
      return {
        part,
        message: `is not a known filter; there are ${FIELDS.map((name) => `${name}:`).join(' ')}`,
      };
  }
}

function oneOf<T extends string>(
  part: string,
  values: readonly string[],
  known: Readonly<Record<T, unknown>>,
  make: (values: readonly T[]) => Filter,
): Filter | Complaint {
  const unknown = values.find((value) => !Object.hasOwn(known, value));
  if (unknown === undefined) return make(values as T[]); // every value is a key of `known`
  return { part, message: `“${unknown}” is none of ${Object.keys(known).join(', ')}` };
}

function readTo(part: string, values: readonly string[], not: boolean): Filter | Complaint {
  const keys: string[] = [];
  for (const value of values) {
    const wholeDomain = value.startsWith('@');
    const parsed = parseAddress(wholeDomain ? `x${value}` : value, { singleLabel: true, quotedLocal: true });
    if (!parsed.ok) return { part, message: `“${value}” ${parsed.message}; give an address or @domain` };
    keys.push(`${parsed.address.domain}@${wholeDomain ? '' : parsed.address.local.toLowerCase()}`);
  }
  return { kind: 'to', not, keys };
}

function readTime(part: string, kind: 'since' | 'until', value: string, now: number): Filter | Complaint {
  const [, count, unit] = /^(\d{1,6})([smhdw])$/.exec(value) ?? [];
  if (count !== undefined && unit !== undefined)
    return { kind, at: now - Number(count) * (UNITS[unit] ?? 0) };
  const at = /^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2})?)?$/.test(value)
    ? Date.parse(withZone(value))
    : NaN;
  if (Number.isNaN(at) || !isDay(value.slice(0, 10)))
    return { part, message: 'is no time; use 24h, 7d, 2026-11-21 or 2026-11-21T10:00:00Z' };
  return { kind, at };
}

/** `Date.parse` takes the 30th of February for the 2nd of March. */
function isDay(day: string): boolean {
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
}

/** Times without a zone are UTC, like all times of the API. */
function withZone(value: string): string {
  return /T.*(Z|[+-]\d{2}:\d{2})$/.test(value) || !value.includes('T') ? value : `${value}Z`;
}
