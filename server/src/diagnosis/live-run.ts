/**
 * One test while it runs: the walk, its events, who listens, and how it is stopped. Events go to listeners at once and
 * to the database a few times a second; the end goes to the database first, so that whoever hears it can read it.
 * Next: runs.ts
 */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Candidate, Connections, Rehearsed } from '../connections/connections.ts';
import { graphPlace, planRehearsal } from '../connections/connections.ts';
import { connectionPort } from '../config/config.ts';
import type { Lookups } from '../net/net.ts';
import { planTls, type OutgoingMail } from '../smtp/smtp.ts';
import type { Db } from '../store/store.ts';
import { adviseOn, type AdviceAsked } from './advice.ts';
import { phaseCase, settingsCase } from './case-facts.ts';
import { explainFault } from './explain-fault.ts';
import { describePhase, type Aim } from './findings.ts';
import { saveEnd, saveEvents } from './queries.ts';
import { createRecorder } from './recorder.ts';
import { destinationOf } from './settings-rules.ts';
import { judgeSettings } from './settings-stage.ts';
import type { EndEvent, Ending, TestEvent } from './stage.ts';

export interface LiveRun {
  readonly id: string;
  readonly tenantId: string;
  readonly events: readonly TestEvent[];
  /** Hears every event from now on; the answer stops that. */
  listen(heard: (event: TestEvent) => void): () => void;
  /** Ends it now; what is under way is given up. */
  stop(ending: Exclude<Ending, 'finished'>): void;
  /** Resolves when its end is stored. */
  readonly ended: Promise<void>;
  /** Resolves when nothing of it is open any more. */
  readonly left: Promise<void>;
}

export interface RunDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly connections: Pick<Connections, 'rehearse' | 'prove'>;
  /** For advice once a message was accepted; none is given without. */
  readonly lookups?: Lookups;
}

export interface RunInput {
  readonly id: string;
  readonly candidate: Candidate;
  /** Who writes to whom; nobody in a check. */
  readonly people: { readonly from: string | null; readonly to: string | null };
  /** Composes the message, if one is to be sent; it is given up when the signal has fired. */
  readonly mail: ((mayCommit: () => boolean) => Promise<OutgoingMail>) | undefined;
  /** Domain of the message's sender and the relay's host, for advice; without it none is given. */
  readonly advice: AdviceAsked | undefined;
  /** What the stage that ends the message's way says beside the reply. */
  readonly sentNote: string | undefined;
}

/** However slowly a server drips: a test is over by then. */
const RUN_MS_MAX = 120_000;
const SAVE_MS = 500;
/** A database that is away for a moment must not cost a proof. */
const END_TRIES = 3;
/** A run that has nothing new to say says so. */
const HEARTBEAT_MS = 2_000;

