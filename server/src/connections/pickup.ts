/**
 * A pickup folder: each message becomes one `.eml` file for another program to collect, whole or not at all. It is
 * written under another name first, brought to the disk, then renamed; the envelope stands in `X-Sender` and `X-Receiver`
 * lines at its head, as the pickup folders of .NET and IIS read it.
 * The name is made from what is in the file, so a message that is written once more after a crash does not become two.
 * Next: graph.ts
 */
import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { serializeAddress, writeHeaderBlock, type Failure } from '../mail/mail.ts';
import type { OutgoingMail, SendReport, SessionWatch } from '../smtp/smtp.ts';
import { ContentUnreadable, openContent } from './content.ts';
import { fileFailure, findFolder, type Folder } from './pickup-folder.ts';
import { startRecord } from './record.ts';
import { LEASE_LOST, STOPPED } from './sender.ts';

/** A disk that is slower than this over one message counts as one that does not answer. */
const WRITE_MS = 60_000;
/** What the envelope says in a pickup folder. A message must not bring its own: they would be recipients. */
const ENVELOPE_FIELDS: readonly string[] = ['x-sender', 'x-receiver'];

export interface PickupOptions {
  readonly folder: string;
  /** Folders that mail may be put into, as of now. */
  readonly allowed: () => readonly string[];
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly watch?: SessionWatch;
}

/** Puts one message into the folder. Never rejects. */
export async function putIntoFolder(mail: OutgoingMail, options: PickupOptions): Promise<SendReport> {
  const { clock, signal, watch } = options;
  const record = startRecord(clock, watch);
  record.begin('settings');
  const found = await find(options);
  if (!found.ok) return record.failed(mail, 'settings', found.failure, { connection: true });
  record.end('settings');

  record.begin('data');
  const progress: Progress = { renaming: false };
  const written = await within(clock, write(mail, found.path, signal, progress));
  if ('kind' in written) {
    // What has been renamed, or may still be, is there for whoever collects it.
    const about = { connection: written.kind === 'file', inDoubt: progress.renaming };
    return record.failed(mail, progress.renaming ? 'accepted' : 'data', written, about);
  }
  record.end('data');
  record.note(`${String(written.octets)} octets written and renamed to ${written.name}`);
  return record.accepted(mail, { code: 250, lines: [`Put into the folder as ${written.name}`] });
}

/**
 * Writes a file into the folder and takes it away again: whether mail could be put there. The report has no results; its
 * `session` says what was wrong.
 */
export async function checkFolder(options: Omit<PickupOptions, 'signal'>): Promise<SendReport> {
  const { clock, watch } = options;
  const record = startRecord(clock, watch);
  record.begin('settings');
  const found = await find(options);
  if (!found.ok) return record.failed(NOBODY, 'settings', found.failure, { connection: true });
  record.end('settings');
  record.begin('data');
  const failure = await within(clock, probe(join(found.path, temporaryName())));
  if (failure !== undefined) return record.failed(NOBODY, 'data', failure, { connection: true });
  record.note('a file was written into the folder and removed again');
  record.end('data');
  return record.nothing();
}

/** Takes away what a crash left half written: nobody writes one file for a day. Never rejects. */
export async function tidyFolder(
  options: Pick<PickupOptions, 'folder' | 'allowed' | 'clock'>,
): Promise<void> {
  const found = await find(options);
  if (!found.ok) return;
  for (const name of await readdir(found.path).catch(() => [])) {
    if (!TEMPORARY.test(name)) continue;
    const path = join(found.path, name);
    const since = await lstat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => Number.POSITIVE_INFINITY,
    );
    if (since < options.clock.now() - DAY_MS) await rm(path, { force: true }).catch(() => undefined);
  }
}

const NOBODY = { recipients: [] } as const;

