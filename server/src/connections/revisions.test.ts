/** Revisions on both databases: drafts, proof, force, history, going back; and new settings that fail on trial. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drive, FORCED, keyRingFor, settingsFor } from '../../test/delivery-scene.ts';
import { createFakeClock, type FakeClock } from '../../test/fake-clock.ts';
import { problemCode } from '../../test/problem-code.ts';
import { forEachStore, openTestPostgres, withoutPostgres, type TestStore } from '../../test/stores.ts';
import { systemClock } from '../base/clock.ts';
import { createLog } from '../base/log.ts';
import { readEvents } from '../events/events.ts';
import { createDialer, instanceEgress } from '../net/net.ts';
import type { KeyRing } from '../secrets/secrets.ts';
import { INSTANCE_TENANT_ID as TENANT } from '../tenants/tenants.ts';
import { forgetOldSecrets, openConnections, type Connections } from './connections.ts';
import type { Proof } from './revisions.ts';

const DAY = 86_400_000;
const MINUTE = 60_000;
const BY = { by: 'key_1' };
const SIGN_IN = {
  security: 'none',
  auth: 'password',
  username: 'app',
  password: 'first',
  allowPlaintextAuth: true,
};
const REFUSAL = { errorId: 'auth.bad_credentials', detail: '535 5.7.8 no' };

interface Rig extends AsyncDisposable {
  readonly store: TestStore;
  readonly connections: Connections;
  readonly clock: FakeClock;
  readonly keyRing: KeyRing;
  readonly proofs: Map<string, Proof>;
  readonly log: string[];
}

async function rig(store: TestStore, shared: Partial<Rig> & { db?: TestStore['db'] } = {}): Promise<Rig> {
  const db = shared.db ?? store.db;
  const clock = shared.clock ?? createFakeClock();
  const keyRing = shared.keyRing ?? (await keyRingFor(db, clock));
  const proofs = shared.proofs ?? new Map<string, Proof>();
  const log: string[] = [];
  const connections = await openConnections({
    ...{ db, keyRing, clock, log: createLog('warn', { write: (line) => void log.push(line) }) },
    dialer: createDialer({ clock: systemClock }),
    egressFor: () => instanceEgress(),
    pickupFolders: () => [],
    proofOf: (_tenantId, fingerprint) => Promise.resolve(proofs.get(fingerprint)),
    trialMs: () => 15 * MINUTE,
  });
  const close = () => drive(clock, connections.stopAll(0));
  return { store, connections, clock, keyRing, proofs, log, [Symbol.asyncDispose]: close };
}

const events = async ({ store }: Rig, id: string) =>
  (await readEvents(store.db, TENANT, id)).map(({ type }) => type.replace('connection.', ''));

/** The values of the draft passed a test. */
async function passes({ connections, proofs, clock }: Rig, name: string, testId = 'tst_1'): Promise<void> {
  const { fingerprint } = await connections.propose(TENANT, { connection: name });
  proofs.set(fingerprint, { testId, at: clock.now() });
}

/** A connection that is in force, and a second password that was forced in its place a minute later. */
async function onTrial(it: Rig): Promise<string> {
  const { id } = await it.connections.create(TENANT, settingsFor('relay', 1, SIGN_IN), FORCED);
  it.clock.advance(MINUTE);
  await it.connections.patch(TENANT, id, { password: 'second' }, FORCED);
  return id;
}

async function refuse(it: Rig, id: string, since = it.clock.now()): Promise<void> {
  const connection = it.connections.byId(id);
  assert.ok(connection);
  await it.connections.refused(connection, { ...REFUSAL, since });
}

async function passwordOf({ connections }: Rig, name: string): Promise<string | undefined> {
  return (await connections.propose(TENANT, { connection: name })).secrets.get('password');
}

