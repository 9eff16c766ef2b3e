import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { cleanFilename, parseContentType } from './attachment.ts';
import { composeMessage, composeTree } from './compose.ts';
import type { Content } from './compose.ts';
import { parseMailbox } from './display-address.ts';
import type { Mailbox } from './display-address.ts';
import { cleanHeaderText } from './header-text.ts';

function box(address: string, name?: string): Mailbox {
  const result = parseMailbox({ name, address });
  assert.ok(result.ok, result.ok ? '' : result.message);
  return result.mailbox;
}

const PLAIN: Content = {
  from: box('no-reply@example.com', 'Example'),
  to: [box('lena@example.org', 'Lena Meyer')],
  cc: [],
  subject: 'Your code',
  text: 'Hello\nYour code is 123456.\n',
  attachments: [],
  headers: [],
  messageId: '<msg_1@example.com>',
  date: new Date(1_700_000_000_000),
  boundarySeed: 'msg_1',
};

async function compose(change: Partial<Content>): Promise<string> {
  return (await composeMessage({ ...PLAIN, ...change })).raw.toString('utf8');
}

/** What Python's email package reads in a message: a second opinion that shares no code with ours. */
interface Reading {
  readonly headers: readonly (readonly [string, string])[];
  readonly to: readonly (readonly [string, string])[];
  readonly text: string | null;
  readonly html: string | null;
  readonly files: readonly {
    readonly name: string | null;
    readonly type: string;
    readonly base64: string;
    readonly cid: string | null;
  }[];
  readonly defects: number;
}

const READER = `
import sys, json, base64
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.utils import getaddresses
# Names are read the older way: the newer one keeps the space between two encoded-words (against RFC 2047 6.2).
def name(text): return str(make_header(decode_header(text)))
out = []
for raw in json.load(sys.stdin):
    m = message_from_bytes(base64.b64decode(raw), policy=policy.default)
    text = html = None
    files = []
    for part in m.walk():
        if part.is_multipart(): continue
        if part.get_content_disposition() is None and part.get_content_type() == 'text/plain': text = part.get_content()
        elif part.get_content_disposition() is None and part.get_content_type() == 'text/html': html = part.get_content()
        else: files.append({'name': part.get_filename(), 'type': part.get_content_type(), 'cid': part['Content-ID'],
                            'base64': base64.b64encode(part.get_payload(decode=True)).decode()})
    out.append({'headers': [[k, str(v)] for k, v in m.items()], 'text': text, 'html': html, 'files': files,
                'to': [[name(n), a] for n, a in getaddresses([message_from_bytes(base64.b64decode(raw))['To'].replace('\\r\\n', '')])],
                'defects': sum(len(p.defects) for p in m.walk())})
json.dump(out, sys.stdout)
`;
const NO_PYTHON = spawnSync('python3', ['-c', 'import email.policy']).status !== 0;
const NEEDS_PYTHON = { skip: NO_PYTHON ? 'needs python3' : false };

function readWithPython(messages: readonly Buffer[]): readonly Reading[] {
  const run = spawnSync('python3', ['-c', READER], {
    input: JSON.stringify(messages.map((message) => message.toString('base64'))),
    maxBuffer: 1 << 28,
    timeout: 60_000,
  });
  assert.equal(run.status, 0, run.stderr.toString());
  const readings: readonly Reading[] = JSON.parse(run.stdout.toString());
  return readings;
}

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({ unit: 'grapheme', maxLength: 80 }),
  fc
    .array(
      fc.constantFrom(
        'Zoë',
        'a',
        ' ',
        '\r\n',
        '.',
        '--',
        '日本語',
        '"',
        '\\',
        '<',
        '>',
        ',',
        '=?utf-8?q?a?=',
        '\t',
        'x'.repeat(120),
        '\ud800',
        '👋',
        '=',
        'From ',
      ),
      { maxLength: 40 },
    )
    .map((parts) => parts.join('')),
);
const anyMailbox = fc
  .tuple(
    fc.option(anyText),
    fc.constantFrom('lena@example.org', 'a.b+c@xn--mnchen-3ya.de', "o'neil@example.com"),
  )
  .map(([name, address]): Mailbox => {
    const clean = cleanHeaderText(name ?? '')
      .slice(0, 200)
      .toWellFormed()
      .trim();
    return box(address, clean);
  });
