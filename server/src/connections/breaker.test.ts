/** The circuit breaker on a clock that stands still: when it opens, whom it lets try, how it lets mail back in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakeClock, type FakeClock } from '../../test/fake-clock.ts';
import { createBreaker, type Breaker, type Trouble } from './breaker.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const REFUSED = { errorId: 'tcp.refused', detail: 'connect refused', unusable: false, proven: false };
const PASSWORD = { errorId: 'auth.bad_credentials', detail: '535 no', unusable: true, proven: true };
const BLOCKED = { errorId: 'policy.blocklisted', detail: '554 listed', unusable: true, proven: false };

function rig(options: { limitMax?: number; known?: Trouble } = {}) {
  const clock = createFakeClock();
  const states: string[] = [];
  const breaker: Breaker = createBreaker({
    clock,
    limitMax: options.limitMax ?? 20,
    known: options.known,
    changed: (state) => states.push(state),
  });
  return { clock, breaker, states };
}

/** Sends as one would with mail always waiting: tries whenever the breaker lets it. Answers how many tries were made. */
function hammer(
  breaker: Breaker,
  clock: FakeClock,
  forMs: number,
  fails: () => Parameters<Breaker['failed']>[0] | undefined,
): number {
  let tries = 0;
  for (let at = 0; at <= forMs; at += SECOND) {
    while (breaker.accepts && breaker.admit()) {
      const failure = fails();
      if (failure === undefined) {
        breaker.passed();
        break;
      }
      tries += 1;
      breaker.failed(failure);
    }
    clock.advance(SECOND);
  }
  return tries;
}

test('R3: five failures in a row open it, and one message that gets through in between starts the count anew', () => {
  const { breaker, states } = rig();
  for (let i = 0; i < 4; i += 1) breaker.failed(REFUSED);
  breaker.passed();
  for (let i = 0; i < 4; i += 1) breaker.failed(REFUSED);
  assert.equal(breaker.state, 'closed');
  breaker.failed(REFUSED);
  assert.equal(breaker.state, 'open');
  assert.equal(breaker.accepts, false);
  assert.equal(breaker.admit(), false);
  assert.deepEqual(states, ['open']);
  assert.deepEqual(breaker.trouble && [breaker.trouble.errorId, breaker.trouble.failures], [
    'tcp.refused',
    1,
  ]);
});

test('R3: one proof that nobody’s mail can go opens it at once', () => {
  const { breaker } = rig();
  breaker.failed(PASSWORD);
  assert.equal(breaker.state, 'open');
});

test('R3: what a server says of everybody in answer to one message must be said five times in a row', () => {
  const { breaker, clock } = rig();
  for (let i = 0; i < 100; i += 1) {
    breaker.failed(BLOCKED);
    breaker.passed();
  }
  assert.equal(breaker.state, 'closed', 'one message that is always refused does not stop the others');
  for (let i = 0; i < 5; i += 1) breaker.failed(BLOCKED);
  assert.equal(breaker.state, 'open');
  clock.advance(5 * MINUTE - 1);
  assert.equal(breaker.state, 'open', 'it does not pass by itself: the slow waits');
});

test('R3: half-open admits one message; its success closes, its failure opens for longer', () => {
  const { breaker, clock, states } = rig();
  for (let i = 0; i < 5; i += 1) breaker.failed(REFUSED);
  const waits = [15, 30, 60, 120, 300, 300].map((seconds) => seconds * SECOND);
  for (const wait of waits) {
    clock.advance(wait - 1);
    assert.equal(breaker.state, 'open');
    clock.advance(1);
    assert.equal(breaker.state, 'half-open');
    assert.equal(breaker.accepts, true);
    assert.equal(breaker.admit(), true);
    assert.equal(breaker.accepts, false);
    assert.equal(breaker.admit(), false, 'one probe at a time');
    breaker.failed(REFUSED);
    assert.equal(breaker.state, 'open');
  }
  clock.advance(300 * SECOND);
  breaker.admit();
  breaker.passed();
  assert.equal(breaker.state, 'closed');
  assert.equal(breaker.trouble, undefined);
  assert.equal(breaker.admit() && breaker.admit(), true);
  assert.equal(states.filter((state) => state === 'half-open').length, 7);
  assert.equal(states.at(-1), 'closed');
  assert.equal(clock.timers(), 0);
});

test('R3: a probe that was not used leaves its place to another message', () => {
  const { breaker, clock } = rig();
  breaker.failed(PASSWORD);
  clock.advance(5 * MINUTE);
  assert.ok(breaker.admit());
  breaker.unused();
  assert.equal(breaker.accepts, true);
  assert.ok(breaker.admit());
});