async function find({
  folder,
  allowed,
  clock,
}: Pick<PickupOptions, 'folder' | 'allowed' | 'clock'>): Promise<Folder> {
  const found = await within(clock, findFolder(folder, allowed()));
  return 'kind' in found ? { ok: false, failure: found } : found;
}

interface Progress {
  /** The file has its final name, or may have it any moment. */
  renaming: boolean;
}

async function write(
  mail: OutgoingMail,
  folder: string,
  signal: AbortSignal,
  progress: Progress,
): Promise<Failure | { readonly name: string; readonly octets: number }> {
  const temporary = join(folder, temporaryName());
  try {
    const { digest, octets } = await writeFile(temporary, mail, signal);
    if (signal.aborted) return STOPPED;
    if (!mail.mayCommit()) return LEASE_LOST;
    const name = `${digest}.eml`;
    progress.renaming = true;
    await rename(temporary, join(folder, name)).catch((error: unknown) => {
      progress.renaming = false;
      throw error;
    });
    await syncFolder(folder);
    return { name, octets };
  } catch (error) {
    if (error instanceof ContentUnreadable) return error.failure;
    return fileFailure(error, 'The message could not be put into the pickup folder');
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined); // gone already when all went well
  }
}

async function writeFile(
  path: string,
  mail: OutgoingMail,
  signal: AbortSignal,
): Promise<{ digest: string; octets: number }> {
  const { fields, body } = await openContent(mail.content);
  const handle = await openNew(path);
  try {
    const hash = createHash('sha256');
    let octets = 0;
    const put = async (chunk: Buffer): Promise<void> => {
      hash.update(chunk);
      octets += chunk.length;
      await handle.writeFile(chunk);
    };
    await put(envelopeOf(mail));
    await put(writeHeaderBlock(fields.filter(({ name }) => !ENVELOPE_FIELDS.includes(name))));
    for await (const chunk of body) {
      if (signal.aborted) break;
      await put(chunk);
    }
    await handle.sync();
    return { digest: hash.digest('hex').slice(0, 40), octets };
  } finally {
    await handle.close();
  }
}

/** Every recipient of this envelope, blind copies among them: the collecting program sends to these and takes the lines off. */
function envelopeOf({ from, recipients }: OutgoingMail): Buffer {
  const sender = from === null ? '<>' : serializeAddress(from);
  const lines = [`X-Sender: ${sender}`, ...recipients.map((to) => `X-Receiver: ${serializeAddress(to)}`)];
  return Buffer.from(lines.map((line) => `${line}\r\n`).join(''));
}

/** Never a file that is there, nor through a link. The group may read: the collecting program is seldom Posthorn's own user. */
function openNew(path: string) {
  return open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o660);
}

async function probe(path: string): Promise<Failure | undefined> {
  try {
    const handle = await openNew(path);
    try {
      await handle.writeFile('Posthorn checks that mail can be put here.\r\n');
      await handle.sync();
    } finally {
      await handle.close();
      await rm(path, { force: true });
    }
    return undefined;
  } catch (error) {
    return fileFailure(error, 'The pickup folder cannot be written to');
  }
}

/** The new name is on the disk only when the folder is (fsync(2)). Some file systems have no such call for folders. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } catch (error) {
    const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'EINVAL' && code !== 'ENOTSUP') throw error;
  } finally {
    await handle.close();
  }
}

const TEMPORARY = /^\.posthorn-[\da-f-]{36}\.tmp$/;
const DAY_MS = 86_400_000;

/** Nobody collects a name that begins with a dot and does not end in `.eml`. */
function temporaryName(): string {
  return `.posthorn-${randomUUID()}.tmp`;
}

/** A system call cannot be called back; its late outcome is dropped. */
function within<T>(clock: Clock, work: Promise<T>): Promise<T | Failure> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(WRITE_MS, () => {
      const error = Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' });
      resolve(fileFailure(error, 'The pickup folder cannot be used'));
    });
    work.finally(cancel).then(resolve, reject);
  });
}
