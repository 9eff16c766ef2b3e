/**
 * An SMTP server for tests on 127.0.0.1: it follows the protocol, records everything, and misbehaves where it is told.
 * A fault is played once, at the first time its point is passed; after that the peer behaves.
 * Next: peer-conversation.ts
 */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { type PeerMessage, type PeerOptions, type Recording, serve } from './peer-conversation.ts';

export { POINTS } from './peer-conversation.ts';
export type { Asked, PeerFault, PeerMessage, PeerOptions, Point, Scripted } from './peer-conversation.ts';

export interface Peer {
  readonly port: number;
  /** Complete messages, their final dot included, that the peer did not refuse. */
  readonly messages: PeerMessage[];
  /** Command lines in the order they came, over all connections. */
  readonly commands: string[];
  /** What each read brought, decrypted. */
  readonly reads: Buffer[];
  /** Connections so far. */
  connections(): number;
  /** Every octet received, decrypted. */
  rawBytes(): Buffer;
  /** Resolves when no connection is open. */
  deserted(): Promise<void>;
  close(): Promise<void>;
}

const running = new Set<Peer>();

/** Closes every peer that a failed test left behind. */
export async function closePeers(): Promise<void> {
  await Promise.all([...running].map((peer) => peer.close()));
}

/** Starts a peer. Close it in the test that started it. */
export async function startPeer(options: PeerOptions = {}): Promise<Peer> {
  const sockets = new Set<Socket>();
  const record: Recording = { messages: [], commands: [], reads: [], spent: new Set() };
  let count = 0;
  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    count += 1;
    void serve(socket, options, record, count);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const peer: Peer = {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    messages: record.messages,
    commands: record.commands,
    reads: record.reads,
    connections: () => count,
    rawBytes: () => Buffer.concat(record.reads),
    async deserted() {
      for (const socket of sockets) if (!socket.closed) await once(socket, 'close');
    },
    async close() {
      running.delete(peer);
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  running.add(peer);
  return peer;
}
