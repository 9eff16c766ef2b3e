/**
 * Through a real Postfix: each way in, and every kind of content, read back by Python's mail parser.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { mayRunPostfix } from './postfix-instance.ts';
import { startPostfix, type Relay } from './postfix.ts';
import { headerOf, readReceived, type ReceivedMail } from './received.ts';
import { toml, type ConnectionTable } from './toml.ts';
import { startWorld, type World } from './world.ts';

const skip = mayRunPostfix() ? false : 'Postfix runs as root only';
let relay: Relay;
let ca: string;

if (skip === false) {
  before(async () => {
    relay = await startPostfix();
    ca = await readFile(relay.certificates.ca, 'utf8');
  });
  after(() => relay.stop());
}

function signedIn(security: 'starttls' | 'implicit'): ConnectionTable {
  const port = security === 'starttls' ? relay.submissionPort : relay.implicitTlsPort;
  return { name: 'relay', host: relay.host, port, security, auth: 'password', ...relay.account, ca };
}

function anonymous(): ConnectionTable {
  return { name: 'relay', host: relay.host, port: relay.anonymousPort, security: 'none' };
}

/** Sends, waits until Postfix took it, and answers what it delivered. */
async function roundTrip(
  world: World,
  message: Readonly<Record<string, unknown>>,
): Promise<{ raw: Buffer; mail: ReceivedMail }> {
  const had = (await relay.delivered()).length;
  const { id } = await world.send({ to: ['ana@example.net'], from: 'app@example.com', ...message });
  const shown = await world.reaches(id, ['accepted', 'failed', 'held', 'in_doubt'], 40_000);
  assert.equal(shown.state, 'accepted', JSON.stringify(shown));
  await relay.waitFor(had + 1);
  const delivered = await relay.delivered();
  const raw = delivered.find((found) => found.includes(shown.messageId));
  assert.ok(raw !== undefined, 'delivered under the Message-ID that the API shows');
  const mail = await readReceived(raw);
  // Python knows RFC 5322 only: to it, an address that RFC 6531 allows is a defect.
  const defects = mail.defects.filter(
    (defect) => !/^To: (NonASCIILocalPart|UndecodableBytes)Defect$/.test(defect),
  );
  assert.deepEqual(defects, []);
  return { raw, mail };
}

for (const [name, connection] of [
  ['STARTTLS and password', () => signedIn('starttls')],
  ['implicit TLS and password', () => signedIn('implicit')],
  ['no TLS and no sign-in', anonymous],
] as const) {
  test(`a message goes out by ${name}`, { skip }, async (t) => {
    const world = await startWorld(t, toml({ connections: [connection()] }));
    const { mail, raw } = await roundTrip(world, { subject: 'Plain', text: 'One line\nand another' });
    assert.equal(headerOf(mail, 'Subject'), 'Plain');
    assert.equal(mail.parts[0]?.text?.trimEnd(), 'One line\nand another');
    assert.match(
      raw.toString('latin1'),
      name.startsWith('no TLS') ? /with (UTF8SMTP|ESMTP) id/ : /with (UTF8SMTPSA|ESMTPSA) id/,
    );
  });
}

test(
  'K3: a relay whose certificate is not trusted gets no password and holds the mail',
  { skip },
  async (t) => {
    const { ca: _, ...untrusting } = signedIn('starttls');
    const world = await startWorld(t, toml({ connections: [untrusting] }));
    const earlier = await relay.log();
    const { id } = await world.send({ to: ['ana@example.net'], subject: 'No', text: 'no' });
    const shown = await world.reaches(id, 'held');
    assert.equal(shown.recipients[0]?.attempts, 0, 'no attempt is used up');
    const said = (await relay.log()).slice(earlier.length);
    assert.doesNotMatch(said, /sasl_username/);
  },
);

test('R2: a wrong password holds the mail and is tried once', { skip }, async (t) => {
  const world = await startWorld(t, toml({ connections: [{ ...signedIn('starttls'), password: 'wrong' }] }));
  const ids = await Promise.all(
    Array.from({ length: 20 }, () => world.send({ to: ['ana@example.net'], subject: 'No', text: 'no' })),
  );
  const from = (await relay.log()).length;
  for (const { id } of ids) {
    const shown = await world.reaches(id, 'held');
    assert.equal(shown.recipients[0]?.attempts, 0);
  }
  const failures = (await relay.log()).slice(from - 1).match(/authentication failed/g) ?? [];
  assert.ok(failures.length <= 6, `${String(failures.length)} sign-ins with a wrong password`);
});

