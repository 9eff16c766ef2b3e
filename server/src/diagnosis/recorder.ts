/**
 * Turns what one walk over a connection tells, as it goes, into the events of a test. Keeps the order of the plan, ends
 * what was not reached, and bounds what a server can make us keep.
 * Next: findings.ts
 */
import type { Clock } from '../base/clock.ts';
import type { Rehearsed } from '../connections/connections.ts';
import type { Failure, Phase, Reply } from '../mail/mail.ts';
import type { PhaseRecord, SessionWatch, TranscriptLine } from '../smtp/smtp.ts';
import type { AdviceRow } from './advice-row.ts';
import type { Diagnosis, Ending, StageFindings, TestEvent } from './stage.ts';

/** Why a stage failed: a reply, or what came in place of one. */
export interface Fault {
  readonly phase: Phase;
  readonly reply?: Reply | undefined;
  readonly failure?: Failure | undefined;
  readonly inDoubt?: boolean | undefined;
}

export interface RecorderOptions {
  readonly clock: Clock;
  readonly plan: readonly Phase[];
  readonly fingerprint: string;
  readonly emit: (event: TestEvent) => void;
  /** What a phase that ended has to show; `warn` when it is good but not as it should be. */
  readonly describe: (record: PhaseRecord) => StageFindings & { readonly warn?: boolean };
  readonly explain: (fault: Fault) => Diagnosis;
}

export interface Recorder {
  readonly watch: SessionWatch;
  begin(phase: Phase): void;
  /** What the settings stage found by itself, before anything is dialled. */
  settings(findings: StageFindings & { readonly warn?: boolean }): void;
  /** What receivers will find; between the last stage and the end. */
  advise(rows: readonly AdviceRow[]): void;
  /** The walk is over; what comes afterwards is not heard. */
  end(result: Rehearsed): void;
  /** Ends the test where it is. */
  stop(ending: Exclude<Ending, 'finished'>): void;
}

/** UTF-16 units of all lines that are kept. */
const LINES_MAX = 64 * 1024;

