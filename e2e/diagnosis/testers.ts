/**
 * Whoever asks for connection tests: as many keys on as many servers as the limits for test messages ask for.
 */
import assert from 'node:assert/strict';
import { until } from '../child.ts';
import { createKey, makeHome, startPosthorn, withKey, type Home, type PosthornServer } from '../server.ts';

export interface TestDiagnosis {
  readonly id: string;
  readonly title: string;
  readonly cause: string;
  readonly fixes: readonly { readonly text: string }[];
  readonly confidence: string;
}

export interface TestStage {
  readonly id: string;
  readonly status: string;
  readonly ms?: number;
  readonly fact?: string;
  readonly reply?: string;
  readonly diagnosis?: TestDiagnosis;
}

/** `GET /connection-tests/{id}`, as far as scenarios look. */
export interface ShownTest {
  readonly id: string;
  readonly status: 'running' | 'passed' | 'failed';
  readonly failedStage?: string;
  readonly stages: readonly TestStage[];
  readonly transcript: string;
}

export interface TestRequest {
  readonly settings?: unknown;
  readonly to?: string;
  /** Of a tenant; checks only. Our own key by default. */
  readonly key?: string;
}

export interface Testers {
  /** Starts a test and waits until it is over. `raw` is the answer as it came. */
  test(request: TestRequest): Promise<{ shown: ShownTest; raw: string }>;
  readonly homes: readonly Home[];
  /** Everything the servers wrote. */
  output(): string;
  stop(): Promise<void>;
}

/** S7: test messages with one key in a minute, and in a tenant in an hour; of checks one key may ask for 60 in a minute. */
const MESSAGES_OF_KEY = 5;
const MESSAGES_OF_SERVER = 20;

interface Desk {
  readonly server: PosthornServer;
  readonly key: string;
  /** Test messages that may still be asked for. */
  left: number;
}

/** Starts servers and makes keys for `messages` test messages; checks without one are not counted. */
export async function startTesters(
  toml: string,
  messages: number,
  within: readonly string[] = [],
): Promise<Testers> {
  const servers: PosthornServer[] = [];
  const desks: Desk[] = [];
  let turn = 0;
  for (let left = messages; left > 0 || servers.length === 0; left -= MESSAGES_OF_SERVER) {
    const home = await makeHome(toml);
    const server = await startPosthorn(home, { within });
    servers.push(server);
    const keys = Math.max(1, Math.ceil(Math.min(left, MESSAGES_OF_SERVER) / MESSAGES_OF_KEY));
    for (const key of await Promise.all(Array.from({ length: keys }, () => createKey(home))))
      desks.push({ server, key, left: MESSAGES_OF_KEY });
  }
  return {
    homes: servers.map(({ home }) => home),
    output: () => servers.map((server) => server.output()).join('\n'),
    async test(request) {
      // Checks go round; test messages use one key after the other up.
      const desk =
        request.to === undefined ? desks[(turn += 1) % desks.length] : desks.find(({ left }) => left > 0);
      assert.ok(desk !== undefined, 'not enough keys for so many test messages');
      if (request.to !== undefined) desk.left -= 1;
      const { key = desk.key, ...body } = request;
      const server = request.key === undefined ? desk.server : servers[0];
      assert.ok(server !== undefined);
      const ask = (method: string, path: string, sent?: unknown) =>
        server.api(method, `/api/v1${path}`, sent, withKey(key));
      const started = await ask('POST', '/connection-tests', body);
      assert.equal(started.status, 202, started.text);
      const { id } = started.json<{ id: string }>();
      return until(
        `test ${id} to be over`,
        async () => {
          const answer = await ask('GET', `/connection-tests/${id}`);
          assert.equal(answer.status, 200, answer.text);
          const shown = answer.json<ShownTest>();
          return shown.status === 'running' ? undefined : { shown, raw: answer.text };
        },
        { timeoutMs: 30_000, everyMs: 50 },
      );
    },
    async stop() {
      await Promise.all(servers.map((server) => server.stop()));
      await Promise.all(servers.map(({ home }) => home.remove()));
    },
  };
}
