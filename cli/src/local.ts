/**
 * The verbs that work on this machine, on the data folder: serve, key create, doctor, config.
 * Next: secrets.ts, operator.ts
 */
import type { Command } from 'commander';
import { EXIT, UsageError } from './failure.ts';
import type { ConfigReport, Place, Role } from './operator.ts';
import { examples, type Context } from './remote.ts';
import { doctorLines } from './doctor.ts';
import { clean, table } from './terminal.ts';

export interface LocalOptions {
  readonly config?: string;
  readonly data?: string;
  readonly json?: boolean;
}

export function local(command: Command): Command {
  return command
    .option('--config <file>', 'configuration file (./posthorn.toml if it is there)')
    .option('--data <dir>', 'data folder (./data)');
}

export function placeOf({ config, data }: LocalOptions, { world }: Context): Place {
  return {
    env: world.env,
    ...(config === undefined ? {} : { config }),
    ...(data === undefined ? {} : { data }),
  };
}

export function addServe(program: Command, context: Context): void {
  local(program.command('serve'))
    .description('run the server')
    .option('--http <host:port>', 'where HTTP listens (127.0.0.1:8025)')
    .addHelpText(
      'before',
      examples(
        'posthorn serve',
        'posthorn serve --config /etc/posthorn.toml --data /var/lib/posthorn --http 0.0.0.0:8025',
      ),
    )
    .action(async (options: LocalOptions & { http?: string }) => {
      const operator = await context.world.loadOperator();
      const { http } = options;
      const code = await operator.serve({
        ...placeOf(options, context),
        ...(http === undefined ? {} : { http }),
        stdout: context.world.stdout,
        stderr: context.world.stderr,
        signals: context.world.signals,
      });
      context.finish(code);
    });
}

const ROLES: readonly Role[] = [
  'instance_admin',
  'operator',
  'instance_developer',
  'auditor',
  'tenant_admin',
  'tenant_developer',
  'tenant_viewer',
];

interface KeyOptions extends LocalOptions {
  readonly name: string;
  readonly tenant?: string;
  readonly kind: string;
  readonly role?: string;
}

export function addKey(program: Command, context: Context): void {
  const key = program.command('key').alias('keys').description('API keys');
  local(key.command('create'))
    .description('make an API key, also while the server runs; it is shown once')
    .requiredOption('--name <name>', 'what it is for')
    .option('--tenant <slug>', 'for this tenant; without it for the instance')
    .option('--kind <kind>', 'live, or test: everything is captured, nothing is sent', 'live')
    .option('--role <role>', ROLES.join(', '))
    .option('--json', 'print one JSON document')
    .addHelpText(
      'before',
      examples(
        'posthorn key create --name shop --tenant acme',
        'posthorn key create --name ci --kind test --json',
      ),
    )
    .action((options: KeyOptions) => createKey(options, context));
  local(key.command('list'))
    .description('list the keys, never their secrets')
    .option('--tenant <slug>', "a tenant's keys; without it the instance's")
    .option('--json', 'print one JSON document')
    .addHelpText('before', examples('posthorn key list', 'posthorn key list --tenant acme'))
    .action((options: LocalOptions & { tenant?: string }) => listKeys(options, context));
  local(key.command('revoke <id>'))
    .description('end a key for good; a running server takes notice within a second')
    .option('--tenant <slug>', "a tenant's key; without it the instance's")
    .addHelpText('before', examples('posthorn key revoke key_…'))
    .action(async (id: string, options: LocalOptions & { tenant?: string }) => {
      const operator = await context.world.loadOperator();
      await operator.revokeKeyLocally({ ...placeOf(options, context), ...tenantIn(options), id });
      context.terminal.note(`Revoked ${id}.`);
    });
}

function tenantIn({ tenant }: { tenant?: string }): { tenant?: string } {
  return tenant === undefined ? {} : { tenant };
}

async function listKeys(options: LocalOptions & { tenant?: string }, context: Context): Promise<void> {
  const { terminal } = context;
  const operator = await context.world.loadOperator();
  const keys = await operator.listKeysLocally({ ...placeOf(options, context), ...tenantIn(options) });
  if (options.json === true) {
    terminal.json({ items: keys });
    return;
  }
  if (keys.length === 0) {
    terminal.note('There is none. Make one: posthorn key create --name NAME');
    return;
  }
  const rows = keys.map((key) => [
    key.id,
    clean(key.name),
    key.kind,
    key.role,
    key.revokedAt === null ? 'active' : 'revoked',
    key.lastUsedAt === null ? 'never' : new Date(key.lastUsedAt).toISOString(),
  ]);
  for (const line of table(['ID', 'NAME', 'KIND', 'ROLE', 'STATE', 'LAST USED'], rows, terminal))
    terminal.line(line);
}

