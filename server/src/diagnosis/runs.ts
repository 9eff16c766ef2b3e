/**
 * Connection tests: start one, read it, follow it, stop it. The database knows all of them, so that any node can answer;
 * those that run here are also in memory. One run at a time of one connection, on however many nodes.
 * Next: live-run.ts
 */
import type { Clock } from '../base/clock.ts';
import { newId } from '../base/id.ts';
import type { Log } from '../base/log.ts';
import { connectionPort, type Config, type ConnectionPatch } from '../config/config.ts';
import { refuseUnverified, type Candidate, type Connections } from '../connections/connections.ts';
import { problem, type Principal } from '../http/http.ts';
import { serializeAddress } from '../mail/mail.ts';
import { transaction, type Db } from '../store/store.ts';
import { lockTenant, refuseSender, refuseStopped, type Sender, type Senders } from '../tenants/tenants.ts';
import { relayHost, type AdviceAsked } from './advice.ts';
import { interrupted } from './interrupted.ts';
import { refuseTooMany } from './limits.ts';
import { startRun, type LiveRun, type RunDeps } from './live-run.ts';
import {
  insertTest,
  listTests,
  readRunning,
  readSilent,
  readTest,
  saveEnd,
  type NewTest,
  type StoredTest,
  type Subject,
} from './queries.ts';
import type { TestEvent } from './stage.ts';
import { chooseCorrespondents, composeTest, type Correspondents } from './test-message.ts';

export interface ConnectionTestsDeps extends Pick<RunDeps, 'lookups'> {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly connections: Pick<Connections, 'propose' | 'rehearse' | 'prove'>;
  readonly modeFor: (tenantId: string) => Config['delivery']['mode'];
  /** Who mail of this tenant comes from when nobody is named. */
  readonly senderFor: (tenantId: string) => Sender | undefined;
  readonly senders: Pick<Senders, 'allows'>;
}

/** What to test. */
export interface TestRequest {
  /** Id or name of a saved connection. */
  readonly connection?: string | undefined;
  /** Unsaved settings: whole ones, or changes on top of the saved connection. */
  readonly settings?: ConnectionPatch | undefined;
  /** Sends a message there; without it only a check. */
  readonly to?: string | undefined;
  readonly from?: string | undefined;
}

export interface ConnectionTests {
  /** Starts one, or answers the one of this connection that runs already (`joined`). */
  start(
    principal: Principal,
    request: TestRequest,
  ): Promise<{ readonly test: StoredTest; readonly joined: boolean }>;
  get(tenantId: string, id: string): Promise<StoredTest>;
  /** Newest first; without what they found. */
  list(
    tenantId: string,
    page: { connectionId: string | undefined; before: string | undefined; limit: number },
  ): Promise<readonly StoredTest[]>;
  /** Ends a run; one that is over stays as it is. */
  cancel(tenantId: string, id: string): Promise<StoredTest>;
  /** Tells all events from the `from`th on, those to come too; `over` after the last. The answer stops that. */
  follow(
    test: StoredTest,
    from: number,
    heard: (event: TestEvent, index: number) => void,
    over: () => void,
  ): () => void;
  /** Ends what runs here, and resolves when that is stored. */
  stop(): Promise<void>;
}

/** Tests under way in one process, and of one tenant in it. */
const RUNS_MAX = 32;
const RUNS_OF_TENANT_MAX = 8;
/** A run whose process has not been heard of for so long is not running. */
const SILENT_MS = 15_000;
const LOOK_MS = 500;