const anyContent: fc.Arbitrary<Content> = fc
  .record({
    from: anyMailbox,
    to: fc.array(anyMailbox, { minLength: 1, maxLength: 6 }),
    cc: fc.array(anyMailbox, { maxLength: 3 }),
    subject: anyText,
    text: fc.option(anyText),
    html: fc.option(anyText),
    header: anyText,
    files: fc.array(
      fc.record({
        filename: anyText,
        content: fc.uint8Array({ maxLength: 400 }),
        cid: fc.option(fc.constantFrom('logo@x', 'a\r\nb<>')),
      }),
      { maxLength: 3 },
    ),
  })
  .map(({ text, html, header, files, ...rest }) => ({
    ...PLAIN,
    ...rest,
    ...(text === null ? {} : { text }),
    ...(html === null ? {} : { html }),
    headers: cleanHeaderText(header) === '' ? [] : [{ name: 'X-Any', value: header }],
    attachments: files.map(({ filename, content, cid }) => ({
      filename,
      contentType: 'application/pdf',
      content: Buffer.from(content),
      ...(cid === null ? {} : { cid }),
    })),
  }));

/** A body as every reader must get it back: line ends unified, the last one not significant. */
function body(text: string | null | undefined): string {
  return (text ?? '')
    .toWellFormed()
    .replace(/\r\n|\r|\n/g, '\n')
    .replace(/\n+$/, '');
}

function assertClean(raw: Buffer): void {
  const text = raw.toString('latin1');
  assert.ok(/^[\u0000-\u007f]*$/.test(text), 'a byte over 127');
  assert.ok(!/(?<!\r)\n|\r(?!\n)/.test(text), 'a bare CR or LF');
  for (const line of text.split('\r\n')) assert.ok(line.length <= 998, `a line of ${String(line.length)}`);
  const head = text.slice(0, text.indexOf('\r\n\r\n'));
  for (const line of head.split('\r\n'))
    assert.ok(line.trim() !== '' && /^[\u0020-\u007e\t]*$/.test(line), line);
}

test('I2 I7: three hundred random messages read the same in a second parser', NEEDS_PYTHON, async () => {
  const contents = fc.sample(anyContent, { numRuns: 300, seed: 20_261_121 });
  const raws = await Promise.all(contents.map(async (content) => (await composeMessage(content)).raw));
  raws.forEach(assertClean);
  const readings = readWithPython(raws);
  contents.forEach((content, index) => {
    const reading = readings[index];
    assert.ok(reading !== undefined);
    const subject = cleanHeaderText(content.subject);
    const names = reading.headers.map(([name]) => name);
    const intended = [
      'From',
      'To',
      ...(content.cc.length > 0 ? ['Cc'] : []),
      ...(subject === '' ? [] : ['Subject']),
      ...content.headers.map(({ name }) => name),
    ];
    assert.deepEqual(names.slice(0, intended.length), intended);
    const own = names.slice(intended.length).filter((name) => !name.startsWith('Content-'));
    assert.deepEqual(own, ['Message-ID', 'Date', 'MIME-Version'], `message ${String(index)}`);
    const get = (name: string) => reading.headers.find(([key]) => key === name)?.[1] ?? '';
    assert.equal(get('Subject'), subject, `subject of message ${String(index)}`);
    assert.equal(get('X-Any'), cleanHeaderText(content.headers[0]?.value ?? ''));
    assert.deepEqual(
      reading.to,
      content.to.map(({ name, address }) => [name ?? '', `${address.local}@${address.domain}`]),
    );
    assert.equal(body(reading.text), body(content.text), `text of message ${String(index)}`);
    assert.equal(body(reading.html), body(content.html), `html of message ${String(index)}`);
    assert.equal(reading.defects, 0);
    const files = reading.files.map(({ base64 }) => base64).toSorted();
    assert.deepEqual(files, content.attachments.map((file) => file.content.toString('base64')).toSorted());
    for (const file of content.attachments) {
      const name = cleanFilename(file.filename);
      if (name !== '')
        assert.ok(
          reading.files.some((found) => found.name === name),
          `${JSON.stringify(name)} in ${JSON.stringify(reading.files)}`,
        );
    }
  });
});