export function createRecorder(options: RecorderOptions): Recorder {
  const { clock, plan, emit, describe, explain } = options;
  const startedAt = clock.monotonic();
  const waiting = new Set<Phase>(plan);
  let running: { readonly phase: Phase; readonly at: number } | undefined;
  let settled: (StageFindings & { readonly warn?: boolean }) | undefined;
  let failed: Phase | undefined;
  let over = false;
  let room = LINES_MAX;

  const since = (at: number): number => Math.max(0, Math.round(at - startedAt));
  const now = (): number => since(clock.monotonic());

  function close(id: Phase, findings: StageFindings & { readonly warn?: boolean }, ms: number): void {
    const { warn, ...shown } = findings;
    emit({ t: 'stage', id, status: warn === true ? 'warn' : 'ok', at: now(), ms: rounded(ms), ...shown });
    if (running?.phase === id) running = undefined;
  }

  /** The settings are a stage of ours: they are good as soon as the walk begins. */
  function closeSettings(): void {
    if (running?.phase !== 'settings' || settled === undefined) return;
    close('settings', settled, clock.monotonic() - running.at);
  }

  function begin(phase: Phase): void {
    const place = plan.indexOf(phase);
    if (over || running?.phase === phase || place < 0) return;
    if (failed !== undefined) {
      // A kept access token that was refused: the client goes the whole way once more with a new one.
      if (place >= plan.indexOf(failed)) return;
      failed = undefined;
      for (const id of plan.slice(place)) {
        waiting.add(id);
        emit({ t: 'stage', id, status: 'waiting', at: now() });
      }
    }
    closeSettings();
    // What the plan had before it and never began does not apply here: TLS that the server does not offer.
    for (const skipped of plan.slice(0, place)) drop(skipped);
    waiting.delete(phase);
    running = { phase, at: clock.monotonic() };
    emit({ t: 'stage', id: phase, status: 'running', at: now() });
  }

  function drop(phase: Phase): void {
    if (waiting.delete(phase)) emit({ t: 'drop', id: phase, at: now() });
  }

  function fail(fault: Fault, ms: number, findings: StageFindings): void {
    const { phase } = fault;
    failed = phase;
    waiting.delete(phase);
    if (running?.phase === phase) running = undefined;
    const diagnosis = explain(fault);
    emit({ t: 'stage', id: phase, status: 'failed', at: now(), ms: rounded(ms), ...findings, diagnosis });
  }

  function onPhase(record: PhaseRecord): void {
    if (over || failed !== undefined || !plan.includes(record.phase)) return;
    begin(record.phase);
    const { phase, ms, reply, failure } = record;
    const { warn, ...findings } = describe(record);
    const refused = reply !== undefined && (reply.code >= 400 || (reply.code >= 300 && phase !== 'data'));
    if (failure === undefined && !refused) {
      close(phase, warn === undefined ? findings : { ...findings, warn }, ms);
    } else if (failure?.kind !== 'stopped') {
      fail({ phase, reply, failure, inDoubt: phase === 'accepted' && failure !== undefined }, ms, findings);
    }
  }

  function onLine({ at, mark, text }: TranscriptLine): void {
    if (over || room <= 0) return;
    room -= text.length + 20;
    const shown = room > 0 ? text : 'The rest of the conversation is not kept.';
    const dir = mark === '**' || room <= 0 ? 'note' : mark === '->' || mark === '~>' ? 'out' : 'in';
    emit({ t: 'line', at: since(at), dir, tls: mark === '~>' || mark === '<~', text: shown });
  }

  function end(result: Rehearsed): void {
    if (over) return;
    const under = running;
    if (result.ok) closeSettings();
    else if (failed === undefined) {
      if (result.phase !== 'settings') closeSettings();
      const { warn: _warn, ...findings } = (result.phase === 'settings' ? settled : undefined) ?? {};
      fail(result, under?.phase === result.phase ? clock.monotonic() - under.at : 0, findings);
    }
    conclude(result.ok, 'finished');
  }

  function stop(ending: Exclude<Ending, 'finished'>): void {
    if (over) return;
    if (ending === 'timed_out' && running !== undefined && failed === undefined) {
      const { phase, at } = running;
      fail({ phase, failure: TOO_LONG, inDoubt: phase === 'accepted' }, clock.monotonic() - at, {});
    } else if (running?.phase === 'accepted') {
      const notes = ['The message was handed over already: it may arrive.'];
      emit({ t: 'stage', id: 'accepted', status: 'not_reached', at: now(), notes });
      running = undefined;
    }
    conclude(false, ending);
  }

  function conclude(passed: boolean, ended: Ending): void {
    if (running !== undefined) unreached(running.phase);
    const last = failed === undefined ? -1 : plan.indexOf(failed);
    for (const phase of plan) {
      if (!waiting.has(phase)) continue;
      if (passed || plan.indexOf(phase) < last) drop(phase);
      else unreached(phase);
    }
    over = true;
    emit({
      t: 'end',
      status: passed ? 'passed' : 'failed',
      ...(failed === undefined ? {} : { failedStage: failed }),
      ended,
      ms: now(),
      fingerprint: options.fingerprint,
    });
  }

  function unreached(id: Phase): void {
    waiting.delete(id);
    running = undefined;
    emit({ t: 'stage', id, status: 'not_reached', at: now() });
  }

  for (const id of plan) emit({ t: 'stage', id, status: 'waiting', at: 0 });
  return {
    watch: { onBegin: begin, onPhase, onLine },
    begin,
    settings(findings) {
      settled = findings;
    },
    advise(rows) {
      if (!over) emit({ t: 'advice', at: now(), rows });
    },
    end,
    stop,
  };
}

const TOO_LONG: Failure = {
  kind: 'timeout',
  code: 'TEST_DEADLINE',
  message: 'The test took too long as a whole, and was ended.',
};

/** Tenths of a millisecond. */
function rounded(ms: number): number {
  return Math.round(Math.max(0, ms) * 10) / 10;
}
