/**
 * One Postfix in folders of its own: started from the `main.cf` and `master.cf` it is given, stopped for certain.
 * Needs root, as Postfix does. What the instance is for is the caller's business. Next: postfix.ts
 */
import { chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { forgetPid, isAlive, must, notePid, run, until } from './child.ts';
import { makeTempDir } from './temp-dir.ts';

export interface PostfixFolders {
  readonly root: string;
  readonly config: string;
  readonly queue: string;
  readonly data: string;
  /** Where `maillog_file` points. */
  readonly log: string;
}

export interface PostfixInstance {
  readonly folders: PostfixFolders;
  /** Everything Postfix logged so far. */
  log(): Promise<string>;
  /** Postfix's own re-read of its files. */
  reload(): Promise<void>;
  /** Ends every process of the instance and removes its folders. */
  stop(): Promise<void>;
}

/** The services every instance has; `smtpd` doors and transports come from the caller. */
const SERVICES = `
pickup    unix  n  -  n  60    1  pickup
cleanup   unix  n  -  n  -     0  cleanup
qmgr      unix  n  -  n  300   1  qmgr
tlsmgr    unix  -  -  n  1000? 1  tlsmgr
rewrite   unix  -  -  n  -     -  trivial-rewrite
bounce    unix  -  -  n  -     0  bounce
defer     unix  -  -  n  -     0  bounce
trace     unix  -  -  n  -     0  bounce
verify    unix  -  -  n  -     1  verify
flush     unix  n  -  n  1000? 0  flush
proxymap  unix  -  -  n  -     -  proxymap
proxywrite unix -  -  n  -     1  proxymap
smtp      unix  -  -  n  -     -  smtp
relay     unix  -  -  n  -     -  smtp
showq     unix  n  -  n  -     -  showq
error     unix  -  -  n  -     -  error
retry     unix  -  -  n  -     -  error
discard   unix  -  -  n  -     -  discard
local     unix  -  n  n  -     -  local
virtual   unix  -  n  n  -     -  virtual
anvil     unix  -  -  n  -     1  anvil
scache    unix  -  -  n  -     1  scache
postlog   unix-dgram n - n -   1  postlogd
`;

/** Whether this user may run a Postfix. */
export function mayRunPostfix(): boolean {
  return process.getuid?.() === 0;
}

/**
 * Starts an instance. `doors` are further `master.cf` lines; `settings` go into `main.cf` over what is needed to run.
 * Both are asked with the instance's folders once these exist.
 */
export async function startPostfixInstance(
  describe: (
    folders: PostfixFolders,
  ) => Promise<{ settings: Record<string, string>; doors: readonly string[] }>,
): Promise<PostfixInstance> {
  const temp = await makeTempDir('postfix');
  const root = temp.path;
  const folders: PostfixFolders = {
    root,
    config: join(root, 'etc'),
    queue: join(root, 'queue'),
    data: join(root, 'data'),
    log: join(root, 'mail.log'),
  };
  await Promise.all([folders.config, folders.queue, folders.data].map((folder) => mkdir(folder)));
  const [uid, gid] = await userIds('postfix');
  await chown(folders.data, uid, gid);
  const { settings, doors } = await describe(folders);
  const mainCf = Object.entries({ ...needed(folders), ...settings }).map(
    ([name, value]) => `${name} = ${value}\n`,
  );
  await writeFile(join(folders.config, 'main.cf'), mainCf.join(''));
  await writeFile(join(folders.config, 'master.cf'), `${SERVICES}${doors.join('\n')}\n`);
  await makeQueue(folders.queue, uid);
  const started = await run('postfix', ['-c', folders.config, 'start']);
  if (started.code !== 0) {
    const log = await readFile(folders.log, 'utf8').catch(() => '');
    await temp.remove();
    throw new Error(`Postfix did not start\n${started.stderr}${started.stdout}${log}`);
  }
  const master = Number.parseInt(await readFile(join(folders.queue, 'pid/master.pid'), 'utf8'), 10);
  notePid(master, 'postfix/master');
  return {
    folders,
    log: () => readFile(folders.log, 'utf8').catch(() => ''),
    reload: async () => {
      await must('postfix', ['-c', folders.config, 'reload']);
    },
    stop: async () => {
      await endMaster(master);
      forgetPid(master);
      await temp.remove();
    },
  };
}

function needed(folders: PostfixFolders): Record<string, string> {
  return {
    compatibility_level: '3.6',
    queue_directory: folders.queue,
    data_directory: folders.data,
    maillog_file: folders.log,
    maillog_file_prefixes: folders.root,
    inet_interfaces: '127.0.0.1',
    inet_protocols: 'ipv4',
    myhostname: 'postfix.test',
    mydestination: '',
    alias_maps: '',
    alias_database: '',
  };
}

/** The queue's folders as Postfix's `postfix-files` has them: its own check makes them too, but takes two seconds for it. */
async function makeQueue(queue: string, uid: number): Promise<void> {
  const dropGid = Number.parseInt((await must('getent', ['group', 'postdrop'])).split(':')[2] ?? '', 10);
  const plain = [
    'active',
    'bounce',
    'corrupt',
    'defer',
    'deferred',
    'flush',
    'hold',
    'incoming',
    'private',
    'saved',
    'trace',
  ];
  const make = async (name: string, owner: number, group: number, mode: number): Promise<void> => {
    await mkdir(join(queue, name));
    await chown(join(queue, name), owner, group);
    await chmod(join(queue, name), mode);
  };
  await Promise.all([
    ...plain.map((name) => make(name, uid, 0, 0o700)),
    make('maildrop', uid, dropGid, 0o730),
    make('public', uid, dropGid, 0o710),
    make('pid', 0, 0, 0o755),
  ]);
  await writeFile(join(queue, 'quick-start'), '');
}

/** Kills the master's process group at once: what it was about to do concerns nobody any more. */
async function endMaster(master: number): Promise<void> {
  if (isAlive(-master)) process.kill(-master, 'SIGKILL');
  await until('Postfix to be gone', () => (isAlive(-master) ? undefined : true), { timeoutMs: 5000 });
}

/** Numbers of a system user, from `id`. */
export async function userIds(user: string): Promise<[uid: number, gid: number]> {
  const numbers = await Promise.all([must('id', ['-u', user]), must('id', ['-g', user])]);
  return [Number.parseInt(numbers[0], 10), Number.parseInt(numbers[1], 10)];
}

/** A folder that only Postfix's processes of user `uid` may use. */
export async function privateFolder(path: string, uid: number, gid: number): Promise<string> {
  await mkdir(path, { recursive: true });
  await chown(path, uid, gid);
  await chmod(path, 0o700);
  return path;
}
