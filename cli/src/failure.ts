/**
 * From whatever went wrong to one line, one JSON document and one exit code.
 * 0 done · 1 the thing failed · 2 usage · 3 could not reach or sign in · 4 refused (validation, permission).
 * Next: run.ts
 */
import { CommanderError } from 'commander';
import { PosthornError, PosthornUnreachable } from '@posthorn/sdk';
import { clean, type Terminal } from './terminal.ts';

export const EXIT = { done: 0, failed: 1, usage: 2, unreachable: 3, refused: 4 } as const;

/** Wrong usage that the option parser cannot see. */
export class UsageError extends Error {}

/** Says what happened and answers the exit code. */
export function tellFailure(error: unknown, terminal: Terminal, asJson: boolean): number {
  if (error instanceof CommanderError) {
    // Help and version were asked for; the parser has written everything else itself.
    if (error.exitCode === 0) return EXIT.done;
    if (asJson) terminal.json({ error: { code: 'usage', detail: error.message.replace(/^error: /, '') } });
    return EXIT.usage;
  }
  const { code, lines, document } = describe(error);
  if (asJson) terminal.json({ error: document });
  for (const line of lines) terminal.note(line);
  return code;
}

interface Told {
  readonly code: number;
  readonly lines: readonly string[];
  readonly document: unknown;
}

function describe(error: unknown): Told {
  if (error instanceof UsageError) {
    return {
      code: EXIT.usage,
      lines: [`error: ${error.message}`],
      document: { code: 'usage', detail: error.message },
    };
  }
  if (error instanceof PosthornUnreachable) {
    const hint = 'Is the server running (posthorn serve)? Name another with --server URL or POSTHORN_URL.';
    return {
      code: EXIT.unreachable,
      lines: [`error: ${clean(error.message)}`, hint],
      document: { code: 'unreachable', detail: error.message },
    };
  }
  if (error instanceof PosthornError) return { ...describeProblem(error), document: error.problem };
  const detail = error instanceof Error ? error.message : String(error);
  // Problems of the server's own parts (local verbs) carry their code; they are refusals as over HTTP.
  const status = statusOf(error);
  return {
    code: status !== undefined && status < 500 ? EXIT.refused : EXIT.failed,
    lines: [`error: ${clean(detail)}`],
    document: { code: codeOf(error), detail },
  };
}

function describeProblem({ status, problem }: PosthornError): { code: number; lines: string[] } {
  const lines = [`error: ${clean(problem.detail)}`];
  const errors = problem.errors ?? [];
  // A single one is what `detail` says already.
  if (errors.length > 1)
    for (const { path, message } of errors) lines.push(`  ${clean(path)}  ${clean(message)}`);
  if (problem.instance !== undefined)
    lines.push(`  The server's log has more under ${clean(problem.instance)}.`);
  if (status === 401) {
    lines.push(
      'Name a key with --key K or POSTHORN_API_KEY; make one on the server: posthorn key create --name me',
    );
    return { code: EXIT.unreachable, lines };
  }
  if (problem.code === 'not_posthorn') return { code: EXIT.unreachable, lines };
  return { code: status < 500 && status !== 429 ? EXIT.refused : EXIT.failed, lines };
}

function statusOf(error: unknown): number | undefined {
  return error instanceof Error && 'status' in error && typeof error.status === 'number'
    ? error.status
    : undefined;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'failed';
}