export function createConnectionTests(deps: ConnectionTestsDeps): ConnectionTests {
  const { db, clock, log, connections } = deps;
  /** Until their end is stored. */
  const live = new Map<string, LiveRun>();
  /** Until nothing of them is open. */
  const underway = new Map<symbol, string>();
  let stopped = false;

  // SQLite's runs belong to the one process that serves; whatever runs there was ours and is over.
  const lostBefore = clock.now() - (db.dialect.manyNodes ? SILENT_MS : -1);
  const begun = endSilent(lostBefore).catch((error: unknown) => {
    log.warn({ err: error }, 'interrupted connection tests could not be closed');
  });

  async function endSilent(seenBefore: number): Promise<void> {
    for (const test of await readSilent(db, seenBefore)) await endLost(test);
  }

  async function endLost(test: StoredTest): Promise<StoredTest> {
    const over = interrupted(test, 'interrupted');
    await saveEnd(db, test.id, over);
    return { ...test, ...over };
  }

  function isLost(test: StoredTest): boolean {
    return test.status === 'running' && !live.has(test.id) && clock.now() - test.seenAt > SILENT_MS;
  }

  async function get(tenantId: string, id: string): Promise<StoredTest> {
    const test = await readTest(db, tenantId, id);
    if (test === undefined) throw problem('not_found', { detail: `There is no connection test ${id}.` });
    if (isLost(test)) return endLost(test);
    const run = test.status === 'running' ? live.get(id) : undefined;
    return run === undefined ? test : { ...test, events: [...run.events] };
  }

  /** A place among those that run, taken at once, so that a burst gets no more than there are; the answer gives it back. */
  function takePlace(tenantId: string): () => void {
    const own = [...underway.values()].filter((one) => one === tenantId).length;
    if (!stopped && underway.size < RUNS_MAX && own < RUNS_OF_TENANT_MAX) {
      const place = Symbol(tenantId);
      underway.set(place, tenantId);
      return () => underway.delete(place);
    }
    throw problem('overloaded', { detail: 'Too many connection tests are running. Try again shortly.' });
  }

  /** The row of a new run, or the one that runs already. */
  function enter(test: NewTest): Promise<StoredTest | undefined> {
    return transaction(db, async (tx) => {
      await lockTenant(tx, test.tenantId);
      const running = await readRunning(tx, test.tenantId, test.runKey);
      if (running !== undefined && !isLost(running)) return running;
      if (running !== undefined) await saveEnd(tx, running.id, interrupted(running, 'interrupted'));
      await refuseTooMany(tx, { ...test, actorId: test.keyId }, test.withMail, test.startedAt);
      await insertTest(tx, test);
      return undefined;
    });
  }

  async function start(principal: Principal, request: TestRequest) {
    await begun;
    const { tenantId } = principal;
    if (request.settings !== undefined) refuseUnverified(principal, request.settings, 'settings.');
    const candidate = await connections.propose(tenantId, request);
    const people =
      request.to === undefined ? undefined : correspondents(principal, request.to, request, candidate);
    const test = newTest(principal, candidate, people, clock.now());
    const leave = takePlace(tenantId);
    let running: StoredTest | undefined;
    try {
      running = await enter(test);
    } catch (error) {
      leave();
      throw error;
    }
    if (running === undefined) launch(test, candidate, people, leave);
    else leave();
    return { test: await get(tenantId, running?.id ?? test.id), joined: running !== undefined };
  }

  function correspondents(
    principal: Principal,
    to: string,
    { from }: TestRequest,
    { settings }: Candidate,
  ): Correspondents {
    refuseStopped(principal.tenantStopped);
    if (principal.kind === 'test') {
      throw problem('forbidden', {
        detail: 'A test key sends nothing. Test without “to”, or use a live key.',
      });
    }
    if (settings.type === 'mailbox') {
      throw problem('invalid_request', {
        detail: 'to cannot be used here: a local mailbox keeps mail and sends none.',
        errors: [{ path: 'to', message: 'cannot be used with a local mailbox, which sends nothing' }],
      });
    }
    const people = chooseCorrespondents({ from, to }, deps.senderFor(principal.tenantId));
    if (!deps.senders.allows(principal.tenantId, people.from.address))
      refuseSender(people.from.address, 'from');
    return people;
  }

  function launch(
    test: NewTest,
    candidate: Candidate,
    people: Correspondents | undefined,
    leave: () => void,
  ): void {
    const { id, subject, startedAt: now } = test;
    const mode = deps.modeFor(test.tenantId);
    const run = startRun(deps, {
      id,
      candidate,
      people: subject,
      mail:
        people === undefined
          ? undefined
          : (mayCommit) => composeTest({ id, connection: candidate.settings.name, now }, people, mayCommit),
      advice: adviceOf(candidate, people),
      sentNote:
        mode === 'live'
          ? undefined
          : `Sent for real, although the delivery mode is ${mode}: it was asked for.`,
    });
    live.set(id, run);
    void run.ended.then(() => live.delete(id));
    void Promise.all([run.left, run.ended]).then(leave);
  }

  async function cancel(tenantId: string, id: string): Promise<StoredTest> {
    const test = await get(tenantId, id);
    if (test.status !== 'running') return test;
    const run = live.get(id);
    if (run === undefined) await saveEnd(db, id, interrupted(test, 'cancelled'));
    else {
      run.stop('cancelled');
      await run.ended;
    }
    return get(tenantId, id);
  }

  return {
    start,
    get,
    list: (tenantId, page) => listTests(db, { tenantId, ...page }),
    cancel,
    follow(test, from, heard, over) {
      const run = live.get(test.id);
      return run === undefined ? followStored(test, from, heard, over) : followLive(run, from, heard, over);
    },
    async stop() {
      stopped = true;
      const running = [...live.values()];
      for (const run of running) run.stop('interrupted');
      await Promise.all(running.map((run) => run.ended));
    },
  };

  /** Looks again and again at a run of another node. */
  function followStored(
    test: StoredTest,
    from: number,
    heard: (event: TestEvent, index: number) => void,
    over: () => void,
  ): () => void {
    let next = from;
    let cancelLook = (): void => undefined;
    let gone = false;
    const show = (now: StoredTest): void => {
      for (; !gone && next < now.events.length; next += 1) {
        const event = now.events[next];
        if (event !== undefined) heard(event, next);
      }
      if (gone) return;
      if (now.status === 'running') cancelLook = clock.after(LOOK_MS, look);
      else over();
    };
    const look = (): void => {
      get(test.tenantId, test.id).then(show, (error: unknown) => {
        log.warn({ err: error, test: test.id }, 'a connection test could not be read');
        if (!gone) over();
      });
    };
    queueMicrotask(() => {
      show(test);
    });
    return () => {
      gone = true;
      cancelLook();
    };
  }
}

