/**
 * Connections change while the server runs: over the API and in the file, without a restart and without losing mail.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePorts, until } from './child.ts';
import { startRecordingSink } from './recording-sink.ts';
import { toml } from './toml.ts';
import { cleanupOf, FORCED, startWorld } from './world.ts';

const MESSAGE = { to: ['ana@example.net'], from: 'app@example.com', subject: 'x', text: 'x' };

test('a connection made over the API takes mail at once, and a change of its host takes the next', async (t) => {
  const cleanup = cleanupOf(t);
  const [first, second] = [await startRecordingSink(), await startRecordingSink()];
  cleanup(() => Promise.all([first.close(), second.close()]));
  const world = await startWorld(t, toml());
  const settings = { name: 'made', host: '127.0.0.1', port: first.port, security: 'none' };
  const made = await world.api('POST', `/connections${FORCED}`, settings);
  assert.equal(made.status, 201, made.text);
  const { id } = made.json<{ id: string }>();
  await world.reaches((await world.send(MESSAGE)).id, 'accepted');
  assert.equal(first.arrivals.length, 1);

  const patched = await world.api('PATCH', `/connections/${id}${FORCED}`, { port: second.port });
  assert.equal(patched.status, 200, patched.text);
  await world.reaches((await world.send(MESSAGE)).id, 'accepted');
  assert.deepEqual([first.arrivals.length, second.arrivals.length], [1, 1]);
});

test('K1: a stored password is not carried to another host; it has to be given again', async (t) => {
  const [port = 0] = await freePorts(1);
  const world = await startWorld(t, toml());
  const settings = {
    name: 'made',
    host: '127.0.0.1',
    port,
    auth: 'password',
    username: 'u',
    password: 'the secret',
  };
  const made = await world.api('POST', `/connections${FORCED}`, settings);
  assert.equal(made.status, 201, made.text);
  assert.ok(!made.text.includes('the secret'));
  const { id } = made.json<{ id: string }>();
  const moved = await world.api('PATCH', `/connections/${id}${FORCED}`, { host: 'elsewhere.example.com' });
  assert.equal(moved.status, 422, moved.text);
  assert.equal(moved.json()['code'], 'secret_required');
  const shown = await world.api('GET', `/connections/${id}`);
  assert.equal(shown.json()['host'], '127.0.0.1', 'nothing was changed');
  const again = await world.api('PATCH', `/connections/${id}${FORCED}`, {
    host: 'elsewhere.example.com',
    password: 'given again',
  });
  assert.equal(again.status, 200, again.text);
});

test('an edited posthorn.toml is in force without a restart; a broken one leaves the old in force', async (t) => {
  const cleanup = cleanupOf(t);
  const [first, second] = [await startRecordingSink(), await startRecordingSink()];
  cleanup(() => Promise.all([first.close(), second.close()]));
  const file = (port: number): string =>
    toml({ connections: [{ name: 'declared', host: '127.0.0.1', port }] });
  const world = await startWorld(t, file(first.port));
  await world.reaches((await world.send(MESSAGE)).id, 'accepted');
  assert.equal(first.arrivals.length, 1);

  await world.home.writeConfig(file(second.port));
  const moved = async (): Promise<true | undefined> => {
    await world.reaches((await world.send(MESSAGE)).id, 'accepted');
    return second.arrivals.length > 0 ? true : undefined;
  };
  await until('mail to take the new way', moved);

  await world.home.writeConfig(`${file(first.port)}\n[connections\n`);
  await world.server().child.line((line) => (/posthorn\.toml:\d+:\d+/.test(line) ? true : undefined), 10_000);
  const before = second.arrivals.length;
  await world.reaches((await world.send(MESSAGE)).id, 'accepted');
  assert.equal(second.arrivals.length, before + 1, 'the old file is still in force');
});

test('mail that waits for a missing connection goes out when there is one', async (t) => {
  const sink = await startRecordingSink();
  cleanupOf(t)(() => sink.close());
  const world = await startWorld(t, toml());
  const { id } = await world.send(MESSAGE);
  const held = await world.reaches(id, 'held');
  assert.equal(held.recipients[0]?.attempts, 0);
  const settings = { name: 'late', host: '127.0.0.1', port: sink.port, security: 'none' };
  assert.equal((await world.api('POST', `/connections${FORCED}`, settings)).status, 201);
  await world.reaches(id, 'accepted');
});

test('what the file declares cannot be changed over the API', async (t) => {
  const world = await startWorld(
    t,
    toml({ connections: [{ name: 'declared', host: '127.0.0.1', port: 2525 }] }),
  );
  const { items } = (await world.api('GET', '/connections')).json<{
    items: { id: string; name: string }[];
  }>();
  const [declared] = items;
  assert.equal(declared?.name, 'declared');
  const refused = await world.api('PATCH', `/connections/${declared?.id ?? ''}`, { port: 26 });
  assert.equal(refused.status, 409, refused.text);
  assert.equal(refused.json()['code'], 'managed_by_file');
});
