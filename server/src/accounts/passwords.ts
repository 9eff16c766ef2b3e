/**
 * Passwords: argon2id with the least that OWASP advises (19 MiB, two passes), a few at a time, so that a flood of
 * sign-ins cannot eat the memory (K11). The text that is stored names its own parameters.
 * Next: credential-queries.ts
 */
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { problem } from '../http/http.ts';

/** RFC 9106 §4 names them; memory in KiB. */
const NOW = { memory: 19 * 1024, passes: 2, parallelism: 1, tagLength: 32 } as const;
const SALT_BYTES = 16;
/** Each takes 19 MiB and a core for about 50 ms. */
const AT_ONCE = 2;
const WAITING_MAX = 500;

/** NIST SP 800-63B-4 §3.1.1.2: at least 8, at least 64 possible; no rules about kinds of characters. */
const LENGTH_MIN = 10;
const LENGTH_MAX = 200;

/** What people choose who must choose ten characters; the rest is left to the limits on guessing. */
const COMMON = new Set(
  (
    '1234567890 12345678910 0123456789 1111111111 0000000000 password12 password123 passwort123 password1234 qwertyuiop ' +
    'qwertzuiop 1q2w3e4r5t qwerty1234 qwerty12345 iloveyou12 changeme12 changeme123 administrator admin12345 welcome123 ' +
    'letmein123 abcdefghij abcd123456 asdfghjkl1 zaq12wsxcde posthorn12 posthorn123'
  ).split(' '),
);

export interface Passwords {
  /** The text to store. Throws `overloaded`. */
  hash(password: string): Promise<string>;
  /** Takes as long when nothing is stored, and answers `false` then (F4). Throws `overloaded`. */
  verify(password: string, stored: string | undefined): Promise<boolean>;
}

/** Why a password cannot be one; `undefined` when it can. */
export function passwordTrouble(
  password: string,
  about: { email: string; name: string },
): string | undefined {
  const text = normalised(password);
  const length = [...text].length;
  if (length < LENGTH_MIN) return `must have at least ${String(LENGTH_MIN)} characters; a few words are fine`;
  if (length > LENGTH_MAX) return `must have at most ${String(LENGTH_MAX)} characters`;
  const lower = text.toLowerCase();
  const [local = ''] = about.email.toLowerCase().split('@');
  if (COMMON.has(lower) || new Set(lower).size < 4) return 'is one of those that are tried first';
  if ([about.email, about.name, local].some((own) => own.length > 3 && lower === own.toLowerCase()))
    return 'is your own name or address';
  return undefined;
}

export function createPasswords(): Passwords {
  let running = 0;
  const waiting: (() => void)[] = [];

  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (running >= AT_ONCE) {
      if (waiting.length >= WAITING_MAX)
        throw problem('overloaded', { detail: 'Too many people are signing in. Try again shortly.' });
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  }

  return {
    hash: (password) =>
      inTurn(async () => {
        const salt = randomBytes(SALT_BYTES);
        const tag = await derive(password, salt, NOW);
        const { memory, passes, parallelism } = NOW;
        const parameters = `m=${String(memory)},t=${String(passes)},p=${String(parallelism)}`;
        return `argon2id$${parameters}$${salt.toString('base64url')}$${tag.toString('base64url')}`;
      }),
    verify: (password, stored) =>
      inTurn(async () => {
        const { salt, tag, parameters } = read(stored ?? NOBODY);
        const found = await derive(password, salt, { ...parameters, tagLength: tag.length });
        return timingSafeEqual(found, tag) && stored !== undefined;
      }),
  };
}

interface Parameters {
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
  readonly tagLength: number;
}

/** What is compared where there is no account. */
const NOBODY = `argon2id$m=${String(NOW.memory)},t=${String(NOW.passes)},p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`;

const STORED = /^argon2id\$m=(\d+),t=(\d+),p=(\d+)\$([\w-]+)\$([\w-]+)$/;

function read(stored: string): { salt: Buffer; tag: Buffer; parameters: Omit<Parameters, 'tagLength'> } {
  const [, memory, passes, parallelism, salt, tag] = STORED.exec(stored) ?? [];
  if (salt === undefined || tag === undefined)
    throw new Error('a stored password has a form that is not ours');
  return {
    salt: Buffer.from(salt, 'base64url'),
    tag: Buffer.from(tag, 'base64url'),
    parameters: { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) },
  };
}

function derive(password: string, nonce: Buffer, parameters: Parameters): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    argon2('argon2id', { message: normalised(password), nonce, ...parameters }, (error, tag) => {
      if (error === null) resolve(tag);
      else reject(error);
    });
  });
}

/** NIST SP 800-63B-4 §3.1.1.2: the same password typed on another keyboard has the same octets. */
function normalised(password: string): string {
  return password.normalize('NFKC');
}
