/**
 * Lists a page at a time: `?limit=` and `?cursor=` in, `{items, next}` out, and the `Idempotency-Key` header that
 * writing operations share. A cursor is the last item's id; it holds no right: the next page is filtered by tenant
 * like the first.
 * Next: operation.ts
 */
import { z } from 'zod';
import { isId, type IdPrefix } from '../base/id.ts';
import { problem } from '../base/problem.ts';

const LIMIT_MAX = 200;
const LIMIT_DEFAULT = 50;
const CURSOR_MAX = 400;

/** The query fields of a list: spread into a `z.strictObject`. `limit` is 1–200, 50 when absent. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(LIMIT_MAX).default(LIMIT_DEFAULT),
  cursor: z.string().max(CURSOR_MAX).optional(),
};

/** The header for requests that may be repeated: the same key and body is done once. 1–200 visible ASCII characters. */
export const idempotencyHeaders = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,200}$/, { error: 'must be 1 to 200 visible ASCII characters' })
    .optional(),
});

export interface Page<T> {
  readonly items: readonly T[];
  /** Give it as `cursor` for the next page; `null` at the end. */
  readonly next: string | null;
}

/** The answer's schema for a page of `item`. */
export function pageAnswer<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), next: z.string().nullable() });
}

/** Makes a page from up to `limit + 1` rows, the one too many telling that there is more. */
export function pageOf<T>(rows: readonly T[], limit: number, idOf: (row: T) => string): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const next = rows.length > limit && last !== undefined ? writeCursor(idOf(last)) : null;
  return { items, next };
}

/** The id after which the page begins, of items with this prefix. Throws `invalid_request` for what `pageOf` did not make. */
export function readCursor(cursor: string | undefined, prefix: IdPrefix): string | undefined {
  if (cursor === undefined) return undefined;
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  if (!text.startsWith('after:') || !isId(prefix, text.slice(6)) || writeCursor(text.slice(6)) !== cursor) {
    throw problem('invalid_request', {
      detail: 'The cursor is not one that this server gave.',
      errors: [{ path: '?cursor', message: 'must be the `next` of the page before' }],
    });
  }
  return text.slice(6);
}

function writeCursor(id: string): string {
  return Buffer.from(`after:${id}`, 'utf8').toString('base64url');
}
