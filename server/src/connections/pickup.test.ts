/** Putting mail into a folder: what is in the file, what never is, and what a folder that cannot be used says. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { address, mailOf } from '../../test/smtp-scene.ts';
import { createFakeClock } from '../../test/fake-clock.ts';
import { classify, type Failure } from '../mail/mail.ts';
import type { OutgoingMail, PhaseRecord, SendReport } from '../smtp/smtp.ts';
import { checkFolder, putIntoFolder, tidyFolder } from './pickup.ts';
import { createErrands } from './sender.ts';

const root = mkdtempSync(join(tmpdir(), 'posthorn-pickup-'));
after(() => {
  rmSync(root, { recursive: true });
});
let count = 0;
function newFolder(): string {
  const folder = join(root, `f${String((count += 1))}`);
  mkdirSync(folder);
  return folder;
}

const clock = createFakeClock();
const signal = new AbortController().signal;

function put(mail: OutgoingMail, folder: string, allowed: readonly string[] = [root]): Promise<SendReport> {
  return putIntoFolder(mail, { folder, allowed: () => allowed, clock, signal });
}

const files = (folder: string): string[] => readdirSync(folder);
const read = (folder: string): string => readFileSync(join(folder, files(folder)[0] ?? ''), 'latin1');

function refusal(report: SendReport): { failure: Failure; errorId: string | undefined; inDoubt: boolean } {
  const [first] = report.results;
  assert(first?.kind === 'failed', JSON.stringify(report));
  const { failure, inDoubt, phase } = first;
  return { failure, inDoubt, errorId: classify({ failure, inDoubt, phase }).errorId };
}

async function* chunks(text: string, size: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text, 'utf8');
  for (let from = 0; from < bytes.length; from += size)
    yield await Promise.resolve(bytes.subarray(from, from + size));
}

test('U4: one valid .eml per message, with its envelope in front, blind copies among the recipients', async () => {
  const folder = newFolder();
  const content = Buffer.from(
    'From: a@from.test\r\nTo: b@to.test\r\nSubject: hi\r\n\r\n.\r\n..dots stay\r\n',
  );
  const recipients = [address('b@to.test'), address('blind@to.test')];
  const report = await put(mailOf({ content, recipients }), folder);
  assert.equal(
    read(folder),
    'X-Sender: a@from.test\r\nX-Receiver: b@to.test\r\nX-Receiver: blind@to.test\r\n' +
      'From: a@from.test\r\nTo: b@to.test\r\nSubject: hi\r\n\r\n.\r\n..dots stay\r\n',
  );
  assert.match(files(folder).join(), /^[0-9a-f]{40}\.eml$/);
  assert.deepEqual(
    report.results.map((result) => result.kind === 'replied' && [result.phase, result.reply.code]),
    [
      ['accepted', 250],
      ['accepted', 250],
    ],
  );
  assert.deepEqual(
    report.phases.map(({ phase }) => phase),
    ['settings', 'data', 'accepted'],
  );
  assert.match(report.transcript, /renamed to [0-9a-f]{40}\.eml/);
  assert.equal(statSync(join(folder, files(folder)[0] ?? '')).mode & 0o007, 0, 'nothing for others');
});

test('line ends become CRLF, whatever they were and wherever the parts are cut', async () => {
  for (const size of [1, 2, 3, 7, 1000]) {
    const folder = newFolder();
    const text = 'From: ä@from.test\nSubject: x\r\n\tfolded\r\n\none\rtwo\r\nthree\n\nno end\0';
    await put(mailOf({ content: () => chunks(text, size) }), folder);
    const expected =
      'From: ä@from.test\r\nSubject: x\r\n\tfolded\r\n\r\none\r\ntwo\r\nthree\r\n\r\nno end\r\n';
    const written = Buffer.from(read(folder), 'latin1').toString('utf8');
    assert.equal(written, `X-Sender: a@from.test\r\nX-Receiver: b@to.test\r\n${expected}`, String(size));
  }
});

test('a message cannot name recipients of its own to the collecting program', async () => {
  const folder = newFolder();
  const content = Buffer.from(
    'X-Receiver: victim@to.test\r\nx-SENDER : forged@from.test\r\nFrom: a@from.test\r\nX-Receiver:\r\n victim@to.test\r\nX-Receivers: stay\r\n\r\nX-Receiver: in the body\r\n',
  );
  await put(mailOf({ content }), folder);
  const [header = '', body = ''] = read(folder).split('\r\n\r\n');
  assert.deepEqual(header.split('\r\n'), [
    'X-Sender: a@from.test',
    'X-Receiver: b@to.test',
    'From: a@from.test',
    'X-Receivers: stay',
  ]);
  assert.equal(body, 'X-Receiver: in the body\r\n');
});

test('the same message written once more is still one file; another is another', async () => {
  const folder = newFolder();
  const mail = mailOf();
  await put(mail, folder);
  await put(mail, folder);
  assert.equal(files(folder).length, 1);
  await put(mailOf({ recipients: [address('c@to.test')] }), folder);
  assert.equal(files(folder).length, 2);
});

test('only folders that the configuration names, wherever a link leads', async () => {
  const folder = newFolder();
  const outside = mkdtempSync(join(tmpdir(), 'posthorn-outside-'));
  after(() => {
    rmSync(outside, { recursive: true });
  });
  symlinkSync(outside, join(folder, 'escape'));
  mkdirSync(join(folder, 'inside'));
  symlinkSync(join(folder, 'inside'), join(folder, 'alias'));
  mkdirSync(`${folder}-beside`);
  const bad = [
    ...[outside, join(folder, 'escape'), join(folder, 'escape', '.'), join(folder, '..'), `${folder}-beside`],
    ...['/', '/etc', 'relative', '.', join(folder, 'inside', '..', '..'), `${folder}/../${outside}`],
  ];
  for (const path of bad)
    assert.equal(refusal(await put(mailOf(), path, [folder])).errorId, 'pickup.not_allowed', path);
  assert.equal(
    refusal(await put(mailOf(), folder, [])).errorId,
    'pickup.not_allowed',
    'none are named by default',
  );
  for (const path of [folder, join(folder, 'inside'), join(folder, 'alias'), `${folder}//inside/.`]) {
    const report = await put(mailOf(), path, [folder]);
    assert.equal(report.results[0]?.kind, 'replied', path);
  }
  assert.deepEqual(files(outside), []);
  const link = join(root, 'the-root-itself-is-a-link');
  symlinkSync(folder, link);
  assert.equal((await put(mailOf(), join(link, 'inside'), [link])).results[0]?.kind, 'replied');
});

test('a folder that cannot be used says why, and nothing is left in it', async () => {
  const folder = newFolder();
  const cases: readonly [string, string][] = [
    [join(folder, 'missing'), 'pickup.not_found'],
    [join(folder, 'file'), 'pickup.not_found'],
    [join(folder, 'loop'), 'pickup.not_found'],
  ];
  writeFileSync(join(folder, 'file'), '');
  symlinkSync(join(folder, 'loop'), join(folder, 'loop'));
  for (const [path, expected] of cases) {
    const report = await put(mailOf(), path);
    assert.equal(refusal(report).errorId, expected, path);
    assert.equal(report.session?.phase, 'settings', 'it is about the connection');
  }
  const locked = newFolder();
  chmodSync(locked, 0o500);
  if (process.getuid?.() !== 0)
    assert.equal(refusal(await put(mailOf(), locked)).errorId, 'pickup.not_writable');
  chmodSync(locked, 0o700);
});

test('nothing is put there when the right to send is lost, the content breaks off, or it is stopped', async () => {
  const folder = newFolder();
  const late = refusal(await put(mailOf({ mayCommit: () => false }), folder));
  assert.deepEqual([late.failure.kind, late.inDoubt], ['lease', false]);
  const broken = async function* (): AsyncGenerator<Buffer> {
    yield await Promise.resolve(Buffer.from('From: a@from.test\r\n\r\nhalf'));
    throw new Error('the database is gone');
  };
  const half = refusal(await put(mailOf({ content: broken }), folder));
  assert.deepEqual([half.failure.kind, half.errorId, half.inDoubt], ['stopped', 'internal.stopped', false]);
  const abort = new AbortController();
  abort.abort();
  const options = { folder, allowed: () => [root], clock, signal: abort.signal };
  assert.equal(refusal(await putIntoFolder(mailOf(), options)).failure.kind, 'stopped');
  assert.deepEqual(files(folder), []);
});

test('a header that never ends does not fill the memory', async () => {
  const folder = newFolder();
  const endless = async function* (): AsyncGenerator<Buffer> {
    for (;;) yield await Promise.resolve(Buffer.alloc(64 * 1024, 'x'));
  };
  assert.match(
    refusal(await put(mailOf({ content: endless }), folder)).failure.message,
    /header does not end/,
  );
  assert.deepEqual(files(folder), []);
});

test('a check writes a file and takes it away, and tells its stages', async () => {
  const folder = newFolder();
  const phases: PhaseRecord[] = [];
  const watch = { onPhase: (record: PhaseRecord) => phases.push(record) };
  const passed = await checkFolder({ folder, allowed: () => [root], clock, watch });
  assert.equal(passed.session, undefined);
  assert.deepEqual(
    phases.map(({ phase, failure }) => [phase, failure]),
    [
      ['settings', undefined],
      ['data', undefined],
    ],
  );
  assert.deepEqual(files(folder), []);
  const failed = await checkFolder({ folder: join(folder, 'no'), allowed: () => [root], clock, watch });
  assert.equal(failed.session?.failure?.code, 'ENOENT');
});

test('what a crash left half written is taken away after a day, and nothing else', async () => {
  const folder = newFolder();
  const name = (digit: string): string => `.posthorn-${digit.repeat(8)}-1111-4111-8111-111111111111.tmp`;
  const keep = [name('2'), 'mail.eml', '.posthorn-x.tmp', 'posthorn.tmp', `${name('1')}.eml`];
  for (const file of [name('1'), ...keep]) {
    writeFileSync(join(folder, file), 'half');
    const days = file === name('2') ? 0.9 : 1.1;
    const at = clock.now() / 1000 - days * 86_400;
    utimesSync(join(folder, file), at, at);
  }
  await tidyFolder({ folder, allowed: () => [], clock });
  assert.equal(files(folder).length, 6, 'only where mail may be put');
  await tidyFolder({ folder, allowed: () => [root], clock });
  assert.deepEqual(files(folder).toSorted(), keep.toSorted());
});

test('errands: so many at once, the urgent first, and those that wait are told when it stops', async () => {
  const running: { mail: OutgoingMail; end: () => void }[] = [];
  const done = (mail: OutgoingMail): SendReport => ({
    results: mail.recipients.map(() => ({
      kind: 'replied',
      phase: 'accepted',
      reply: { code: 250, lines: [] },
    })),
    phases: [],
    transcript: '',
  });
  const sender = createErrands({
    clock,
    atOnce: 1,
    run: (mail, stopped) =>
      new Promise((resolve) => {
        const end = (): void => {
          resolve(done(mail));
        };
        stopped.addEventListener('abort', end);
        running.push({ mail, end });
      }),
  });
  const order: string[] = [];
  const sends = [3, 2, 0, 1].map(async (lane) => {
    const { results } = await sender.send(mailOf({ lane }));
    order.push(`${String(lane)} ${results[0]?.kind ?? ''}`);
  });
  assert.deepEqual(sender.load(), { open: 1, waiting: 3 });
  sender.resize(2);
  assert.deepEqual(sender.load(), { open: 2, waiting: 2 });
  running[0]?.end();
  await sends[0];
  await Promise.resolve();
  assert.deepEqual(
    running.map(({ mail }) => mail.lane),
    [3, 0, 1],
  );
  const stopped = sender.stop(1_000);
  await sends[1];
  assert.deepEqual(order, ['3 replied', '2 failed']);
  clock.advance(1_000); // the grace is over
  await Promise.all([stopped, ...sends]);
  assert.equal((await sender.send(mailOf())).results[0]?.kind, 'failed');
});

test('errands: a bug of ours is told to whoever sends, and the next one goes on', async () => {
  let runs = 0;
  const report: SendReport = { results: [], phases: [], transcript: '' };
  const run = () => ((runs += 1), runs === 1 ? Promise.reject(new Error('ours')) : Promise.resolve(report));
  const sender = createErrands({ clock, atOnce: 1, run });
  const [first, second] = await Promise.allSettled([sender.send(mailOf()), sender.send(mailOf())]);
  assert.deepEqual([first?.status, second?.status], ['rejected', 'fulfilled']);
  await sender.stop(0);
});
