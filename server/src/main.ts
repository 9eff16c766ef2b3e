/**
 * The program: `posthorn serve`, from configuration to signals. What an operator does beside it is in `operator/`.
 * Next: wire.ts
 */
import type { SetupCode } from './accounts/accounts.ts';
import { armCrashPoint, CRASH_POINTS } from './base/crash-point.ts';
import { systemClock } from './base/clock.ts';
import { createLog } from './base/log.ts';
import { Problem } from './base/problem.ts';
import { systemRandom } from './base/random.ts';
import { formatConfigProblem, watchConfig, type ConfigWatch, type LoadedConfig } from './config/config.ts';
import { loadPlace, OperatorRefused, type Place } from './operator/operator.ts';
import { StoreRefused } from './store/store.ts';
import { startServer, type RunningServer } from './wire.ts';

export {
  checkConfig,
  createKeyLocally,
  doctor,
  explainConfig,
  explainText,
  forgetOldKeysLocally,
  listKeysLocally,
  makeSetupCodeLocally,
  OperatorRefused,
  revokeKeyLocally,
  verifyAuditLocally,
  rotateLocally,
  secretsStatusLocally,
} from './operator/operator.ts';

export interface ServeOptions extends Place {
  readonly stdout: { write(text: string): unknown };
  readonly stderr?: { write(text: string): unknown };
  readonly signals: { on(name: 'SIGTERM' | 'SIGINT' | 'SIGHUP', heard: () => void): unknown };
}

const EXIT_REFUSED = 4;
const EXIT_BROKEN = 70;

/** Serves until a signal. Answers the exit code: 0 after a clean stop, 4 when it would not start, 70 when the disk failed. */
export async function serve(options: ServeOptions): Promise<number> {
  const stderr = options.stderr ?? process.stderr;
  const found = loadPlace(options);
  if (!found.ok) {
    for (const error of found.errors) stderr.write(`${formatConfigProblem(error)}\n`);
    return EXIT_REFUSED;
  }
  const { loaded } = found;
  armFromEnvironment(options.env);
  const log = createLog(loaded.config.log.level, { write: (line) => void options.stdout.write(line) });
  for (const warning of loaded.warnings) log.warn(formatConfigProblem(warning));

  // A write or sync that failed leaves the disk's content unknown; only a fresh start can tell (D6).
  const broken = Promise.withResolvers<number>();
  const onBroken = (error: unknown): void => {
    log.fatal({ err: error }, 'the database could not write or sync; stopping, because a second try may lie');
    systemClock.after(200, () => {
      broken.resolve(EXIT_BROKEN);
    });
    setTimeout(() => process.exit(EXIT_BROKEN), 3_000).unref();
  };

  let server: RunningServer;
  try {
    server = await startServer({ loaded, log, clock: systemClock, random: systemRandom, onBroken });
  } catch (error) {
    const reason = refusalOf(error);
    if (reason === undefined) throw error;
    stderr.write(`posthorn cannot start: ${reason}\n`);
    return EXIT_REFUSED;
  }
  const watch = followConfig(options, loaded, log, server);
  greet(options, loaded, server);
  // Whoever started us waits for this line, however quiet the log is.
  log.child({}, { level: 'info' }).info({ http: server.url, mode: loaded.config.delivery.mode }, 'READY');
  options.signals.on('SIGHUP', () => void watch.reload());
  const code = await Promise.race([broken.promise, signalled(options.signals)]);
  watch.stop();
  if (code === 0) {
    log.info('stopping: finishing what is being sent');
    await server.stop();
    log.info('stopped');
  }
  return code;
}

/** Takes over changes of the file while the server runs. */
function followConfig(
  options: ServeOptions,
  loaded: LoadedConfig,
  log: ReturnType<typeof createLog>,
  server: RunningServer,
): ConfigWatch {
  return watchConfig({
    loaded,
    load: () => loadPlace(options),
    clock: systemClock,
    onChange: ({ loaded: next, changed, needRestart }) => {
      log.level = next.config.log.level;
      log.info({ changed, needRestart }, 'configuration changed');
      server.apply(next).catch((error: unknown) => {
        log.error({ err: error }, 'the changed configuration could not be applied');
      });
    },
    onRefused: (errors) => {
      log.error(
        { problems: errors.map(formatConfigProblem) },
        'the changed configuration is refused; the old one stays in force',
      );
    },
  });
}

function signalled(signals: ServeOptions['signals']): Promise<number> {
  return new Promise((resolve) => {
    const heard = (): void => {
      resolve(0);
    };
    signals.on('SIGTERM', heard);
    signals.on('SIGINT', heard);
  });
}

/** Why it does not start, for the operator; `undefined` for a bug of ours. */
function refusalOf(error: unknown): string | undefined {
  if (error instanceof StoreRefused || error instanceof OperatorRefused) return error.message;
  if (error instanceof Problem) return error.detail;
  // What the system refuses: an address that is taken, a folder that cannot be written. Its text names the call and the place.
  return error instanceof Error && 'syscall' in error ? error.message : undefined;
}

/** What a person sees first: where it is, whether mail goes out, and how to send a first message. */
function greet(
  options: ServeOptions,
  { config, dataDir, file }: LoadedConfig,
  { url, setupCode }: RunningServer,
): void {
  const place = [
    ...(file === undefined ? [] : [`--config ${file}`]),
    ...(options.data === undefined ? [] : [`--data ${dataDir}`]),
  ];
  const { mode } = config.delivery;
  const modeText = {
    capture: 'capture: every message is kept here and nothing is sent',
    'allow-list': 'allow-list: only listed addresses get mail, the rest is kept here',
    live: 'live: mail is sent',
  }[mode];
  options.stdout.write(`
  Posthorn

  API    ${url}/api/v1
  Mode   ${modeText}

${setupCode === undefined ? '' : setupLines(url, setupCode, place)}  Make a first key:
    npx posthorn key create --name first${place.map((item) => ` ${item}`).join('')}

  Send a first message:
    curl ${url}/api/v1/messages -H "Authorization: Bearer $POSTHORN_API_KEY" \\
      -H 'Content-Type: application/json' \\
      -d '{"from": "hello@example.com", "to": ["you@example.com"], "subject": "First", "text": "It works."}'

`);
}

function setupLines(url: string, { code }: SetupCode, place: readonly string[]): string {
  return `  Setup  ${code}: within half an hour it makes the first administrator (POST ${url}/api/v1/setup);
         another one: npx posthorn setup-code${place.map((item) => ` ${item}`).join('')}

`;
}

/** For the crash rehearsal (`e2e/crash`): `POSTHORN_CRASH_AT=after-dot:3` dies at the third pass of that point. */
function armFromEnvironment(env: Place['env']): void {
  const [, name, pass = '1'] = /^([a-z0-9-]+)(?::(\d+))?$/.exec(env['POSTHORN_CRASH_AT'] ?? '') ?? [];
  const point = CRASH_POINTS.find((known) => known === name);
  if (point !== undefined) armCrashPoint(point, Number(pass));
}
