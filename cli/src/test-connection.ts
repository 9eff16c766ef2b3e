/**
 * `posthorn test`: a connection tried stage by stage, live. Nothing has to be saved for it.
 * Next: test-target.ts
 */
import type { Command } from 'commander';
import type { ConnectionTest, ConnectionTestRequest, Posthorn, TestStage } from '@posthorn/sdk';
import { EXIT, UsageError } from './failure.ts';
import { connect, examples, remote, type Context, type RemoteOptions } from './remote.ts';
import { clean } from './terminal.ts';
import { endLines, headLine, noteLines, stageLine, stageName, transcriptLines } from './test-lines.ts';
import { isAddress, settingsIn } from './test-target.ts';
import type { World } from './world.ts';

interface TestOptions extends RemoteOptions {
  readonly to?: string;
  readonly from?: string;
  readonly security?: string;
  readonly passwordStdin?: boolean;
  readonly transcript?: boolean;
}

const SPIN_MS = 120;
const SPIN = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const COLUMNS = 90;

export function addTest(program: Command, context: Context): void {
  remote(program.command('test [connection-or-address]'))
    .description('test a connection, or a server that is not saved yet, stage by stage')
    .option('--to <address>', 'send a test message there; without it the test ends after signing in')
    .option('--from <address>', 'sender of the message; the configured one when absent')
    .option('--security <kind>', 'for an address: none, auto, implicit, starttls, starttls-when-available')
    .option('--password-stdin', 'read the password from standard input')
    .option('--transcript', 'show the whole conversation, without secrets')
    .addHelpText(
      'before',
      examples(
        'posthorn test primary',
        'posthorn test primary --to me@example.com',
        'posthorn test smtp://apikey@smtp.sendgrid.net:587 --password-stdin --to me@example.com --from app@example.com',
      ),
    )
    .action(async (target: string | undefined, options: TestOptions) => {
      await testConnection(target, options, context);
    });
}

async function testConnection(
  target: string | undefined,
  options: TestOptions,
  context: Context,
): Promise<void> {
  const { world, terminal, finish } = context;
  const posthorn = connect(options, world);
  const request = await requestOf(target, options, posthorn, world);
  const started = await posthorn.connectionTests.start(request);
  if (started.joined) terminal.note('A test of this connection is running already; this is that one.');
  world.signals.on('SIGINT', () => void posthorn.connectionTests.cancel(started.id).catch(() => undefined));
  if (options.json !== true) {
    terminal.line();
    terminal.line(headLine(started, terminal));
    terminal.line();
  }
  await watch(posthorn, started, options.json === true, context);
  const test = await posthorn.connectionTests.get(started.id);
  if (options.json === true) terminal.json(test);
  else {
    for (const line of endLines(test, terminal)) terminal.line(line);
    if (options.transcript === true) for (const line of transcriptLines(test, terminal)) terminal.line(line);
  }
  finish(test.status === 'passed' ? EXIT.done : EXIT.failed);
}

async function requestOf(
  target: string | undefined,
  options: TestOptions,
  posthorn: Posthorn,
  world: World,
): Promise<ConnectionTestRequest> {
  const { to, from, security } = options;
  if (from !== undefined && to === undefined)
    throw new UsageError('--from is for a test message: add --to ADDRESS');
  const password = options.passwordStdin === true ? await readPassword(world) : undefined;
  const mail = { ...(to === undefined ? {} : { to }), ...(from === undefined ? {} : { from }) };
  if (target !== undefined && isAddress(target))
    return { settings: settingsIn(target, { password, security }), ...mail };
  if (security !== undefined)
    throw new UsageError('--security is for an address; a saved connection has its own');
  const connection = target ?? (await onlyConnection(posthorn));
  return { connection, ...(password === undefined ? {} : { settings: { password } }), ...mail };
}

async function readPassword({ stdin }: World): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk as Uint8Array)); // no encoding is set
  const password = Buffer.concat(chunks)
    .toString()
    .replace(/\r?\n$/, '');
  if (password === '') throw new UsageError('--password-stdin: there was nothing on standard input');
  return password;
}

async function onlyConnection(posthorn: Posthorn): Promise<string> {
  const { items } = await posthorn.connections.list();
  const [only] = items;
  if (only !== undefined && items.length === 1) return only.id;
  const names = items.map(({ name }) => clean(name)).join(', ');
  throw new UsageError(
    items.length === 0
      ? 'there is no connection yet: name a server, as in posthorn test smtp://HOST:PORT'
      : `which connection? One of: ${names}`,
  );
}

/** Shows each stage as it ends; what runs is shown on standard error, if somebody looks. */
async function watch(
  posthorn: Posthorn,
  started: ConnectionTest,
  quiet: boolean,
  { world, terminal }: Context,
): Promise<void> {
  const columns = world.stdout.columns ?? COLUMNS;
  const spinner = createSpinner(world, quiet);
  try {
    for await (const event of posthorn.connectionTests.events(started.id)) {
      if (event.t === 'end') return;
      if (event.t !== 'stage') continue;
      if (event.status === 'running') spinner.show(stageName(event.id));
      else if (isOver(event) && !quiet) {
        spinner.clear();
        terminal.line(stageLine(event, terminal, columns));
        for (const line of noteLines(event, terminal)) terminal.line(line);
      }
    }
  } finally {
    spinner.clear();
  }
}

function isOver({ status }: TestStage): boolean {
  return status === 'ok' || status === 'warn' || status === 'failed';
}

function createSpinner({ stderr }: World, quiet: boolean) {
  let timer: ReturnType<typeof setInterval> | undefined;
  const clear = (): void => {
    if (timer === undefined) return;
    clearInterval(timer);
    timer = undefined;
    stderr.write('\r\u001b[K');
  };
  return {
    clear,
    show(name: string): void {
      clear();
      if (quiet || stderr.isTTY !== true) return;
      let turn = 0;
      timer = setInterval(() => {
        turn += 1;
        const seconds = ((turn * SPIN_MS) / 1000).toFixed(1);
        stderr.write(`\r  ${SPIN[turn % SPIN.length] ?? ''} ${name.padEnd(20)}${seconds} s`);
      }, SPIN_MS);
      timer.unref();
    },
  };
}
