import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classifyField, connectionSettings } from '../config/config.ts';
import { ERRORS, explain, type Change, type ErrorId } from '../mail/mail.ts';

/** Settings as they may be when a fix is offered, one for each way of signing in. */
const SIGNED_IN = { name: 'a', type: 'smtp', host: 'smtp.a.test', username: 'u' };
const BASES = [
  { ...SIGNED_IN, auth: 'password', security: 'implicit', port: 465, minTls: '1.3' },
  { ...SIGNED_IN, auth: 'oauth2-client-credentials', clientId: 'c', tenantId: 'contoso.example' },
  { ...SIGNED_IN, auth: 'anonymous', security: 'none' },
];

test('every change that a fix offers is one that settings take', () => {
  let changes = 0;
  for (const id of Object.keys(ERRORS) as ErrorId[]) {
    const words = explain(id, { suggestion: 'smtp.example.com', bestName: 'mx.example.com' });
    for (const { action } of words.fixes) {
      if (action?.kind !== 'change') continue;
      changes += 1;
      const change: Change = action.change;
      assert.ok(Object.keys(change).length > 0, id);
      const taken = BASES.filter((base) => connectionSettings.safeParse({ ...base, ...change }).success);
      assert.ok(taken.length > 0, `${id}: ${JSON.stringify(change)}`);
    }
  }
  assert.ok(changes >= 20, String(changes));
});

test('every field that a fix leads to is a field of a connection', () => {
  for (const [id, { fixes }] of Object.entries(ERRORS)) {
    for (const { action } of fixes) {
      if (action?.kind !== 'open' || action.page !== 'settings') continue;
      assert.ok(classifyField(action.field) !== undefined, `${id}: ${action.field}`);
    }
  }
});
