/**
 * Z1: fifteen points of a conversation × thirteen faults, on servers with and without PIPELINING, and for the body at
 * four places. The expected outcome of every cell follows from the rules in `expect`.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeCertificates } from '../../test/certificates.ts';
import { type Fault, FAULTS } from '../../test/peer-faults.ts';
import { type Point, POINTS, startPeer } from '../../test/smtp-peer.ts';
import { address, BODY, mailOf, poolOf, targetOf, timeoutsOf, words } from '../../test/smtp-scene.ts';

const DEADLINE_MS = 1000;
const SLACK_MS = 2000;
/** A TLS handshake in segments of one octet takes its time on a busy machine, and no deadline is under test there. */
const SPLIT_DEADLINE_MS = 15_000;
const AT_ONCE = 16;

interface Cell {
  readonly point: Point;
  readonly fault: Fault;
  readonly pipelining: boolean;
  readonly percent: number;
}

interface Expected {
  /** Of the first and the second recipient of the first message. */
  readonly ends: readonly [string, string];
  /** Whether the second message goes over the connection of the first. */
  readonly reused: boolean;
  /** Copies of the first message that the peer holds complete. */
  readonly copies: number;
}

/** What a fault comes to where a reply was awaited. */
const AWAITING: Record<Fault, string> = {
  '4xx': '451',
  '5xx': '554',
  '421': '421',
  fin: 'dropped',
  rst: 'dropped',
  'half-close': 'dropped',
  stall: 'timeout',
  drip: 'timeout',
  garbage: 'protocol',
  'over-long': 'protocol',
  malformed: 'protocol',
  split: '250',
  early: 'protocol',
};

function expect({ point, fault }: Cell): Expected {
  const usual = AWAITING[fault];
  const goesOn = usual === '250';
  const all = (end: string, reused: boolean, copies = end === '250' ? 1 : 0): Expected => ({
    ends: [end, end],
    reused,
    copies,
  });
  switch (point) {
    case 'connect':
    case 'tls-handshake':
      // Whatever is said in the place of TLS is broken TLS; silence and hanging up are what they always are.
      if (goesOn) return all('250', true);
      return all(usual === 'timeout' || usual === 'dropped' ? usual : 'tls', false);
    case 'ehlo':
    case 'ehlo-2':
      // HELO is tried, and a server without EHLO offers neither STARTTLS nor AUTH.
      return fault === '5xx' ? all('capability', false) : all(usual, goesOn);
    case 'banner':
    case 'starttls':
    case 'auth':
    case 'auth-challenge':
      return all(usual, goesOn);
    case 'mail':
    case 'data':
      return all(usual, goesOn || fault === '4xx' || fault === '5xx');
    case 'rcpt-first':
      if (fault === '4xx' || fault === '5xx') return { ends: [usual, '250'], reused: true, copies: 1 };
      return all(usual, goesOn);
    case 'rcpt-last':
      if (fault === '4xx' || fault === '5xx') return { ends: ['250', usual], reused: true, copies: 1 };
      return all(usual, goesOn);
    case 'body':
      // Nothing may be said here. A refusal is taken for one all the same; the connection is never used again.
      return all(goesOn ? '451' : usual, false);
    case 'dot':
      if (fault === '4xx' || fault === '5xx') return all(usual, true);
      if (fault === '421') return all(usual, false);
      // The message was answered with its 250; what came behind it only spoils the connection.
      if (fault === 'early') return all('250', false);
      return goesOn ? all('250', true) : all(`${usual} in doubt`, false, 1);
    case 'quit':
      return all('250', true);
  }
}

/** A body that stands still at the point of the fault, so that the fault decides and not what the kernel buffers. */
function gatedBody(percent: number, over: Promise<void>): () => AsyncIterable<Buffer> {
  const size = BODY.length * 200;
  return async function* () {
    const whole = Buffer.concat(Array.from({ length: 200 }, () => BODY));
    const cut = Math.max(1, Math.ceil((percent / 100) * size));
    yield whole.subarray(0, cut);
    await over;
    yield whole.subarray(cut);
  };
}

