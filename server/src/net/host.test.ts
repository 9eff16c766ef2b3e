import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseHost } from './host.ts';

test('names are folded to lower-case A-labels', () => {
  const names: readonly (readonly [string, string])[] = [
    ['smtp.example.com', 'smtp.example.com'],
    ['SMTP.Example.COM', 'smtp.example.com'],
    ['smtp.example.com.', 'smtp.example.com.'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['ＭＡＩＬ.example', 'mail.example'],
    ['relay', 'relay'],
    ['mail_relay', 'mail_relay'],
    ['1and1.example', '1and1.example'],
    ['1.example', '1.example'],
    ['3com', '3com'],
  ];
  for (const [text, name] of names) assert.deepEqual(parseHost(text), { kind: 'name', name }, text);
});

test('addresses are taken when written plainly', () => {
  assert.deepEqual(parseHost('192.0.2.1'), { kind: 'address', address: '192.0.2.1', family: 4 });
  assert.deepEqual(parseHost('2001:DB8:0::1'), { kind: 'address', address: '2001:db8::1', family: 6 });
});

test('what is neither is refused', () => {
  const bad = [
    '',
    '.',
    '..',
    'a..b',
    '-a.example',
    'a-.example',
    'a b',
    'a\0b',
    'a\r\nb',
    'a/b',
    'a@b',
    'a:25',
    '[::1]',
    '::1%lo',
    'fe80::1%eth0',
    '2606:4700::1%1',
    '*',
  ];
  const long = [`${'a'.repeat(64)}.example`, `${'a.'.repeat(130)}example`, `${'ü'.repeat(60)}.example`];
  for (const text of [...bad, ...long, 'exa%6dple.com', 'example.com..', '🙂'.repeat(70)]) {
    assert.equal(parseHost(text), undefined, JSON.stringify(text));
  }
});

test('S2: whatever is parsed can only be read as a name or as a plain address', () => {
  const odd = fc.stringMatching(/^[0-9a-fx.．。①-⑨０-９]{1,20}$/u);
  fc.assert(
    fc.property(fc.oneof(odd, fc.string({ unit: 'binary' }), fc.ipV4Extended(), fc.domain()), (text) => {
      const host = parseHost(text);
      if (host === undefined) return;
      if (host.kind === 'address') assert.match(host.address, /^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f:.]+)$/);
      else assert.match(host.name, /^(?!.*(?:^|\.)(?:\d+|0x[0-9a-f]*)\.?$)[a-z0-9_.-]+$/);
    }),
    { numRuns: 500 },
  );
});
