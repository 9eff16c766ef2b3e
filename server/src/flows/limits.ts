/**
 * How much mail flows may set off: to one address, by one client, by one tenant, and by strangers to one mailbox over
 * everything there is (A2). Counted inside the transaction that stores the mail, so that of many at once, on several
 * nodes, no more pass than may (A5). Every refusal reads the same.
 * Next: whom.ts
 */
import { rateLimited, waitForRoom } from '../http/http.ts';
import type { Address } from '../mail/mail.ts';
import type { KeyRing } from '../secrets/secrets.ts';
import { lookInto, takeFromAll, type CountedWindow, type Db, type Tx } from '../store/store.ts';
import { INSTANCE_TENANT_ID } from '../tenants/tenants.ts';
import { CODES_PER_HOUR, type FlowLimits } from './flow-settings.ts';
import { readLockedAt, readSends, type Verification, type Where } from './queries.ts';
import { clientNetwork, mailboxKey } from './whom.ts';

const SECOND_MS = 1_000;
const HOUR_MS = 3_600 * SECOND_MS;
const DAY_MS = 24 * HOUR_MS;

/** What strangers may set off to one mailbox, over all flows and tenants. */
const STRANGERS_PER_HOUR = 5;
const STRANGERS_PER_DAY = 20;

/** NIST SP 800-63B-4 §3.2.2: no more than 100 wrong ones in a row, over all codes of one address. */
const FAILURES_MAX = 100;
const FAILURES_MS = 30 * DAY_MS;

export interface Limited extends Where {
  readonly address: Address;
  readonly askedBy: Verification['askedBy'];
  readonly clientAddress: string | undefined;
  readonly limits: FlowLimits;
  /** Whether a code is mailed. */
  readonly withCode: boolean;
}

/** Everything that is asked, digests made: that reads, and is done before the transaction. */
export interface Limits {
  readonly limited: Limited;
  readonly windows: readonly CountedWindow[];
  /** Wrong codes of the address so far; `undefined` where no code is mailed. */
  readonly failures: CountedWindow | undefined;
}

export async function limitsOf(keyRing: Pick<KeyRing, 'digest'>, limited: Limited): Promise<Limits> {
  const { tenantId, flow, clientAddress, limits, askedBy, address } = limited;
  const windows: CountedWindow[] = [
    { name: `flow ${flow} of ${tenantId}`, max: limits.perTenantHour, windowMs: HOUR_MS },
  ];
  if (clientAddress !== undefined) {
    const name = `flow ${flow} of ${tenantId} by ${clientNetwork(clientAddress)}`;
    windows.push({ name, max: limits.perClientHour, windowMs: HOUR_MS });
  }
  if (askedBy === 'stranger') {
    // One key for all tenants: it is one person whom all of them would write to.
    const whom = await keyRing.digest(INSTANCE_TENANT_ID, 'mail by strangers', mailboxKey(address));
    windows.push(
      { name: `strangers day ${whom}`, max: STRANGERS_PER_DAY, windowMs: DAY_MS },
      { name: `strangers hour ${whom}`, max: STRANGERS_PER_HOUR, windowMs: HOUR_MS },
    );
  }
  return { limited, windows, failures: limited.withCode ? await failuresOf(keyRing, limited) : undefined };
}

/** Wrong codes in a row, of one address. */
export async function failuresOf(
  keyRing: Pick<KeyRing, 'digest'>,
  { tenantId, audience, addressKey }: Pick<Where, 'tenantId' | 'audience' | 'addressKey'>,
): Promise<CountedWindow> {
  const whom = await keyRing.digest(tenantId, 'wrong codes', `${audience} ${addressKey}`);
  return { name: `wrong codes ${whom}`, max: FAILURES_MAX, windowMs: FAILURES_MS };
}

/**
 * Throws `rate_limited` when a count is full already: a flood costs a look each and no mail is made for it. It counts
 * nothing and promises nothing; `takeRoom` decides.
 */
export async function refuseFull(db: Db, { windows }: Limits, now: number): Promise<void> {
  for (const { name, max } of windows) {
    const { count, closesAt = now } = await lookInto(db, name, now);
    if (count >= max) throw tooMuch(closesAt - now);
  }
}

/** Counts one more mail; throws `rate_limited` when it would be too soon or too many, and then nothing may be stored. */
export async function takeRoom(tx: Tx, { limited, windows, failures }: Limits, now: number): Promise<void> {
  const { limits, withCode } = limited;
  const sends = await readSends(tx, limited, now - DAY_MS);
  const lockedAt = await readLockedAt(tx, limited, now - limits.blockSeconds * SECOND_MS);
  const perHour = withCode ? Math.min(limits.perHour, CODES_PER_HOUR) : limits.perHour;
  const waits = [
    afterLatest(sends, limits.resendSeconds * SECOND_MS, now),
    waitForRoom(
      sends.filter((at) => at > now - HOUR_MS),
      { max: perHour, windowMs: HOUR_MS },
      now,
    ),
    waitForRoom(sends, { max: limits.perDay, windowMs: DAY_MS }, now),
    lockedAt === undefined ? 0 : lockedAt + limits.blockSeconds * SECOND_MS - now,
    failures === undefined ? 0 : await afterFailures(tx, failures, now),
  ];
  const waitMs = Math.max(...waits);
  if (waitMs > 0) throw tooMuch(waitMs);
  const taken = await takeFromAll(tx, windows, now);
  if (!taken.ok) throw tooMuch(taken.retryAt - now);
}

function tooMuch(waitMs: number) {
  return rateLimited('There has been as much mail of this flow as there may be for now.', waitMs);
}

async function afterFailures(tx: Tx, { name, max }: CountedWindow, now: number): Promise<number> {
  const { count, closesAt = now } = await lookInto(tx, name, now);
  return count < max ? 0 : closesAt - now;
}

function afterLatest(sends: readonly number[], waitMs: number, now: number): number {
  const latest = sends.at(-1);
  return latest === undefined ? 0 : latest + waitMs - now;
}
