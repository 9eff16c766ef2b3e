import assert from 'node:assert/strict';
import { test } from 'node:test';
import { displayAddress, nameWarning, parseMailbox } from './display-address.ts';

function mailbox(name: string | undefined, address: string) {
  const result = parseMailbox({ name, address });
  assert.ok(result.ok, result.ok ? '' : result.message);
  return result.mailbox;
}

function shown(address: string): string {
  return displayAddress(mailbox(undefined, address).address);
}

test('I6: a domain is shown in its own script unless its scripts are mixed', () => {
  const honest = [
    'a@münchen.test',
    'a@例え.test',
    'a@пример.рф',
    'a@한국.test',
    'a@ελλάδα.test',
    'a@sony例え.test',
    'a@دبي.test',
    'a@plain.test',
  ];
  for (const address of honest) assert.equal(shown(address), address);
  // Latin with Cyrillic a, Latin with Greek o, Cyrillic that spells a Latin word, Latin with Armenian o
  const masked = [
    'a@p\u0430ypal.test',
    'a@g\u03bfogle.test',
    'a@\u0430\u0440\u0440\u04cf\u0435.test',
    'a@amaz\u0585n.test',
    'a@\u0441\u0435\u0455.com',
    'a@ok\u2044.test',
  ];
  for (const address of masked) assert.match(shown(address), /^a@xn--[a-z0-9-]+\.(?:test|com)$/, address);
});

test('I6: a name that pretends to be another address is noticed', () => {
  const honest: readonly (readonly [string, string])[] = [
    ['Lena Meyer', 'lena@ok.test'],
    ['Meyer, Lena (Sales)', 'lena@ok.test'],
    ['Dr. Lena v. Meyer', 'lena@ok.test'],
    ['ok.test', 'info@ok.test'],
    ['Team ok.test', 'info@mail.ok.test'],
    ['info@ok.test', 'info@ok.test'],
    ['Acme Inc.', 'info@ok.test'],
    ['Version 2.10', 'info@ok.test'],
  ];
  for (const [name, address] of honest) assert.equal(nameWarning(mailbox(name, address)), undefined, name);
  const deceiving: readonly (readonly [string, string])[] = [
    ['support@bank.test', 'x@evil.test'],
    ['support＠bank.test', 'x@evil.test'],
    ['"support@bank.test"', 'x@evil.test'],
    ['sup\u200bport@bank.test', 'x@evil.test'],
    ['bank.test', 'x@evil.test'],
    ['www.bank.test', 'x@evil.test'],
    ['Your bank.test account', 'x@evil.test'],
    ['BANK.TEST', 'x@evil.test'],
    ['bank．test', 'x@evil.test'],
    ['(paypal.com)', 'x@evil.test'],
    ['https://bank.test/login', 'x@evil.test'],
    ['@bank', 'x@evil.test'],
  ];
  for (const [name, address] of deceiving)
    assert.notEqual(nameWarning(mailbox(name, address)), undefined, name);
});

test('I1: a mailbox is a bare address, or an address with a name of its own', () => {
  assert.deepEqual(mailbox('  ', 'a@ok.test').name, undefined);
  assert.equal(mailbox(' Lena ', 'a@ok.test').name, 'Lena');
  assert.equal(mailbox('Le\ud800na', 'a@ok.test').name, 'Le\ufffdna');
  assert.equal(parseMailbox('a@ok.test').ok, true);
  assert.equal(parseMailbox('Lena <a@ok.test>').ok, false);
  assert.equal(mailbox('x'.repeat(200), 'a@ok.test').name?.length, 200);
  assert.equal(mailbox('👋'.repeat(200), 'a@ok.test').name?.length, 400);
  for (const name of [
    'x'.repeat(201),
    'a\r\nBcc: v@v.test',
    'a\u0000',
    'a\u0085b',
    'a\u2028b',
    'a\tb',
    '\u001b[2J',
    'x'.repeat(1_000_000),
  ]) {
    assert.equal(parseMailbox({ name, address: 'a@ok.test' }).ok, false, JSON.stringify(name.slice(0, 20)));
  }
});
