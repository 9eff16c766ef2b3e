/**
 * What the command touches outside itself, passed in so that a test can own it.
 * Next: terminal.ts
 */
import type { Readable, Writable } from 'node:stream';
import type { Operator, Signals } from './operator.ts';

export interface World {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  readonly signals: Signals;
  loadOperator(): Promise<Operator>;
}
