import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatReply, parseReplyLines } from './reply.ts';
import { newMessageId } from './message-id.ts';

test('the enhanced status is taken off every line and kept once', () => {
  const reply = parseReplyLines(550, ['5.1.1 The account does', '5.1.1 not exist', 'https://x.test']);
  assert.deepEqual(reply, {
    code: 550,
    enhanced: { class: 5, subject: 1, detail: 1 },
    lines: ['The account does', 'not exist', 'https://x.test'],
  });
  assert.equal(formatReply(reply), '550 5.1.1 The account does not exist https://x.test');
});

test('the status that qmail writes at the end counts as well, and stays readable', () => {
  const reply = parseReplyLines(550, ['sorry, no mailbox here by that name. (#5.1.1)']);
  assert.deepEqual(reply.enhanced, { class: 5, subject: 1, detail: 1 });
  assert.deepEqual(reply.lines, ['sorry, no mailbox here by that name. (#5.1.1)']);
});

test('other spellings of an enhanced status are understood, look-alikes are text', () => {
  assert.deepEqual(parseReplyLines(550, ['#5.1.0 Address rejected.']).enhanced, {
    class: 5,
    subject: 1,
    detail: 0,
  });
  assert.deepEqual(parseReplyLines(535, ['5.7.8: Error']).lines, ['Error']);
  assert.deepEqual(parseReplyLines(250, ['2.0.0']).lines, ['']);
  assert.deepEqual(parseReplyLines(554, ['5.7.705 Tenant']).enhanced, { class: 5, subject: 7, detail: 705 });
  for (const text of ['5.1.1.1 x', '3.1.1 x', '5.1 x', '5.1.1x', '5.1234.1 x', '10.5.1.1 x', 'x 5.1.1']) {
    assert.deepEqual(parseReplyLines(550, [text]), { code: 550, lines: [text] });
  }
});

test('W7: a reply holds no control character and has bounds, whatever the peer sent', () => {
  const forged = parseReplyLines(550, ['5.7.1 no\r\n{"level":"fatal"}\u001b[2J\u0000\u009b', '\u2028x']);
  assert.deepEqual(forged.lines, ['no {"level":"fatal"} [2J', 'x']);
  const long = parseReplyLines(
    250,
    Array.from({ length: 10_000 }, () => 'x'.repeat(100_000)),
  );
  assert.ok(long.lines.length <= 64 && long.lines.every((line) => line.length <= 501));
  assert.ok(formatReply(long).length <= 501);
  fc.assert(
    fc.property(
      fc.integer({ min: 200, max: 599 }),
      fc.array(fc.string({ unit: 'binary', maxLength: 40 }), { maxLength: 4 }),
      (code, lines) => {
        const reply = parseReplyLines(code, lines);
        assert.ok(!/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(formatReply(reply)));
        assert.ok(reply.lines.every((line) => line.isWellFormed()));
      },
    ),
    { numRuns: 1_000 },
  );
});

test('Q9: a message id names the sender’s domain and nothing of this machine', () => {
  assert.equal(newMessageId('msg_01k', 'ok.test'), '<msg_01k@ok.test>');
});
