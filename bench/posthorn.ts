/**
 * Posthorn as it is measured: its own defaults, full durability, one connection to a sink, data on a real disk.
 * Next: load.ts
 */
import { fileURLToPath } from 'node:url';
import { must } from '../e2e/child.ts';
import { createKey, makeHome, startPosthorn, type Home, type PosthornServer } from '../e2e/server.ts';
import type { LoadOrder, LoadResult } from './load.ts';

const GENERATOR = fileURLToPath(new URL('./load.ts', import.meta.url));

export interface Measured {
  readonly home: Home;
  readonly server: PosthornServer;
  readonly key: string;
  /** Runs the generator against it, in a process of its own. Throws when anything but 202 was answered. */
  feed(order: Pick<LoadOrder, 'messages' | 'bytes' | 'connections' | 'label'>): Promise<LoadResult>;
  stop(): Promise<void>;
}

/** A fresh one that relays to `sinkPort`. */
export async function startMeasured(sinkPort: number, connections = 10): Promise<Measured> {
  const home = await makeHome(configuration(sinkPort, connections));
  const server = await startPosthorn(home).catch(async (error: unknown) => {
    await home.remove();
    throw error;
  });
  const key = await createKey(home);
  return {
    ...{ home, server, key },
    feed: async (order) => {
      const full: LoadOrder = { ...order, key, port: Number(new URL(server.url).port) };
      const printed = await must(process.execPath, [GENERATOR, JSON.stringify(full)], { timeoutMs: 300_000 });
      const result = JSON.parse(printed) as LoadResult;
      const accepted = result.statuses['202'] ?? 0;
      if (accepted !== order.messages)
        throw new Error(`not all were accepted: ${JSON.stringify(result.statuses)}`);
      return result;
    },
    stop: async () => {
      await server.stop();
      await home.remove();
    },
  };
}

/** Its own defaults, but for the disk reserve; without a port there is no connection. */
export function configuration(sinkPort?: number, connections = 10): string {
  const connection = `
[[connections]]
name = "sink"
host = "127.0.0.1"
port = ${String(sinkPort)}
security = "none"
[connections.pool]
connections = ${String(connections)}
`;
  return `
[log]
level = "warn"

[delivery]
mode = "live"

[storage]
min_free_bytes = 0
min_free_percent = 0

[sender]
address = "bench@example.com"
${sinkPort === undefined ? '' : connection}`;
}
