/**
 * `posthorn explain`: why a message is where it is (`msg_…`, asks the server), or what an error id or a line from a log
 * means (asks nobody, works without a server). Next: outcome.ts
 */
import type { Command } from 'commander';
import type { Explanation } from '@posthorn/sdk';
import { UsageError } from './failure.ts';
import type { ErrorExplained, ErrorWords } from './operator.ts';
import { markOf } from './outcome.ts';
import { connect, examples, remote, type Context, type RemoteOptions } from './remote.ts';
import { clean, type Terminal } from './terminal.ts';

interface ExplainOptions extends RemoteOptions {
  readonly host?: string;
  readonly phase?: string;
}

const WHO: Readonly<Record<string, string>> = {
  you: 'you, in the settings',
  provider_admin: 'an administrator at the provider',
  server_owner: 'whoever runs the mail server',
  network: 'whoever runs the network or this machine',
  recipient: 'the recipient',
  instance_admin: 'an administrator of this Posthorn',
  wait: 'nobody: it passes',
};

export function addExplain(program: Command, context: Context): void {
  const { world, terminal } = context;
  remote(program.command('explain <what...>'))
    .description('why a message is where it is; what an error id or a line of a mail server means')
    .option(
      '--host <name>',
      'the server that said it: some answers mean different things at different providers',
    )
    .option('--phase <phase>', 'where it was said, such as auth, mail-from, rcpt-to or data')
    .addHelpText(
      'before',
      examples(
        'posthorn explain msg_…',
        'posthorn explain m365.send_as_denied',
        "posthorn explain '550 5.7.60 SMTP; Client does not have permissions to send as this sender'",
        "posthorn explain '535 Authentication failed' --host smtp.sendgrid.net",
      ),
    )
    .action(async (what: readonly string[], options: ExplainOptions) => {
      const text = what.join(' ');
      if (/^msg_\S+$/.test(text)) {
        const explanation = await connect(options, world).messages.explain(text);
        if (options.json === true) terminal.json(explanation);
        else for (const line of routeLines(explanation, terminal)) terminal.line(line);
        return;
      }
      const { host, phase } = options;
      const operator = await world.loadOperator();
      const told = operator.explainText(text, {
        ...(host === undefined ? {} : { host }),
        ...(phase === undefined ? {} : { phase }),
      });
      if (!told.ok) throw new UsageError(whyNot(text, told));
      if (options.json === true) {
        const { explanation, others, ...place } = told;
        const { ok: _ok, ...where } = place;
        terminal.json({ ...explanation, ...where, others });
        return;
      }
      for (const line of errorLines(told, terminal)) terminal.line(line);
    });
}

function whyNot(text: string, { why, near }: Extract<ErrorExplained, { ok: false }>): string {
  switch (why) {
    case 'unknown_id':
      return `there is no error ${JSON.stringify(text)}${near.length === 0 ? '' : `; there is ${near.join(', ')}`}`;
    case 'unknown_phase':
      return `--phase must be one of ${near.join(', ')}`;
    case 'taken':
      return 'that is no error: the server accepted';
    case 'unreadable':
      return 'that is no message id (msg_…), no error id, and no line of a mail server that can be read';
  }
}

function errorLines(
  { explanation, others }: Extract<ErrorExplained, { ok: true }>,
  terminal: Terminal,
): string[] {
  const { id, title, cause, fixes, who, confidence, retry, scope, docs } = explanation;
  const page = docs.find(({ url }) => url.startsWith('https://')) ?? docs[0];
  return [
    `${terminal.style('bold', id)}   (${confidence})`,
    clean(title),
    ...(cause === '' ? [] : [clean(cause)]),
    ...fixLines(fixes, terminal),
    ...(WHO[who] === undefined ? [] : [`${terminal.style('bold', 'Who')}    ${WHO[who]}`]),
    `${terminal.style('bold', 'Retry')}  ${retryWords(retry, scope)}`,
    ...(page === undefined ? [] : [`${terminal.style('bold', 'Docs')}   ${clean(page.url)}`]),
    ...others.map(
      (other, at) => `${at === 0 ? 'Or    ' : '      '} ${other.id}: ${clean(other.title)} (${other.phase})`,
    ),
  ];
}

function fixLines(fixes: ErrorWords['fixes'], terminal: Terminal): string[] {
  return fixes.flatMap((fix, at) => [
    `${at === 0 ? terminal.style('bold', 'Fix') : '   '}    ${String(at + 1)}  ${clean(fix.text)}`,
    ...pasteLines(fix, terminal).map((line) => `          ${line}`),
  ]);
}

/** What to paste somewhere, or the page to open. */
export function pasteLines({ action }: { readonly action?: object }, terminal: Terminal): string[] {
  const given: unknown =
    action === undefined
      ? undefined
      : 'text' in action
        ? action.text
        : 'url' in action
          ? action.url
          : undefined;
  if (typeof given !== 'string') return [];
  return given.split('\n').map((line) => terminal.style('blue', clean(line)));
}

const CONCERNED: Readonly<Record<string, string>> = {
  recipient: 'this recipient',
  message: 'this message',
  sender: 'everything from this sender',
  connection: 'everything on this connection',
};

function retryWords(retry: string, scope: string): string {
  const what = CONCERNED[scope] ?? 'the mail';
  switch (retry) {
    case 'retry':
      return `by itself, with growing pauses (${what})`;
    case 'hold':
      return `when it is set right; until then it waits (${what})`;
    case 'config':
      return `when the settings are changed; nothing was sent (${what})`;
    case 'fail':
      return `none, it is given up (${what})`;
    case 'captured':
      return 'none, it is kept here';
    case 'suppressed':
      return 'none, it is not sent on purpose';
    default:
      return 'nothing is concerned yet';
  }
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
