import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import ipaddr from 'ipaddr.js';
import {
  checkAddress,
  checkHost,
  instanceEgress,
  parseAllowEntry,
  SMTP_PORTS,
  tenantEgress,
  type EgressPolicy,
} from './egress.ts';
import { parseHost } from './host.ts';

const tenant = tenantEgress();
const instance = instanceEgress();

function verdict(policy: EgressPolicy, address: string, port = 587): string {
  const result = checkAddress(policy, address, port);
  if (!result.allowed) return result.code;
  return result.internal ? 'internal' : 'public';
}

function hostVerdict(policy: EgressPolicy, text: string, port = 587): string {
  const host = parseHost(text);
  assert(host !== undefined, text);
  const result = checkHost(policy, host, port);
  return result.allowed ? 'allowed' : result.code;
}

/** First and last address of a network. */
function edges(cidr: string): string[] {
  const [base, bits] = ipaddr.parseCIDR(cidr);
  const bytes = base.toByteArray();
  const last = bytes.map((byte, index) => byte | (0xff >> Math.min(8, Math.max(0, bits - index * 8))));
  return [base.toString(), ipaddr.fromByteArray(last).toString()];
}

const DENIED = [
  '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24',
  '192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 ::/128 ::1/128 ::/96',
  '::ffff:0:0:0/96 64:ff9b:1::/48 100::/64 2001:db8::/32 fc00::/7 fe80::/10 fec0::/10 ff00::/8 3fff::/20 5f00::/16 4000::/3',
  '2001:2::/48 2001:10::/28 2001:20::/28',
].flatMap((line) => line.split(' '));

test('S2: a tenant reaches neither edge of any network of the deny set', () => {
  for (const address of DENIED.flatMap(edges))
    assert.equal(verdict(tenant, address), 'PRIVATE_ADDRESS', address);
});

test('S2: just outside the IPv4 networks of the deny set is public', () => {
  const outside =
    '1.0.0.0 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 169.253.255.255 169.255.0.0';
  const more =
    '172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.0 192.0.3.0 192.88.98.255 192.167.255.255 192.169.0.0 198.17.255.255';
  for (const address of `${outside} ${more} 198.20.0.0 203.0.112.255 203.0.114.0 223.255.255.255`.split(
    ' ',
  )) {
    assert.equal(verdict(tenant, address), 'public', address);
  }
});

