/**
 * Counting what tenants send over the connections of the instance, in the transaction that accepts it: what does not fit
 * is refused, and the marks of the month are told once. A tenant without limits costs nothing here.
 * Next: ../tenants/limits.ts
 */
import type { NewEvent } from '../events/events.ts';
import { problem, rateLimited, wholeSeconds } from '../http/http.ts';
import { lookInto, takeFrom, type CountedWindow, type Tx } from '../store/store.ts';
import { marksAt, markWindow, type TenantLimits } from '../tenants/tenants.ts';

/** Messages of one request that count, and what their tenant is held to. */
export interface Counted {
  readonly tenantId: string;
  readonly messages: number;
  readonly limits: TenantLimits;
}

/** What a request does not fit into. */
export interface Over {
  readonly window: CountedWindow;
  readonly monthly: boolean;
  readonly month: string;
  /** Epoch ms. */
  readonly retryAt: number;
}

/** Answers, in order, what each does not fit into; and what is to be told. */
export async function countSent(
  tx: Tx,
  wanted: readonly (Counted | undefined)[],
  now: number,
): Promise<{ readonly over: readonly (Over | undefined)[]; readonly events: readonly NewEvent[] }> {
  const over = new Array<Over | undefined>(wanted.length).fill(undefined);
  const events: NewEvent[] = [];
  const counted = wanted.flatMap((item, index) => (item === undefined ? [] : [{ ...item, index }]));
  const tenants = Map.groupBy(counted, ({ tenantId }) => tenantId);
  // In the order of the windows' names, as everywhere, so that two nodes never wait for each other.
  for (const [tenantId, members] of [...tenants].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [first] = members;
    if (first === undefined) continue;
    const all = { ...first, messages: members.reduce((sum, { messages }) => sum + messages, 0) };
    const together = await take(tx, all, now, events);
    if (together === undefined) continue;
    for (const one of members)
      over[one.index] = members.length === 1 ? together : await take(tx, { ...one, tenantId }, now, events);
  }
  return { over, events };
}

/** Takes them from every window, or from none. */
async function take(tx: Tx, counted: Counted, now: number, events: NewEvent[]): Promise<Over | undefined> {
  const { messages, limits } = counted;
  const { monthly, month } = limits;
  const windows = [...(monthly === undefined ? [] : [monthly]), ...limits.rate];
  const done: CountedWindow[] = [];
  let inMonth: number | undefined;
  for (const window of windows.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const taken = await takeFrom(tx, window, now, messages);
    if (!taken.ok) {
      // Others of the transaction go on, so what was counted is given back and not rolled back.
      for (const earlier of done) await takeFrom(tx, earlier, now, -messages);
      const isMonth = window === monthly;
      if (isMonth) await tellMarks(tx, counted, (await lookInto(tx, window.name, now)).count, now, events);
      return { window, monthly: isMonth, month: month.name, retryAt: taken.retryAt };
    }
    done.push(window);
    if (window === monthly) inMonth = taken.count;
  }
  if (monthly !== undefined && inMonth !== undefined) {
    const before = marksAt(inMonth - messages, monthly.max);
    if (marksAt(inMonth, monthly.max).length > before.length)
      await tellMarks(tx, counted, inMonth, now, events);
  }
  return undefined;
}

/** Each once a month, whoever comes to it and however the quota changes. */
async function tellMarks(
  tx: Tx,
  { tenantId, limits }: Counted,
  accepted: number,
  now: number,
  events: NewEvent[],
): Promise<void> {
  const { month, monthly } = limits;
  if (monthly === undefined) return;
  for (const mark of marksAt(accepted, monthly.max)) {
    const told = await takeFrom(tx, markWindow(tenantId, month, mark, now), now);
    if (!told.ok) continue;
    const data = { month: month.name, accepted, monthly: monthly.max };
    events.push({ tenantId, subjectId: tenantId, at: now, type: mark, data });
  }
}

/** The refusal of what does not fit. */
export function tooMuch({ window, monthly, month, retryAt }: Over, now: number) {
  const most = `${String(window.max)} messages`;
  if (monthly) {
    return problem('quota_reached', {
      detail: `This tenant may send ${most} in ${month} over the connections of the instance, and this would be more.`,
      retryAfterSeconds: wholeSeconds(retryAt - now),
    });
  }
  const span = `${String(window.windowMs / 1_000)} seconds`;
  return rateLimited(
    `This tenant may send ${most} in ${span} over the connections of the instance, and this would be more.`,
    retryAt - now,
  );
}
