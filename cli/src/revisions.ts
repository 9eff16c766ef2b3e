/**
 * `posthorn connections activate|deactivate|revisions|restore`: what is in force, what was, and going back.
 * Next: remote.ts
 */
import { InvalidArgumentError, type Command } from 'commander';
import type { Connection, ConnectionRevision } from '@posthorn/sdk';
import { connect, remote, type Context, type RemoteOptions } from './remote.ts';
import { clean, table } from './terminal.ts';

interface ActivateFlags extends RemoteOptions {
  readonly revision?: number;
  readonly force?: boolean;
  readonly reason?: string;
}

export function addRevisions(connections: Command, { world, terminal }: Context): void {
  const show = (options: RemoteOptions, connection: Connection): void => {
    if (options.json === true) terminal.json(connection);
    else terminal.line(`${terminal.mark('ok')} ${clean(connection.name)} ${standing(connection)}`);
  };
  remote(connections.command('activate <name>'))
    .description('put its draft in force; needs a passing test of exactly these values')
    .option('--revision <number>', 'the revision, in place of the draft', wholeNumber)
    .option('--force', 'without a passing test; needs --reason')
    .option('--reason <text>', 'why; it is recorded')
    .action(async (name: string, options: ActivateFlags) => {
      const { revision, force, reason } = options;
      show(options, await connect(options, world).connections.activate(name, { revision, force, reason }));
    });
  remote(connections.command('deactivate <name>'))
    .description('take it out of use; mail goes as if it were not there')
    .action(async (name: string, options: RemoteOptions) => {
      show(options, await connect(options, world).connections.deactivate(name));
    });
  remote(connections.command('revisions <name>'))
    .description('what became of its settings, newest first')
    .action(async (name: string, options: RemoteOptions) => {
      const page = await connect(options, world).connections.revisions(name);
      if (options.json === true) terminal.json(page);
      else for (const line of table(HEAD, page.items.map(row), terminal)) terminal.line(line);
    });
  remote(connections.command('restore <name> <revision>'))
    .description('make a draft of the settings of an earlier revision')
    .action(async (name: string, revision: string, options: RemoteOptions) => {
      show(options, await connect(options, world).connections.restore(name, wholeNumber(revision)));
    });
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be the number of a revision.');
  return Number(text);
}

function standing({ state, revision, draft }: Connection): string {
  const waits = draft == null || state === 'draft' ? '' : `; revision ${String(draft.revision)} is a draft`;
  return `is ${state}, revision ${String(revision)}${waits}`;
}

const HEAD = ['REVISION', 'STATE', 'WHEN', 'BY', 'PROOF', 'CHANGES'];

function row(item: ConnectionRevision): string[] {
  const proof =
    item.forced === null ? (item.proof === null ? '–' : 'tested') : `forced: ${clean(item.forced)}`;
  const fields = item.changes.map(({ field }) => field).join(', ');
  const why = item.returned === null ? '' : ` (gave way: ${clean(item.returned)})`;
  const changes = `${item.origin === 'returned' ? 'came back: ' : ''}${clean(fields)}${why}`;
  return [String(item.revision), item.state, item.createdAt, clean(item.createdBy), proof, changes];
}
