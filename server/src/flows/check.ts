/**
 * Checking what somebody brings back. What cannot be approved is answered in one way, whatever the reason: unknown,
 * another tenant's or audience's, of another flow, used, superseded, late.
 * Next: proof.ts
 */
import { isSecretToken, sameDigest, secretDigest } from '../access/access.ts';
import { isId } from '../base/id.ts';
import { emptyWindow, takeFrom, transaction, type Db } from '../store/store.ts';
import type { Clock } from '../base/clock.ts';
import type { KeyRing } from '../secrets/secrets.ts';
import type { FlowName } from '../tenants/tenants.ts';
import { failuresOf } from './limits.ts';
import { codeDigest, typedCode } from './proof.ts';
import { countTry, end, readByToken, readVerification, type Verification, type Whose } from './queries.ts';
import { tell } from './record.ts';

export interface CheckDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly keyRing: Pick<KeyRing, 'digest'>;
}

export type CheckRequest =
  | { readonly token: string; readonly flow: FlowName | undefined }
  | { readonly id: string; readonly code: string; readonly flow: FlowName | undefined };

/** `expired` says nothing more than that this cannot be approved. */
export type Checked =
  | { readonly status: 'approved'; readonly verification: Verification }
  | { readonly status: 'pending'; readonly triesLeft: number }
  | { readonly status: 'locked' | 'expired' };

export function check(deps: CheckDeps, whose: Whose, request: CheckRequest): Promise<Checked> {
  return 'token' in request ? checkToken(deps, whose, request) : checkCode(deps, whose, request);
}

async function checkToken(
  deps: CheckDeps,
  whose: Whose,
  { token, flow }: { readonly token: string; readonly flow: FlowName | undefined },
): Promise<Checked> {
  if (!isSecretToken(token)) return { status: 'expired' };
  const found = await readByToken(deps.db, whose, secretDigest(token));
  const other = flow !== undefined && found?.flow !== flow;
  return found === undefined || other ? { status: 'expired' } : approve(deps, found);
}

/** Pending → approved, once: of many at the same time one wins. */
export async function approve({ db, clock, keyRing }: CheckDeps, found: Verification): Promise<Checked> {
  const now = clock.now();
  const failures = await failuresOf(keyRing, found);
  const won = await transaction(db, async (tx) => {
    const ended = await end(tx, found.id, 'approved', now);
    if (ended) {
      await tell(tx, found.tenantId, found.id, now, 'approved', {});
      await emptyWindow(tx, failures.name);
    }
    return ended;
  });
  if (!won) return { status: 'expired' };
  return { status: 'approved', verification: { ...found, state: 'approved', endedAt: now } };
}

async function checkCode(
  deps: CheckDeps,
  whose: Whose,
  { id, code, flow }: { readonly id: string; readonly code: string; readonly flow: FlowName | undefined },
): Promise<Checked> {
  const { db, clock, keyRing } = deps;
  if (!isId('ver', id)) return { status: 'expired' };
  const now = clock.now();
  const given = await codeDigest(keyRing, whose.tenantId, id, typedCode(code));
  const known = await readVerification(db, whose, id);
  if (known === undefined || (flow !== undefined && flow !== known.flow)) return { status: 'expired' };
  const failures = await failuresOf(keyRing, known);
  const { tries, isRoom } = await transaction(db, async (tx) => {
    const counted = await countTry(tx, whose, id, now);
    // It is taken for a wrong one before it is looked at, so that of many at once no more are looked at; a right one
    // empties the count.
    return { tries: counted, isRoom: counted === undefined || (await takeFrom(tx, failures, now)).ok };
  });
  if (!isRoom) return { status: 'locked' };
  // Read again: a resend may have replaced the code, and the try was counted against the new one.
  const found = await readVerification(db, whose, id);
  if (found === undefined) return { status: 'expired' };
  if (tries === undefined) return { status: isLocked(found, now) ? 'locked' : 'expired' };
  if (found.codeHash !== null && sameDigest(given, found.codeHash)) return approve(deps, found);
  const triesLeft = found.triesMax - tries;
  if (triesLeft > 0) return { status: 'pending', triesLeft };
  await transaction(db, async (tx) => {
    if (await end(tx, id, 'locked', now)) await tell(tx, whose.tenantId, id, now, 'locked', { tries });
  });
  return { status: 'locked' };
}

function isLocked({ state, tries, triesMax, expiresAt }: Verification, now: number): boolean {
  return state === 'locked' || (state === 'pending' && tries >= triesMax && expiresAt > now);
}
