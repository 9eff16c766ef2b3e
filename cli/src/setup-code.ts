/**
 * `posthorn setup-code`: what makes the first administrator.
 * Next: operator.ts
 */
import type { Command } from 'commander';
import { local, placeOf, type LocalOptions } from './local.ts';
import { examples, type Context } from './remote.ts';

export function addSetupCode(program: Command, context: Context): void {
  local(program.command('setup-code'))
    .description('make a code for the first administrator, good for half an hour')
    .option('--json', 'print one JSON document')
    .addHelpText('before', examples('posthorn setup-code'))
    .action(async (options: LocalOptions) => {
      const { terminal } = context;
      const operator = await context.world.loadOperator();
      const { code, expiresAt } = await operator.makeSetupCodeLocally(placeOf(options, context));
      const until = new Date(expiresAt).toISOString();
      if (options.json === true) terminal.json({ code, expiresAt: until });
      else {
        terminal.line(code);
        terminal.note(`It is good until ${until}.`);
      }
    });
}
