/**
 * What answers where a mail server was expected, and what does not: other protocols, lines cut off, a port whose packets
 * get lost. For what no configuration of Postfix does. Next: names.ts
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { startChild, type Child } from '../child.ts';
import type { CertifiedKey } from './certificates.ts';

export interface Listener {
  readonly port: number;
  /** Of a second one that belongs to it. */
  readonly beside?: number;
  stop(): Promise<void>;
}

/** Listens on 127.0.0.1, or where `place` says, and lets `greet` do with each guest what it likes. */
export async function startListener(
  greet: (socket: Socket) => void,
  place = { host: '127.0.0.1', port: 0 },
): Promise<Listener> {
  const guests = new Set<Socket>();
  const server = createServer((socket) => {
    guests.add(socket);
    socket.on('close', () => guests.delete(socket)).on('error', () => undefined);
    greet(socket);
  });
  const leave = (): void => {
    for (const guest of guests) guest.destroy();
  };
  return listening(server, leave, place);
}

/** Says `banner` and then nothing more. */
export function startBanner(banner: string): Promise<Listener> {
  return startListener((socket) => {
    socket.resume().write(banner);
  });
}

/** A real web server: it waits for a request that SMTP never makes. */
export function startWebServer(): Promise<Listener> {
  const server = createHttpServer((_, response) => response.end('hello'));
  return listening(server, () => {
    server.closeAllConnections();
  });
}

/** Greets as a mail server does, and hangs up at the first line that begins with `verb`. */
export function startLeaver(verb: string): Promise<Listener> {
  return startListener((socket) => {
    socket.write('220 leaver.test ESMTP\r\n');
    socket.on('data', (chunk) => {
      if (chunk.toString('latin1').startsWith(verb)) socket.destroy();
      else socket.write('250 leaver.test\r\n');
    });
  });
}

/** Speaks TLS from the first octet, and only with clients that show a certificate of an authority it knows: nobody. */
export function startExclusive({ cert, key }: CertifiedKey): Promise<Listener> {
  const files = { cert: readFileSync(cert), key: readFileSync(key) };
  const server = createTlsServer({ ...files, requestCert: true, rejectUnauthorized: true }, (socket) => {
    socket.end('220 exclusive.test ESMTP\r\n');
  });
  server.on('tlsClientError', () => undefined);
  return listening(server, () => undefined);
}

/**
 * A port behind which packets are dropped, as by a firewall: its program sleeps and its queue of one is full, so the
 * kernel answers no further SYN.
 */
export async function startFilteredPort(): Promise<Listener> {
  const program = `
    const server = require('node:net').createServer();
    server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => console.log(server.address().port));`;
  const child: Child = await startChild(process.execPath, ['-e', program]);
  const port = await child.line((line) => (/^\d+$/.test(line) ? Number(line) : undefined), 10_000);
  child.signal('SIGSTOP');
  // The queue takes one more than it says (listen(2)); the rest find it full.
  const fillers = Array.from({ length: 4 }, () => createConnection({ host: '127.0.0.1', port }));
  for (const filler of fillers) filler.on('error', () => undefined);
  await Promise.all(fillers.slice(0, 2).map((filler) => once(filler, 'connect')));
  return {
    port,
    stop: async () => {
      for (const filler of fillers) filler.destroy();
      child.signal('SIGKILL'); // a stopped process hears nothing else
      await child.exited;
    },
  };
}

async function listening(
  server: Server,
  leave: () => void,
  place = { host: '127.0.0.1', port: 0 },
): Promise<Listener> {
  server.listen(place);
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    stop: async () => {
      leave();
      server.close();
      await once(server, 'close');
    },
  };
}