test('every kind of content arrives as it was given', { skip }, async (t) => {
  const world = await startWorld(t, toml({ connections: [signedIn('starttls')] }));
  const png = randomBytes(3_000);
  const pdf = randomBytes(40_001);
  const { mail } = await roundTrip(world, {
    from: { name: 'Jürgen Größe', address: 'app@example.com' },
    to: [{ name: '山田 太郎', address: 'ana@example.net' }],
    replyTo: ['help@example.com'],
    subject: 'Grüße: déjà vu — 日本語 ✓',
    text: 'Schöne Grüße ✓\n.leading dot\n..two\nFrom here\n',
    html: '<p>Schöne Grüße ✓ <img src="cid:logo"></p>',
    attachments: [
      { filename: 'logo.png', contentType: 'image/png', content: png.toString('base64'), cid: 'logo' },
      {
        filename: 'Übersicht für Frühjahr — 見積書.pdf',
        contentType: 'application/pdf',
        content: pdf.toString('base64'),
      },
    ],
    headers: { 'X-Order': '4711' },
  });
  assert.equal(headerOf(mail, 'Subject'), 'Grüße: déjà vu — 日本語 ✓');
  assert.equal(headerOf(mail, 'From'), 'Jürgen Größe <app@example.com>');
  assert.equal(headerOf(mail, 'To'), '山田 太郎 <ana@example.net>');
  assert.equal(headerOf(mail, 'Reply-To'), 'help@example.com');
  assert.equal(headerOf(mail, 'X-Order'), '4711');
  const part = (type: string) => mail.parts.find((found) => found.type === type);
  assert.equal(
    part('text/plain')?.text?.replaceAll('\r\n', '\n').trimEnd(),
    'Schöne Grüße ✓\n.leading dot\n..two\nFrom here',
  );
  assert.equal(part('text/html')?.text?.trimEnd(), '<p>Schöne Grüße ✓ <img src="cid:logo"></p>');
  const logo = part('image/png');
  assert.ok(logo !== undefined && logo.content.equals(png));
  assert.equal(logo.contentId, 'logo');
  assert.equal(logo.disposition, 'inline');
  const attached = part('application/pdf');
  assert.ok(attached !== undefined && attached.content.equals(pdf));
  assert.equal(attached.filename, 'Übersicht für Frühjahr — 見積書.pdf');
  assert.equal(attached.disposition, 'attachment');
});

test(
  'an address with non-ASCII letters and one in a non-ASCII domain are reached (SMTPUTF8, IDN)',
  { skip },
  async (t) => {
    const world = await startWorld(t, toml({ connections: [anonymous()] }));
    const { raw } = await roundTrip(world, { to: ['jürgen@bücher.example'], subject: 'Hallo', text: 'x' });
    assert.match(raw.toString('utf8'), /X-Original-To: jürgen@(bücher|xn--bcher-kva)\.example/);
    const idn = await roundTrip(world, { to: ['info@bücher.example'], subject: 'Hallo', text: 'x' });
    assert.match(idn.raw.toString('utf8'), /X-Original-To: info@(bücher|xn--bcher-kva)\.example/);
  },
);

test(
  'a hidden recipient gets the message and stays hidden; each recipient gets one copy',
  { skip },
  async (t) => {
    const world = await startWorld(t, toml({ connections: [anonymous()] }));
    const had = (await relay.delivered()).length;
    const { id } = await world.send({
      to: ['to@example.net'],
      cc: ['cc@example.net'],
      bcc: ['hidden@example.net'],
      subject: 'Three',
      text: 'x',
    });
    const { messageId } = await world.reaches(id, 'accepted');
    const all = (await relay.waitFor(had + 3))
      .map((raw) => raw.toString('utf8'))
      .filter((raw) => raw.includes(messageId));
    assert.equal(all.length, 3);
    const originals = all.map((raw) => /^X-Original-To: (.*)$/m.exec(raw)?.[1] ?? '');
    assert.deepEqual(originals.toSorted(), ['cc@example.net', 'hidden@example.net', 'to@example.net']);
    for (const raw of all)
      assert.doesNotMatch(raw.replace(/^(X-Original-To|Delivered-To):.*$|^\tfor <.*$/gm, ''), /hidden@/);
  },
);

test('Q13: an attachment that makes a message of 25 MB arrives byte for byte', { skip }, async (t) => {
  const world = await startWorld(t, toml({ connections: [anonymous()] }));
  const large = randomBytes(24_900_000);
  const { mail } = await roundTrip(world, {
    subject: 'Large',
    text: 'See attached',
    attachments: [
      { filename: 'large.bin', contentType: 'application/octet-stream', content: large.toString('base64') },
    ],
  });
  const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
  const found = mail.parts.find(({ filename }) => filename === 'large.bin');
  assert.equal(found === undefined ? '' : hash(found.content), hash(large));
});

test(
  'long lines, lone CR and LF, and tabs survive or are made regular; the end-of-data marker stays inside',
  { skip },
  async (t) => {
    const world = await startWorld(t, toml({ connections: [anonymous()] }));
    const text = `${'x'.repeat(2_000)}\n.\nafter the dot\r\n.\r\nand again\ttab  \n`;
    const { mail } = await roundTrip(world, { subject: 'Odd', text });
    assert.equal(
      mail.parts[0]?.text?.replaceAll('\r\n', '\n').trimEnd(),
      text.replaceAll('\r\n', '\n').trimEnd(),
    );
  },
);
