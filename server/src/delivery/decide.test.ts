/** What an attempt means, as tables and properties: nothing here needs a database or a network. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  classify,
  parseAddress,
  parseReplyLines,
  PHASES,
  type Observation,
  type Phase,
} from '../mail/mail.ts';
import type { Connection } from '../connections/connections.ts';
import type { Choice } from '../routing/routing.ts';
import type { Attempted, RecipientFinding } from './attempt.ts';
import { decide, type Decision } from './decide.ts';
import { HELD_BY_PERSON } from './held.ts';
import type { Letter, LetterRecipient } from './letter.ts';
import type { DeliveryPolicy } from './policy.ts';
import { isPending, PENDING_STATES, RECIPIENT_MOVES, RECIPIENT_STATES, type PendingState } from './states.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const NOW = 1_700_000_000_000;

const POLICY: DeliveryPolicy = {
  mode: 'live',
  allowList: [],
  retry: [MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 6 * HOUR],
  inDoubt: { otp: 'retry', account: 'retry', notification: 'retry', bulk: 'hold' },
  inDoubtWait: { otp: MINUTE, account: 10 * MINUTE, notification: 10 * MINUTE, bulk: 10 * MINUTE },
};

const PRIMARY: Connection = {
  id: 'con_a',
  tenantId: 'ten_1',
  name: 'a',
  settings: { type: 'mailbox', name: 'a', senders: [], priority: 1 },
  status: 'active',
  revision: 1,
  revisionId: 'rev_1',
  draft: undefined,
  trial: undefined,
  version: 1,
  latest: 1,
  paused: false,
  managedBy: 'api',
  secrets: {},
  createdAt: 0,
  updatedAt: 0,
};

function recipient(position: number, changes: Partial<LetterRecipient> = {}): LetterRecipient {
  const parsed = parseAddress(`r${String(position)}@to.example`);
  assert.ok(parsed.ok);
  const { address } = parsed;
  return { position, address, state: 'queued', attempts: 0, nextAt: null, connectionId: null, ...changes };
}

function letterOf(recipients: readonly LetterRecipient[], changes: Partial<Letter> = {}): Letter {
  const from = parseAddress('from@shop.example');
  assert.ok(from.ok);
  return {
    id: 'msg_1',
    tenantId: 'ten_1',
    class: 'notification',
    from: from.address,
    wanted: null,
    createdAt: NOW,
    expiresAt: NOW + 72 * HOUR,
    sizeBytes: 10,
    utf8Headers: false,
    eightBit: false,
    captureOnly: false,
    recipients,
    content: null,
    ...changes,
  };
}

const OPENING: readonly Phase[] = PHASES.slice(0, PHASES.indexOf('mail-from'));
const AT_DOOR = { phase: 'connect' } as const;

interface Setting {
  readonly letter: Letter;
  readonly now?: number;
  readonly tried?: readonly string[];
  readonly another?: boolean;
  readonly policy?: Partial<DeliveryPolicy>;
  readonly random?: number;
}

function decideTried(observations: readonly Observation[], setting: Setting): Decision {
  const served = setting.letter.recipients.slice(0, observations.length);
  const findings = served.map((it, index): RecipientFinding => {
    const observation = observations[index];
    assert.ok(observation !== undefined);
    return { recipient: it, verdict: classify(observation), said: 'said' };
  });
  const atDoor = observations.every(({ phase }) => OPENING.includes(phase));
  const attempted: Attempted = {
    kind: 'tried',
    id: 'att_1',
    connection: PRIMARY,
    startedAt: NOW,
    endedAt: NOW,
    findings,
    report: { results: [], phases: [], transcript: '', ...(atDoor ? { session: AT_DOOR } : {}) },
  };
  return decideAny(attempted, setting);
}

function decideAny(attempted: Attempted, setting: Setting): Decision {
  return decide(attempted, {
    letter: setting.letter,
    now: setting.now ?? NOW,
    policy: { ...POLICY, ...setting.policy },
    tried: setting.tried ?? [],
    another: () => setting.another ?? false,
    world: 'w',
    random: () => setting.random ?? 0.5,
  });
}

const replied = (phase: Phase, code: number, text = 'no'): Observation => ({
  phase,
  reply: parseReplyLines(code, [text]),
});
const dropped = (phase: Phase): Observation => ({
  phase,
  failure: { kind: 'dropped', code: 'ECONNRESET', message: 'gone' },
});
const inDoubt = (): Observation => ({ ...dropped('accepted'), inDoubt: true });
const ended = (kind: 'lease' | 'stopped'): Observation => ({
  phase: 'data',
  failure: { kind, code: kind.toUpperCase(), message: 'ours' },
});

const states = ({ changes }: Decision): string[] => changes.map(({ state }) => state);
const isFailover = ({ job }: Decision): boolean => job.kind === 'again' && job.tried.length > 0;

/** R7: what becomes of one recipient, by phase and what happened there, when another connection could take it. */
const MATRIX: Readonly<Record<Phase, readonly [on4xx: string, on5xx: string, onDrop: string]>> = {
  settings: ['elsewhere', 'elsewhere', 'elsewhere'],
  token: ['elsewhere', 'elsewhere', 'elsewhere'],
  dns: ['elsewhere', 'elsewhere', 'elsewhere'],
  connect: ['elsewhere', 'elsewhere', 'elsewhere'],
  greeting: ['elsewhere', 'elsewhere', 'elsewhere'],
  ehlo: ['elsewhere', 'elsewhere', 'elsewhere'],
  tls: ['elsewhere', 'elsewhere', 'elsewhere'],
  'ehlo-tls': ['elsewhere', 'elsewhere', 'elsewhere'],
  auth: ['elsewhere', 'elsewhere', 'elsewhere'],
  'mail-from': ['elsewhere', 'failed', 'elsewhere'],
  'rcpt-to': ['waits', 'failed', 'elsewhere'],
  data: ['elsewhere', 'failed', 'elsewhere'],
  accepted: ['elsewhere', 'failed', 'pinned'],
};

