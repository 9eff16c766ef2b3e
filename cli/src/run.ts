/**
 * One run of the command: arguments in, exit code out.
 * Next: remote.ts for what remote verbs share, local.ts for the others
 */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { addAudit } from './audit.ts';
import { addConnections } from './connections.ts';
import { addDiscovery } from './discover.ts';
import { addExplain } from './explain.ts';
import { EXIT, tellFailure } from './failure.ts';
import { addKey } from './keys.ts';
import { addConfig, addDoctor, addServe } from './local.ts';
import { addSetupCode } from './setup-code.ts';
import { addMessages } from './messages.ts';
import { examples, type Context } from './remote.ts';
import { addSecrets } from './secrets.ts';
import { addSend } from './send.ts';
import { addTest } from './test-connection.ts';
import { createTerminal } from './terminal.ts';
import type { World } from './world.ts';

/** Runs `posthorn ARGS`. Never rejects: what goes wrong is told, and is the exit code. */
export async function run(args: readonly string[], world: World): Promise<number> {
  const terminal = createTerminal(world);
  let code: number = EXIT.done;
  const context: Context = { world, terminal, finish: (given) => void (code = given) };
  try {
    const program = makeProgram(context);
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    return tellFailure(error, terminal, args.includes('--json'));
  }
}

function makeProgram(context: Context): Command {
  const { stdout, stderr } = context.world;
  const program = new Command('posthorn')
    .description('Configures, tests, sends, watches and explains the mail of your applications.')
    .version(version(), '-V, --version')
    .addHelpText(
      'before',
      examples(
        'posthorn serve',
        'posthorn key create --name me',
        'posthorn send --to ana@example.com --subject Hello --text "It works" --wait',
      ),
    )
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      getOutHasColors: () => false,
    })
    .showHelpAfterError('Help: posthorn --help');
  addServe(program, context);
  addSend(program, context);
  addMessages(program, context);
  addExplain(program, context);
  addConnections(program, context);
  addTest(program, context);
  addDiscovery(program, context);
  addKey(program, context);
  addSetupCode(program, context);
  addSecrets(program, context);
  addAudit(program, context);
  addDoctor(program, context);
  addConfig(program, context);
  return program;
}

function version(): string {
  const { version: found } = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  ) as {
    version: string; // our own package.json
  };
  return found;
}
