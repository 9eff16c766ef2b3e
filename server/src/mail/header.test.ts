import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkHeader } from './header.ts';

const ALLOWED = [
  'X-Campaign',
  'x-a',
  'X-SES-CONFIGURATION-SET',
  'X-PM-Message-Stream',
  'List-Unsubscribe',
  'List-Unsubscribe-Post',
  'List-Id',
  'LIST-HELP',
  'Feedback-ID',
  'Precedence',
  'Importance',
  'Priority',
  'Keywords',
  'Organization',
];
const REFUSED = [
  'From',
  'from',
  'Sender',
  'To',
  'Cc',
  'BCC',
  'Date',
  'Message-ID',
  'Message-Id',
  'Received',
  'DKIM-Signature',
  'ARC-Seal',
  'Authentication-Results',
  'Content-Type',
  'Content-Transfer-Encoding',
  'content-disposition',
  'MIME-Version',
  'Return-Path',
  'Auto-Submitted',
  'Resent-From',
  'Resent-To',
  'Subject',
  'Reply-To',
  'Posthorn-Tenant',
  'X-',
  'X Y',
  'X-A:',
  'X-A\r\nBcc',
  '',
  `X-${'a'.repeat(63)}`,
  'X-Ä',
  '__proto__',
  'constructor',
];
const GOOD = [
  'a',
  'hello world',
  '<https://x.test/u>, <mailto:u@x.test>',
  'Zoë',
  '日本語',
  '=?utf-8?q?a?=',
  ' padded ',
  'a'.repeat(900),
  'ü'.repeat(400),
  '()<>@,;:\\"/[]?=',
];
const BAD = [
  '',
  ' ',
  'a\r\nBcc: v@v.test',
  'a\nb',
  'a\rb',
  'a\r\n b',
  'a\u0000',
  'a\tb',
  '\u001b[2J',
  'a\u007f',
  'a\u0085b',
  'a\u2028b',
  'a\u2029',
  '\ud800',
  'a\udc0ab',
  'a'.repeat(999),
  'ü'.repeat(500),
  'a'.repeat(10_000_000),
  '\u0001',
  'a\u009f',
];

test('I2: forty names with thirty values: only an allowed name with a clean value passes', () => {
  assert.ok(ALLOWED.length + REFUSED.length >= 40 && GOOD.length + BAD.length >= 30);
  for (const value of [...GOOD, ...BAD]) {
    for (const name of ALLOWED)
      assert.equal(checkHeader(name, value).ok, GOOD.includes(value), `${name}: ${value.slice(0, 40)}`);
    for (const name of REFUSED) assert.equal(checkHeader(name, value).ok, false, name);
  }
});

test('I2: a reference to other messages holds message ids and nothing else', () => {
  for (const name of ['In-Reply-To', 'References']) {
    for (const value of ['<a@b.test>', '<a@b.test> <c@d.test>', '<a@b.test>  <c@d.test>'])
      assert.equal(checkHeader(name, value).ok, true, value);
    for (const value of [
      'a@b.test',
      '<a@b.test',
      '<a@b.test>,<c@d.test>',
      '<ä@b.test>',
      '<a b@c.test>',
      '<a@b@c>',
      '<>',
      '<a@b.test> x',
    ]) {
      assert.equal(checkHeader(name, value).ok, false, value);
    }
    const start = performance.now();
    checkHeader(name, '<a@b> '.repeat(160));
    assert.ok(performance.now() - start < 50);
  }
});

test('I2: a refusal says where the value belongs', () => {
  const subject = checkHeader('Subject', 'x');
  assert.ok(!subject.ok && subject.message.includes('“subject”'));
  const replyTo = checkHeader('reply-to', 'x');
  assert.ok(!replyTo.ok && replyTo.message.includes('“replyTo”'));
});
