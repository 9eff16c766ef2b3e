/**
 * The reader of strangers' XML: what it reads, and that nothing in it grows, loops or reaches out.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { fillUsername, readAutoconfig } from './autoconfig.ts';
import { readXml } from './xml.ts';

test('elements, attributes, text, comments, CDATA and the five entities', () => {
  const root = readXml(
    '\ufeff<?xml version="1.0"?>\n<!-- a - b --><a x="1" y=\'&lt;2&gt;\'>t&amp;<b/> <c>&#x41;&#66;</c><![CDATA[<&>]]></a>\n',
  );
  assert.equal(root?.name, 'a');
  assert.deepEqual(
    [...(root?.attributes ?? [])],
    [
      ['x', '1'],
      ['y', '<2>'],
    ],
  );
  assert.equal(root?.text, 't& <&>');
  assert.deepEqual(
    root?.children.map(({ name, text }) => [name, text]),
    [
      ['b', ''],
      ['c', 'AB'],
    ],
  );
});

const LAUGHS = [
  '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">',
  ...Array.from({ length: 9 }, (_, n) => `<!ENTITY l${String(n + 1)} "${`&l${String(n)};`.repeat(10)}">`),
  ']><clientConfig>&l9;</clientConfig>',
].join('');

const UNREADABLE: Readonly<Record<string, string>> = {
  'an outside entity (XXE)':
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
  'a document type alone': '<!DOCTYPE clientConfig SYSTEM "https://evil.example/x.dtd"><clientConfig/>',
  'entities in entities (billion laughs)': LAUGHS,
  'an entity that XML does not define': '<a>&nbsp;</a>',
  'a bare ampersand': '<a>a & b</a>',
  'an impossible character': '<a>&#0;</a>',
  'half a surrogate pair': '<a>&#xD800;</a>',
  'a property of every object as entity': '<a>&constructor;</a>',
  'tags that cross': '<a><b></a></b>',
  'an open end': '<a><b></b>',
  'too many ends': '<a></a></a>',
  'two roots': '<a/><b/>',
  'text outside': 'hello <a/>',
  'an attribute twice': '<a x="1" x="2"/>',
  'an attribute without quotes': '<a x=1/>',
  'an attribute that holds a tag': '<a x="<b>"/>',
  nothing: '',
  'no XML': '{"a": 1}',
  'depth without end': `${'<a>'.repeat(100)}${'</a>'.repeat(100)}`,
  'elements without end': `<a>${'<b/>'.repeat(3_000)}</a>`,
  'size without end': `<a>${'x'.repeat(70_000)}</a>`,
  'an open comment': '<a><!-- <b/></a>',
};

for (const [name, source] of Object.entries(UNREADABLE)) {
  test(`unreadable: ${name}`, () => {
    assert.equal(readXml(source), undefined);
    assert.equal(readAutoconfig(source, 'example.test'), undefined);
  });
}

test('input made to be slow is read or refused in no time', () => {
  const nasty = [
    `<a ${'x '.repeat(32_000)}`,
    `<a${' '.repeat(60_000)}`,
    `<!--${'-'.repeat(60_000)}`,
    `<![CDATA[${']'.repeat(60_000)}`,
    `<a>${'&'.repeat(60_000)}</a>`,
    `<a ${'x="1" '.repeat(10_000)}`,
    '<'.repeat(60_000),
  ];
  for (const source of nasty) {
    const startedAt = performance.now();
    assert.equal(readXml(source), undefined);
    assert.ok(performance.now() - startedAt < 1_000, source.slice(0, 20));
  }
});

const server = (inside: string, type = 'smtp') => `<outgoingServer type="${type}">${inside}</outgoingServer>`;
const config = (...servers: readonly string[]) =>
  `<clientConfig version="1.1"><emailProvider id="x"><domain>x</domain>${servers.join('')}</emailProvider></clientConfig>`;

test('published servers: those for sending, in their order, and only whole ones', () => {
  const source = config(
    '<incomingServer type="imap"><hostname>imap.example.test</hostname></incomingServer>',
    server(
      '<hostname>SMTP.Example.test</hostname><port>465</port><socketType>SSL</socketType><username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication>',
    ),
    server(
      '<hostname>mx.%EMAILDOMAIN%</hostname><port>587</port><socketType>STARTTLS</socketType><authentication>OAuth2</authentication>',
    ),
    server(
      '<hostname>open.example.test</hostname><port>25</port><socketType>plain</socketType><authentication>none</authentication>',
    ),
    server('<hostname>no port</hostname><port>465</port><socketType>SSL</socketType>'),
    server('<hostname>a.example.test</hostname><port>70000</port><socketType>SSL</socketType>'),
    server('<hostname>127.0.0.1</hostname><port>25</port><socketType>plain</socketType>'),
    server('<hostname>a.example.test</hostname><port>465</port><socketType>quantum</socketType>'),
    server('<hostname>x.example.test</hostname><port>443</port><socketType>SSL</socketType>', 'exchange'),
  );
  assert.deepEqual(readAutoconfig(source, 'example.test'), [
    {
      host: 'smtp.example.test',
      port: 465,
      security: 'implicit',
      auth: 'password',
      username: '%EMAILADDRESS%',
    },
    { host: 'mx.example.test', port: 587, security: 'starttls', auth: 'oauth2-refresh-token' },
    { host: 'open.example.test', port: 25, security: 'none', auth: 'anonymous' },
  ]);
  assert.equal(readAutoconfig('<other/>', 'example.test'), undefined);
});

test('the user name is filled in from the address, here and nowhere else', () => {
  assert.equal(fillUsername('%EMAILLOCALPART%', 'example.test', 'ana@example.test'), 'ana');
  assert.equal(fillUsername('%EMAILADDRESS%', 'example.test', 'a$&b@example.test'), 'a$&b@example.test');
  assert.equal(fillUsername('x-%EMAILDOMAIN%', 'example.test', undefined), 'x-example.test');
  assert.equal(fillUsername('%EMAILADDRESS%', 'example.test', undefined), undefined);
});
