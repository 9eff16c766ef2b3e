/**
 * `posthorn secrets`: the master key, rotated while servers run.
 * Next: operator.ts
 */
import type { Command } from 'commander';
import { EXIT } from './failure.ts';
import { local, placeOf, type LocalOptions } from './local.ts';
import type { Rotation } from './operator.ts';
import { examples, type Context } from './remote.ts';
import { clean, table } from './terminal.ts';

interface RotateOptions extends LocalOptions {
  readonly newKeyFile?: string;
  readonly onlyServer?: boolean;
}

export function addSecrets(program: Command, context: Context): void {
  const secrets = program.command('secrets').description('the master key that guards stored secrets');
  local(secrets.command('rotate'))
    .description('change the master key, also while servers run; a rotation that was interrupted goes on')
    .option('--new-key-file <file>', 'take the new key from this file; made there when it is missing')
    .option('--only-server', 'no other server uses this database')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'before',
      examples('posthorn secrets rotate', 'posthorn secrets rotate --new-key-file /safe/master-2.key'),
    )
    .action((options: RotateOptions) => rotate(options, context));
  local(secrets.command('status'))
    .description('which master key wraps how many data keys, and whether it is in the key file')
    .option('--json', 'print one JSON document')
    .addHelpText('before', examples('posthorn secrets status'))
    .action((options: LocalOptions) => status(options, context));
  local(secrets.command('forget-old'))
    .description('take the keys that nothing needs any more out of the key file')
    .option('--json', 'print one JSON document')
    .addHelpText('before', examples('posthorn secrets forget-old'))
    .action((options: LocalOptions) => forgetOld(options, context));
}

async function rotate(options: RotateOptions, context: Context): Promise<void> {
  const { terminal } = context;
  const { newKeyFile, onlyServer } = options;
  const operator = await context.world.loadOperator();
  const done = await operator.rotateLocally({
    ...placeOf(options, context),
    ...(newKeyFile === undefined ? {} : { newKeyFile }),
    ...(onlyServer === undefined ? {} : { onlyServer }),
  });
  if (options.json === true) terminal.json(done);
  else tellRotation(done, context);
  context.finish(done.failed.length > 0 ? EXIT.failed : EXIT.done);
}

function tellRotation(done: Rotation, { terminal }: Context): void {
  const { from, to, rewrapped, verified, failed, keyFile, unused } = done;
  terminal.line(
    from === to ? `Finished the rotation to ${to}` : `Rotated the master key from ${from} to ${to}`,
  );
  terminal.line(`${String(rewrapped)} data keys wrapped anew, ${String(verified)} tried and good`);
  for (const id of failed)
    terminal.line(`${terminal.mark('problem')} the data key ${clean(id)} is damaged; nothing was changed`);
  terminal.note(`Back up ${clean(keyFile)} now, apart from the database.`);
  if (unused.length > 0)
    terminal.note(
      `${unused.join(', ')} is needed for older backups only. Take it out: posthorn secrets forget-old`,
    );
}

async function status(options: LocalOptions, context: Context): Promise<void> {
  const { terminal } = context;
  const operator = await context.world.loadOperator();
  const { keys, complete, keyFile } = await operator.secretsStatusLocally(placeOf(options, context));
  if (options.json === true) {
    terminal.json({ keyFile, keys, complete });
    return;
  }
  const rows = keys.map(({ id, current, dataKeys, inFile }) => [
    id,
    current ? 'current' : dataKeys > 0 ? 'previous' : 'idle',
    String(dataKeys),
    inFile ? 'yes' : 'NO',
  ]);
  for (const line of table(['MASTER KEY', 'STATE', 'DATA KEYS', 'HERE'], rows, terminal)) terminal.line(line);
  if (!complete) terminal.note('A rotation is not finished. Go on: posthorn secrets rotate');
}

async function forgetOld(options: LocalOptions, context: Context): Promise<void> {
  const { terminal } = context;
  const operator = await context.world.loadOperator();
  const done = await operator.forgetOldKeysLocally(placeOf(options, context));
  if (options.json === true) {
    terminal.json(done);
    return;
  }
  terminal.line(
    done.forgotten.length === 0
      ? `${clean(done.keyFile)} holds nothing that is not needed`
      : `Took ${done.forgotten.join(', ')} out of ${clean(done.keyFile)}`,
  );
  if (done.forgotten.length > 0)
    terminal.note('Backups from before the rotation need the old key: keep a copy with them.');
}
