/**
 * SCRAM-SHA-256 (RFC 5802, RFC 7677), client side, without channel binding.
 * The server has to prove that it knows the password too; a 235 without that proof is not believed.
 * Next: sign-in.ts
 */
import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { type Mechanism, refuse, saslName, type Say } from './sasl.ts';

/** RFC 7677 §4 asks for at least 4096; the upper bound keeps a server from burning our processor. */
const ITERATIONS_MIN = 4096;
const ITERATIONS_MAX = 2_000_000;

const derive = promisify(pbkdf2);

/** Begins the exchange. `nonce` is ours: printable ASCII without commas. */
export function startScram(username: string, password: string, nonce: string): Mechanism {
  const firstBare = `n=${saslName(saslPrep(username))},r=${nonce}`;
  let expected: Buffer | undefined;
  let proved = false;

  async function answerFirst(challenge: string): Promise<Say> {
    const server = readServerFirst(challenge, nonce);
    if (server === undefined) return refuse('BAD_CHALLENGE', 'The server’s SCRAM challenge makes no sense.');
    const salted = await derive(saslPrep(password), server.salt, server.iterations, 32, 'sha256');
    const final = `c=biws,r=${server.nonce}`;
    const signed = `${firstBare},${challenge},${final}`;
    const clientKey = hmac(salted, 'Client Key');
    const signature = hmac(createHash('sha256').update(clientKey).digest(), signed);
    const proof = Buffer.from(clientKey.map((byte, index) => byte ^ (signature[index] ?? 0)));
    expected = hmac(hmac(salted, 'Server Key'), signed);
    return { ok: true, data: Buffer.from(`${final},p=${proof.toString('base64')}`) };
  }

  function answerFinal(challenge: string, wanted: Buffer): Say {
    const given = Buffer.from(/(?:^|,)v=([A-Za-z0-9+/=]+)/.exec(challenge)?.[1] ?? '', 'base64');
    // RFC 5802 §7: `e=` names what was wrong; the server gives its 5xx once we have answered
    if (challenge.startsWith('e=')) return { ok: true, data: Buffer.alloc(0), heard: challenge };
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) {
      return refuse('SERVER_NOT_PROVED', 'The server could not prove that it knows the password.');
    }
    proved = true;
    return { ok: true, data: Buffer.alloc(0) };
  }

  return {
    name: 'SCRAM-SHA-256',
    initial: Buffer.from(`n,,${firstBare}`),
    answer(challenge) {
      const text = challenge.toString('utf8');
      if (proved) return refuse('BAD_CHALLENGE', 'The server asked for more than SCRAM has.');
      return expected === undefined ? answerFirst(text) : answerFinal(text, expected);
    },
    mayBelieve: () => proved,
  };
}

interface ServerFirst {
  readonly nonce: string;
  readonly salt: Buffer;
  readonly iterations: number;
}

/** RFC 5802 §7 server-first-message; `undefined` when it is malformed, or not an answer to our nonce. */
function readServerFirst(text: string, nonce: string): ServerFirst | undefined {
  const match = /^r=([!-+\--~]{1,512}),s=([A-Za-z0-9+/=]{4,1024}),i=([1-9]\d{0,8})(?:,|$)/.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  const iterations = Number(match[3]);
  const own = match[1].startsWith(nonce) && match[1].length > nonce.length;
  if (!own || iterations < ITERATIONS_MIN || iterations > ITERATIONS_MAX) return undefined;
  return { nonce: match[1], salt: Buffer.from(match[2], 'base64'), iterations };
}

/** The mappings of SASLprep (RFC 4013 §2.1, §2.2); its tables of forbidden characters are left to the server. */
function saslPrep(text: string): string {
  return text
    .replace(/[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g, ' ')
    .replace(/\u00ad|\u034f|\u1806|[\u180b-\u180d]|[\u200b-\u200d]|\u2060|[\ufe00-\ufe0f]|\ufeff/g, '')
    .normalize('NFKC');
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
