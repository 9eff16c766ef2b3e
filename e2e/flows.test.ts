/**
 * An application registers 500 people over HTTP while its relay defers, drops and stalls: each gets one code and one link
 * that count, none of them late, and none counts twice.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from './child.ts';
import { startRecordingSink, type Arrival } from './recording-sink.ts';
import { toml } from './toml.ts';
import { cleanupOf, startWorld, type World } from './world.ts';

const PEOPLE = 500;
/** Their relay defers until the code is too old. */
const LATE_PEOPLE = 20;
const CALLERS = 25;
const TIMEOUTS = '[connections.timeouts]\ndata_ms = 2000\n[connections.pool]\nconnections = 20\n';
const TENANT = '[[tenants]]\nslug = "late"\n';
const IN_DOUBT = {
  POSTHORN_DELIVERY__IN_DOUBT_WAIT__OTP: '1s',
  POSTHORN_DELIVERY__IN_DOUBT_WAIT__ACCOUNT: '1s',
};
const CODE = 'one-time-code';
const LINK = 'activation';

interface Shown {
  readonly id: string;
  readonly to: string;
  readonly messageId: string;
  readonly expiresAt: string;
}

const person = (index: number): string => `p${String(index)}@example.net`;
const indexOf = (address: string): number => Number(/\d+/.exec(address)?.[0]);
const secretIn = ({ content }: Arrival): string | undefined =>
  /Your code: (\d{6})/.exec(content)?.[1] ??
  /[?]t=(?:3D)?([\w-]{43})/.exec(content.replaceAll('=\r\n', '').replaceAll('=3D', '='))?.[1];

/** Runs `work` for each, so many at a time. */
async function forEach<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: CALLERS }, async () => {
      for (let at = next++; at < items.length; at = next++) results[at] = await work(items[at] as T); // at is within
    }),
  );
  return results;
}

/** A relay with a bad day: what it does to somebody the first time depends on who that is. */
async function startBadRelay(): Promise<Awaited<ReturnType<typeof startRecordingSink>>> {
  const seen = new Map<string, number>();
  const count = (what: string): number => {
    const times = (seen.get(what) ?? 0) + 1;
    seen.set(what, times);
    return times;
  };
  return startRecordingSink({
    keep: true,
    answerRecipient(address) {
      if (address.startsWith('late')) return '451 4.3.0 Temporary trouble';
      return indexOf(address) % 5 === 0 && count(`rcpt ${address}`) <= 2
        ? '451 4.3.0 Temporary trouble'
        : '250 2.1.5 Ok';
    },
    answerDot({ recipients: [address = ''] }) {
      const index = indexOf(address);
      if (index % 31 === 1 && count(`drop ${address}`) === 1) return 'drop';
      return index % 61 === 2 && count(`stall ${address}`) === 1 ? 'stall' : '250 2.0.0 Ok';
    },
  });
}

async function issue(
  world: World,
  flow: string,
  to: string,
  headers?: Record<string, string>,
): Promise<Shown> {
  const answer = await world.api('POST', '/verifications', { flow, to, subject: to }, headers);
  assert.equal(answer.status, 202, answer.text);
  return answer.json<Shown>();
}

async function set(world: World, flows: unknown, headers?: Record<string, string>): Promise<void> {
  const answer = await world.api('PATCH', '/settings', { flows }, headers);
  assert.equal(answer.status, 200, answer.text);
}

const statusOf = async (world: World, body: unknown): Promise<string> =>
  (await world.api('POST', '/verifications/check', body)).json<{ status: string }>().status;