test('R7: another connection takes over only where the message surely was not taken', () => {
  for (const phase of PHASES) {
    const lost = phase === 'accepted' ? inDoubt() : dropped(phase);
    const observations = [replied(phase, 451), replied(phase, 554), lost];
    observations.forEach((observation, column) => {
      const letter = letterOf([recipient(0)]);
      const decision = decideTried([observation], { letter, another: true });
      const [state] = states(decision);
      const found = isFailover(decision)
        ? 'elsewhere'
        : state === 'in_doubt'
          ? 'pinned'
          : state === 'failed'
            ? 'failed'
            : 'waits';
      const where = `${phase}, column ${String(column)}`;
      assert.equal(found, MATRIX[phase][column], where);
      if (found === 'elsewhere') {
        assert.deepEqual(decision.job, { kind: 'again', dueAt: NOW, tried: ['con_a'] }, where);
        assert.equal(
          decision.changes[0]?.attempts,
          0,
          `${where}: a move to another connection uses up no try`,
        );
      }
      const alone = decideTried([observation], { letter, another: false });
      assert.ok(!isFailover(alone), where);
      if (found === 'failed') assert.deepEqual(alone.job, { kind: 'done' }, where);
    });
  }
});

test('R2, C2: what concerns the connection never counts and never fails a message, however often', () => {
  for (const phase of OPENING) {
    for (const observation of [
      replied(phase, 421),
      replied(phase, 454),
      replied(phase, 535),
      replied(phase, 554),
      dropped(phase),
    ]) {
      for (const attempts of [0, 1, 50]) {
        const it = recipient(0, { attempts, state: 'deferred' });
        const [change] = decideTried([observation], { letter: letterOf([it]) }).changes;
        assert.equal(change?.attempts, attempts, `${phase} ${JSON.stringify(observation)}`);
        assert.ok(change?.state === 'deferred' || change?.state === 'held', change?.state);
      }
    }
  }
});

