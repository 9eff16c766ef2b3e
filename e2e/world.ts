/**
 * What most scenarios begin with: a home, a running Posthorn, an API key, and the few calls every test makes.
 * Everything is taken down at the end of the test, the last made first. Next: server.ts
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { until } from './child.ts';
import { createDatabase, type DatabaseKind } from './postgres.ts';
import {
  createKey,
  makeHome,
  startPosthorn,
  withKey,
  type Answer,
  type Home,
  type PosthornServer,
  type ServerOptions,
} from './server.ts';

/** A message as `GET /messages/{id}` shows it: the fields that scenarios look at. */
export interface ShownMessage {
  readonly id: string;
  readonly state: string;
  readonly messageId: string;
  readonly recipients: readonly {
    readonly address: string;
    readonly state: string;
    readonly attempts: number;
  }[];
  readonly attempts: readonly { readonly outcome: string; readonly connection: { readonly name: string } }[];
}

/** Query of a connection that is saved: in force at once, without a test. */
export const FORCED = '?force=true&reason=scenario';

export interface Accepted {
  readonly id: string;
  readonly state: string;
}

export interface World {
  readonly home: Home;
  readonly key: string;
  /** The running server; another one after `restart`. */
  server(): PosthornServer;
  /** With the world's key. */
  api(
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer>;
  /** Posts a message that must be accepted. */
  send(
    message: Readonly<Record<string, unknown>>,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Accepted>;
  show(id: string): Promise<ShownMessage>;
  /** Waits until the message is in one of these states. */
  reaches(id: string, states: string | readonly string[], timeoutMs?: number): Promise<ShownMessage>;
  /** Starts again what has ended. */
  restart(options?: ServerOptions): Promise<PosthornServer>;
}

export interface WorldOptions extends ServerOptions {
  readonly database?: DatabaseKind;
}

/** Undoes what the test made, in reverse order, whether it passed or not. */
export function cleanupOf(t: TestContext): (undo: () => unknown) => void {
  const undos: (() => unknown)[] = [];
  t.after(async () => {
    for (const undo of undos.reverse()) await undo();
  });
  return (undo) => {
    undos.push(undo);
  };
}

/** Starts a world on this configuration (`toml.ts` writes one). */
export async function startWorld(t: TestContext, toml: string, options: WorldOptions = {}): Promise<World> {
  const cleanup = cleanupOf(t);
  let text = toml;
  if (options.database === 'postgres') {
    const database = await createDatabase();
    cleanup(() => database.drop());
    text = `[database]\nurl = ${JSON.stringify(database.url)}\n${toml}`;
  }
  const home = await makeHome(text);
  cleanup(() => home.remove());
  let server = await startPosthorn(home, options);
  cleanup(() => server.stop());
  const key = await createKey(home);
  const api: World['api'] = (method, path, body, headers) =>
    server.api(method, `/api/v1${path}`, body, withKey(key, headers));
  const show = async (id: string): Promise<ShownMessage> => {
    const answer = await api('GET', `/messages/${id}`);
    assert.equal(answer.status, 200, answer.text);
    return answer.json<ShownMessage>();
  };
  return {
    ...{ home, key, api, show },
    server: () => server,
    send: async (message, headers) => {
      const answer = await api('POST', '/messages', message, headers);
      assert.equal(answer.status, 202, answer.text);
      return answer.json<Accepted>();
    },
    reaches: async (id, states, timeoutMs = 20_000) => {
      const wanted = typeof states === 'string' ? [states] : states;
      let last: ShownMessage | undefined;
      const look = async (): Promise<ShownMessage | undefined> => {
        last = await show(id);
        // A message shows its worst recipient; another one may still be on its way.
        const moving = last.recipients.some(({ state }) => state === 'sending');
        return wanted.includes(last.state) && !moving ? last : undefined;
      };
      return until(`${id} to be ${wanted.join(' or ')}`, look, { timeoutMs }).catch((error: unknown) => {
        throw new Error(`${String(error)}; it is ${JSON.stringify(last)}`, { cause: error });
      });
    },
    restart: async (again = options) => {
      server = await startPosthorn(home, again);
      return server;
    },
  };
}
