/**
 * The verbs that work on this machine, on the data folder: serve, doctor, config.
 * Next: keys.ts, secrets.ts, operator.ts
 */
import type { Command } from 'commander';
import { EXIT, UsageError } from './failure.ts';
import type { ConfigReport, Place } from './operator.ts';
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
