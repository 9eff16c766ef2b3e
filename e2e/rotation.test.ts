/**
 * A password is rotated at a busy relay while Posthorn gets the new one over the API: nothing is lost and nothing comes
 * twice, whether the new password is right or wrong.
 */
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { test, type TestContext } from 'node:test';
import { until } from './child.ts';
import { startRecordingSink, type RecordingSink } from './recording-sink.ts';
import { toml } from './toml.ts';
import { cleanupOf, FORCED, startWorld, type World } from './world.ts';

/** Twenty every tenth of a second: 200 messages/s. */
const BATCH = 20;
const BATCH_MS = 100;
const ALL_WITHIN_MS = 30_000;

interface Busy {
  readonly world: World;
  readonly sink: RecordingSink;
  readonly id: string;
  /** What the relay takes from now on. */
  relayTakes(...passwords: string[]): void;
  /** Ends the load and checks that every message came exactly once; answers how many of a tenth of them were refused once. */
  settle(): Promise<number>;
}

/** A relay with the password `first`, a connection that knows it, and 200 messages/s on their way. */
async function startBusy(t: TestContext): Promise<Busy> {
  const cleanup = cleanupOf(t);
  let passwords: readonly string[] = ['first'];
  const sink = await startRecordingSink({ passwords: () => passwords });
  cleanup(() => sink.close());
  const world = await startWorld(t, toml({ logLevel: 'warn' }));
  const settings = {
    ...{ name: 'relay', host: '127.0.0.1', port: sink.port, security: 'none', allowPlaintextAuth: true },
    ...{ auth: 'password', username: 'app', password: 'first' },
    pool: { messages: 50 }, // lines end soon, so that every password is asked for again and again
  };
  const made = await world.api('POST', `/connections${FORCED}`, settings);
  assert.equal(made.status, 201, made.text);

  let sent = 0;
  const startedAt = performance.now();
  let going = true;
  const ids: string[] = [];
  const load = (async () => {
    for (let next = performance.now(); going; next += BATCH_MS) {
      await pause(Math.max(0, next - performance.now()));
      const messages = Array.from({ length: BATCH }, () => {
        sent += 1;
        return { to: [`r${String(sent)}@example.net`], subject: 'x', text: 'x' };
      });
      const answer = await world.api('POST', '/messages/batch', { messages });
      assert.equal(answer.status, 202, answer.text);
      ids.push(...answer.json<{ messages: { id: string }[] }>().messages.map(({ id }) => id));
    }
  })();
  cleanup(async () => {
    going = false;
    await load.catch(() => undefined);
  });
  return {
    ...{ world, sink, id: made.json<{ id: string }>().id },
    relayTakes(...now) {
      passwords = now;
    },
    async settle() {
      going = false;
      await load;
      t.diagnostic(
        `${String(sent)} messages, ${String(Math.round((sent * 1_000) / (performance.now() - startedAt)))}/s`,
      );
      const arrived = () => new Set(sink.arrivals.flatMap(({ recipients }) => recipients));
      await sink.waitUntil('every message', () => sink.arrivals.length >= sent, ALL_WITHIN_MS);
      for (const id of ids.slice(-BATCH)) await world.reaches(id, 'accepted');
      assert.equal(arrived().size, sent, 'lost 0');
      assert.equal(sink.arrivals.length, sent, 'duplicates 0');
      let refused = 0;
      for (const id of ids.slice(0, 2_000).filter((_id, index) => index % 10 === 0)) {
        const shown = await world.show(id);
        assert.equal(shown.recipients[0]?.attempts, 0, 'no attempt was used up');
        refused += shown.attempts.filter(({ outcome }) => outcome === 'connection_unusable').length;
      }
      return refused;
    },
  };
}

/** Saves the password, tests it, and puts it in force. */
async function rotate({ world, id }: Busy, password: string): Promise<void> {
  const saved = await world.api('PATCH', `/connections/${id}`, { password });
  assert.equal(saved.status, 200, saved.text);
  const early = await world.api('POST', `/connections/${id}/activate`, {});
  assert.equal(early.json()['code'], 'not_proved', early.text);
  const started = await world.api('POST', '/connection-tests', { connection: 'relay' });
  assert.equal(started.status, 202, started.text);
  const path = `/connection-tests/${String(started.json()['id'])}`;
  await until('the test to pass', async () => {
    const status = (await world.api('GET', path)).json()['status'];
    assert.notEqual(status, 'failed');
    return status === 'passed' ? true : undefined;
  });
  const draft = (await world.api('GET', `/connections/${id}`)).json<{ draft: { state: string } }>().draft;
  assert.equal(draft.state, 'proved');
  const active = await world.api('POST', `/connections/${id}/activate`, {});
  assert.equal(active.status, 200, active.text);
}

test('rotated with both passwords good for a while: nothing is lost, twice or refused', async (t) => {
  const busy = await startBusy(t);
  await busy.sink.waitUntil('a warm start', () => busy.sink.arrivals.length > 300);
  busy.relayTakes('first', 'second');
  await rotate(busy, 'second');
  await pause(500); // lines of the old password finish what they have begun
  busy.relayTakes('second');
  const then = busy.sink.arrivals.length;
  await busy.sink.waitUntil('mail with the new one', () => busy.sink.arrivals.length > then + 300);
  assert.equal(await busy.settle(), 0, 'no attempt was refused');
});

test('rotated at the relay first: mail waits, and all of it goes with the new password', async (t) => {
  const busy = await startBusy(t);
  await busy.sink.waitUntil('a warm start', () => busy.sink.arrivals.length > 300);
  busy.relayTakes('second');
  await until('the connection to fail', async () => {
    const shown = await busy.world.api('GET', `/connections/${busy.id}`);
    return shown.json()['state'] === 'failing' ? true : undefined;
  });
  await rotate(busy, 'second');
  await busy.settle();
});

test('a wrong password, forced: the last one comes back by itself and nothing is lost', async (t) => {
  const busy = await startBusy(t);
  const { world, id, sink } = busy;
  await sink.waitUntil('a warm start', () => sink.arrivals.length > 300);
  const forced = await world.api('PATCH', `/connections/${id}${FORCED}`, { password: 'wrong' });
  assert.equal(forced.status, 200, forced.text);
  assert.equal(forced.json()['revision'], 2);
  await until('the last password to come back', async () => {
    const shown = await world.api('GET', `/connections/${id}`);
    return shown.json()['revision'] === 3 ? true : undefined;
  });
  const then = sink.arrivals.length;
  await sink.waitUntil('mail again', () => sink.arrivals.length > then + 300);
  const { items } = (await world.api('GET', `/connections/${id}/revisions`)).json<{
    items: {
      revision: number;
      state: string;
      origin: string;
      returned: string | null;
      forced: string | null;
    }[];
  }>();
  assert.deepEqual(
    items.map(({ state, origin }) => `${state} ${origin}`),
    ['active returned', 'superseded saved', 'superseded saved'],
  );
  assert.match(items[1]?.returned ?? '', /^auth\./);
  assert.equal(items[1]?.forced, 'scenario');
  await busy.settle();
});