function followLive(
  run: LiveRun,
  from: number,
  heard: (event: TestEvent, index: number) => void,
  over: () => void,
): () => void {
  let next = from;
  let gone = false;
  const catchUp = (): void => {
    for (; !gone && next < run.events.length; next += 1) {
      const event = run.events[next];
      if (event === undefined || event.t === 'end') return; // told once it is stored
      heard(event, next);
    }
  };
  const stop = run.listen((event) => {
    catchUp();
    if (event.t !== 'end' || gone) return;
    heard(event, run.events.length - 1);
    over();
  });
  queueMicrotask(catchUp);
  return () => {
    gone = true;
    stop();
  };
}

/** What to ask the DNS once the message was accepted; nothing where no server of somebody's took it. */
function adviceOf({ settings }: Candidate, people: Correspondents | undefined): AdviceAsked | undefined {
  const host = relayHost(settings);
  return people === undefined || host === undefined
    ? undefined
    : { domain: people.from.address.domain, host };
}

function newTest(
  { tenantId, actorId }: Principal,
  { connection, settings, unsaved, fingerprint }: Candidate,
  people: Correspondents | undefined,
  now: number,
): NewTest {
  const smtp = settings.type === 'smtp' ? settings : undefined;
  const subject: Subject = {
    name: connection?.name ?? null,
    type: settings.type,
    host: smtp?.host ?? null,
    port: smtp === undefined ? null : connectionPort(smtp),
    security: smtp?.security ?? null,
    auth: smtp?.auth ?? null,
    unsaved,
    from: people === undefined ? null : serializeAddress(people.from.address),
    to: people === undefined ? null : serializeAddress(people.to.address),
  };
  return {
    id: newId('tst'),
    tenantId,
    connectionId: connection?.id ?? null,
    runKey: connection?.id ?? `settings:${fingerprint}`,
    keyId: actorId,
    withMail: people !== undefined,
    fingerprint,
    subject,
    startedAt: now,
  };
}
