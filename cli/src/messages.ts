/**
 * `posthorn messages …`: what happened, why, and what can still be done.
 * Next: explain.ts
 */
import type { Command } from 'commander';
import type { Message, MessageSummary, Posthorn } from '@posthorn/sdk';
import { EXIT, UsageError } from './failure.ts';
import { markOf, outcomeLines } from './outcome.ts';
import { connect, examples, remote, type Context, type RemoteOptions } from './remote.ts';
import { clean, table, type Terminal } from './terminal.ts';

interface ListOptions extends RemoteOptions {
  readonly limit?: string;
  readonly cursor?: string;
}

export function addMessages(program: Command, context: Context): void {
  const messages = program
    .command('messages')
    .alias('message')
    .description('list, show, cancel, resend, retry')
    .addHelpText(
      'before',
      examples('posthorn messages list "status:failed"', 'posthorn messages show msg_…'),
    );
  remote(messages.command('list [query]', { isDefault: true }))
    .description('list messages, newest first')
    .option('--limit <n>', 'at most this many, 1 to 200')
    .option('--cursor <cursor>', 'continue where the page before ended')
    .action(async (query: string | undefined, options: ListOptions) => {
      await list(query, options, context);
    });
  addVerb(messages, 'show', 'show a message with its attempts', context, async (posthorn, id) => {
    const message = await posthorn.messages.get(id);
    return { document: message, lines: (terminal) => details(message, terminal) };
  });
  addVerb(messages, 'cancel', 'stop what was not sent yet', context, async (posthorn, id) => {
    const message = await posthorn.messages.cancel(id);
    return { document: message, lines: (terminal) => [`${terminal.mark('ok')} Cancelled  ${id}`] };
  });
  addVerb(
    messages,
    'resend',
    'send the same content again, as a new message',
    context,
    async (posthorn, id) => {
      const accepted = await posthorn.messages.resend(id);
      return {
        document: accepted,
        lines: (terminal) => [`${terminal.mark('ok')} Queued again  ${accepted.id}`],
        next: `posthorn messages show ${accepted.id}`,
      };
    },
  );
  addVerb(messages, 'retry', 'try now what would be tried later', context, async (posthorn, id) => {
    const message = await posthorn.messages.retry(id);
    return {
      document: message,
      lines: (terminal) => [`${terminal.mark('ok')} Will be tried now  ${id}`],
      next: `posthorn messages show ${id}`,
    };
  });
}

interface Shown {
  readonly document: unknown;
  lines(terminal: Terminal): readonly string[];
  readonly next?: string;
}

/** A verb on one message: its id in, a document or lines out. */
function addVerb(
  parent: Command,
  verb: string,
  description: string,
  { world, terminal }: Context,
  act: (posthorn: Posthorn, id: string) => Promise<Shown>,
): void {
  remote(parent.command(`${verb} <id>`))
    .description(description)
    .action(async (id: string, options: RemoteOptions) => {
      if (!id.startsWith('msg_')) throw new UsageError(`${JSON.stringify(id)} is not a message's id (msg_…)`);
      const { document, lines, next } = await act(connect(options, world), id);
      if (options.json === true) {
        terminal.json(document);
        return;
      }
      for (const line of lines(terminal)) terminal.line(line);
      if (next !== undefined) terminal.note(`Next: ${next}`);
    });
}

async function list(query: string | undefined, options: ListOptions, context: Context): Promise<void> {
  const { world, terminal, finish } = context;
  const limit = options.limit === undefined ? undefined : Number(options.limit);
  if (limit !== undefined && !Number.isInteger(limit)) throw new UsageError('--limit must be a whole number');
  const page = await connect(options, world).messages.list({ q: query, limit, cursor: options.cursor });
  finish(EXIT.done);
  if (options.json === true) {
    terminal.json(page);
    return;
  }
  if (page.items.length === 0) {
    terminal.note(
      query === undefined
        ? 'No messages yet. Next: posthorn send --to you@example.com'
        : 'No message matches.',
    );
    return;
  }
  for (const line of table(['ID', 'STATE', 'CREATED', 'TO', 'SUBJECT'], page.items.map(row), terminal))
    terminal.line(line);
  if (page.next !== null) terminal.note(`More: posthorn messages list ${quoted(query)}--cursor ${page.next}`);
}

function quoted(query: string | undefined): string {
  return query === undefined ? '' : `'${query.replaceAll("'", String.raw`'\''`)}' `;
}

function row({ id, state, createdAt, recipients, subject }: MessageSummary): string[] {
  const more = recipients.length > 1 ? ` +${String(recipients.length - 1)}` : '';
  return [id, state, createdAt, clean(recipients[0]?.address ?? '–') + more, clean(subject)];
}

function details(message: Message, terminal: Terminal): string[] {
  const facts: [string, string | undefined][] = [
    ['Subject', message.subject],
    ['Class', message.class],
    ['Created', message.createdAt],
    ['Expires', message.expiresAt],
  ];
  const lines = [...outcomeLines(message, terminal), ''];
  for (const [name, value] of facts) {
    if (value !== undefined) lines.push(`  ${terminal.style('bold', name.padEnd(9))} ${clean(value)}`);
  }
  for (const { address, state, nextAttemptAt } of message.recipients) {
    const next = nextAttemptAt === null ? '' : terminal.style('gray', `  next try ${nextAttemptAt}`);
    lines.push(`  ${terminal.mark(markOf(state))} ${clean(address)}  ${state}${next}`);
  }
  for (const attempt of message.attempts) {
    const reply = attempt.reply ?? attempt.errorId ?? '';
    const ms = Date.parse(attempt.endedAt) - Date.parse(attempt.startedAt);
    lines.push(
      '',
      `  ${terminal.style('bold', attempt.startedAt)}  ${clean(attempt.connection.name)}  ${attempt.outcome}`,
    );
    if (reply !== '') lines.push(`    ${clean(reply)}`);
    const phases = attempt.phases
      .map((phase) => `${phase.phase} ${String(Math.round(phase.ms))}`)
      .join(' · ');
    lines.push(terminal.style('gray', `    ${phases}${phases === '' ? '' : ' · '}${String(ms)} ms`));
  }
  return lines;
}