async function runCell(cell: Cell): Promise<void> {
  const { ca, cert, key } = makeCertificates();
  const { point, fault, percent } = cell;
  const peer = await startPeer({
    extensions: cell.pipelining ? ['PIPELINING', 'SIZE'] : ['SIZE'],
    auth: { mechanisms: ['LOGIN'] },
    tls: { cert, key, implicit: point === 'connect' },
    faults: [{ point, fault, percent }],
    recipients: 2,
  });
  const deadlineMs = fault === 'split' ? SPLIT_DEADLINE_MS : DEADLINE_MS;
  const pool = poolOf(
    targetOf(peer.port, {
      security: point === 'connect' ? 'implicit' : 'starttls',
      tls: { minVersion: 'TLSv1.2', verify: true, ca },
      signIn: { kind: 'password', username: 'user', password: 'correct horse' },
      timeouts: timeoutsOf(deadlineMs),
    }),
  );
  const over = Promise.withResolvers<void>();
  const body =
    point === 'body' ? { content: gatedBody(percent, over.promise), sizeBytes: BODY.length * 200 } : {};
  const startedAt = performance.now();
  const recipients = [address('one@to.test'), address('two@to.test')];
  const first = await pool.send(mailOf({ from: address('first@from.test'), recipients, ...body }));
  const firstMs = performance.now() - startedAt;
  over.resolve();
  const second = await pool.send(mailOf({ from: address('second@from.test'), recipients }));
  const stopAt = performance.now();
  await pool.stop(0);
  const stopMs = performance.now() - stopAt;
  await peer.close();
  const found = {
    ends: words(first).map((end) => (hangsUpAtOnce(cell) && end === 'tcp' ? 'dropped' : end)),
    reused: second.peer?.reused,
    copies: peer.messages.filter((message) => message.from === 'first@from.test').length,
  };
  assert.deepEqual(found, expect(cell), `${name(cell)}\n${first.transcript}`);
  assert.deepEqual(words(second), ['250', '250'], `${name(cell)}, second message\n${second.transcript}`);
  assert.ok(firstMs <= deadlineMs + SLACK_MS, `${name(cell)} took ${String(firstMs)} ms`);
  assert.ok(stopMs <= deadlineMs + SLACK_MS, `${name(cell)}: stopping took ${String(stopMs)} ms`);
  const inDoubt = first.results.some((result) => result.kind === 'failed' && result.inDoubt);
  assert.ok(!inDoubt || point === 'dot', `${name(cell)} is in doubt`);
}

/** Hanging up right after accepting may be noticed while connecting or just after: the same to everybody. */
function hangsUpAtOnce({ point, fault }: Cell): boolean {
  return (point === 'connect' || point === 'banner') && AWAITING[fault] === 'dropped';
}

function name(cell: Cell): string {
  const place = cell.point === 'body' ? ` at ${String(cell.percent)} %` : '';
  return `${cell.point}${place} × ${cell.fault}${cell.pipelining ? ' (pipelining)' : ''}`;
}

function cellsOf(pipelining: boolean): Cell[] {
  return POINTS.flatMap((point) =>
    FAULTS.flatMap((fault) =>
      (point === 'body' ? [0, 1, 50, 99] : [0]).map((percent) => ({ point, fault, pipelining, percent })),
    ),
  );
}

for (const pipelining of [false, true]) {
  test(`Z1: every fault at every point ends as the rules say${pipelining ? ', pipelining' : ''}`, async () => {
    const cells = cellsOf(pipelining);
    assert.equal(new Set(cells.map((cell) => `${cell.point} ${cell.fault}`)).size, 195);
    const wrong: unknown[] = [];
    const worker = async (): Promise<void> => {
      for (let cell = cells.shift(); cell !== undefined; cell = cells.shift()) {
        await runCell(cell).catch((error: unknown) => wrong.push(error));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    if (wrong.length > 0) throw new AggregateError(wrong, wrong.map(String).join('\n\n'));
  });
}
