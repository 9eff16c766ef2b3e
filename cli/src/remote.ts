/**
 * What every remote verb shares: which server, which key, and the client made from them.
 * Next: send.ts
 */
import type { Command } from 'commander';
import { createPosthorn, type Posthorn } from '@posthorn/sdk';
import { UsageError } from './failure.ts';
import type { Terminal } from './terminal.ts';
import type { World } from './world.ts';

export interface Context {
  readonly world: World;
  readonly terminal: Terminal;
  /** Sets the exit code of the run. */
  finish(code: number): void;
}

export interface RemoteOptions {
  readonly server?: string;
  readonly key?: string;
  readonly tenant?: string;
  readonly json?: boolean;
}

const DEFAULT_URL = 'http://127.0.0.1:8025';

/** Adds the options that name the server and the form of the answer. */
export function remote(command: Command): Command {
  return command
    .option('--server <url>', `the server (POSTHORN_URL, else ${DEFAULT_URL})`)
    .option('--key <key>', 'the API key (better in POSTHORN_API_KEY: arguments are seen by other users)')
    .option('--tenant <slug>', 'the tenant to act in, for a key of the instance (POSTHORN_TENANT)')
    .option('--json', 'print one JSON document');
}

/** The client for these options. Throws `UsageError` when there is no key or the address is none. */
export function connect(options: RemoteOptions, { env }: World): Posthorn {
  const url = options.server ?? (env['POSTHORN_URL'] || DEFAULT_URL);
  const key = options.key ?? env['POSTHORN_API_KEY'] ?? '';
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new UsageError(`--server must be an address such as ${DEFAULT_URL}, not ${JSON.stringify(url)}`);
  }
  if (key === '') {
    throw new UsageError(
      'no API key: give --key K or set POSTHORN_API_KEY (make one on the server with posthorn key create --name me)',
    );
  }
  const tenant = options.tenant ?? (env['POSTHORN_TENANT'] || undefined);
  return createPosthorn({ url, key, tenant, fetch: fetchAsCommand });
}

/** The audit log tells what was done by this command from what an application did. */
const fetchAsCommand: typeof fetch = (input, init) => {
  const headers = new Headers(init?.headers);
  headers.set('user-agent', 'posthorn-cli');
  return fetch(input, { ...init, headers });
};

/** For options that may be given several times. */
export function several(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

/** Help begins with what one would type. */
export function examples(...lines: readonly string[]): string {
  return ['Examples:', ...lines.map((line) => `  $ ${line}`), ''].join('\n');
}
