import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { address, mailOf, word } from '../../test/smtp-scene.ts';
import { parseCapabilities } from './capabilities.ts';
import { planEnvelope } from './envelope.ts';
import { beginDot, failTransaction, newTransaction, takeReply, type Transaction } from './transaction.ts';

function begin(recipients: number, pipelined: boolean): Transaction {
  const mail = mailOf({
    recipients: Array.from({ length: recipients }, (_, n) => address(`r${String(n)}@to.test`)),
  });
  const planned = planEnvelope(mail, parseCapabilities({ code: 250, lines: [] }));
  assert.ok(planned.ok);
  return newTransaction(mail, planned.envelope, { pipelined, at: 0, watch: undefined });
}

const say = (tx: Transaction, code: number): string => takeReply(tx, { code, lines: [''] }, 0);
const results = (tx: Transaction): string[] => tx.results.map((result) => word(result));

test('Q8: each recipient ends with its own reply, and only the accepted ones with that of the dot', () => {
  const rcpt = fc.constantFrom(250, 251, 451, 452, 550, 553);
  fc.assert(
    fc.property(
      fc.array(rcpt, { minLength: 1, maxLength: 8 }),
      fc.constantFrom(250, 451, 554),
      fc.boolean(),
      (codes, dot, pipelined) => {
        const tx = begin(codes.length, pipelined);
        assert.equal(say(tx, 250), 'more-replies');
        const taken = codes.filter((code) => code < 300).length;
        const last = codes.map((code) => say(tx, code)).at(-1);
        if (taken === 0) {
          assert.equal(pipelined ? say(tx, 554) : last, 'over');
          assert.deepEqual(results(tx), codes.map(String));
          assert.ok(tx.open, 'the server still holds the MAIL');
          return;
        }
        assert.equal(say(tx, 354), 'body');
        beginDot(tx, 0);
        assert.equal(say(tx, dot), 'over');
        assert.deepEqual(
          results(tx),
          codes.map((code) => String(code < 300 ? dot : code)),
        );
        assert.ok(!tx.open);
      },
    ),
    { numRuns: 10_000 },
  );
});

test('Q4: a recipient is in doubt only after the dot, and only if the server took it', () => {
  const failure = { kind: 'dropped', code: 'CLOSED', message: '' } as const;
  for (const pipelined of [false, true]) {
    for (let replies = 0; replies <= 4; replies += 1) {
      const tx = begin(2, pipelined);
      for (const code of [250, 250, 550, 354].slice(0, replies)) say(tx, code);
      failTransaction(tx, failure, 0);
      assert.deepEqual(results(tx), ['dropped', replies >= 3 ? '550' : 'dropped']);
    }
    const tx = begin(2, pipelined);
    for (const code of [250, 250, 550, 354]) say(tx, code);
    beginDot(tx, 0);
    failTransaction(tx, failure, 0);
    assert.deepEqual(results(tx), ['dropped in doubt', '550']);
  }
});

test('a refused MAIL decides for all, and the replies behind it change nothing', () => {
  const single = begin(2, false);
  assert.equal(say(single, 550), 'over');
  assert.ok(!single.open);
  const group = begin(2, true);
  assert.deepEqual([550, 503, 503, 503].map((code) => say(group, code)).at(-1), 'over');
  const asked = begin(2, true);
  assert.equal([550, 250, 250, 354].map((code) => say(asked, code)).at(-1), 'lone-dot');
  assert.equal(say(asked, 250), 'over');
  for (const tx of [single, group, asked]) assert.deepEqual(results(tx), ['550', '550']);
});

test('RFC 2920 §3.1: 354 though nobody was accepted is answered by a lone dot', () => {
  const tx = begin(2, true);
  assert.equal([250, 550, 451, 354].map((code) => say(tx, code)).at(-1), 'lone-dot');
  assert.equal(say(tx, 554), 'over');
  assert.deepEqual(results(tx), ['550', '451']);
});

test('a reply of the wrong class is out of order wherever it comes', () => {
  const after = (codes: readonly number[], next: number): string => {
    const tx = begin(1, false);
    for (const code of codes) say(tx, code);
    return say(tx, next);
  };
  assert.equal(after([], 354), 'out-of-order');
  assert.equal(after([250], 354), 'out-of-order');
  assert.equal(after([250, 250], 250), 'out-of-order');
  assert.equal(after([250, 250], 334), 'out-of-order');
  assert.equal(after([250, 250, 354], 250), 'out-of-order');
  const dotted = begin(1, false);
  for (const code of [250, 250, 354]) say(dotted, code);
  beginDot(dotted, 0);
  assert.equal(say(dotted, 354), 'out-of-order');
});

test('421 ends the message at any place with itself as the answer', () => {
  for (let place = 0; place <= 4; place += 1) {
    const tx = begin(2, place % 2 === 0);
    for (const code of [250, 250, 550, 354].slice(0, place)) say(tx, code);
    assert.equal(say(tx, 421), 'closing');
    assert.deepEqual(results(tx), ['421', place >= 3 ? '550' : '421']);
  }
});
