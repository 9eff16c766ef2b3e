/**
 * `posthorn audit verify`: whether the audit log is as it was written, checked on the data folder.
 * Next: operator.ts
 */
import type { Command } from 'commander';
import { EXIT } from './failure.ts';
import { local, placeOf, type LocalOptions } from './local.ts';
import { examples, type Context } from './remote.ts';
import { clean } from './terminal.ts';

interface VerifyOptions extends LocalOptions {
  readonly tenant?: string;
}

export function addAudit(program: Command, context: Context): void {
  const audit = program.command('audit').description('the audit log');
  local(audit.command('verify'))
    .description('check that no entry was changed, left out or put in later, also while servers run')
    .option('--tenant <slug>', 'only this tenant; without it the instance and all tenants')
    .option('--json', 'print one JSON document')
    .addHelpText('before', examples('posthorn audit verify', 'posthorn audit verify --tenant acme --json'))
    .action((options: VerifyOptions) => verify(options, context));
}

async function verify(options: VerifyOptions, context: Context): Promise<void> {
  const { terminal, world, finish } = context;
  const { tenant } = options;
  const operator = await world.loadOperator();
  const chains = await operator.verifyAuditLocally({
    ...placeOf(options, context),
    ...(tenant === undefined ? {} : { tenant }),
  });
  if (options.json === true) terminal.json({ items: chains });
  else {
    if (chains.length === 0) terminal.note('Nothing was recorded yet.');
    for (const { tenant: slug, ok, checked, head, brokenAt } of chains) {
      const last = head === null ? '' : `; the last is ${head.hash}`;
      const said = ok
        ? `${String(checked)} entries as they were written${last}`
        : `not as it was written from entry ${String(brokenAt)} on; ${String(checked)} before it are`;
      terminal.line(`${terminal.mark(ok ? 'ok' : 'problem')} ${clean(slug)}: ${said}`);
    }
  }
  finish(chains.every(({ ok }) => ok) ? EXIT.done : EXIT.failed);
}