test('I7: no line passes 998 octets, whatever the content', async () => {
  const long = 'x'.repeat(5_000);
  const spaces = `a${' '.repeat(3_000)}b`;
  const worst: readonly Partial<Content>[] = [
    { subject: long },
    { subject: spaces },
    { subject: 'ü'.repeat(3_000) },
    { text: long },
    { html: `<p>${long}</p>` },
    { text: 'ü'.repeat(5_000) },
    { headers: [{ name: 'X-A', value: long }] },
    { headers: [{ name: 'X-A', value: spaces }] },
    { to: Array.from({ length: 100 }, (_, index) => box(`a${String(index)}@example.com`, 'n'.repeat(200))) },
    {
      attachments: [
        { filename: `${long}.pdf`, contentType: 'application/pdf', content: Buffer.alloc(5_000) },
      ],
    },
    {
      attachments: [
        {
          filename: `${'ü'.repeat(500)}.pdf`,
          contentType: 'application/pdf',
          content: Buffer.alloc(0),
          cid: long,
        },
      ],
      html: 'x',
    },
    { text: '.\r\n..\r\n.\n\n.' },
    { text: '\u0000\u0001\u007f' },
    { text: 'a\rb\nc\r\nd\n\re' },
  ];
  for (const change of worst) assertClean((await composeMessage({ ...PLAIN, ...change })).raw);
});

test('Q9: the same input gives the same bytes, and the seed alone makes the boundaries', async () => {
  const rich = {
    html: '<p>ü</p>',
    attachments: [{ filename: 'a.png', contentType: 'image/png', content: Buffer.from('x'), cid: 'a@b' }],
  };
  assert.equal(await compose(rich), await compose(rich));
  const other = await compose({ ...rich, boundarySeed: 'msg_2' });
  assert.equal(other.replaceAll('msg2', 'msg1'), await compose(rich));
});

test('the short way gives the same bytes as the library', async () => {
  const texts = [
    'Hello\nYour code is 123456.\n',
    'x',
    'a\r\n\r\nb\tc ',
    `${'x'.repeat(76)}\n${'y'.repeat(76)}`,
    'x'.repeat(77),
    '\n',
    '.\n',
    'ü',
    '\u007f',
    ' ',
  ];
  for (const text of texts) {
    const raw = await compose({ text });
    const head = raw.slice(0, raw.indexOf('Message-ID:'));
    assert.equal(raw, (await composeTree({ ...PLAIN, text }, head)).toString('utf8'), JSON.stringify(text));
  }
});

test('a body that holds the boundary gets another one', async () => {
  const raw = await compose({
    text: 'a\r\n----_NmP-msg1-Part_1\r\nContent-Type: text/evil\r\n\r\nb',
    html: '<p>x</p>',
  });
  const boundary = /boundary="([^"]+)"/.exec(raw)?.[1] ?? '';
  assert.equal(raw.split(`\r\n--${boundary}`).length - 1, 3);
});

test('I3: a blind copy has no place in the type, and a message to nobody visible says so', async () => {
  assert.match(await compose({ to: [] }), /^To: undisclosed-recipients:;\r$/m);
  const smuggled = { ...PLAIN, bcc: [box('secret@example.com')] };
  assert.doesNotMatch((await composeMessage(smuggled)).raw.toString(), /secret|bcc/i);
});

test('I4: a path, a URL or raw content cannot reach the library', async () => {
  const shapes: readonly unknown[] = [
    { path: '/etc/hostname' },
    { href: 'http://127.0.0.1/' },
    { raw: { path: '/etc/hostname' } },
    { content: { path: '/etc/hostname' } },
    { filename: 'a', contentType: 'text/plain', path: '/etc/hostname' },
    { filename: 'a', contentType: 'text/plain', content: { path: '/etc/hostname' } },
    { filename: 'a', contentType: 'text/plain', content: 'text, not bytes' },
    { filename: 'a', contentType: 'text/plain', href: 'data:text/plain,x' },
  ];
  for (const shape of shapes) {
    await assert.rejects(
      async () => await composeMessage({ ...PLAIN, attachments: [shape] as never }),
      JSON.stringify(shape),
    );
    await assert.rejects(
      async () => await composeMessage({ ...PLAIN, text: shape as never }),
      JSON.stringify(shape),
    );
    await assert.rejects(
      async () => await composeMessage({ ...PLAIN, html: shape as never }),
      JSON.stringify(shape),
    );
    const extra = await composeMessage({
      ...PLAIN,
      raw: shape,
      icalEvent: shape,
      alternatives: [shape],
    } as never);
    assert.deepEqual(extra.raw, (await composeMessage(PLAIN)).raw);
  }
  // An attachment with good bytes and a path beside them: the bytes count, the path is not seen.
  const both = {
    filename: 'a.txt',
    contentType: 'text/plain',
    content: Buffer.from('bytes'),
    path: '/etc/hostname',
    raw: 'x',
  };
  const raw = await compose({ attachments: [both] });
  assert.ok(raw.includes(Buffer.from('bytes').toString('base64')) && !raw.includes('hostname'));
});

