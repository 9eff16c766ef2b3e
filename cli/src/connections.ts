/**
 * `posthorn connections …`: the ways out, as the server has them.
 * Next: remote.ts
 */
import type { Command } from 'commander';
import type { Connection } from '@posthorn/sdk';
import { factLines } from './facts.ts';
import { connect, examples, remote, type Context, type RemoteOptions } from './remote.ts';
import { addRevisions } from './revisions.ts';
import { clean, table } from './terminal.ts';

export function addConnections(program: Command, context: Context): void {
  const { world, terminal } = context;
  const connections = program
    .command('connections')
    .alias('connection')
    .description('list, show, activate, pause the ways mail leaves; their history')
    .addHelpText('before', examples('posthorn connections list', 'posthorn connections show primary'));
  remote(connections.command('list', { isDefault: true }))
    .description('list connections')
    .action(async (options: RemoteOptions) => {
      const page = await connect(options, world).connections.list();
      if (options.json === true) {
        terminal.json(page);
        return;
      }
      if (page.items.length === 0) terminal.note('No connections yet. Add [[connections]] to posthorn.toml.');
      else for (const line of table(HEAD, page.items.map(row), terminal)) terminal.line(line);
    });
  remote(connections.command('show <name>'))
    .description('show a connection, by name or id; secrets are never shown')
    .action(async (name: string, options: RemoteOptions) => {
      const connection = await connect(options, world).connections.get(name);
      if (options.json === true) terminal.json(connection);
      else for (const line of factLines(connection, terminal)) terminal.line(line);
    });
  for (const verb of ['pause', 'resume'] as const) {
    remote(connections.command(`${verb} <name>`))
      .description(verb === 'pause' ? 'send nothing over it until it is resumed' : 'send over it again')
      .action(async (name: string, options: RemoteOptions) => {
        const connection = await connect(options, world).connections[verb](name);
        if (options.json === true) terminal.json(connection);
        else terminal.line(`${terminal.mark('ok')} ${clean(connection.name)} is ${connection.state}`);
      });
  }
  addRevisions(connections, context);
}

const HEAD = ['NAME', 'STATE', 'TYPE', 'SERVER', 'SECURITY', 'SIGN-IN', 'ID'];

function row({ id, name, state, type, host, port, security, auth }: Connection): string[] {
  const server = host === undefined ? '–' : clean(`${host}:${String(port ?? '')}`);
  return [clean(name), state, type, server, security ?? '–', auth ?? '–', id];
}
