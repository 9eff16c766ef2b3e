/**
 * Dovecot's sign-in service alone, for Postfix to ask: PLAIN, LOGIN, CRAM-MD5 and SCRAM-SHA-256 against one password file.
 */
import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { must, startChild, until, type Child } from './child.ts';

export interface Account {
  readonly username: string;
  readonly password: string;
}

/**
 * Serves sign-in on the unix socket `socket` (owner `postfix`) until stopped. Everything it writes is under `folder`.
 * `mechanisms` are offered beside the usual ones.
 */
export async function startDovecotAuth(
  folder: string,
  socket: string,
  accounts: readonly Account[],
  mechanisms: readonly string[] = [],
): Promise<Child> {
  await mkdir(folder, { recursive: true });
  const users = join(folder, 'users');
  const config = join(folder, 'dovecot.conf');
  // Clear passwords: SCRAM and CRAM-MD5 derive what they need from them.
  await writeFile(
    users,
    accounts.map(({ username, password }) => `${username}:{PLAIN}${password}::::::\n`).join(''),
    {
      mode: 0o644,
    },
  );
  const version = (await must('dovecot', ['--version'])).trim();
  const words = version.startsWith('2.3.') ? words23(users) : words24(users, version);
  await writeFile(config, `${words}${common(folder, socket, mechanisms)}`);
  const child = await startChild('dovecot', ['-F', '-c', config]);
  const listening = (): Promise<true | undefined> =>
    access(socket).then(
      () => true as const,
      () => undefined,
    );
  await Promise.race([
    until('Dovecot to listen', listening),
    child.exited.then(() => {
      throw new Error(`Dovecot did not start\n${child.stderr()}${child.stdout()}`);
    }),
  ]);
  return child;
}

function common(folder: string, socket: string, mechanisms: readonly string[]): string {
  return `
base_dir = ${join(folder, 'run')}
state_dir = ${join(folder, 'state')}
log_path = ${join(folder, 'dovecot.log')}
protocols =
ssl = no
auth_failure_delay = 0
auth_mechanisms = ${['plain login cram-md5 scram-sha-256', ...mechanisms].join(' ')}
service auth {
  unix_listener ${socket} {
    mode = 0660
    user = postfix
    group = postfix
  }
}
`;
}

function words23(users: string): string {
  return `disable_plaintext_auth = no
passdb {
  driver = passwd-file
  args = ${users}
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=/nonexistent
}
`;
}

/** Dovecot 2.4 (Debian 13) renamed settings and wants its own version named first. */
function words24(users: string, version: string): string {
  const number = /^\d+\.\d+\.\d+/.exec(version)?.[0] ?? '2.4.0';
  return `dovecot_config_version = ${number}
dovecot_storage_version = ${number}
auth_allow_cleartext = yes
passdb passwd-file {
  passwd_file_path = ${users}
}
userdb static {
  fields {
    uid = nobody
    gid = nogroup
    home = /nonexistent
  }
}
`;
}
