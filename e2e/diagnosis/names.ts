/**
 * A name server of the scenario's own, and how a program is started that asks it and nobody else: in a mount namespace
 * where `/etc/resolv.conf` names it. Needs root and the right to make namespaces; without, `startNames` answers why not.
 */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../child.ts';

/** What a name leads to; names that are not listed do not exist (NXDOMAIN). */
export type Records = Readonly<Record<string, Zone>>;
export type Zone = { readonly a?: string; readonly aaaa?: string } | 'servfail';

export interface Names {
  /** What to put before a command line, so that the program sees these names. */
  readonly within: readonly string[];
  stop(): Promise<void>;
}

const NOERROR = 0;
const SERVFAIL = 2;
const NXDOMAIN = 3;
const TYPE_A = 1;
const TYPE_AAAA = 28;

/** Serves `records` on a loopback address of its own, port 53; files are written to `folder`. */
export async function startNames(
  folder: string,
  records: Records,
): Promise<Names | { readonly skip: string }> {
  const allowed = await run('unshare', ['--mount', 'true']).catch(() => undefined);
  if (allowed?.code !== 0) return { skip: 'needs root and mount namespaces' };
  const address = `127.53.${String(randomInt(256))}.${String(randomInt(1, 255))}`;
  const socket = createSocket('udp4');
  socket.on('message', (question, from) => {
    const reply = answer(question, records);
    if (reply !== undefined) socket.send(reply, from.port, from.address);
  });
  socket.bind(53, address);
  await once(socket, 'listening');
  const resolv = join(folder, 'resolv.conf');
  const nsswitch = join(folder, 'nsswitch.conf');
  await writeFile(resolv, `nameserver ${address}\noptions timeout:2 attempts:1\n`);
  await writeFile(nsswitch, 'hosts: files dns\n');
  const script = `mount --bind ${resolv} /etc/resolv.conf && mount --bind ${nsswitch} /etc/nsswitch.conf && exec "$@"`;
  return {
    within: ['unshare', '--mount', 'sh', '-c', script, 'sh'],
    stop: async () => {
      socket.close();
      await once(socket, 'close');
    },
  };
}

/** RFC 1035 §4.1: header, the question repeated, and at most one record. */
function answer(question: Buffer, records: Records): Buffer | undefined {
  if (question.length < 17) return undefined;
  const labels: string[] = [];
  let at = 12;
  for (let length = question[at] ?? 0; length > 0 && at < question.length; length = question[at] ?? 0) {
    labels.push(question.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  const end = at + 5;
  const type = question.readUInt16BE(at + 1);
  const zone = records[labels.join('.').toLowerCase()];
  const data = typeof zone === 'object' ? recordData(zone, type) : undefined;
  const code = zone === undefined ? NXDOMAIN : zone === 'servfail' ? SERVFAIL : NOERROR;
  const head = Buffer.alloc(12);
  question.copy(head, 0, 0, 2);
  head.writeUInt16BE(0x8180 | code, 2); // a reply; recursion was asked for and is there
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(data === undefined ? 0 : 1, 6);
  const parts = [head, question.subarray(12, end)];
  if (data !== undefined) {
    const record = Buffer.alloc(12);
    record.writeUInt16BE(0xc00c, 0); // the name of the question, §4.1.4
    record.writeUInt16BE(type, 2);
    record.writeUInt16BE(1, 4);
    record.writeUInt32BE(1, 6);
    record.writeUInt16BE(data.length, 10);
    parts.push(record, data);
  }
  return Buffer.concat(parts);
}

function recordData(zone: { a?: string; aaaa?: string }, type: number): Buffer | undefined {
  if (type === TYPE_A && zone.a !== undefined) return Buffer.from(zone.a.split('.').map(Number));
  // Written in full, eight groups: all this needs.
  if (type === TYPE_AAAA && zone.aaaa !== undefined)
    return Buffer.from(
      zone.aaaa
        .split(':')
        .map((group) => group.padStart(4, '0'))
        .join(''),
      'hex',
    );
  return undefined;
}