test('F1 F7: 500 registrations over a relay that defers, drops and stalls: one code and one link each, none late, none twice', async (t) => {
  const sink = await startBadRelay();
  cleanupOf(t)(() => sink.close());
  const arrivedAt = new Map<Arrival, number>();
  sink.onArrival((arrival) => arrivedAt.set(arrival, Date.now()));
  const connections = [{ name: 'bad', host: '127.0.0.1', port: sink.port }];
  const world = await startWorld(t, toml({ connections, more: TIMEOUTS + TENANT }), { env: IN_DOUBT });
  const many = { resendSeconds: 0, perTenantHour: 10_000 };
  await set(world, { [CODE]: many, [LINK]: { ...many, url: 'https://app.example/start?t={token}' } });
  const asLate = { 'posthorn-tenant': 'late' };
  await set(world, { [CODE]: { lifetimeSeconds: 60 } }, asLate);

  const late = await forEach(
    Array.from({ length: LATE_PEOPLE }, (_, index) => `late${String(index)}@example.net`),
    (to) => issue(world, CODE, to, asLate),
  );
  const people = Array.from({ length: PEOPLE }, (_, index) => index);
  const links = await forEach(people, (index) => issue(world, LINK, person(index)));
  const codes = await forEach(people, (index) => issue(world, CODE, person(index)));
  const renewed = await forEach(people, async (index): Promise<Shown | undefined> => {
    const code = codes[index];
    if (code === undefined || index % 4 !== 0) return code;
    const answer = await world.api('POST', `/verifications/${code.id}/resend`);
    assert.equal(answer.status, 202, answer.text);
    return answer.json<Shown>();
  });

  // Accepted means that the relay said so after the dot: then whatever was to arrive has arrived.
  const wanted = [...links, ...renewed].flatMap((one) => one?.messageId ?? []);
  await forEach(wanted, (id) => world.reaches(id, 'accepted', 60_000));
  const mailed = Map.groupBy(sink.arrivals, ({ recipients: [address = ''] }) => address);

  await forEach(people, async (index) => {
    const secrets = new Set((mailed.get(person(index)) ?? []).flatMap((arrival) => secretIn(arrival) ?? []));
    const tokens = [...secrets].filter((secret) => secret.length === 43);
    const typed = [...secrets].filter((secret) => secret.length === 6);
    assert.equal(tokens.length, 1, `links of ${person(index)}`);
    assert.ok(typed.length >= 1 && typed.length <= 2, `codes of ${person(index)}`);
    const id = codes[index]?.id;
    let approved = 0;
    for (const code of typed) if ((await statusOf(world, { id, code })) === 'approved') approved += 1;
    assert.equal(approved, 1, `one code of ${person(index)} counts`);
    for (const code of typed)
      assert.notEqual(await statusOf(world, { id, code }), 'approved', 'a second time');
    const times = index % 100 === 0 ? 200 : 2;
    const answers = await Promise.all(
      Array.from({ length: times }, () => statusOf(world, { token: tokens[0], flow: LINK })),
    );
    assert.equal(answers.filter((status) => status === 'approved').length, 1, `the link of ${person(index)}`);
  });

  await forEach(late, async ({ messageId }) => {
    const answer = await world.api('GET', `/messages/${messageId}`, undefined, asLate);
    assert.equal(answer.status, 200, answer.text);
  });
  await forEach(late, ({ messageId }) => expired(world, messageId, asLate));
  const expiry = new Map(
    [...links, ...codes, ...renewed].flatMap((one) => (one ? [[one.to, Date.parse(one.expiresAt)]] : [])),
  );
  for (const [arrival, at] of arrivedAt) {
    const [address = ''] = arrival.recipients;
    assert.ok(!address.startsWith('late'), 'nothing came once it was too old');
    assert.ok(at <= (expiry.get(address) ?? 0), address);
  }
  const log = world.home.logs.join('');
  for (const arrival of sink.arrivals)
    assert.ok(!log.includes(secretIn(arrival) ?? '-----'), 'not in the log');
});

/** Waits until the message was given up. */
async function expired(world: World, id: string, headers: Record<string, string>): Promise<void> {
  await until(
    `${id} to expire`,
    async () => {
      const shown = (await world.api('GET', `/messages/${id}`, undefined, headers)).json<{ state: string }>();
      return shown.state === 'expired' ? shown : undefined;
    },
    { timeoutMs: 80_000 },
  );
}
