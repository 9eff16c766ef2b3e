/** The choice of a connection: its order, its reasons, and that it never takes one that may not be taken. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseAddress, type Address } from '../mail/mail.ts';
import { chooseConnection, type Candidate, type Choice, type RouteRequest } from './routing.ts';

function address(text: string): Address {
  const parsed = parseAddress(text);
  assert.ok(parsed.ok, text);
  return parsed.address;
}

const FROM = address('Orders@Shop.example');

function candidate(name: string, changes: Partial<Candidate> = {}): Candidate {
  return { id: `con_${name}`, name, priority: 100, senders: [], ...changes };
}

function choose(candidates: readonly Candidate[], changes: Partial<RouteRequest> = {}): Choice {
  return chooseConnection({ from: FROM, tried: [], ...changes }, candidates);
}

const chosenName = (choice: Choice): string | undefined =>
  choice.kind === 'chosen' ? choice.candidate.name : undefined;
const reason = (choice: Choice): string => (choice.kind === 'none' ? choice.reason : 'chosen');
const sentences = (choice: Choice): string[] =>
  choice.considered.map(({ connection, verdict, why }) => `${connection} ${verdict}: ${why}`);

const CLOSED = { closed: { why: 'cannot send: 535 no', errorId: 'auth.bad_credentials' } };

test('the lowest priority is taken, the first name among equals, whatever the order given', () => {
  const all = [
    candidate('b', { priority: 5 }),
    candidate('c', { priority: 1 }),
    candidate('a', { priority: 5 }),
  ];
  assert.equal(chosenName(choose(all)), 'c');
  assert.equal(chosenName(choose(all.toReversed())), 'c');
  assert.equal(chosenName(choose([all[0], all[2]].filter((it) => it !== undefined))), 'a');
});

test('allowed senders: an address, a domain, without regard to case; none means any', () => {
  const can = (...senders: string[]): boolean => choose([candidate('a', { senders })]).kind === 'chosen';
  assert.ok(can());
  assert.ok(can('orders@shop.example'));
  assert.ok(can('ORDERS@SHOP.EXAMPLE'));
  assert.ok(can('@shop.example'));
  assert.ok(can('@Shop.Example'));
  assert.ok(can('other@shop.example', '@shop.example'));
  assert.ok(!can('other@shop.example'));
  assert.ok(!can('@example'), 'a parent domain is another domain');
  assert.ok(!can('@sub.shop.example'));
  assert.ok(!can('shop.example'));
});

test('allowed senders may be written in their own script', () => {
  const from = address('a@bücher.example');
  assert.equal(choose([candidate('a', { senders: ['@bücher.example'] })], { from }).kind, 'chosen');
  assert.equal(choose([candidate('a', { senders: ['A@BÜCHER.example'] })], { from }).kind, 'chosen');
  assert.equal(choose([candidate('a', { senders: ['@bucher.example'] })], { from }).kind, 'none');
});

test('what the caller asks for is taken by id or by name, and no other in its place', () => {
  const all = [candidate('a', { priority: 1 }), candidate('b')];
  assert.equal(chosenName(choose(all, { wanted: 'b' })), 'b');
  assert.equal(chosenName(choose(all, { wanted: 'con_b' })), 'b');
  assert.equal(reason(choose(all, { wanted: 'c' })), 'unknown_connection');
  const closed = choose([candidate('a'), candidate('b', CLOSED)], { wanted: 'b' });
  assert.equal(reason(closed), 'connection_unusable');
});

test('Q5: one that is in doubt goes back to its own connection or nowhere', () => {
  const all = [candidate('a', { priority: 1 }), candidate('b')];
  assert.equal(chosenName(choose(all, { pinned: 'con_b' })), 'b');
  assert.equal(
    reason(choose([candidate('a'), candidate('b', CLOSED)], { pinned: 'con_b' })),
    'connection_unusable',
  );
  assert.equal(reason(choose([candidate('a')], { pinned: 'con_gone' })), 'no_connection');
});

test('each reason for none, and what the message then waits for', () => {
  assert.deepEqual(choose([]), { kind: 'none', reason: 'no_connection', waitsFor: [], considered: [] });
  assert.equal(reason(choose([candidate('a', { senders: ['@other.example'] })])), 'sender_not_allowed');
  const closed = choose([
    candidate('b', CLOSED),
    candidate('a', CLOSED),
    candidate('c', { senders: ['@x.y'] }),
  ]);
  assert.ok(closed.kind === 'none');
  assert.equal(closed.reason, 'connection_unusable');
  assert.deepEqual(
    closed.waitsFor,
    ['con_a', 'con_b'],
    'any of them would help, the sender’s list would not',
  );
  assert.equal(reason(choose([candidate('a')], { tried: ['con_a'] })), 'all_tried');
});

test('R7: one that failed a moment ago is worth a second try sooner than one that cannot send at all', () => {
  const choice = choose([candidate('a'), candidate('b', CLOSED)], { tried: ['con_a'] });
  assert.ok(choice.kind === 'none');
  assert.equal(choice.reason, 'all_tried');
  assert.deepEqual(choice.waitsFor, ['con_b']);
});

test('every connection gets its sentence, in the order of rank', () => {
  const all = [
    candidate('d'),
    candidate('c', { priority: 3, senders: ['@other.example'] }),
    candidate('b', { priority: 2, ...CLOSED }),
    candidate('a', { priority: 1 }),
    candidate('e'),
  ];
  assert.deepEqual(sentences(choose(all, { tried: ['con_a'] })), [
    'a passed over: failed for this message a moment ago',
    'b passed over: cannot send: 535 no',
    'c passed over: may not send as Orders@shop.example',
    'd chosen: first by priority (100)',
    'e in reserve: next by priority (100)',
  ]);
  assert.deepEqual(sentences(choose([candidate('a'), candidate('b')], { wanted: 'b' })), [
    'a passed over: the message asks for b',
    'b chosen: the message asks for it',
  ]);
  assert.deepEqual(sentences(choose([candidate('a'), candidate('b')], { pinned: 'con_b' })), [
    'a passed over: an earlier attempt is in doubt and may only be repeated on its own connection',
    'b chosen: the earlier attempt that is in doubt went this way',
  ]);
});

test('R7: whatever the candidates, none is taken that is closed, tried, not allowed, not wanted or not pinned; and the best is', () => {
  const names = fc.constantFrom('a', 'b', 'c', 'd', 'e');
  const candidates = fc.uniqueArray(
    fc.record({
      name: names,
      priority: fc.integer({ min: 0, max: 2 }),
      senders: fc.constantFrom<readonly string[]>([], ['@shop.example'], ['@other.example']),
      isClosed: fc.boolean(),
    }),
    { selector: ({ name }) => name },
  );
  const request = fc.record({
    wanted: fc.option(names, { nil: undefined }),
    pinned: fc.option(names, { nil: undefined }),
    tried: fc.array(names, { maxLength: 3 }),
  });
  fc.assert(
    fc.property(candidates, request, (written, asked) => {
      const all = written.map(({ isClosed, name, ...rest }) =>
        candidate(name, { ...rest, ...(isClosed ? CLOSED : {}) }),
      );
      const fits = ({ id, name, closed, senders }: Candidate): boolean =>
        closed === undefined &&
        !senders.includes('@other.example') &&
        !asked.tried.some((that) => that === name) &&
        (asked.wanted === undefined || asked.wanted === name) &&
        (asked.pinned === undefined || `con_${asked.pinned}` === id);
      const choice = choose(all, {
        tried: asked.tried.map((name) => `con_${name}`),
        ...(asked.wanted === undefined ? {} : { wanted: asked.wanted }),
        ...(asked.pinned === undefined ? {} : { pinned: `con_${asked.pinned}` }),
      });
      const best = all
        .filter(fits)
        .toSorted((a, b) => a.priority - b.priority || a.name.localeCompare(b.name))[0];
      assert.equal(chosenName(choice), best?.name);
      assert.equal(choice.considered.length, all.length);
      assert.equal(choice.considered.filter(({ verdict }) => verdict === 'chosen').length, best ? 1 : 0);
    }),
    { numRuns: 2_000 },
  );
});
