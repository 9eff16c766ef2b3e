/**
 * Writing for people and for programs: results to standard output, notes to standard error, colours only where they
 * are seen (`NO_COLOR`, `TERM=dumb` and pipes have none), one JSON document when asked.
 * Next: run.ts
 */
import { styleText, type InspectColor } from 'node:util';
import type { World } from './world.ts';

export type Mark = 'ok' | 'warning' | 'problem' | 'idle';

export interface Terminal {
  /** A line of the result, on standard output. */
  line(text?: string): void;
  /** The result as one JSON document, on standard output. */
  json(document: unknown): void;
  /** A hint, a question, a failure: standard error. */
  note(text: string): void;
  style(how: InspectColor | InspectColor[], text: string): string;
  mark(mark: Mark): string;
}

const SYMBOLS: Readonly<
  Record<Mark, { readonly utf8: string; readonly ascii: string; readonly colour: InspectColor }>
> = {
  ok: { utf8: '✓', ascii: 'ok', colour: 'green' },
  warning: { utf8: '!', ascii: '!', colour: 'yellow' },
  problem: { utf8: '✗', ascii: 'x', colour: 'red' },
  idle: { utf8: '·', ascii: '-', colour: 'gray' },
};

export function createTerminal({ env, stdout, stderr }: World): Terminal {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'];
  const ascii = locale !== undefined && locale !== '' && !/utf-?8/i.test(locale);
  const style: Terminal['style'] = (how, text) => styleText(how, text, { stream: stdout });
  return {
    line: (text = '') => void stdout.write(`${text}\n`),
    json: (document) => void stdout.write(`${JSON.stringify(document, undefined, 2)}\n`),
    note: (text) => void stderr.write(`${text}\n`),
    style,
    mark: (mark) => style(SYMBOLS[mark].colour, ascii ? SYMBOLS[mark].ascii.padEnd(2) : SYMBOLS[mark].utf8),
  };
}

/** Text that others wrote (subjects, replies), without what would paint or move in a terminal. */
export function clean(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, ' ').trim();
}

/** Rows under a head, columns as wide as their widest cell; the last one is not padded. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  terminal: Terminal,
): string[] {
  const widths = head.map((title, at) =>
    Math.max(title.length, ...rows.map((row) => (row[at] ?? '').length)),
  );
  const laid = (cells: readonly string[]) =>
    cells.map((cell, at) => (at === cells.length - 1 ? cell : cell.padEnd(widths[at] ?? 0))).join('  ');
  return [terminal.style('bold', laid(head)), ...rows.map(laid)];
}