/** Begins at once. */
export function startRun(deps: RunDeps, input: RunInput): LiveRun {
  const { db, clock, log } = deps;
  const { id, candidate } = input;
  const { settings, fingerprint, tenantId } = candidate;
  const events: TestEvent[] = [];
  const listeners = new Set<(event: TestEvent) => void>();
  const abort = new AbortController();
  const ended = Promise.withResolvers<void>();
  let saved = 0;
  let savedAt = clock.monotonic();
  let saving: Promise<unknown> = Promise.resolve();
  let outcome: Rehearsed | undefined;

  const tell = (event: TestEvent): void => {
    for (const heard of listeners) {
      try {
        heard(event);
      } catch (error) {
        log.error({ err: error, test: id }, 'somebody who follows a connection test broke'); // the test goes on
      }
    }
  };
  const aim = aimOf(candidate);
  let sizeBytes: number | undefined;
  let known = settingsCase(settings, input.people);
  const recorder = createRecorder({
    clock,
    plan: planRehearsal(settings, input.mail !== undefined),
    fingerprint,
    describe: (record) => {
      known = { ...known, ...phaseCase(record) };
      const opportunistic = isOpportunistic(candidate, known['ip']);
      const found = describePhase(record, { ...aim, opportunistic, sizeBytes }, clock);
      const isLast = record.phase === 'accepted' && input.sentNote !== undefined;
      return isLast ? { ...found, notes: [...(found.notes ?? []), input.sentNote ?? ''] } : found;
    },
    explain: (fault) => explainFault(fault, known),
    emit: (event) => {
      events.push(event);
      if (event.t === 'end') void storeEnd(event);
      else tell(event);
    },
  });

  const cancelDeadline = clock.after(RUN_MS_MAX, () => {
    stop('timed_out');
  });
  let cancelSave = clock.after(SAVE_MS, save);

  function stop(ending: Exclude<Ending, 'finished'>): void {
    // Only the advice is missing: what happened, happened.
    if (outcome === undefined) recorder.stop(ending);
    else recorder.end(outcome);
    abort.abort();
  }

  function save(): void {
    cancelSave = clock.after(SAVE_MS, save);
    const isNew = events.length > saved;
    if (!isNew && clock.monotonic() - savedAt < HEARTBEAT_MS) return;
    saved = events.length;
    savedAt = clock.monotonic();
    saving = saving
      .then(() => saveEvents(db, id, events, clock.now()))
      .then((counts) => {
        if (!counts) stop('cancelled'); // ended on another node
      })
      .catch((error: unknown) => {
        log.warn({ err: error, test: id }, 'a connection test could not be stored; trying again');
      });
  }

  async function storeEnd(end: EndEvent): Promise<void> {
    cancelDeadline();
    cancelSave();
    await saving;
    const failedStage = end.failedStage ?? null;
    const over = { status: end.status, endedAt: clock.now(), failedStage, events };
    const most = end.ended === 'interrupted' ? 1 : END_TRIES; // a process that stops does not wait
    for (let tries = 1; tries <= most; tries += 1) {
      try {
        // Before anybody can hear or read of it: who then looks at the draft finds it proved.
        if (end.status === 'passed')
          await deps.connections.prove(fingerprint, { testId: id, at: over.endedAt });
        await saveEnd(db, id, over);
        break;
      } catch (error) {
        log.warn({ err: error, test: id }, 'the end of a connection test could not be stored');
        if (tries < most) await new Promise<void>((done) => clock.after(SAVE_MS, done));
      }
    }
    tell(end);
    ended.resolve();
  }

  async function walk(): Promise<void> {
    recorder.begin('settings');
    const { found, blocked } = judgeSettings(candidate, clock);
    recorder.settings(found);
    if (blocked !== undefined) {
      recorder.end({ ok: false, phase: 'settings', failure: blocked });
      return;
    }
    try {
      const mail = await input.mail?.(() => !abort.signal.aborted);
      sizeBytes = mail?.sizeBytes;
      const result = await deps.connections.rehearse({
        connection: { tenantId, id: candidate.connection?.id ?? '', settings },
        secrets: candidate.secrets,
        signal: abort.signal,
        watch: recorder.watch,
        ...(mail === undefined ? {} : { mail }),
      });
      if (result.ok && input.advice !== undefined && deps.lookups !== undefined) {
        outcome = result;
        recorder.advise(await adviseOn({ clock, lookups: deps.lookups }, input.advice));
      }
      recorder.end(result);
    } catch (error) {
      log.error({ err: error, test: id }, 'a connection test broke');
      stop('interrupted');
    }
  }

  const left = walk();
  return {
    id,
    tenantId,
    events,
    listen(heard) {
      listeners.add(heard);
      return () => listeners.delete(heard);
    },
    stop,
    ended: ended.promise,
    left,
  };
}

function aimOf({ settings }: Candidate): Aim {
  const nothing = {
    host: '',
    port: 0,
    opportunistic: false,
    verify: true,
    proxy: undefined,
    sizeBytes: undefined,
  };
  if (settings.type === 'graph') return { ...nothing, ...graphPlace(settings) };
  if (settings.type !== 'smtp') return nothing;
  const { host, verify, proxy } = settings;
  return { ...nothing, host, verify, proxy, port: connectionPort(settings) };
}

/** Whether the session goes on without TLS when the server offers none: what it does depends on where the server is. */
function isOpportunistic({ settings }: Candidate, address: string | undefined): boolean {
  if (settings.type !== 'smtp') return false;
  const internal = address !== undefined && destinationOf(address) === 'private';
  return (
    planTls({ security: settings.security, port: connectionPort(settings) }, internal) === 'when-available'
  );
}