async function createKey(options: KeyOptions, context: Context): Promise<void> {
  const { name, tenant, kind } = options;
  const { terminal } = context;
  if (kind !== 'live' && kind !== 'test') throw new UsageError('--kind must be live or test');
  const role = ROLES.find((one) => one === options.role);
  if (options.role !== undefined && role === undefined)
    throw new UsageError(`--role must be one of ${ROLES.join(', ')}`);
  const operator = await context.world.loadOperator();
  const made = await operator.createKeyLocally({
    ...placeOf(options, context),
    name,
    kind,
    ...(tenant === undefined ? {} : { tenant }),
    ...(role === undefined ? {} : { role }),
  });
  if (options.json === true) {
    terminal.json(made);
    return;
  }
  terminal.line(made.key);
  terminal.note(`Made ${made.id}. The key is shown once; keep it somewhere safe.`);
  terminal.note(
    'Next: POSTHORN_API_KEY=… posthorn send --to you@example.com --subject Hello --text "It works" --wait',
  );
}

export function addDoctor(program: Command, context: Context): void {
  local(program.command('doctor'))
    .description('check configuration, data folder, keys, disk and network')
    .option('--strict', 'warnings fail as well')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'before',
      examples('posthorn doctor', 'posthorn doctor --config /etc/posthorn.toml --strict'),
    )
    .action(async (options: LocalOptions & { strict?: boolean }) => {
      const { terminal, world, finish } = context;
      const report = await (await world.loadOperator()).doctor(placeOf(options, context));
      if (options.json === true) terminal.json(report);
      else for (const line of doctorLines(report, terminal)) terminal.line(line);
      const bad = options.strict === true ? ['problem', 'warning'] : ['problem'];
      const failed = report.groups.some(({ checks }) => checks.some(({ status }) => bad.includes(status)));
      finish(failed ? EXIT.failed : EXIT.done);
    });
}

export function addConfig(program: Command, context: Context): void {
  const { terminal, world, finish } = context;
  const config = program.command('config').description('check and explain the configuration');
  local(config.command('check'))
    .alias('validate')
    .description('read the configuration and list everything wrong with it')
    .option('--json', 'print one JSON document')
    .addHelpText('before', examples('posthorn config check --config posthorn.toml'))
    .action(async (options: LocalOptions) => {
      const report = await (await world.loadOperator()).checkConfig(placeOf(options, context));
      if (options.json === true) terminal.json(report);
      else tellConfig(report, context);
      finish(report.problems.length > 0 ? EXIT.failed : EXIT.done);
    });
  local(config.command('explain [setting]'))
    .description('each setting with its value and where it comes from')
    .option('--json', 'print one JSON document')
    .addHelpText('before', examples('posthorn config explain', 'posthorn config explain delivery'))
    .action(async (setting: string | undefined, options: LocalOptions) => {
      const all = await (await world.loadOperator()).explainConfig(placeOf(options, context));
      const found = all.filter(({ key }) => setting === undefined || isAt(key, setting));
      if (found.length === 0)
        throw new UsageError(`there is no setting ${JSON.stringify(setting)}, or it has no value`);
      if (options.json === true) {
        terminal.json(found);
        return;
      }
      const rows = found.map(({ key, value, origin }) => [key, clean(value), origin]);
      for (const line of table(['SETTING', 'VALUE', 'FROM'], rows, terminal)) terminal.line(line);
    });
}

function tellConfig({ problems, warnings, file }: ConfigReport, { terminal }: Context): void {
  for (const text of problems) terminal.line(`${terminal.mark('problem')} ${clean(text)}`);
  for (const text of warnings) terminal.line(`${terminal.mark('warning')} ${clean(text)}`);
  if (problems.length > 0) return;
  const name = file === undefined ? 'The configuration' : clean(file);
  terminal.line(`${terminal.mark('ok')} ${name} is fine${warnings.length > 0 ? ', with warnings' : ''}`);
}

/** `delivery` is for all of it; `connections[0]` for one of a list. */
function isAt(key: string, setting: string): boolean {
  return key === setting || key.startsWith(`${setting}.`) || key.startsWith(`${setting}[`);
}
