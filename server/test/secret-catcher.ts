/**
 * A listener that wants passwords: whoever comes is answered in the protocol that was begun (SMTP with or without TLS, a
 * SOCKS5 or HTTP proxy, an HTTPS token endpoint), is offered to sign in at once, and every octet is kept, decrypted.
 * For the proof of K1 that no stored secret ever arrives at one.
 */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { CertifiedKey } from './certificates.ts';

export interface Catcher {
  readonly host: string;
  readonly port: number;
  /** What came since the last call, and forgets it. */
  take(): Buffer;
  close(): Promise<void>;
}

export interface CatcherOptions {
  readonly host?: string;
  readonly port?: number;
  readonly certificate: CertifiedKey;
  /** Speaks first, as SMTP servers do; else waits for what the client begins with. */
  readonly greets?: boolean;
  /** Offers to sign in before STARTTLS as well. */
  readonly tempts?: boolean;
  /** After TLS the client begins. */
  readonly https?: boolean;
}

interface Line {
  readonly options: CatcherOptions;
  readonly keep: (bytes: Buffer) => void;
  stream: Duplex;
  secure: boolean;
  mode: 'first' | 'socks-sign-in' | 'socks-request' | 'smtp' | 'auth' | 'body' | 'deaf';
  input: Buffer;
}

const TOKEN = JSON.stringify({ access_token: 'an-access-token', token_type: 'Bearer', expires_in: 3600 });

export async function startCatcher(options: CatcherOptions): Promise<Catcher> {
  const { host = '127.0.0.1', port = 0 } = options;
  let caught: Buffer[] = [];
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    const line: Line = {
      options,
      keep: (bytes) => caught.push(bytes),
      stream: socket,
      secure: false,
      mode: options.greets === true ? 'smtp' : 'first',
      input: Buffer.alloc(0),
    };
    if (options.greets === true) socket.write('220 catcher.test ESMTP\r\n');
    listen(line);
  });
  server.listen(port, host);
  await once(server, 'listening');
  return {
    host,
    port: (server.address() as AddressInfo).port,
    take() {
      const taken = Buffer.concat(caught);
      caught = [];
      return taken;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function listen(line: Line): void {
  line.stream.on('data', (chunk: Buffer) => {
    line.keep(chunk);
    line.input = Buffer.concat([line.input, chunk]);
    for (let before = -1; line.input.length > 0 && line.input.length !== before;) {
      before = line.input.length;
      step(line);
    }
  });
}

function step(line: Line): void {
  switch (line.mode) {
    case 'first':
      begin(line);
      break;
    case 'socks-sign-in': // RFC 1929
      line.input = Buffer.alloc(0);
      line.stream.write(Buffer.from([1, 0]));
      line.mode = 'socks-request';
      break;
    case 'socks-request': // RFC 1928 §6
      line.input = Buffer.alloc(0);
      line.stream.write(Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 25]));
      greet(line);
      break;
    case 'deaf':
      line.input = Buffer.alloc(0);
      break;
    default:
      speakSmtp(line);
  }
}

/** TLS, SOCKS5, a proxy's CONNECT, a request over HTTP: told apart by the first octet. */
function begin(line: Line): void {
  const [octet] = line.input;
  if (octet === 0x16 && !line.secure) startTls(line, 'first');
  else if (octet === 5) {
    line.input = Buffer.alloc(0);
    line.stream.write(Buffer.from([5, 2])); // wants user name and password
    line.mode = 'socks-sign-in';
  } else if (line.input.includes('\r\n\r\n')) {
    const isConnect = line.input.toString('latin1', 0, 8) === 'CONNECT ';
    line.input = Buffer.alloc(0);
    if (isConnect) {
      line.stream.write('HTTP/1.1 200 Ok\r\n\r\n');
      greet(line);
    } else {
      line.stream.write(
        `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${String(TOKEN.length)}\r\nConnection: close\r\n\r\n${TOKEN}`,
      );
      line.mode = 'deaf';
    }
  }
}

function greet(line: Line): void {
  line.mode = 'smtp';
  line.stream.write('220 catcher.test ESMTP\r\n');
}

function startTls(line: Line, then: 'first' | 'smtp'): void {
  const { cert, key } = line.options.certificate;
  const stream = new TLSSocket(unread(line), { isServer: true, cert, key });
  stream.on('error', () => undefined);
  Object.assign(line, { stream, secure: true, mode: then, input: Buffer.alloc(0) });
  // Implicit TLS: an SMTP client waits for the greeting, an HTTPS client begins by itself.
  if (then === 'first' && line.options.https !== true)
    stream.once('secure', () => {
      setTimeout(() => {
        if (line.mode === 'first' && line.input.length === 0) greet(line);
      }, 20).unref();
    });
  listen(line);
}

/** The stream with what was read of it already put back: a socket of its own would not see that again. */
function unread({ stream: plain, input }: Line): Duplex {
  plain.removeAllListeners('data');
  const again = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => void plain.write(chunk, done),
    final: (done) => void plain.end(done),
  });
  if (input.length > 0) again.push(input);
  plain.on('data', (chunk: Buffer) => again.push(chunk));
  plain.on('end', () => again.push(null));
  plain.on('close', () => again.destroy());
  return again;
}

function speakSmtp(line: Line): void {
  if (line.mode === 'smtp' && !line.secure && line.input[0] === 0x16) {
    startTls(line, 'first'); // TLS on a port that greeted in clear
    return;
  }
  const end = line.input.indexOf('\r\n');
  if (end === -1) return;
  const command = line.input.toString('latin1', 0, end);
  line.input = line.input.subarray(end + 2);
  if (line.mode === 'body') {
    if (command === '.') say(line, 'smtp', '250 2.0.0 Ok');
    return;
  }
  if (line.mode === 'auth') {
    say(line, 'smtp', '235 2.7.0 Ok');
    return;
  }
  const [, verb = '', rest = ''] = /^(\S+)(?: (.*))?$/s.exec(command) ?? [];
  switch (verb.toUpperCase()) {
    case 'EHLO': {
      const auth = line.secure || line.options.tempts === true ? ['250-AUTH PLAIN XOAUTH2'] : [];
      say(
        line,
        'smtp',
        ['250-catcher.test', ...auth, ...(line.secure ? [] : ['250-STARTTLS']), '250 8BITMIME'].join('\r\n'),
      );
      return;
    }
    case 'STARTTLS':
      line.stream.write('220 2.0.0 Go on\r\n');
      startTls(line, 'smtp');
      return;
    case 'AUTH':
      if (rest.includes(' ')) say(line, 'smtp', '235 2.7.0 Ok');
      else say(line, 'auth', '334 ');
      return;
    case 'DATA':
      say(line, 'body', '354 Go on');
      return;
    default:
      say(line, 'smtp', '250 2.0.0 Ok');
  }
}

function say(line: Line, mode: Line['mode'], text: string): void {
  line.mode = mode;
  line.stream.write(`${text}\r\n`);
}
