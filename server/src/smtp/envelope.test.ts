import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address, mailOf } from '../../test/smtp-scene.ts';
import { parseCapabilities } from './capabilities.ts';
import { planEnvelope } from './envelope.ts';
import type { OutgoingMail } from './smtp.ts';

function plan(offers: readonly string[], changes: Partial<OutgoingMail>): readonly string[] | string {
  const planned = planEnvelope(
    mailOf(changes),
    parseCapabilities({ code: 250, lines: ['peer.test', ...offers] }),
  );
  return planned.ok ? planned.envelope.commands : planned.failure.code;
}

test('parameters are sent only where they are offered and needed', () => {
  const bare = ['MAIL FROM:<a@from.test>', 'RCPT TO:<b@to.test>', 'DATA'];
  assert.deepEqual(plan([], {}), bare);
  assert.deepEqual(plan(['8BITMIME', 'SMTPUTF8', 'DSN'], {}), bare);
  assert.equal(plan(['SIZE 1000'], { sizeBytes: 77 })[0], 'MAIL FROM:<a@from.test> SIZE=77');
  assert.equal(plan(['8BITMIME'], { eightBit: true })[0], 'MAIL FROM:<a@from.test> BODY=8BITMIME');
  assert.equal(
    plan(['8BITMIME', 'SMTPUTF8'], { utf8Headers: true })[0],
    'MAIL FROM:<a@from.test> BODY=8BITMIME SMTPUTF8',
  );
  assert.equal(plan([], { from: null })[0], 'MAIL FROM:<>');
});

test('what the server cannot take is found before it is asked', () => {
  assert.equal(plan(['SIZE 100'], { sizeBytes: 101 }), 'SIZE_EXCEEDED');
  assert.equal(typeof plan(['SIZE 0'], { sizeBytes: 1e9 }), 'object', 'RFC 1870: 0 is no limit');
  assert.equal(plan(['SMTPUTF8'], { eightBit: true }), 'EIGHT_BIT_MISSING');
  assert.equal(plan(['8BITMIME'], { utf8Headers: true }), 'SMTPUTF8_MISSING');
  assert.equal(
    plan([], { recipients: [address('b@to.test'), address('gr\u00fc\u00dfe@to.test')] }),
    'SMTPUTF8_MISSING',
  );
  assert.equal(plan([], { from: address('\u00e4@from.test') }), 'SMTPUTF8_MISSING');
});

test('an address beyond ASCII and a quoted one are written as their standards say', () => {
  const recipients = [
    address('gr\u00fc\u00dfe@to.test'),
    address('"john smith"@to.test'),
    address('b@b\u00fccher.test'),
  ];
  assert.deepEqual(plan(['SMTPUTF8', '8BITMIME'], { recipients }), [
    'MAIL FROM:<a@from.test> BODY=8BITMIME SMTPUTF8',
    'RCPT TO:<gr\u00fc\u00dfe@to.test>',
    'RCPT TO:<"john smith"@to.test>',
    'RCPT TO:<b@xn--bcher-kva.test>',
    'DATA',
  ]);
});

test('delivery status parameters follow RFC 3461, only where DSN is offered', () => {
  const dsn = { notify: ['success', 'failure'], ret: 'hdrs', envelopeId: 'msg_1+2=3' } as const;
  const recipients = [address('b+c=d@to.test'), address('\u00fc@to.test')];
  assert.deepEqual(plan(['DSN', 'SMTPUTF8'], { dsn, recipients }), [
    'MAIL FROM:<a@from.test> SMTPUTF8 RET=HDRS ENVID=msg_1+2B2+3D3',
    'RCPT TO:<b+c=d@to.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;b+2Bc+3Dd@to.test',
    'RCPT TO:<\u00fc@to.test> NOTIFY=SUCCESS,FAILURE ORCPT=utf-8;\\x{FC}@to.test',
    'DATA',
  ]);
  const never = { notify: ['never', 'failure'], ret: 'full', envelopeId: 'x' } as const;
  assert.deepEqual(plan(['DSN'], { dsn: never }), [
    'MAIL FROM:<a@from.test> RET=FULL ENVID=x',
    'RCPT TO:<b@to.test> NOTIFY=NEVER ORCPT=rfc822;b@to.test',
    'DATA',
  ]);
  assert.equal(plan([], { dsn })[0], 'MAIL FROM:<a@from.test>');
});

test('I3: an envelope id cannot leave its parameter', () => {
  const dsn = { notify: [], ret: 'full', envelopeId: 'x\r\nRCPT TO:<v@v.test>\u010a\u0085\0 y' } as const;
  const [mail, rcpt] = plan(['DSN'], { dsn });
  assert.match(mail ?? '', /^MAIL FROM:<a@from\.test> RET=FULL ENVID=[!-~]+$/);
  assert.equal(rcpt, 'RCPT TO:<b@to.test> ORCPT=rfc822;b@to.test');
});

test('capabilities are read without regard to case, within bounds, and old spellings count', () => {
  const lines = [
    'peer',
    'pipelining',
    'Size 35882577',
    'AUTH plain LOGIN',
    'AUTH=CRAM-MD5 LOGIN',
    '8bitmime',
    '\u0130 x',
    '',
  ];
  const offered = parseCapabilities({ code: 250, lines });
  assert.deepEqual(offered.auth, ['PLAIN', 'LOGIN', 'CRAM-MD5']);
  assert.ok(offered.pipelining && offered.eightBit && offered.sizeMax === 35882577 && !offered.startTls);
  const flood = parseCapabilities({
    code: 250,
    lines: Array.from({ length: 500 }, (_, index) => `X${String(index)}`),
  });
  assert.ok(flood.keywords.size <= 64);
  assert.ok(!parseCapabilities({ code: 250, lines: ['STARTTLS'] }).startTls, 'the first line is a greeting');
});