test('R2: nobody’s mail can go this way: held, and the next look finds who else could, and who holds it', () => {
  const letter = letterOf([recipient(0)]);
  const wrongPassword = decideTried([replied('auth', 535)], { letter });
  assert.deepEqual(states(wrongPassword), ['held']);
  assert.deepEqual(wrongPassword.job, { kind: 'again', dueAt: NOW, tried: [] });
  assert.equal(wrongPassword.event?.type, 'held');
  const afterOthers = decideTried([replied('auth', 535)], { letter, tried: ['con_b'] });
  assert.ok(afterOthers.job.kind === 'again' && afterOthers.job.dueAt > NOW, 'not round and round at once');
});

test('R2: a sender whom the server refuses is held for itself, not tried again and again', () => {
  const refused = replied('mail-from', 553, '5.7.1 Sender address rejected: not owned by user');
  const one = decideTried([refused], { letter: letterOf([recipient(0)]) });
  assert.deepEqual(states(one), ['held']);
  assert.deepEqual(one.job, { kind: 'hold', by: 'refused:con_a@w', until: NOW + HOUR, tried: [] });

  const doubtful = recipient(0, { state: 'in_doubt', connectionId: 'con_a' });
  const repeat = decideTried([refused], { letter: letterOf([doubtful]) });
  assert.deepEqual(states(repeat), ['in_doubt']);
  assert.equal(repeat.job.kind, 'hold');

  const mixed = decideTried([replied('rcpt-to', 553, '5.7.1 not owned by user'), replied('rcpt-to', 451)], {
    letter: letterOf([recipient(0), recipient(1)]),
  });
  assert.deepEqual(states(mixed), ['held', 'deferred']);
  assert.ok(mixed.job.kind === 'again' && mixed.job.dueAt >= NOW + 40 * SECOND, JSON.stringify(mixed.job));
});

test('R10: our own command is not understood: once more, then failed', () => {
  const refusal = replied('mail-from', 501, 'Syntax error');
  const first = decideTried([refusal], { letter: letterOf([recipient(0)]) });
  assert.deepEqual(states(first), ['deferred']);
  const again = recipient(0, { state: 'deferred', attempts: first.changes[0]?.attempts ?? 0 });
  const second = decideTried([refusal], { letter: letterOf([again]) });
  assert.deepEqual(states(second), ['failed']);
  assert.deepEqual(second.job, { kind: 'done' });
});

test('a full mailbox is not waited for as long as the message lives', () => {
  const full = replied('rcpt-to', 452, '4.2.2 mailbox full');
  const early = decideTried([full], { letter: letterOf([recipient(0)]), now: NOW + 47 * HOUR });
  assert.deepEqual(states(early), ['deferred']);
  const late = decideTried([full], { letter: letterOf([recipient(0)]), now: NOW + 49 * HOUR });
  assert.deepEqual(states(late), ['failed']);
});

test('R1: the schedule, ± 20 %, its last wait repeated until the message expires', () => {
  const lifetime = 5 * 24 * HOUR;
  for (const random of [0, 0.5, 0.999]) {
    let it = recipient(0);
    const tries: number[] = [];
    for (let now = NOW; now < NOW + lifetime;) {
      tries.push(now);
      const letter = letterOf([it], { expiresAt: NOW + lifetime });
      const decision = decideTried([replied('rcpt-to', 451)], { letter, now, random });
      const [change] = decision.changes;
      assert.ok(decision.job.kind === 'again' && change !== undefined);
      const wait = decision.job.dueAt - now;
      const planned = POLICY.retry[Math.min(tries.length, POLICY.retry.length) - 1] ?? 0;
      const isLast = decision.job.dueAt === NOW + lifetime;
      assert.ok(
        isLast || (wait >= planned * 0.8 - 1 && wait <= planned * 1.2 + 1),
        `${String(wait)} for ${String(planned)}`,
      );
      it = recipient(0, { state: 'deferred', attempts: change.attempts, nextAt: change.nextAt });
      now = decision.job.dueAt;
    }
    const [least, most] = random === 0.5 ? [24, 28] : [22, 33];
    assert.ok(tries.length >= least && tries.length <= most, `${String(tries.length)} tries`);
  }
});

