/**
 * `posthorn test`: a connection tried stage by stage, live. Nothing has to be saved for it.
 * Next: test-target.ts
 */
import { readFile } from 'node:fs/promises';
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
  readonly ca?: string;
  readonly passwordStdin?: boolean;
  readonly passwordFile?: string;
  readonly passwordEnv?: string;
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
    .option('--ca <file>', 'for an address: PEM certificates to trust besides the usual ones')
    .option('--password-stdin', 'read the password from standard input')
    .option('--password-file <file>', 'read the password from a file')
    .option('--password-env <name>', 'take the password from this environment variable')
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
  // A terminal that does not know its width says 0.
  const columns = world.stdout.columns || COLUMNS;
  await watch(posthorn, started, options.json === true, columns, context);
  const test = await posthorn.connectionTests.get(started.id);
  if (options.json === true) terminal.json(test);
  else {
    for (const line of endLines(test, terminal, columns)) terminal.line(line);
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
  const password = await passwordOf(options, world);
  const mail = { ...(to === undefined ? {} : { to }), ...(from === undefined ? {} : { from }) };
  if (target !== undefined && isAddress(target)) {
    const ca = options.ca === undefined ? {} : { ca: await read(options.ca, '--ca') };
    return { settings: { ...settingsIn(target, { password, security }), ...ca }, ...mail };
  }
  if (security !== undefined || options.ca !== undefined)
    throw new UsageError('--security and --ca are for an address; a saved connection has its own');
  const connection = target ?? (await onlyConnection(posthorn));
  return { connection, ...(password === undefined ? {} : { settings: { password } }), ...mail };
}

/** The password, which is never an argument of its own: arguments are seen by other users. */
async function passwordOf(options: TestOptions, world: World): Promise<string | undefined> {
  const { passwordStdin, passwordFile, passwordEnv } = options;
  const given = [passwordStdin, passwordFile, passwordEnv].filter((one) => one !== undefined);
  if (given.length > 1)
    throw new UsageError('one of --password-stdin, --password-file and --password-env is enough');
  if (passwordStdin === true) return nonEmpty(await readAll(world.stdin), '--password-stdin');
  if (passwordFile !== undefined) return nonEmpty(await read(passwordFile, '--password-file'), passwordFile);
  if (passwordEnv === undefined) return undefined;
  return nonEmpty(world.env[passwordEnv] ?? '', `the environment variable ${passwordEnv}`);
}

function nonEmpty(text: string, where: string): string {
  const password = text.replace(/\r?\n$/, '');
  if (password === '') throw new UsageError(`${where} holds no password`);
  return password;
}

async function readAll(stdin: World['stdin']): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk as Uint8Array)); // no encoding is set
  return Buffer.concat(chunks).toString();
}

async function read(file: string, flag: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: unknown) => {
    throw new UsageError(`${flag}: ${error instanceof Error ? error.message : 'the file cannot be read'}`);
  });
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
  columns: number,
  { world, terminal }: Context,
): Promise<void> {
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
