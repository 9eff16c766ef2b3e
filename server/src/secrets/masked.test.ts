import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMaskedSecret } from './masked.ts';

const MASKS = [
  ...[
    '***',
    '****',
    '********',
    '**********',
    ' **** ',
    '****\n',
    '*'.repeat(40),
    '∗∗∗∗',
    '＊＊＊＊',
    '•',
    '••••',
    '••••••••',
  ],
  ...[
    '●●●●●●',
    '⬤⬤⬤',
    '········',
    '■■■■',
    '****1234',
    '••••abcd',
    'SG.********',
    'ph_live_••••••••',
    '********wxyz',
  ],
  ...[
    '<hidden>',
    '<HIDDEN>',
    '[hidden]',
    '[redacted]',
    '[REDACTED]',
    '[Filtered]',
    '(sensitive value)',
    '<sensitive>',
    '{masked}',
  ],
  ...[
    '**REDACTED**',
    '***masked***',
    '__redacted__',
    '<secret hidden>',
    '(unchanged)',
    '<encrypted>',
    'REDACTED',
    '<secret>',
    '[object Object]',
  ],
];

const SECRETS = [
  ...[
    '',
    '*',
    '**',
    'a',
    'secret',
    'password',
    'hidden',
    'redacted',
    'xxxx',
    'xxxxxxxx',
    'XXXXXXXX',
    '--------',
    '........',
    '????',
    '####',
  ],
  ...[
    '*secret*',
    '_secret_',
    '(secret)',
    '**a',
    'a***b',
    'p****w0rd',
    'pa•ss',
    '****correct horse',
    '*****-long',
    '<hidden',
    'hidden>',
    '<hidden]',
    '(my hidden place)',
  ],
  ...[
    'null',
    'undefined',
    'sk-1a2b3c',
    'hunter2',
    '00000000',
    '1234',
    'unchanged',
    'REDACTED1',
    '**REDACTED',
    'a<hidden>b',
    '[x]',
  ],
];

test('K2: masks are recognised', () => {
  for (const mask of MASKS) assert(isMaskedSecret(mask), JSON.stringify(mask));
});

test('K2: what somebody may have chosen as a password is none', () => {
  for (const secret of SECRETS) assert(!isMaskedSecret(secret), JSON.stringify(secret));
});

test('K2: a long hostile value is judged at once', () => {
  const startedAt = process.hrtime.bigint();
  for (const text of [
    '*'.repeat(1_000_000) + '!',
    '[hidden'.repeat(100_000),
    '*a'.repeat(500_000),
    `${'_'.repeat(1_000_000)}masked`,
  ]) {
    isMaskedSecret(text);
  }
  assert(process.hrtime.bigint() - startedAt < 2_000_000_000n);
});
