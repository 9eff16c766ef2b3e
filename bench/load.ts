/**
 * A lean HTTP/1.1 generator, run as a process of its own: requests are made of prebuilt octets, each with a subject of
 * its own; connections are kept open; of the answers it reads no more than it must. One request at a time per connection.
 * Started with one JSON argument (`LoadOrder`); prints one JSON line (`LoadResult`). Next: posthorn.ts
 */
import { connect, type Socket } from 'node:net';
import { argv } from 'node:process';
import { systemClock } from '../server/src/base/clock.ts';
import { quantile } from './measure.ts';

export interface LoadOrder {
  readonly port: number;
  readonly key: string;
  readonly messages: number;
  /** Octets of the text. */
  readonly bytes: number;
  readonly connections: number;
  /** Begins every subject. */
  readonly label: string;
}

export interface LoadResult {
  /** Epoch ms of the first octet sent and of the last answer read. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** From a request's first octet to its answer's last, ms. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** How many answers had which status. */
  readonly statuses: Readonly<Record<string, number>>;
}

/** Digits of a message's number in its subject: all requests are equally long, so the head is always the same. */
const DIGITS = 9;
const END_OF_HEAD = '\r\n\r\n';

if (import.meta.main) {
  const order = JSON.parse(argv[2] ?? '{}') as LoadOrder;
  process.stdout.write(`${JSON.stringify(await generate(order))}\n`);
}

/** Sends everything; resolves when the last answer was read. Rejects when a connection fails. */
export async function generate(order: LoadOrder): Promise<LoadResult> {
  const { before, after } = request(order);
  const latencies = new Float64Array(order.messages);
  const statuses: Record<string, number> = {};
  let next = 0;
  const sockets = await Promise.all(Array.from({ length: order.connections }, () => open(order.port)));
  const startedAt = systemClock.now();
  const drive = async (socket: Socket): Promise<void> => {
    const answers = answersOf(socket);
    while (next < order.messages) {
      const number = next;
      next += 1;
      const sentAt = systemClock.monotonic();
      socket.write(Buffer.concat([before, Buffer.from(String(number).padStart(DIGITS, '0')), after]));
      const status = await answers();
      latencies[number] = systemClock.monotonic() - sentAt;
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
    socket.destroy();
  };
  await Promise.all(sockets.map(drive));
  const endedAt = systemClock.now();
  latencies.sort();
  const at = (share: number): number => quantile(latencies, share);
  return { startedAt, endedAt, p50: at(0.5), p99: at(0.99), max: at(1), statuses };
}

/** The octets of a request around the number in its subject. */
function request(order: LoadOrder): { before: Buffer; after: Buffer } {
  const line = 'All work and no play makes for a dull line of text, again and again.\n';
  const message = {
    from: 'bench@example.com',
    to: ['someone@example.net'],
    text: line.repeat(Math.ceil(order.bytes / line.length)).slice(0, order.bytes),
    subject: `${order.label} #`,
  };
  const json = JSON.stringify(message);
  const [start = '', end = ''] = json.split('#');
  const head = [
    'POST /api/v1/messages HTTP/1.1',
    `Host: 127.0.0.1:${String(order.port)}`,
    `Authorization: Bearer ${order.key}`,
    'Content-Type: application/json',
    `Content-Length: ${String(Buffer.byteLength(json) - 1 + DIGITS)}`,
  ].join('\r\n');
  return { before: Buffer.from(`${head}${END_OF_HEAD}${start}`), after: Buffer.from(end) };
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return socket;
}

/** Waits for the next answer of a connection; gives its status. Answers carry `Content-Length` (RFC 9112 §6.2). */
function answersOf(socket: Socket): () => Promise<string> {
  let text = '';
  let waiting: { resolve: (status: string) => void; reject: (error: Error) => void } | undefined;
  const look = (): void => {
    const head = text.indexOf(END_OF_HEAD);
    if (head === -1 || waiting === undefined) return;
    const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, head))?.[1];
    const end = head + END_OF_HEAD.length + Number(length ?? 0);
    if (text.length < end) return;
    const status = text.slice(9, 12);
    text = text.slice(end);
    const { resolve } = waiting;
    waiting = undefined;
    resolve(status);
  };
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
    look();
  });
  const fail = (): void => waiting?.reject(new Error('the server closed a connection'));
  socket.once('error', fail).once('close', fail);
  return () =>
    new Promise((resolve, reject) => {
      waiting = { resolve, reject };
      look();
    });
}