test('R1: a wait that the server asks for is kept when it is longer than ours', () => {
  const decision = decideTried([replied('rcpt-to', 451, '4.7.1 Greylisted, try again in 10 minutes')], {
    letter: letterOf([recipient(0)]),
  });
  assert.deepEqual(decision.job, { kind: 'again', dueAt: NOW + 10 * MINUTE, tried: [] });
});

test('R9: a line that breaks for this message again and again is tried less and less often', () => {
  const wait = (ageMs: number): number => {
    const { job } = decideTried([dropped('rcpt-to')], { letter: letterOf([recipient(0)]), now: NOW + ageMs });
    assert.ok(job.kind === 'again');
    return job.dueAt - NOW - ageMs;
  };
  assert.equal(wait(0), 30 * SECOND);
  assert.equal(wait(HOUR), HOUR / 8);
  assert.equal(wait(24 * HOUR), 15 * MINUTE);
});

test('Q5: in doubt waits and goes again the same way; the second time, and where the class says so, a person decides', () => {
  const first = decideTried([inDoubt()], { letter: letterOf([recipient(0)]), another: true });
  assert.deepEqual(first.job, { kind: 'again', dueAt: NOW + 10 * MINUTE, tried: [] });
  assert.equal(first.changes[0]?.connectionId, 'con_a');

  const otp = decideTried([inDoubt()], { letter: letterOf([recipient(0)], { class: 'otp' }) });
  assert.ok(otp.job.kind === 'again' && otp.job.dueAt === NOW + MINUTE);

  const repeated = letterOf([recipient(0, { state: 'in_doubt', connectionId: 'con_a' })]);
  const toPerson = { kind: 'hold', by: HELD_BY_PERSON, until: repeated.expiresAt, tried: [] };
  assert.deepEqual(decideTried([inDoubt()], { letter: repeated }).job, toPerson, 'no third copy by itself');
  assert.deepEqual(
    decideTried([inDoubt()], { letter: letterOf([recipient(0)], { class: 'bulk' }) }).job,
    toPerson,
  );
});

test('Q5: a repeat that fails leaves the first try in doubt', () => {
  const doubtful = recipient(0, { state: 'in_doubt', connectionId: 'con_a' });
  for (const observation of [
    dropped('connect'),
    replied('rcpt-to', 451),
    replied('auth', 535),
    ended('lease'),
  ]) {
    assert.deepEqual(states(decideTried([observation], { letter: letterOf([doubtful]) })), ['in_doubt']);
  }
  assert.deepEqual(states(decideTried([replied('rcpt-to', 550)], { letter: letterOf([doubtful]) })), [
    'failed',
  ]);
});

test('Q11: what expires unsent says so; what is in doubt may have arrived and stays in doubt', () => {
  const recipients = [recipient(0), recipient(1, { state: 'in_doubt' }), recipient(2, { state: 'held' })];
  const decision = decideAny({ kind: 'expired', recipients }, { letter: letterOf(recipients) });
  assert.deepEqual(
    decision.changes.map(({ position, state }) => [position, state]),
    [
      [0, 'expired'],
      [2, 'expired'],
    ],
  );
  assert.deepEqual(decision.job, { kind: 'done' });
  const all = [recipient(0, { state: 'in_doubt' })];
  assert.equal(decideAny({ kind: 'expired', recipients: all }, { letter: letterOf(all) }).event, undefined);
});

