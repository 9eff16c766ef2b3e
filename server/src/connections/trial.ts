/**
 * New settings are on trial: if they meet a failure of sign-in, TLS or settings soon after they came in force, the last
 * ones come back by themselves. All that is needed for it is in the rows, so it survives a restart, and the first of
 * several nodes to see the failure does it once.
 * Next: revisions.ts
 */
import type { Clock } from '../base/clock.ts';
import { newId } from '../base/id.ts';
import type { Log } from '../base/log.ts';
import { appendEvents } from '../events/events.ts';
import { transaction, type Db, type Tx } from '../store/store.ts';
import type { Connection } from './connection.ts';
import { readTrouble, takeConnection } from './queries.ts';
import { insertRevision, readRevision, readSecrets, supersede } from './revision-queries.ts';
import type { Revision } from './revision.ts';

export type Trial = Pick<Revision, 'trialSince' | 'returnsTo'>;

export const NO_TRIAL: Trial = { trialSince: null, returnsTo: null };

/** What comes back when a revision that replaces `active` now fails. */
export async function trialAfter(
  tx: Tx,
  active: Revision | undefined,
  { now, windowMs, sameConversation }: { now: number; windowMs: number; sameConversation: boolean },
): Promise<Trial> {
  if (active === undefined || windowMs === 0) return NO_TRIAL;
  if (sameConversation) return { trialSince: active.trialSince, returnsTo: active.returnsTo };
  // Who failed already is no refuge.
  if ((await readTrouble(tx, active.connectionId)) !== undefined) return NO_TRIAL;
  const untried =
    active.trialSince !== null &&
    active.returnsTo !== null &&
    active.provedAt === null &&
    now < active.trialSince + windowMs;
  return { trialSince: now, returnsTo: untried ? active.returnsTo : active.id };
}

export interface Refusal {
  readonly errorId: string;
  /** The server's words or ours, cleaned. */
  readonly detail: string;
  /** Epoch ms of the first of these failures. */
  readonly since: number;
}

/** Whether this failure of the revision in force brings the last values back. */
export function isOnTrial(
  connection: Connection | undefined,
  revisionId: string,
  since: number,
  windowMs: number,
): connection is Connection & { readonly trial: NonNullable<Connection['trial']> } {
  if (connection?.trial === undefined || connection.revisionId !== revisionId) return false;
  return connection.status === 'active' && since < connection.trial.since + windowMs;
}

/**
 * Puts the last values in force again, as a new revision. Answers whether this was the one to do it; `false` when
 * somebody else changed the connection since it was read.
 */
export async function comeBack(
  { db, clock, log }: { db: Db; clock: Clock; log: Log },
  connection: Connection & { readonly trial: NonNullable<Connection['trial']> },
  refusal: Refusal,
): Promise<boolean> {
  const last = await readRevision(db, connection.trial.returnsTo);
  const secrets = last === undefined ? [] : await readSecrets(db, last.id);
  if (last === undefined || secrets.some(({ sealed }) => sealed === null)) {
    log.warn(
      { connection: connection.name },
      'the last settings cannot come back: they are not kept any more',
    );
    return true;
  }
  const now = clock.now();
  const number = connection.latest + 1;
  const why = `${refusal.errorId}: ${refusal.detail}`;
  const revision: Revision = {
    ...last,
    ...{ id: newId('rev'), number, state: 'active', origin: 'returned', basedOn: connection.revision },
    settings: { ...last.settings, name: connection.name },
    ...{ createdAt: now, createdBy: 'posthorn', activatedAt: now, activatedBy: 'posthorn' },
    ...{ forceReason: null, supersededAt: null, returned: null, ...NO_TRIAL },
  };
  const ours = await transaction(db, async (tx) => {
    if (!(await takeConnection(tx, connection.id, connection.version, { updatedAt: now }))) return false;
    await supersede(tx, connection.id, ['active'], now, why);
    await insertRevision(tx, revision, secrets);
    const data = { failed: connection.revision, values: last.number, revision: number, ...refusal };
    await appendEvents(tx, [
      {
        ...{ tenantId: connection.tenantId, subjectId: connection.id, at: now },
        ...{ type: 'connection.returned', data },
      },
    ]);
    return true;
  });
  if (ours)
    log.warn(
      { connection: connection.name, failed: connection.revision, values: last.number, why },
      'the new settings of the connection failed; the last ones are in force again',
    );
  return ours;
}
