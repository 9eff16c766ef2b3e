import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { classify } from './classify.ts';
import { ERRORS, type ErrorId } from './error-catalogue.ts';
import { PARAMS, type ParamName } from './error-entry.ts';
import { errorTitle, explain, type Explanation } from './explain.ts';
import { parseReplyLines } from './reply.ts';

const IDS = Object.keys(ERRORS) as ErrorId[]; // its keys are the ids

function texts({ title, cause, fixes }: Explanation): string[] {
  return [
    title,
    cause,
    ...fixes.flatMap(({ text, action }) => [
      text,
      action?.label ?? '',
      action?.kind === 'copy' ? action.text : '',
      action?.kind === 'open' && action.page === 'web' ? action.url : '',
      action?.kind === 'change' ? JSON.stringify(Object.values(action.change)) : '',
    ]),
  ];
}

test('what is known is filled in, what is not is left out or said in neutral words', () => {
  const full = explain('tls.name_mismatch', {
    host: 'smtp.a.test',
    names: 'mx.a.test, mail.a.test',
    bestName: 'mx.a.test',
  });
  assert.equal(
    full.cause,
    'The settings say smtp.a.test, the certificate is valid for mx.a.test, mail.a.test.',
  );
  assert.deepEqual(full.fixes[0], {
    text: 'Connect with a name that is in the certificate.',
    action: { kind: 'change', label: 'Use mx.a.test as host', change: { host: 'mx.a.test' } },
  });
  const bare = explain('tls.name_mismatch');
  assert.equal(bare.cause, 'The settings say another host, the certificate is valid for other names.');
  assert.equal(bare.fixes[0]?.action, undefined);
  assert.equal(errorTitle('tcp.refused'), 'Nothing listens at the server.');
  assert.equal(
    errorTitle('tcp.refused', { host: 'a.test', port: 26 }),
    'Nothing listens at a.test, port 26.',
  );
  assert.equal(explain('tls.expired', { now: '2026-11-24' }).cause, 'The clock here says 2026-11-24.');
  assert.equal(errorTitle('no.such_id'), undefined);
  assert.equal(errorTitle(null), undefined);
});

test('whatever is known or not, no placeholder is ever shown', () => {
  const value = fc.oneof(fc.constant(undefined), fc.constant(null), fc.constant(''), fc.nat(), fc.domain());
  const params = fc.dictionary(fc.constantFrom(...PARAMS), value);
  fc.assert(
    fc.property(fc.constantFrom(...IDS), params, (id, given) => {
      for (const text of texts(explain(id, given))) {
        assert.doesNotMatch(text, /[{}]|\[ ?\{|undefined|null| {2}/, id);
      }
    }),
    { numRuns: 5_000 },
  );
});

test('S7: what comes from outside is bounded, cleaned, and never read as a placeholder', () => {
  const { cause } = explain('smtp.not_smtp', { answer: 'x'.repeat(5_000) });
  assert.ok(cause.length < 600);
  const nasty = explain('dns.not_found', { host: `a\u001b[31m\r\nSet-Cookie: x\u202e${'b'.repeat(999)}` });
  assert.doesNotMatch(nasty.title, /[\u0000-\u001f\u202e]/);
  assert.ok(nasty.title.length < 300);
  assert.equal(
    explain('dns.not_found', { host: '{port}', port: 25 }).title,
    'The host name {port} does not exist.',
  );
});

test('S7: nothing but a plain name gets into a command, an address or a setting', () => {
  const evil = [
    'x; Remove-Mailbox y',
    '$(reboot)',
    '`id`',
    "a' -or 1",
    '-Force',
    'a b',
    'a\nb',
    'a|b',
    '"',
    '{host}',
  ];
  for (const username of evil) {
    for (const id of IDS) {
      const params = Object.fromEntries(PARAMS.map((name) => [name, username])) as Record<ParamName, string>;
      for (const { action } of explain(id, params).fixes) {
        const given =
          action?.kind === 'copy'
            ? action.text
            : action?.kind === 'change'
              ? JSON.stringify(Object.values(action.change))
              : action?.kind === 'open' && action.page === 'web'
                ? action.url
                : '';
        assert.ok(!given.includes(username) || username === '"' || username === 'a b', `${id}: ${given}`);
      }
    }
  }
  const allowed = explain('m365.smtp_auth_disabled', { username: 'notify@a.test' }).fixes[0]?.action;
  assert.ok(allowed?.kind === 'copy' && allowed.text.includes('-Identity notify@a.test '));
});

test('what nobody knows is shown raw, and explained by no guess', () => {
  for (const id of IDS) {
    const words = explain({ errorId: id, confidence: 'unknown' }, { answer: '550 Zebra', host: 'a.test' });
    assert.equal(words.cause, '550 Zebra');
    assert.equal(words.confidence, 'unknown');
  }
  for (const id of ['unknown.4xx', 'unknown.5xx', 'unknown.failure'] as const) {
    const { cause, fixes, confidence } = explain(id);
    assert.deepEqual([cause, fixes, confidence], ['', [], 'unknown']);
  }
  // an id of a newer version, read from the database
  assert.equal(explain({ errorId: 'made.later', confidence: 'certain' }).id, 'unknown.failure');
  assert.equal(explain({ errorId: '__proto__' }).id, 'unknown.failure');
});

test('the verdict says more than the entry: what becomes of this mail, and whom it concerns', () => {
  const verdict = classify({
    phase: 'rcpt-to',
    reply: parseReplyLines(450, ['4.1.8 <a@nx.test>: Sender address rejected: Domain not found']),
  });
  const { errorId = '' } = verdict;
  const words = explain({ ...verdict, errorId });
  assert.deepEqual([words.id, words.retry, words.scope], ['smtp.sender_rejected', 'retry', 'sender']);
  assert.equal(explain('smtp.sender_rejected').retry, 'hold');
  assert.equal(explain({ errorId: 'tcp.private_blocked', outcome: 'connection_unusable' }).retry, 'config');
  assert.deepEqual(explain('tls.expired').docs, [{ label: 'Posthorn', url: 'docs/errors.md#tls.expired' }]);
});
