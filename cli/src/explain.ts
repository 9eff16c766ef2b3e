/**
 * `posthorn explain`: why a message is where it is, asked of the server; or what an error means, known without one.
 * Next: terminal.ts
 */
import type { Command } from 'commander';
import type { Explanation } from '@posthorn/sdk';
import { UsageError } from './failure.ts';
import type { ErrorExplanation } from './operator.ts';
import { markOf } from './outcome.ts';
import { connect, examples, remote, type Context, type RemoteOptions } from './remote.ts';
import { clean, type Terminal } from './terminal.ts';

const WHO: Readonly<Record<string, string>> = {
  you: 'you, in the settings',
  provider_admin: 'an administrator at the provider',
  server_owner: 'whoever runs the mail server',
  network: 'whoever runs the network or this machine',
  recipient: 'the recipient',
  instance_admin: 'an administrator of this Posthorn',
  wait: 'nobody: it passes',
};
const RETRY: Readonly<Record<string, string>> = {
  retry: 'the message is tried again later',
  hold: 'its mail waits until this is set right; no message is given up',
  fail: 'the message is given up',
  config: 'nothing is sent before this is set right',
  captured: 'the message is kept here',
  suppressed: 'the message is not sent',
};

export function addExplain(program: Command, context: Context): void {
  const { world, terminal } = context;
  remote(program.command('explain <what...>'))
    .description('why a message is where it is (msg_…); or what an error id or a server’s reply means')
    .option(
      '--host <name>',
      'the server that said it: some replies mean different things at different providers',
    )
    .addHelpText(
      'before',
      examples(
        'posthorn explain msg_01jd9c',
        'posthorn explain tls.self_signed',
        "posthorn explain '550 5.1.1 User unknown'",
      ),
    )
    .action(async (words: readonly string[], options: RemoteOptions & { readonly host?: string }) => {
      const what = words.join(' ');
      const tell = (document: unknown, lines: readonly string[]): void => {
        if (options.json === true) terminal.json(document);
        else for (const line of lines) terminal.line(line);
      };
      if (what.startsWith('msg_')) {
        const explanation = await connect(options, world).messages.explain(what);
        tell(explanation, routeLines(explanation, terminal));
        return;
      }
      const found = (await world.loadOperator()).explainText(what, options.host);
      if (found === undefined) {
        throw new UsageError(
          `${JSON.stringify(what)} is no message (msg_…), no error id (docs/errors.md) and no reply that a mail server gives`,
        );
      }
      tell(found, errorLines(found, terminal));
    });
}

function errorLines(found: ErrorExplanation, terminal: Terminal): string[] {
  const { id, title, cause, fixes, who, retry, docs, confidence } = found;
  return [
    `${terminal.style('bold', id)}   (${confidence})`,
    clean(title),
    ...(cause === '' ? [] : [clean(cause)]),
    ...fixes.flatMap(({ text, action }, at) => {
      const paste = action?.['text'] ?? action?.['url'];
      return [
        `${at === 0 ? terminal.style('bold', 'Fix') : '   '}    ${String(at + 1)}  ${clean(text)}`,
        ...(typeof paste === 'string'
          ? paste.split('\n').map((line) => ' '.repeat(10) + terminal.style('blue', clean(line)))
          : []),
      ];
    }),
    ...(WHO[who] === undefined ? [] : [`${terminal.style('bold', 'Who')}    ${WHO[who]}`]),
    ...(RETRY[retry] === undefined ? [] : [`${terminal.style('bold', 'Retry')}  ${RETRY[retry]}`]),
    ...docs.map(({ url }, at) => `${at === 0 ? terminal.style('bold', 'Docs') : '    '}   ${clean(url)}`),
  ];
}

function routeLines({ state, route }: Explanation, terminal: Terminal): string[] {
  const { connection, reason, considered } = route;
  const taken =
    connection === null
      ? `No connection: ${clean(reason ?? '')}`
      : `Connection  ${terminal.style('bold', clean(connection))}`;
  const width = Math.max(0, ...considered.map((one) => clean(one.connection).length));
  return [
    `${terminal.mark(markOf(state))} ${state}`,
    taken,
    ...considered.map(
      (one) => `  ${clean(one.connection).padEnd(width)}  ${clean(one.verdict)}: ${clean(one.why)}`,
    ),
  ];
}