test('R3: stragglers change nothing: what was on its way when it opened neither closes it nor counts', () => {
  const { breaker, clock } = rig();
  for (let i = 0; i < 5; i += 1) breaker.failed(REFUSED);
  for (let i = 0; i < 50; i += 1) {
    breaker.passed();
    breaker.failed(PASSWORD);
  }
  assert.equal(breaker.state, 'open');
  assert.equal(breaker.limit, 1);
  clock.advance(15 * SECOND);
  assert.equal(breaker.state, 'half-open');
});

test('R3: lines 1, 2, 4 … up to the limit; after trouble from 1 again', () => {
  const { breaker, clock } = rig({ limitMax: 20 });
  const limits = [breaker.limit];
  for (let i = 0; i < 100; i += 1) {
    breaker.passed();
    if (breaker.limit !== limits.at(-1)) limits.push(breaker.limit);
  }
  assert.deepEqual(limits, [1, 2, 4, 8, 16, 20]);
  for (let i = 0; i < 5; i += 1) breaker.failed(REFUSED);
  assert.equal(breaker.limit, 1);
  clock.advance(15 * SECOND);
  breaker.admit();
  breaker.passed();
  assert.equal(breaker.limit, 2);
});

test('R4: a server that wants fewer lines gets one fewer each time, and one more a minute later', () => {
  const { breaker, clock } = rig({ limitMax: 16 });
  for (let i = 0; i < 31; i += 1) breaker.passed();
  assert.equal(breaker.limit, 16);
  for (let i = 0; i < 10; i += 1) breaker.crowded();
  assert.equal(breaker.limit, 6);
  for (let i = 0; i < 100; i += 1) breaker.passed();
  assert.equal(breaker.limit, 6);
  clock.advance(MINUTE);
  for (let i = 0; i < 100; i += 1) breaker.passed();
  assert.equal(breaker.limit, 7);
  assert.equal(breaker.state, 'closed');
});

test('R4: a crowded server is not a dead one: such a probe closes it, with one line', () => {
  const { breaker, clock } = rig();
  for (let i = 0; i < 5; i += 1) breaker.failed(REFUSED);
  clock.advance(15 * SECOND);
  breaker.admit();
  breaker.crowded();
  assert.equal(breaker.state, 'closed');
  assert.equal(breaker.limit, 1);
});

test('R2: a wrong password is tried at most six times in the first hour', () => {
  const { breaker, clock } = rig();
  assert.ok(hammer(breaker, clock, 60 * MINUTE, () => PASSWORD) <= 6);
});

test('R3: a server that is dead for ten minutes is dialled at most forty times, and found soon after', () => {
  const { breaker, clock } = rig();
  const tries = hammer(breaker, clock, 10 * MINUTE, () => REFUSED);
  assert.ok(tries <= 40, String(tries));
  assert.ok(tries >= 8, String(tries));
  hammer(breaker, clock, 5 * MINUTE, () => undefined);
  assert.equal(breaker.state, 'closed');
});

test('a wait that the server named is kept', () => {
  const { breaker, clock } = rig();
  breaker.failed({ ...PASSWORD, retryAfterMs: 7 * MINUTE });
  clock.advance(7 * MINUTE - 1);
  assert.equal(breaker.state, 'open');
  clock.advance(1);
  assert.equal(breaker.state, 'half-open');
});

test('trouble of an earlier process: open from the start, a probe within five minutes, waits that go on', () => {
  const now = createFakeClock().now();
  const known = {
    errorId: 'x.y',
    detail: 'no',
    since: now - MINUTE,
    failures: 3,
    nextProbeAt: now + 60 * MINUTE,
  };
  const { breaker, clock, states } = rig({ known });
  assert.equal(breaker.state, 'open');
  assert.deepEqual(states, [], 'it was open before');
  assert.equal(breaker.trouble?.since, now - MINUTE);
  clock.advance(5 * MINUTE);
  assert.equal(breaker.state, 'half-open');
  breaker.admit();
  breaker.failed(PASSWORD);
  assert.equal(breaker.trouble?.failures, 4);
  assert.equal(breaker.trouble?.since, now - MINUTE);
});

test('a probe whose time passed while no process ran is due at once', () => {
  const now = createFakeClock().now();
  const { breaker, clock } = rig({
    known: { errorId: 'x', detail: '', since: 1, failures: 1, nextProbeAt: now - 1 },
  });
  clock.advance(0);
  assert.equal(breaker.state, 'half-open');
});

test('stopped, it sets no timers and tells nobody', () => {
  const { breaker, clock, states } = rig();
  breaker.failed(PASSWORD);
  breaker.stop();
  assert.equal(clock.timers(), 0);
  const other = rig();
  other.breaker.stop();
  other.breaker.failed(PASSWORD);
  assert.equal(other.clock.timers(), 0);
  assert.deepEqual(other.states, []);
  assert.deepEqual(states, ['open']);
});
