/**
 * One row of advice about a sender's domain: what was looked for, what is there, why it matters, what to do.
 * Next: advice-spf.ts
 */
import { z } from 'zod';
import { peerText } from '../base/log.ts';
import type { Lookups } from '../net/net.ts';
import type { Preset } from './preset.ts';

const ADVICE_CHECKS = [
  'mx',
  'spf',
  'spf_lookups',
  'dkim',
  'dmarc',
  'alignment',
  'reverse_dns',
  'region',
] as const;
export type AdviceCheck = (typeof ADVICE_CHECKS)[number];

const ADVICE_STATUSES = ['pass', 'info', 'warn', 'fail', 'unknown'] as const;
export type AdviceStatus = (typeof ADVICE_STATUSES)[number];

export interface AdviceRow {
  readonly check: AdviceCheck;
  readonly status: AdviceStatus;
  readonly found: string | null;
  readonly expected: string | null;
  readonly why: string;
  readonly fix: string | null;
}

export const adviceRow = z
  .object({
    check: z.enum(ADVICE_CHECKS),
    status: z.enum(ADVICE_STATUSES),
    found: z.string().nullable(),
    expected: z.string().nullable(),
    why: z.string(),
    fix: z.string().nullable(),
  })
  .meta({
    id: 'AdviceRow',
    description: "What receivers find about a sender's domain, and what to do about it.",
  });

/** What the advice is about, and the means to look. */
export interface AdviceCase {
  /** Domain of the sender's address, A-labels. */
  readonly domain: string;
  /** The relay in use. */
  readonly host: string;
  readonly preset: Preset | undefined;
  /** Public addresses of the relay; none when it is inside or has none. */
  readonly addresses: readonly string[];
  readonly lookups: Lookups;
  readonly leftMs: () => number;
}

export function row(
  check: AdviceCheck,
  status: AdviceStatus,
  about: { found?: string | undefined; expected?: string | undefined; why: string; fix?: string | undefined },
): AdviceRow {
  const { found, expected, why, fix } = about;
  return {
    check,
    status,
    found: found === undefined ? null : peerText(found),
    expected: expected ?? null,
    why: peerText(why),
    fix: fix === undefined ? null : peerText(fix),
  };
}

/** The parents of a domain that may hold its policy, nearest first, without the last label: `b.example.com` → `example.com`. */
export function parentsOf(domain: string): string[] {
  const labels = domain.split('.');
  return labels.slice(1, -1).map((_, at) => labels.slice(at + 1).join('.'));
}
