/**
 * Advice about a sender's domain in a terminal: what was found, why it matters, what to do.
 * Next: discover.ts
 */
import type { AdviceRow } from '@posthorn/sdk';
import { clean, type Mark, type Terminal } from './terminal.ts';

const NAMES: Readonly<Record<AdviceRow['check'], string>> = {
  mx: 'MX',
  spf: 'SPF',
  spf_lookups: 'SPF lookups',
  dkim: 'DKIM',
  dmarc: 'DMARC',
  alignment: 'Alignment',
  reverse_dns: 'Reverse DNS',
  region: 'Region',
};

const MARKS: Readonly<Record<AdviceRow['status'], Mark>> = {
  pass: 'ok',
  info: 'idle',
  unknown: 'idle',
  warn: 'warning',
  fail: 'problem',
};

const NAME_WIDTH = 13;

export function adviceRowLines({ check, status, found, why, fix }: AdviceRow, terminal: Terminal): string[] {
  const indent = ' '.repeat(NAME_WIDTH + 4);
  const shown = found === null ? [] : [indent + terminal.style('dim', clean(found))];
  const help =
    fix === null || status === 'pass' ? [] : [`${indent}${terminal.style('bold', 'Fix')} ${clean(fix)}`];
  return [
    `  ${terminal.mark(MARKS[status])} ${NAMES[check].padEnd(NAME_WIDTH)}${clean(why)}`,
    ...shown,
    ...help,
  ];
}
