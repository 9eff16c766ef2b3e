/**
 * The system packages that the tests need, and putting them in place where this user may do so.
 * Only Debian and its children are served; elsewhere the answer is the list. Next: test-postgres.ts
 */
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { must, run } from '../e2e/child.ts';

interface Package {
  readonly name: string;
  readonly forWhat: string;
  readonly isThere: () => boolean;
}

const PACKAGES: readonly Package[] = [
  {
    name: 'postfix',
    forWhat: 'a real relay, and smtp-sink',
    isThere: () => has('postfix') && has('smtp-sink'),
  },
  { name: 'dovecot-core', forWhat: "the relay's sign-in", isThere: () => has('dovecot') },
  { name: 'postgresql', forWhat: 'the second database', isThere: () => postgresBin() !== undefined },
  { name: 'openssl', forWhat: 'certificates', isThere: () => has('openssl') },
  { name: 'python3', forWhat: 'a second opinion on MIME', isThere: () => has('python3') },
];

export type Provision = { readonly ok: true } | { readonly ok: false; readonly say: string };

/** Installs what is missing, as root or through a sudo that asks nothing; else says the one command to run. */
export async function ensurePackages(): Promise<Provision> {
  const missing = PACKAGES.filter((wanted) => !wanted.isThere());
  if (missing.length === 0) return { ok: true };
  const names = missing.map(({ name }) => name);
  const list = missing.map(({ name, forWhat }) => `  ${name}  (${forWhat})`).join('\n');
  if (!has('apt-get'))
    return { ok: false, say: `The tests need these programs (named as in Debian):\n${list}` };
  const become = await rootPrefix();
  const command = `sudo sh -c 'apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ${names.join(' ')}'`;
  if (become === undefined)
    return { ok: false, say: `The tests need these packages:\n${list}\nPlease run:\n\n  ${command}\n` };
  process.stdout.write(`Installing for the tests: ${names.join(' ')}\n`);
  await install(become, names);
  const still = missing.filter((wanted) => !wanted.isThere()).map(({ name }) => name);
  return still.length === 0
    ? { ok: true }
    : { ok: false, say: `Installed, but not found afterwards: ${still.join(' ')}` };
}

/** Debian starts a freshly installed service unless this file says no. */
const POLICY = '/usr/sbin/policy-rc.d';

async function install(become: readonly string[], names: readonly string[]): Promise<void> {
  const script = `
set -e
policy=${POLICY}
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\\nexit 101\\n' > "$policy"; chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi
wait_for_lock="-o DPkg::Lock::Timeout=120"
apt-get $wait_for_lock -qq update
echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections
apt-get $wait_for_lock -qq install -y --no-install-recommends ${names.join(' ')}
`;
  const [command, ...args] = [...become, 'env', 'DEBIAN_FRONTEND=noninteractive', 'sh', '-c', script];
  await must(command ?? 'env', args, { timeoutMs: 900_000 });
}

/** How to become root without a question: nothing for root, `sudo -n` where that works. */
async function rootPrefix(): Promise<readonly string[] | undefined> {
  if (process.getuid?.() === 0) return [];
  if (!has('sudo')) return undefined;
  const asked = await run('sudo', ['-n', 'true']);
  return asked.code === 0 ? ['sudo', '-n'] : undefined;
}

/** Where PostgreSQL's `initdb` and `postgres` are: Debian keeps them out of PATH. The newest version wins. */
export function postgresBin(): string | undefined {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root) : [];
  const newestFirst = versions.filter((name) => /^\d+$/.test(name)).sort((a, b) => Number(b) - Number(a));
  const candidates = [...newestFirst.map((version) => join(root, version, 'bin')), ...searchPath()];
  return candidates.find(
    (folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')),
  );
}

/** The packages' programs are in folders that an ordinary user's PATH may lack. */
function searchPath(): string[] {
  return [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'].filter(
    (folder) => folder !== '',
  );
}

function has(program: string): boolean {
  return searchPath().some((folder) => existsSync(join(folder, program)));
}
