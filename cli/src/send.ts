/**
 * `posthorn send`: one message from flags, files and standard input.
 * Next: outcome.ts
 */
import { readFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import type { Command } from 'commander';
import type { AddressInput, AttachmentInput, MessageInput } from '@posthorn/sdk';
import { EXIT, UsageError } from './failure.ts';
import { markOf, outcomeLines } from './outcome.ts';
import { connect, examples, remote, several, type Context, type RemoteOptions } from './remote.ts';
import type { World } from './world.ts';

const CLASSES = ['otp', 'account', 'notification', 'bulk'] as const;

interface SendOptions extends RemoteOptions {
  readonly to: readonly string[];
  readonly cc?: readonly string[];
  readonly bcc?: readonly string[];
  readonly from?: string;
  readonly replyTo?: readonly string[];
  readonly subject?: string;
  readonly text?: string;
  readonly html?: string;
  readonly attach?: readonly string[];
  readonly class?: string;
  readonly tag?: readonly string[];
  readonly idempotencyKey?: string;
  readonly connection?: string;
  readonly sendAt?: string;
  readonly wait?: boolean;
  readonly timeout: string;
}

export function addSend(program: Command, context: Context): void {
  remote(program.command('send'))
    .description('send a message')
    .requiredOption(
      '--to <address>',
      'recipient, may be repeated: ana@example.com or "Ana <ana@example.com>"',
      several,
    )
    .option('--cc <address>', 'copy, may be repeated', several)
    .option('--bcc <address>', 'hidden copy, may be repeated', several)
    .option('--from <address>', 'sender; the configured one when absent')
    .option('--reply-to <address>', 'where answers go, may be repeated', several)
    .option('--subject <text>')
    .option('--text <text>', 'plain text; from standard input when neither this nor --html is given')
    .option('--html <html>', 'HTML; `-` reads it from standard input')
    .option('--attach <file>', 'attachment, may be repeated', several)
    .option('--class <class>', CLASSES.join(', '))
    .option('--tag <tag>', 'label, may be repeated', several)
    .option('--idempotency-key <key>', 'the same key and message is sent once')
    .option('--connection <name>', 'a connection, instead of the one that routing chooses')
    .option('--send-at <time>', 'not before, RFC 3339: 2030-01-31T08:00:00Z')
    .option('--wait', 'wait until it is accepted, captured or failed')
    .option('--timeout <duration>', 'how long to wait: 30s, 2m', '30s')
    .addHelpText(
      'before',
      examples(
        'posthorn send --to ana@example.com --subject Hello --text "It works" --wait',
        'echo "Nightly report" | posthorn send --to ops@example.com --subject Report --attach report.pdf',
      ),
    )
    .action(async (options: SendOptions) => {
      context.finish(await send(options, context));
    });
}

async function send(options: SendOptions, { world, terminal }: Context): Promise<number> {
  const timeoutMs = durationMs(options.timeout);
  const posthorn = connect(options, world);
  const accepted = await posthorn.messages.send(await messageOf(options, world), {
    idempotencyKey: options.idempotencyKey,
  });
  if (options.wait !== true) {
    if (options.json === true) terminal.json(accepted);
    else {
      terminal.line(
        `${terminal.mark('ok')} ${options.sendAt === undefined ? 'Queued' : 'Scheduled'}  ${accepted.id}`,
      );
      terminal.note(`Next: posthorn messages show ${accepted.id}`);
    }
    return EXIT.done;
  }
  const { settled, message } = await posthorn.waitForMessage(accepted.id, { timeoutMs });
  if (options.json === true) terminal.json(message);
  else for (const line of outcomeLines(message, terminal)) terminal.line(line);
  const fine = settled && message.recipients.every(({ state }) => markOf(state) === 'ok');
  if (!settled) terminal.note(`Not finished after ${options.timeout}; it goes on by itself.`);
  if (!fine) terminal.note(`Next: posthorn explain ${message.id}`);
  return fine ? EXIT.done : EXIT.failed;
}

async function messageOf(options: SendOptions, world: World): Promise<MessageInput> {
  const { text, html } = await bodies(options, world);
  const attachments = await Promise.all((options.attach ?? []).map(attachmentOf));
  return {
    to: options.to.map(addressOf),
    cc: options.cc?.map(addressOf),
    bcc: options.bcc?.map(addressOf),
    from: options.from === undefined ? undefined : addressOf(options.from),
    replyTo: options.replyTo?.map(addressOf),
    subject: options.subject,
    text,
    html,
    attachments: attachments.length === 0 ? undefined : attachments,
    class: options.class === undefined ? undefined : classOf(options.class),
    tags: options.tag,
    connection: options.connection,
    sendAt: options.sendAt,
  };
}

async function bodies(options: SendOptions, { stdin }: World): Promise<{ text?: string; html?: string }> {
  if (options.text === '-' && options.html === '-')
    throw new UsageError('only one of --text and --html can be `-`');
  const { text, html } = options;
  if (text === undefined && html === undefined) {
    if (stdin.isTTY === true) throw new UsageError('no content: give --text, --html, or pipe a text in');
    return { text: await readAll(stdin) };
  }
  return {
    ...(text === undefined ? {} : { text: text === '-' ? await readAll(stdin) : text }),
    ...(html === undefined ? {} : { html: html === '-' ? await readAll(stdin) : html }),
  };
}

async function readAll(stream: World['stdin']): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer | string>) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

/** `Ana <ana@example.com>` taken apart; anything else goes to the server as it is, which says what is wrong with it. */
function addressOf(text: string): AddressInput {
  const [, name = '', address] = /^\s*"?([^"<]*?)"?\s*<([^<>]+)>\s*$/.exec(text) ?? [];
  if (address === undefined) return text.trim();
  return name === '' ? address : { name, address };
}

/** Names that people attach; the rest is octets. */
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.csv': 'text/csv',
  '.doc': 'application/msword',
  '.docx': 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  '.gif': 'image/gif',
  '.html': 'text/html',
  '.ics': 'text/calendar',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.json': 'application/json',
  '.md': 'text/markdown',
  '.pdf': 'application/pdf',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain',
  '.webp': 'image/webp',
  '.xlsx': 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  '.xml': 'application/xml',
  '.zip': 'application/zip',
};

async function attachmentOf(path: string): Promise<AttachmentInput> {
  let content: Buffer;
  try {
    content = await readFile(path);
  } catch (cause) {
    throw new UsageError(`cannot read --attach ${path}`, { cause });
  }
  const contentType = CONTENT_TYPES[extname(path).toLowerCase()] ?? 'application/octet-stream';
  return { filename: basename(path), contentType, content: content.toString('base64') };
}

function classOf(text: string): (typeof CLASSES)[number] {
  const found = CLASSES.find((name) => name === text);
  if (found === undefined) throw new UsageError(`--class must be one of ${CLASSES.join(', ')}`);
  return found;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `30s`, `2m`, `500ms`; a bare number is seconds. */
export function durationMs(text: string): number {
  const [, digits, unit = 's'] = /^(\d+)(ms|s|m|h)?$/.exec(text) ?? [];
  const factor = UNITS[unit];
  if (digits === undefined || factor === undefined)
    throw new UsageError('--timeout must be a time such as 30s or 2m');
  return Number(digits) * factor;
}