forEachStore('revisions', (open) => {
  test('a draft takes no mail and no place; it is activated by proof, or by force with its reason', async () => {
    await using store = await open();
    await using it = await rig(store);
    const { connections } = it;
    const made = await connections.create(TENANT, settingsFor('relay', 1, SIGN_IN), BY);
    assert.deepEqual([made.status, made.revision, made.draft?.state], ['draft', 1, 'draft']);
    assert.deepEqual(connections.usableBy(TENANT), []);
    assert.equal(connections.channel(made.id), undefined);
    assert.equal(await problemCode(connections.activate(TENANT, made.id, BY)), 'not_proved');
    assert.equal(
      await problemCode(connections.create(TENANT, settingsFor('b', 1), { ...BY, activate: {} })),
      'not_proved',
    );
    assert.equal(connections.find(TENANT, 'b'), undefined, 'nothing was kept of it');

    await passes(it, 'relay');
    const active = await connections.activate(TENANT, 'relay', BY);
    assert.deepEqual([active.status, active.revision, active.draft], ['active', 1, undefined]);
    assert.equal(connections.usableBy(TENANT)[0]?.id, made.id);

    const saved = await connections.patch(TENANT, made.id, { password: 'second' }, BY);
    assert.deepEqual([saved.revision, saved.draft?.number, saved.draft?.state], [1, 2, 'draft']);
    assert.deepEqual(
      saved.draft?.changes.map(({ field, after }) => [field, after]),
      [['password', 'changed']],
    );
    assert.equal(await problemCode(connections.activate(TENANT, made.id, BY)), 'not_proved');
    const forced = await connections.activate(TENANT, made.id, { ...BY, force: 'the relay is away' });
    assert.equal(forced.revision, 2);
    const [last] = await connections.history(forced, { after: undefined, limit: 1 });
    assert.equal(last?.revision.forceReason, 'the relay is away');
    assert.deepEqual(await events(it, made.id), ['saved', 'activated', 'saved', 'activated']);
  });

  test('a test that passes while a draft waits proves it; any other value does not', async () => {
    await using store = await open();
    await using it = await rig(store);
    const { connections, clock } = it;
    await connections.create(TENANT, settingsFor('relay', 1, SIGN_IN), BY);
    const other = await connections.propose(TENANT, {
      connection: 'relay',
      settings: { ehloName: 'a.example' },
    });
    await connections.prove(other.fingerprint, { testId: 'tst_0', at: clock.now() });
    assert.equal(connections.find(TENANT, 'relay')?.draft?.state, 'draft');
    const { fingerprint } = await connections.propose(TENANT, { connection: 'relay' });
    await connections.prove(fingerprint, { testId: 'tst_1', at: clock.now() });
    assert.equal(connections.find(TENANT, 'relay')?.draft?.state, 'proved');
    assert.equal((await connections.activate(TENANT, 'relay', BY)).status, 'active');
  });

  test('what does not concern the conversation is in force at once; drafts build on drafts', async () => {
    await using store = await open();
    await using it = await rig(store);
    const { connections } = it;
    const { id } = await connections.create(TENANT, settingsFor('relay', 1, SIGN_IN), FORCED);
    const noted = await connections.patch(TENANT, id, { notes: 'n', priority: 3, name: 'new-name' }, BY);
    assert.deepEqual([noted.revision, noted.name, noted.draft], [2, 'new-name', undefined]);
    await connections.patch(TENANT, id, { ehloName: 'a.example' }, BY);
    const more = await connections.patch(TENANT, id, { notes: 'later' }, BY);
    assert.deepEqual([more.revision, more.draft?.number, more.settings.notes], [2, 4, 'n']);
    assert.deepEqual(
      more.draft?.changes.map(({ field }) => field),
      ['ehloName', 'notes'],
    );
  });

  test('who saves on top of an old revision is told; without a number changes add up', async () => {
    await using store = await open();
    await using it = await rig(store);
    const { connections, clock } = it;
    const { id } = await connections.create(TENANT, settingsFor('relay', 1), FORCED);
    const save = (ehloName: string) => connections.patch(TENANT, id, { ehloName }, { ...BY, revision: 1 });
    const both = await drive(clock, Promise.allSettled([save('a.example'), save('b.example')]));
    assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    assert.equal(await problemCode(save('c.example')), 'conflict');
    assert.equal(connections.byId(id)?.draft?.number, 2);
  });

  test('activations at the same time: one revision is in force, and told once', async () => {
    await using store = await open();
    await using it = await rig(store);
    const { connections, clock } = it;
    const { id } = await connections.create(TENANT, settingsFor('relay', 1), BY);
    const activate = () => connections.activate(TENANT, id, { ...BY, force: 'now' });
    await drive(clock, Promise.all([activate(), activate(), activate(), activate()]));
    assert.deepEqual(await events(it, id), ['saved', 'activated']);
  });

  test('off is as if it were not there; activated again it is as it was', async () => {
    await using store = await open();
    await using it = await rig(store);
    const { connections } = it;
    const { id } = await connections.create(TENANT, settingsFor('relay', 1), FORCED);
    assert.equal((await connections.deactivate(TENANT, id, 'key_1')).status, 'off');
    assert.ok(!connections.isUsableBy(TENANT, 'relay'));
    const again = await connections.activate(TENANT, id, BY);
    assert.deepEqual([again.status, again.revision], ['active', 1]);
  });

  test('K1: going back brings the secrets of that time; after seven days they must be given again', async () => {
    await using store = await open();
    await using it = await rig(store);
    const { connections, clock } = it;
    const { id } = await connections.create(TENANT, settingsFor('relay', 1, SIGN_IN), FORCED);
    await connections.patch(TENANT, id, { host: '127.0.0.2', password: 'second' }, FORCED);
    const back = await connections.restore(TENANT, id, { ...BY, of: 1, secrets: {} });
    assert.deepEqual([back.revision, back.draft?.number, back.draft?.origin], [2, 3, 'restored']);
    assert.equal(await passwordOf(it, 'relay'), 'first');
    const settings = back.draft?.settings;
    assert.ok(settings?.type === 'smtp' && settings.host === '127.0.0.1');
    await connections.patch(TENANT, id, { host: '127.0.0.3', password: 'third' }, FORCED);

    clock.advance(7 * DAY + 1);
    await forgetOldSecrets(store.db, clock);
    assert.equal(
      await problemCode(connections.restore(TENANT, id, { ...BY, of: 1, secrets: {} })),
      'secret_required',
    );
    const now = connections.byId(id);
    assert.ok(now);
    const [past] = await connections.history(now, { after: now.revisionId, limit: 1 });
    assert.equal(past?.secrets[0]?.kept, false, 'that there was one stays known');
    await connections.restore(TENANT, id, { ...BY, of: 1, secrets: { password: 'given' } });
    assert.equal(await passwordOf(it, 'relay'), 'given');
    assert.equal(
      await problemCode(connections.restore(TENANT, id, { ...BY, of: 99, secrets: {} })),
      'not_found',
    );
    assert.equal(
      await problemCode(connections.restore('ten_other', id, { ...BY, of: 1, secrets: {} })),
      'not_found',
    );
  });

  test('a secret that is the same since then is kept as long as one of its revisions stands', async () => {
    await using store = await open();
    await using it = await rig(store);
    const { connections, clock } = it;
    const { id } = await connections.create(TENANT, settingsFor('relay', 1, SIGN_IN), FORCED);
    await connections.patch(TENANT, id, { ehloName: 'a.example' }, FORCED);
    clock.advance(8 * DAY);
    await forgetOldSecrets(store.db, clock);
    await connections.restore(TENANT, id, { ...BY, of: 1, secrets: {} });
    assert.equal(await passwordOf(it, 'relay'), 'first');
  });

  test('refused on trial, the last values come back once, with one event, as a revision of their own', async () => {
    await using store = await open();
    await using it = await rig(store);
    const { connections, log } = it;
    const id = await onTrial(it);
    const bad = connections.byId(id);
    assert.ok(bad && connections.trialEnds(bad) === it.clock.now() + 15 * MINUTE);
    const refuseAgain = () => connections.refused(bad, { ...REFUSAL, since: it.clock.now() });
    await drive(it.clock, Promise.all([refuseAgain(), refuseAgain(), refuseAgain()]));
    const now = connections.byId(id);
    assert.deepEqual([now?.revision, now?.trial, now?.status], [3, undefined, 'active']);
    assert.equal(await passwordOf(it, 'relay'), 'first');
    assert.deepEqual(await events(it, id), ['activated', 'activated', 'returned']);
    assert.equal(log.filter((line) => line.includes('in force again')).length, 1);
    assert.ok(now);
    const [returned, failed] = await connections.history(now, { after: undefined, limit: 5 });
    assert.deepEqual(
      [returned?.revision.origin, failed?.revision.returned],
      ['returned', 'auth.bad_credentials: 535 5.7.8 no'],
    );
    await refuse(it, id);
    assert.equal(connections.byId(id)?.revision, 3, 'what came back has nothing to go back to');
  });

  test('what failed on trial needs a new test, not the old one', async () => {
    await using store = await open();
    await using it = await rig(store);
    const { connections, clock } = it;
    const { id } = await connections.create(TENANT, settingsFor('relay', 1, SIGN_IN), FORCED);
    clock.advance(MINUTE);
    await connections.patch(TENANT, id, { password: 'second' }, BY);
    await passes(it, 'relay');
    await connections.activate(TENANT, id, BY);
    clock.advance(MINUTE);
    await refuse(it, id);
    await connections.restore(TENANT, id, { ...BY, of: 2, secrets: {} });
    assert.equal(await problemCode(connections.activate(TENANT, id, BY)), 'not_proved');
    clock.advance(MINUTE);
    await passes(it, 'relay', 'tst_2');
    assert.equal((await connections.activate(TENANT, id, BY)).revision, 4);
  });

  test('after the window, and where the last ones failed too, nothing comes back', async () => {
    await using store = await open();
    await using it = await rig(store);
    const id = await onTrial(it);
    it.clock.advance(15 * MINUTE);
    await refuse(it, id);
    assert.equal(it.connections.byId(id)?.revision, 2);
    // A failure that began in the window counts, though it was only acted upon later: the process may have died between.
    await refuse(it, id, it.clock.now() - MINUTE);
    assert.equal(it.connections.byId(id)?.revision, 3);

    const failing = { ...REFUSAL, unusable: true, proven: true };
    const other = await it.connections.create(TENANT, settingsFor('other', 1, SIGN_IN), FORCED);
    it.connections.channel(other.id)?.breaker.failed(failing);
    await drive(it.clock, it.connections.stopAll(0)); // the trouble is stored by then
    await it.connections.patch(TENANT, other.id, { password: 'second' }, FORCED);
    assert.equal(it.connections.byId(other.id)?.trial, undefined, 'who failed already is no refuge');
  });

  test('untried settings are no refuge either: the ones before them come back', async () => {
    await using store = await open();
    await using it = await rig(store);
    const id = await onTrial(it);
    await it.connections.patch(TENANT, id, { password: 'third' }, FORCED);
    await refuse(it, id);
    assert.equal(await passwordOf(it, 'relay'), 'first');
  });

  test('a restart in the window changes nothing of it; a draft that waits stays', async () => {
    await using store = await open();
    const first = await rig(store);
    const id = await onTrial(first);
    await first.connections.patch(TENANT, id, { ehloName: 'a.example' }, BY);
    await first[Symbol.asyncDispose]();
    await using second = await rig(store, { clock: first.clock, keyRing: first.keyRing });
    await refuse(second, id);
    const now = second.connections.byId(id);
    assert.deepEqual([now?.revision, now?.draft?.number], [4, 3]);
    assert.equal(now?.settings.type === 'smtp' && now.settings.ehloName, undefined);
  });
});

test('two nodes see the same failure: one return, one event', { skip: withoutPostgres }, async () => {
  await using store = await openTestPostgres();
  await using first = await rig(store);
  const { clock, keyRing } = first;
  await using second = await rig(store, { clock, keyRing, db: await store.another() });
  const id = await onTrial(first);
  await second.connections.refresh();
  await drive(clock, Promise.all([refuse(first, id), refuse(second, id)]));
  await second.connections.refresh();
  assert.deepEqual([first.connections.byId(id)?.revision, second.connections.byId(id)?.revision], [3, 3]);
  assert.deepEqual(await events(first, id), ['activated', 'activated', 'returned']);
  assert.equal([...first.log, ...second.log].filter((line) => line.includes('in force again')).length, 1);
});
