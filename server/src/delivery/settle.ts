/**
 * The only writer of recipients' states after birth. Many attempts end in one synced transaction; each is written only
 * if its claim is still ours, so that a worker that lost its lease changes nothing (Q2).
 * Next: runner.ts
 */
import type { Clock } from '../base/clock.ts';
import { crashPoint } from '../base/crash-point.ts';
import { appendEvents } from '../events/events.ts';
import { formatReply } from '../mail/mail.ts';
import { hasten, remove, settle, type Claim, type Verdict } from '../queue/queue.ts';
import { createGroupCommit, type Db, type GroupCommit, type Tx } from '../store/store.ts';
import type { Attempted } from './attempt.ts';
import type { Decision, JobFate } from './decide.ts';
import { readPending, writeAttempts, writeRecipients, type AttemptRow } from './queries.ts';

export interface Settlement {
  readonly claim: Claim;
  readonly attempted: Attempted;
  readonly decision: Decision;
}

/** Commits settlements in groups; resolves with whether the claim was still ours. */
export function createSettler(db: Db, clock: Clock): GroupCommit<Settlement, boolean> {
  return createGroupCommit({
    db,
    write: async (tx, items) => {
      const ours = await settle(
        tx,
        items.map(({ claim, decision }) => ({ claim, verdict: verdictOf(decision.job) })),
      );
      const mine = items.filter((_item, index) => ours[index] === true);
      const now = clock.now();
      await writeRecipients(
        tx,
        now,
        mine.flatMap(({ claim, decision }) =>
          decision.changes.map((change) => ({ messageId: claim.id, change })),
        ),
      );
      await writeAttempts(tx, mine.flatMap(attemptRow));
      await appendEvents(
        tx,
        mine.flatMap(({ claim, decision: { event } }) =>
          event === undefined
            ? []
            : [
                {
                  tenantId: claim.tenantId,
                  subjectId: claim.id,
                  at: now,
                  type: `message.${event.type}`,
                  data: event.data,
                },
              ],
        ),
      );
      crashPoint('before-outcome-commit');
      return ours;
    },
  });
}

function verdictOf(job: JobFate): Verdict {
  switch (job.kind) {
    case 'done':
      return job;
    case 'again':
      return {
        kind: 'again',
        dueAt: job.dueAt,
        note: writeNote(job.tried),
        counts: job.counts === true,
      };
    case 'hold':
      return { kind: 'hold', by: job.by, until: job.until, note: writeNote(job.tried) };
  }
}

function writeNote(tried: readonly string[]): string | null {
  return tried.length === 0 ? null : JSON.stringify({ tried });
}

/** What `writeNote` left in the job. */
export function readNote(note: string | null): readonly string[] {
  if (note === null) return [];
  const { tried } = JSON.parse(note) as { tried?: unknown }; // our own writing
  return Array.isArray(tried) ? tried.filter((id) => typeof id === 'string') : [];
}

function attemptRow({ claim, attempted }: Settlement): AttemptRow[] {
  if (attempted.kind !== 'tried') return [];
  const { report, findings, connection } = attempted;
  const [worst] = [...findings].sort(
    (a, b) => WEIGHT.indexOf(a.verdict.outcome) - WEIGHT.indexOf(b.verdict.outcome),
  );
  const detail = {
    phases: report.phases.map(({ phase, ms, reply }) => ({
      phase,
      ms: round(ms),
      ...(reply && { reply: formatReply(reply) }),
    })),
    recipients: findings.map(({ recipient, verdict, said }) => ({
      position: recipient.position,
      outcome: verdict.outcome,
      ...(verdict.errorId !== undefined && { errorId: verdict.errorId }),
      reply: said,
    })),
    transcript: report.transcript,
    ...(report.peer && { peer: report.peer }),
  };
  return [
    {
      id: attempted.id,
      messageId: claim.id,
      tenantId: claim.tenantId,
      connectionId: connection.id,
      connectionName: connection.name,
      startedAt: attempted.startedAt,
      endedAt: attempted.endedAt,
      outcome: worst?.verdict.outcome ?? 'deferred',
      errorId: worst?.verdict.errorId ?? null,
      reply: worst?.said ?? null,
      detail: JSON.stringify(detail),
    },
  ];
}

/** An attempt shows its worst recipient. */
const WEIGHT = ['in_doubt', 'rejected', 'connection_unusable', 'deferred', 'accepted'];

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}

/** Withdraws a message that no worker has: its open recipients become `cancelled`. `false` when a worker has it or all is final. */
export async function cancelMessage(
  tx: Tx,
  cancel: { kind: string; tenantId: string; messageId: string; now: number; by: string },
): Promise<boolean> {
  const { messageId, now } = cancel;
  if (!(await remove(tx, cancel.kind, messageId))) return false;
  const open = await readPending(tx, messageId);
  await writeRecipients(
    tx,
    now,
    open.map((recipient) => ({
      messageId,
      change: { ...recipient, state: 'cancelled' as const, nextAt: null },
    })),
  );
  const data = { by: cancel.by };
  await appendEvents(tx, [
    { tenantId: cancel.tenantId, subjectId: messageId, at: now, type: 'message.cancelled', data },
  ]);
  return true;
}

/** Makes a waiting message due now, with all its open recipients. `false` when a worker has it or all is final. */
export async function retryMessage(
  tx: Tx,
  retry: { kind: string; tenantId: string; messageId: string; now: number; by: string },
): Promise<boolean> {
  const { kind, messageId, now } = retry;
  if (!(await hasten(tx, { kind, id: messageId, now, note: null }))) return false;
  const open = await readPending(tx, messageId);
  await writeRecipients(
    tx,
    now,
    open.map((recipient) => ({ messageId, change: { ...recipient, nextAt: now } })),
  );
  const data = { by: retry.by };
  await appendEvents(tx, [
    { tenantId: retry.tenantId, subjectId: messageId, at: now, type: 'message.retry_asked', data },
  ]);
  return true;
}
