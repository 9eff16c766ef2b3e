/**
 * A DNS server on a UDP port of 127.0.0.1 that answers from a table, so that tests ask real questions of known names. It
 * remembers every question. A name may also be broken: `silent` never answers, `servfail` says that it cannot.
 */
import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

export interface ZoneRecords {
  readonly A?: readonly string[];
  readonly AAAA?: readonly string[];
  readonly CNAME?: string;
  /** `10 mx.example.test`. */
  readonly MX?: readonly string[];
  /** A text, or the strings that it is cut into. */
  readonly TXT?: readonly (string | readonly string[])[];
  /** `0 5 587 smtp.example.test`: priority, weight, port, target. */
  readonly SRV?: readonly string[];
  readonly PTR?: readonly string[];
  readonly broken?: 'silent' | 'servfail';
}

export type Zone = Readonly<Record<string, ZoneRecords>>;

export interface DnsServer {
  /** For `createLookups({servers})`. */
  readonly servers: readonly string[];
  /** `TXT example.test`, in the order asked. */
  readonly asked: readonly string[];
  /** Resolves when somebody has asked. */
  heard(): Promise<void>;
  close(): Promise<void>;
}

const TYPES: Readonly<Record<number, keyof ZoneRecords>> = {
  1: 'A',
  5: 'CNAME',
  12: 'PTR',
  15: 'MX',
  16: 'TXT',
  28: 'AAAA',
  33: 'SRV',
};

/** Starts it and, with a test, ends it with the test. Names of the zone are in lower case, without final dot. */
export async function startDns(zone: Zone, t?: TestContext): Promise<DnsServer> {
  const socket = createSocket('udp4');
  const asked: string[] = [];
  const first = Promise.withResolvers<void>();
  socket.on('message', (query: Buffer, from: RemoteInfo) => {
    const { name, type, end } = readQuestion(query);
    asked.push(`${TYPES[type] ?? String(type)} ${name}`);
    first.resolve();
    const answer = answerTo(zone, query.subarray(0, end), name, type);
    if (answer !== undefined) socket.send(answer, from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port }: AddressInfo = socket.address();
  const close = async (): Promise<void> => {
    const closed = once(socket, 'close');
    socket.close();
    await closed;
  };
  t?.after(close);
  return { servers: [`127.0.0.1:${String(port)}`], asked, heard: () => first.promise, close };
}

/** RFC 1035 §4.1.2; a query has one question and no compression. */
function readQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function answerTo(zone: Zone, head: Buffer, name: string, type: number): Buffer | undefined {
  const here = zone[name];
  if (here?.broken === 'silent') return undefined;
  const records: Buffer[] = [];
  let at = name;
  const wanted = TYPES[type];
  for (let hops = 0; hops < 10; hops += 1) {
    const found = zone[at];
    if (found?.CNAME !== undefined && wanted !== 'CNAME') {
      records.push(record(at, 5, nameBytes(found.CNAME)));
      at = found.CNAME;
      continue;
    }
    if (found !== undefined && wanted !== undefined && wanted !== 'broken') {
      const values = found[wanted];
      const list = values === undefined ? [] : typeof values === 'string' ? [values] : values;
      for (const value of list) records.push(record(at, type, dataBytes(wanted, value)));
    }
    break;
  }
  const exists = here !== undefined || Object.keys(zone).some((known) => known.endsWith(`.${name}`));
  const code = here?.broken === 'servfail' ? 2 : exists ? 0 : 3;
  const header = Buffer.from(head.subarray(0, 12));
  header.writeUInt16BE(0x8180 | code, 2); // an answer, recursion available
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(code === 0 ? records.length : 0, 6);
  header.writeUInt16BE(0, 8);
  header.writeUInt16BE(0, 10);
  return Buffer.concat([header, head.subarray(12), ...(code === 0 ? records : [])]);
}

function record(name: string, type: number, data: Buffer): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(1, 2); // IN
  fixed.writeUInt32BE(0, 4); // TTL 0: nobody keeps it
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([nameBytes(name), fixed, data]);
}

function dataBytes(type: keyof ZoneRecords, value: string | readonly string[]): Buffer {
  const text = typeof value === 'string' ? value : value.join('');
  switch (type) {
    case 'A':
      return Buffer.from(text.split('.').map(Number));
    case 'AAAA':
      return ipv6Bytes(text);
    case 'MX':
    case 'SRV': {
      const words = text.split(' ');
      const numbers = words.slice(0, -1).map((word) => {
        const two = Buffer.alloc(2);
        two.writeUInt16BE(Number(word));
        return two;
      });
      return Buffer.concat([...numbers, nameBytes(words.at(-1) ?? '')]);
    }
    case 'TXT': {
      const strings = typeof value === 'string' ? (value.match(/[\s\S]{1,255}/g) ?? ['']) : value;
      return Buffer.concat(strings.flatMap((one) => [Buffer.from([one.length]), Buffer.from(one, 'latin1')]));
    }
    case 'CNAME':
    case 'PTR':
    case 'broken':
      return nameBytes(text);
  }
}

function nameBytes(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  return Buffer.concat([
    ...labels.flatMap((label) => [Buffer.from([label.length]), Buffer.from(label, 'latin1')]),
    Buffer.from([0]),
  ]);
}

function ipv6Bytes(text: string): Buffer {
  const [before = '', after] = text.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':').map((group) => parseInt(group, 16)));
  const head = groups(before);
  const tail = after === undefined ? [] : groups(after);
  const all = [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}
