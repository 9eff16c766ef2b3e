/**
 * How much a tenant may send over the connections of the instance: so many messages in a span of time, and in a calendar
 * month. What is counted are windows in the database, so that the limits are exact across nodes (A5).
 * Next: usage-operations.ts
 */
import type { CountedWindow } from '../store/store.ts';
import type { Settings } from './settings.ts';

export interface RatePair {
  readonly messages: number;
  readonly seconds: number;
}

const PAIRS_MAX = 5;
const PAIR = /^(\d{1,9}):(\d{1,7})$/;

/** `1000:60,10000:3600` as ThingsBoard writes its limits; `undefined` for anything else. */
export function parseRate(text: string): readonly RatePair[] | undefined {
  const pairs = text.split(',').map((pair) => {
    const [, messages = '', seconds = ''] = PAIR.exec(pair.trim()) ?? [];
    return { messages: Number(messages), seconds: Number(seconds) };
  });
  const spans = new Set(pairs.map(({ seconds }) => seconds));
  const good = pairs.every(({ messages, seconds }) => messages > 0 && seconds > 0);
  return good && pairs.length <= PAIRS_MAX && spans.size === pairs.length ? pairs : undefined;
}

/** A month of the calendar (UTC). */
export interface Month {
  /** `2026-11` */
  readonly name: string;
  /** Epoch ms. */
  readonly endsAt: number;
}

export function monthOf(now: number): Month {
  const date = new Date(now);
  const endsAt = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
  return { name: date.toISOString().slice(0, 7), endsAt };
}

/** What a tenant is held to now; `undefined` when nothing is counted. */
export interface TenantLimits {
  readonly month: Month;
  readonly monthly: CountedWindow | undefined;
  readonly rate: readonly (CountedWindow & RatePair)[];
}

export function limitsOf(
  settings: Pick<Settings, 'get'>,
  tenantId: string,
  now: number,
): TenantLimits | undefined {
  const most = settings.get(tenantId, 'limits.monthly');
  const rate = settings.get(tenantId, 'limits.rate');
  if (most === undefined && rate === undefined) return undefined;
  const month = monthOf(now);
  return {
    month,
    monthly:
      most === undefined
        ? undefined
        : { name: `${ofTenant(tenantId)} month ${month.name}`, max: most, windowMs: month.endsAt - now },
    rate: (rate === undefined ? [] : (parseRate(rate) ?? [])).map((pair) => ({
      ...pair,
      name: `${ofTenant(tenantId)} rate ${String(pair.seconds)}`,
      max: pair.messages,
      windowMs: pair.seconds * 1_000,
    })),
  };
}

/** Of the month's quota this part is worth a word. */
const WARN_AT = 0.8;

export type QuotaMark = 'tenant.quota_warning' | 'tenant.quota_reached';

/** What the month's count says: the furthest mark that it has come to. */
export function marksAt(count: number, max: number): readonly QuotaMark[] {
  const marks: QuotaMark[] = [];
  if (count >= max * WARN_AT) marks.push('tenant.quota_warning');
  if (count >= max) marks.push('tenant.quota_reached');
  return marks;
}

/** Taken once a month: whoever gets it tells. */
export function markWindow(tenantId: string, month: Month, mark: QuotaMark, now: number): CountedWindow {
  return { name: `${ofTenant(tenantId)} told ${month.name} ${mark}`, max: 1, windowMs: month.endsAt - now };
}

function ofTenant(tenantId: string): string {
  return `tenant ${tenantId}`;
}