test('S2: an IPv4 address inside an IPv6 address is judged too', () => {
  const forms = (v4: string): Record<string, string> => {
    const [a = 0, b = 0, c = 0, d = 0] = v4.split('.').map(Number);
    const hex = `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
    const inverted = `${((a * 256 + b) ^ 0xffff).toString(16)}:${((c * 256 + d) ^ 0xffff).toString(16)}`;
    return {
      mapped: `::ffff:${v4}`,
      mappedHex: `::ffff:${hex}`,
      mappedLong: `0:0:0:0:0:FFFF:${hex}`,
      nat64: `64:ff9b::${hex}`,
      sixToFour: `2002:${hex}::1`,
      teredoServer: `2001:0:${hex}::f7f7:f7f7`,
      teredoClient: `2001:0:808:808:0:0:${inverted}`,
    };
  };
  for (const v4 of [
    '127.0.0.1',
    '10.1.2.3',
    '192.168.0.1',
    '169.254.169.254',
    '0.0.0.0',
    '100.64.0.1',
    '224.0.0.1',
  ]) {
    for (const [form, address] of Object.entries(forms(v4))) {
      assert.equal(verdict(tenant, address), 'PRIVATE_ADDRESS', `${form} ${address}`);
    }
  }
  for (const [form, address] of Object.entries(forms('8.8.8.8'))) {
    assert.equal(verdict(tenant, address), 'public', `${form} ${address}`);
  }
});

test('S2: text that is no plain address is refused under every policy', () => {
  for (const text of [
    '',
    '127.1',
    '0x7f000001',
    '2130706433',
    '0177.0.0.1',
    '8.8.8.8 ',
    '8.8.8',
    '[2606:4700::1]',
    '1.2.3.4.5',
  ]) {
    assert.equal(verdict(tenant, text), 'PRIVATE_ADDRESS', text);
    assert.equal(verdict(instance, text), 'PRIVATE_ADDRESS', text);
  }
});

const METADATA = [
  ...['169.254.169.254', '::ffff:169.254.169.254', '::ffff:a9fe:a9fe', '64:ff9b::a9fe:a9fe', '::a9fe:a9fe'],
  ...[
    '64:ff9b:1::a9fe:a9fe',
    '64:ff9b:1:a9fe:a9:fe00::',
    '64:ff9b:1:a9:fe:a9fe::',
    '64:ff9b:1:0:a9:fea9:fe00::',
    '2002:a9fe:a9fe::1',
    'fd00:ec2::254',
    'fd00:0ec2:0::254',
  ],
  ...['169.254.170.2', '100.100.100.200', '168.63.129.16', 'fd20:ce::254'],
];

test('S2: the instance reaches internal networks and loopback, but no cloud metadata', () => {
  for (const address of [
    '127.0.0.1',
    '::1',
    '10.0.0.1',
    '192.168.1.1',
    'fd12::1',
    '169.254.1.1',
    '100.64.0.1',
    '::ffff:10.0.0.1',
  ]) {
    assert.equal(verdict(instance, address, 1025), 'internal', address);
  }
  assert.equal(verdict(instance, '8.8.8.8', 1), 'public');
  for (const address of METADATA) assert.equal(verdict(instance, address), 'PRIVATE_ADDRESS', address);
  for (const address of METADATA) assert.equal(verdict(tenant, address), 'PRIVATE_ADDRESS', address);
});

test('S2: metadata needs an exception of its own', () => {
  const wide = instanceEgress({ allow: ['0.0.0.0/0', '169.254.0.0/16', '::/0'] });
  for (const address of METADATA) assert.equal(verdict(wide, address), 'PRIVATE_ADDRESS', address);
  const exact = instanceEgress({ allow: ['169.254.169.254', 'fd00:ec2::254/128'] });
  assert(checkAddress(exact, '169.254.169.254', 80).allowed);
  assert(checkAddress(exact, 'fd00:ec2::254', 80).allowed);
});

test('S2: the instance can be kept to public addresses', () => {
  const strict = instanceEgress({ privateAllowed: false, allow: ['10.0.0.25'] });
  assert.equal(verdict(strict, '10.0.0.26'), 'PRIVATE_ADDRESS');
  assert.equal(verdict(strict, '10.0.0.25', 1025), 'internal');
  assert.equal(verdict(strict, '8.8.8.8', 1025), 'public');
  assert.equal(hostVerdict(strict, 'relay.internal'), 'PRIVATE_ADDRESS');
});

test('S2: names that mean this machine or its cloud are refused before anyone resolves them', () => {
  const names = [
    'localhost',
    'LOCALHOST',
    'localhost.',
    'a.localhost',
    'internal',
    'host.docker.internal',
    'metadata.google.internal',
  ];
  for (const name of [
    ...names,
    'metadata',
    'metadata.',
    'metadata.example.com',
    'ｌｏｃａｌｈｏｓｔ',
    'a.INTERNAL.',
  ]) {
    assert.equal(hostVerdict(tenant, name), 'PRIVATE_ADDRESS', name);
    assert.equal(hostVerdict(instance, name), 'allowed', name);
  }
  for (const name of [
    'localhost.example.com',
    'internal.example.com',
    'mymetadata.example',
    'notlocalhost',
  ]) {
    assert.equal(hostVerdict(tenant, name), 'allowed', name);
  }
});

test('S2: our own listeners are no target, unless an exception names that very address and port', () => {
  const own = [
    { address: '0.0.0.0', port: 2525 },
    { address: '127.0.0.1', port: 8025 },
  ];
  const policy = instanceEgress({ own });
  const mine = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .map((entry) => entry.address);
  for (const address of ['127.0.0.1', '127.9.9.9', '0.0.0.0', '::', '::1', '::ffff:127.0.0.1', ...mine]) {
    assert.equal(verdict(policy, address, 2525), 'PRIVATE_ADDRESS', address);
  }
  assert.equal(verdict(policy, '127.0.0.1', 8025), 'PRIVATE_ADDRESS');
  assert.equal(verdict(policy, '0.0.0.0', 8025), 'PRIVATE_ADDRESS');
  assert.equal(verdict(policy, '127.0.0.1', 1025), 'internal');
  assert.equal(verdict(policy, '10.99.99.99', 2525), 'internal');
  assert.equal(
    verdict(instanceEgress({ own, allow: ['127.0.0.0/8', '127.0.0.1'] }), '127.0.0.1', 8025),
    'PRIVATE_ADDRESS',
  );
  assert.equal(verdict(instanceEgress({ own, allow: ['127.0.0.1:8025'] }), '127.0.0.1', 8025), 'internal');
  const publicOwn = tenantEgress({ own: [{ address: '198.20.0.7', port: 587 }] });
  assert.equal(verdict(publicOwn, '198.20.0.7'), 'PRIVATE_ADDRESS');
});

test('S3: roles and kinds of target', () => {
  const exceptions = ['10.1.0.0/16', '10.2.0.5:1025', '[fd00::5]:25', 'relay.example:1025'];
  const roles = { tenant, widened: tenantEgress({ allow: exceptions }), instance };
  const no = 'PRIVATE_ADDRESS';
  const port = 'FORBIDDEN_PORT';
  const matrix: readonly (readonly [string, number, string, string, string])[] = [
    // target, port, tenant, tenant with exceptions, instance
    ...SMTP_PORTS.map((smtp) => ['8.8.8.8', smtp, 'public', 'public', 'public'] as const),
    ...[1, 22, 80, 110, 443, 1025, 3306, 6379, 8025, 65535].map(
      (other) => ['8.8.8.8', other, port, port, 'public'] as const,
    ),
    ['10.1.2.3', 25, no, 'internal', 'internal'],
    ['10.1.2.3', 1025, port, port, 'internal'],
    ['10.2.0.5', 25, no, no, 'internal'],
    ['10.2.0.5', 1025, port, 'internal', 'internal'],
    ['10.2.0.6', 1025, port, port, 'internal'],
    ['fd00::5', 25, no, 'internal', 'internal'],
    ['fd00::6', 25, no, no, 'internal'],
    ['127.0.0.1', 25, no, no, 'internal'],
    ['192.0.2.1', 25, no, no, 'public'],
  ];
  for (const [address, at, ...expected] of matrix) {
    const found = Object.values(roles).map((policy) => verdict(policy, address, at));
    assert.deepEqual(found, expected, `${address}:${String(at)}`);
  }
});

test('S3: an exception by name holds for that name and port, wherever it leads but to metadata', () => {
  const policy = tenantEgress({ allow: ['relay.example:1025', 'localhost:25'] });
  assert.equal(hostVerdict(policy, 'relay.example', 1025), 'allowed');
  assert.equal(hostVerdict(policy, 'Relay.Example.', 1025), 'allowed');
  assert.equal(hostVerdict(policy, 'relay.example', 1026), 'FORBIDDEN_PORT');
  assert.equal(hostVerdict(policy, 'other.example', 1025), 'FORBIDDEN_PORT');
  assert.equal(hostVerdict(policy, 'localhost', 25), 'allowed');
  assert.equal(hostVerdict(policy, 'localhost', 587), 'PRIVATE_ADDRESS');
  assert.deepEqual(checkAddress(policy, '10.0.0.1', 1025, true), { allowed: true, internal: true });
  assert.deepEqual(checkAddress(policy, '169.254.169.254', 1025, true), {
    allowed: false,
    code: 'PRIVATE_ADDRESS',
  });
});

test('S3: an unreadable exception stops the start', () => {
  const bad = [
    '',
    'relay.example',
    '10.0.0.0/33',
    '10.0.0/8',
    '010.0.0.1',
    'fd00::/129',
    'a b:25',
    'relay:0',
    'relay:65536',
    '*:25',
    '10.0.0.1:',
    '::1:25:',
  ];
  for (const text of bad) {
    assert.equal(parseAllowEntry(text), undefined, text);
    assert.throws(() => tenantEgress({ allow: [text] }), /cannot read the allowed target/, text);
  }
});