test('Q11: nothing is planned beyond the lifetime', () => {
  const letter = letterOf([recipient(0)], { expiresAt: NOW + 10 * SECOND });
  const observations = [
    replied('rcpt-to', 451),
    dropped('connect'),
    inDoubt(),
    replied('mail-from', 553, '5.7.1 not owned by user'),
  ];
  const decisions = observations.map((observation) => decideTried([observation], { letter }));
  const choice: Choice & { kind: 'none' } = {
    kind: 'none',
    reason: 'no_connection',
    waitsFor: [],
    considered: [],
  };
  decisions.push(
    decideAny({ kind: 'paced', waitMs: HOUR }, { letter }),
    decideAny({ kind: 'unroutable', recipients: letter.recipients, choice }, { letter }),
    decideAny(
      { kind: 'unroutable', recipients: letter.recipients, choice: { ...choice, reason: 'all_tried' } },
      { letter },
    ),
  );
  for (const { job } of decisions) {
    const at = job.kind === 'again' ? job.dueAt : job.kind === 'hold' ? job.until : Infinity;
    assert.ok(at <= letter.expiresAt, JSON.stringify(job));
  }
});

test('no way out: held under what it waits for, told once', () => {
  const choice = (waitsFor: readonly string[]): Choice & { kind: 'none' } => ({
    kind: 'none',
    reason: waitsFor.length === 0 ? 'no_connection' : 'connection_unusable',
    waitsFor,
    considered: waitsFor.map((connection) => ({ connection, verdict: 'passed over', why: 'is paused' })),
  });
  const recipients = [recipient(0), recipient(1, { state: 'in_doubt', connectionId: 'con_a' })];
  const letter = letterOf(recipients);
  const first = decideAny({ kind: 'unroutable', recipients, choice: choice(['con_b', 'con_a']) }, { letter });
  assert.deepEqual(first.job, { kind: 'hold', by: 'connection:con_a+con_b@w', until: NOW + HOUR, tried: [] });
  assert.deepEqual(
    first.changes.map(({ position, state }) => [position, state]),
    [[0, 'held']],
  );
  assert.equal(first.event?.type, 'held');

  const again = decideAny(
    { kind: 'unroutable', recipients: [recipient(0, { state: 'held' })], choice: choice([]) },
    {
      letter: letterOf([
        recipient(0, { state: 'held' }),
        recipient(1, { state: 'deferred', nextAt: NOW + MINUTE }),
      ]),
    },
  );
  assert.equal(again.event, undefined);
  assert.deepEqual(
    again.job,
    { kind: 'hold', by: 'route@w', until: NOW + MINUTE, tried: [] },
    'the other recipient has its time',
  );
});

test('ended by ourselves: nothing changes, nothing counts, and it goes again at once', () => {
  for (const state of ['queued', 'scheduled', 'deferred', 'held'] as const) {
    const decision = decideTried([ended('stopped')], {
      letter: letterOf([recipient(0, { state, attempts: 3 })]),
      another: true,
    });
    assert.deepEqual(states(decision), [state]);
    assert.equal(decision.changes[0]?.attempts, 3);
    assert.deepEqual(decision.job, { kind: 'again', dueAt: NOW, tried: [] });
  }
});

test('the server wants fewer recipients at once: the others follow at once, and it is no try of theirs', () => {
  const letter = letterOf([recipient(0), recipient(1)]);
  const decision = decideTried(
    [replied('accepted', 250), replied('rcpt-to', 452, '4.5.3 Too many recipients')],
    { letter, another: true },
  );
  assert.deepEqual(states(decision), ['accepted', 'deferred']);
  assert.equal(decision.changes[1]?.attempts, 0);
  assert.deepEqual(decision.job, { kind: 'again', dueAt: NOW, tried: [] });
});

test('captured: only the captured ones are done, the others go on', () => {
  const recipients = [recipient(0), recipient(1)];
  const decision = decideAny(
    { kind: 'captured', recipients: recipients.slice(0, 1), by: 'not on the allow list' },
    { letter: letterOf(recipients) },
  );
  assert.deepEqual(states(decision), ['captured']);
  assert.deepEqual(decision.job, { kind: 'again', dueAt: NOW, tried: [] });
});

