import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeBody, endBody, newBodyState } from './body.ts';

/** The wire form of a body given in pieces. */
function wireOf(chunks: readonly Buffer[]): Buffer {
  const state = newBodyState();
  const parts = chunks.map((chunk) => encodeBody(state, chunk));
  return Buffer.concat([...parts, Buffer.from(endBody(state))]);
}

/** What a server stores: the text up to the first CRLF.CRLF, doubled dots undone. Throws when that is not the end. */
function received(wire: Buffer): string {
  const text = wire.toString('latin1');
  const end = text.startsWith('.\r\n') ? 0 : text.indexOf('\r\n.\r\n') + 2;
  assert.equal(text.slice(end), '.\r\n', 'the first end of the message is the only one');
  return text.slice(0, end).replace(/(^|\r\n)\.\./g, '$1.');
}

/** What must arrive: every line end as CRLF, no NUL, the last line closed. */
function meant(body: Buffer): string {
  const text = body
    .toString('latin1')
    .replaceAll('\0', '')
    .replace(/\r\n|\r|\n/g, '\r\n');
  return text === '' || text.endsWith('\r\n') ? text : `${text}\r\n`;
}

const spice = fc.constantFrom(
  '\r',
  '\n',
  '\r\n',
  '.',
  '..',
  '\0',
  'a',
  'bc',
  '\u00e4',
  '\r\n.\r\n',
  '\n.\n',
  '\r.\r',
);

test('U2: nothing bare goes out, only the end ends the message, and the text arrives', () => {
  const body = fc.array(spice, { maxLength: 40 }).map((parts) => Buffer.from(parts.join(''), 'latin1'));
  fc.assert(
    fc.property(body, fc.array(fc.nat(60), { maxLength: 6 }), (whole, cuts) => {
      const chunks: Buffer[] = [];
      let from = 0;
      for (const cut of [...cuts, whole.length]
        .map((at) => Math.min(at, whole.length))
        .toSorted((a, b) => a - b)) {
        chunks.push(whole.subarray(from, cut));
        from = cut;
      }
      const wire = wireOf(chunks);
      assert.doesNotMatch(wire.toString('latin1'), /(?<!\r)\n|\r(?!\n)|\0/);
      assert.equal(received(wire), meant(whole));
    }),
    { numRuns: 20_000 },
  );
});

test('U2: random octets arrive too', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => {
      const body = Buffer.from(octets);
      const wire = wireOf([body]);
      assert.doesNotMatch(wire.toString('latin1'), /(?<!\r)\n|\r(?!\n)|\0/);
      assert.equal(received(wire), meant(body));
    }),
    { numRuns: 5_000 },
  );
});

test('a body that is fit to send is passed on without a copy', () => {
  const state = newBodyState();
  const body = Buffer.from('Subject: x\r\n\r\nText with a . and a\r\nsecond line\r\n');
  assert.equal(encodeBody(state, body), body);
  assert.equal(endBody(state), '.\r\n');
  assert.equal(state.octets, body.length);
});

test('an empty body is ended by a dot alone', () => {
  assert.equal(wireOf([]).toString(), '.\r\n');
  assert.equal(wireOf([Buffer.alloc(0)]).toString(), '.\r\n');
  assert.equal(wireOf([Buffer.from('.')]).toString(), '..\r\n.\r\n');
});