test('I6: names and domains in headers cannot break out of their place', async () => {
  const raw = await compose({
    to: [box('a@münchen.de', 'Evil" <v@v.test>, "x')],
    cc: [box('b@example.com', 'Zoë, Inc.')],
  });
  assert.match(raw, /^To: "Evil\\" <v@v\.test>, \\"x" <a@xn--mnchen-3ya\.de>\r$/m);
  assert.match(raw, /^Cc: =\?utf-8\?[QB]\?[!-~]+\?= <b@example\.com>\r$/m);
});

test('a non-ASCII local part makes UTF-8 headers with the domain still as A-labels', async () => {
  const composed = await composeMessage({ ...PLAIN, to: [box('lenä@münchen.de', 'Zoë')] });
  assert.equal(composed.utf8Headers, true);
  assert.match(composed.raw.toString('utf8'), /^To: =\?utf-8\?\S+ <lenä@xn--mnchen-3ya\.de>\r$/m);
  assert.equal((await composeMessage(PLAIN)).utf8Headers, false);
});

test('sender, reply-to and the mark of automatic mail are written when asked for', async () => {
  const raw = await compose({
    sender: box('s@example.com'),
    replyTo: [box('r@example.com', 'R')],
    autoSubmitted: true,
  });
  assert.match(raw, /^Sender: s@example\.com\r\nReply-To: R <r@example\.com>\r\n/m);
  assert.match(raw, /^Auto-Submitted: auto-generated\r$/m);
  assert.match(raw, /^Date: Tue, 14 Nov 2023 22:13:20 \+0000\r$/m);
});

test('an inline image travels with the HTML part', async () => {
  const raw = await compose({
    html: '<img src="cid:logo@x">',
    attachments: [{ filename: 'l.png', contentType: 'image/png', content: Buffer.from('p'), cid: 'logo@x' }],
  });
  assert.ok(raw.indexOf('multipart/alternative') < raw.indexOf('multipart/related'));
  assert.match(raw, /^Content-ID: <logo@x>\r$/m);
});

test('I7: a file name keeps neither path nor control characters', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['/etc/passwd', 'passwd'],
    ['C:\\Users\\x\\a.pdf', 'a.pdf'],
    ['../../a.txt', 'a.txt'],
    ['..', ''],
    ['', ''],
    ['a\r\nb.txt', 'ab.txt'],
    ['a\u0000.exe', 'a.exe'],
    ['a:b*?"<c>|.txt', 'a_b____c__.txt'],
    ['gpj.\u202eexe', 'gpj.exe'],
    ['Zoë.pdf', 'Zoë.pdf'],
    [`${'x'.repeat(400)}.pdf`, `${'x'.repeat(196)}.pdf`],
  ];
  for (const [text, name] of cases) assert.equal(cleanFilename(text), name);
});

test('I4: a content type names one type and harmless parameters', () => {
  for (const text of [
    'application/pdf',
    'text/csv; charset=utf-8',
    'text/calendar; method=REQUEST; charset="utf-8"',
    'image/svg+xml',
    'Application/VND.ms-excel',
  ]) {
    assert.equal(parseContentType(text).ok, true, text);
  }
  for (const text of [
    '',
    'pdf',
    'a/b/c',
    'multipart/mixed',
    'message/rfc822',
    'text/plain; boundary=x',
    'text/plain; name=x',
    'text/plain\r\nBcc: v@v.test',
    'text/plain; charset=a b',
    'text /plain',
    'text/plain;',
    `a/${'b'.repeat(500)}`,
    'tëxt/plain',
    'text/plain; charset=utf-8\u0000',
  ]) {
    assert.equal(parseContentType(text).ok, false, text);
  }
});
