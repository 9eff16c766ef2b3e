/**
 * An HTTPS server for tests on 127.0.0.1, with a certificate of the test root: a handler answers, as rightly or wrongly
 * as the test wants, and everything that was asked is recorded.
 */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { Socket } from 'node:net';
import { makeCertificates, type CertifiedKey } from './certificates.ts';

export interface Heard {
  readonly method: string;
  /** Path with the query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface HttpsPeer {
  readonly port: number;
  /** `https://localhost:PORT` */
  readonly origin: string;
  /** Requests in the order they came, each complete. */
  readonly heard: Heard[];
  /** Connections so far, those without a request included. */
  connections(): number;
  close(): Promise<void>;
}

export type Handle = (response: ServerResponse, heard: Heard) => unknown;

/** Starts a peer. Close it in the test that started it. */
export async function startHttpsPeer(
  handle: Handle,
  certificate: CertifiedKey = makeCertificates(),
): Promise<HttpsPeer> {
  const sockets = new Set<Socket>();
  const heard: Heard[] = [];
  let connections = 0;
  const server = createServer({ key: certificate.key, cert: certificate.cert }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    request.on('end', () => {
      const one: Heard = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
      };
      heard.push(one);
      handle(response, one);
    });
  });
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    port,
    origin: `https://localhost:${String(port)}`,
    heard,
    connections: () => connections,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