const observation: fc.Arbitrary<Observation> = fc.oneof(
  fc
    .tuple(fc.constantFrom(...PHASES), fc.constantFrom(250, 421, 450, 451, 452, 501, 535, 550, 552, 554))
    .map(([phase, code]) => replied(code === 250 ? 'accepted' : phase, code)),
  fc.constantFrom(...PHASES.filter((phase) => phase !== 'accepted')).map(dropped),
  fc.constant(inDoubt()),
  fc.constantFrom('lease' as const, 'stopped' as const).map(ended),
  fc.constant(replied('rcpt-to', 553, '5.7.1 not owned by user')),
);
const pending = fc.record({
  state: fc.constantFrom<PendingState>(...PENDING_STATES),
  attempts: fc.integer({ min: 0, max: 9 }),
  nextAt: fc.option(fc.integer({ min: NOW - HOUR, max: NOW + HOUR })),
});

test('Q8, Q1: any mix of results: every recipient in one legal state, an accepted one is never tried again, nothing pending is forgotten', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(pending, observation), { minLength: 1, maxLength: 6 }),
      fc.array(pending, { maxLength: 3 }),
      fc.boolean(),
      fc.constantFrom('otp' as const, 'notification' as const, 'bulk' as const),
      (served, untouched, another, kind) => {
        const recipients = [...served.map(([it]) => it), ...untouched].map((it, position) =>
          recipient(position, { ...it, connectionId: it.state === 'in_doubt' ? 'con_a' : null }),
        );
        const letter = letterOf(recipients, { class: kind });
        const { changes, job } = decideTried(
          served.map(([, seen]) => seen),
          { letter, another },
        );
        assert.deepEqual(
          changes.map(({ position }) => position),
          served.map((_, position) => position),
        );
        for (const change of changes) {
          const before = recipients[change.position]?.state ?? 'queued';
          assert.ok(
            change.state === before || RECIPIENT_MOVES[before].includes(change.state),
            `${before} → ${change.state}`,
          );
          assert.ok(change.attempts >= (recipients[change.position]?.attempts ?? 0));
          if (before === 'in_doubt')
            assert.ok(
              ['in_doubt', 'accepted', 'failed'].includes(change.state),
              'in doubt until it is decided',
            );
          if (change.state === 'accepted') assert.equal(change.nextAt, null);
          if (isPending(change.state)) assert.ok(change.nextAt !== null && change.nextAt <= letter.expiresAt);
        }
        const open = [...changes, ...recipients.slice(served.length)].filter(({ state }) => isPending(state));
        assert.equal(job.kind === 'done', open.length === 0, 'a job while anybody waits, and no longer');
        if (job.kind === 'again') assert.ok(job.dueAt <= letter.expiresAt);
        if (job.kind === 'hold') assert.ok(job.until <= letter.expiresAt);
        // A hold must not keep anybody waiting who has a time of his own.
        if (job.kind === 'hold')
          for (const it of open) assert.ok(it.state === 'held' || it.state === 'in_doubt', it.state);
      },
    ),
    { numRuns: 10_000 },
  );
});

test('Q1: the schema’s CHECK names the states of the table, in its order', () => {
  const schema = readFileSync(new URL('../store/0001-engine.ts', import.meta.url), 'utf8');
  const [, list = ''] = /RECIPIENT_STATES = sql`state in \(([^)]*)\)`/.exec(schema) ?? [];
  const names = [...list.matchAll(/'(\w+)'/g)].map(([, name = '']) => name);
  assert.deepEqual(names.toSorted(), Object.keys(RECIPIENT_STATES).toSorted());
  for (const [from, moves] of Object.entries(RECIPIENT_MOVES)) {
    for (const to of moves) assert.ok(to in RECIPIENT_STATES, `${from} → ${to}`);
  }
});
