/**
 * SASL mechanisms as pure conversations: what we say first, and what we say to each challenge.
 * No socket, no clock; the nonce of SCRAM is passed in.
 * Next: scram.ts
 */
import { createHmac } from 'node:crypto';
import type { Credentials } from './smtp.ts';
import { type Mechanism, type MechanismName, refuse, saslName } from './sasl.ts';
import { startScram } from './scram.ts';

export interface MechanismOptions {
  readonly signIn: Credentials;
  readonly host: string;
  readonly port: number;
  /** Printable ASCII without commas, never the same twice. */
  readonly nonce: () => string;
}

const ALWAYS = (): boolean => true;

// Over verified TLS the simplest one works with most servers; without TLS the password itself must not be sent if avoidable.
const OVER_TLS: readonly MechanismName[] = ['PLAIN', 'LOGIN', 'SCRAM-SHA-256', 'CRAM-MD5'];
const IN_THE_CLEAR: readonly MechanismName[] = ['SCRAM-SHA-256', 'CRAM-MD5', 'PLAIN', 'LOGIN'];
const WITH_TOKEN: readonly MechanismName[] = ['XOAUTH2', 'OAUTHBEARER'];

/** The best mechanism that both sides know. */
export function chooseMechanism(
  kind: 'password' | 'token',
  offered: readonly string[],
  secure: boolean,
): MechanismName | undefined {
  const order = kind === 'token' ? WITH_TOKEN : secure ? OVER_TLS : IN_THE_CLEAR;
  return order.find((name) => offered.includes(name));
}

/** Begins the conversation of one mechanism. */
export function startMechanism(name: MechanismName, options: MechanismOptions): Mechanism {
  const { signIn } = options;
  const secret = signIn.kind === 'token' ? signIn.accessToken : signIn.password;
  switch (name) {
    case 'PLAIN':
      return plain(signIn.username, secret);
    case 'LOGIN':
      return login(signIn.username, secret);
    case 'CRAM-MD5':
      return cramMd5(signIn.username, secret);
    case 'SCRAM-SHA-256':
      return startScram(signIn.username, secret, options.nonce());
    case 'XOAUTH2':
      return bearer(name, `user=${signIn.username}\x01auth=Bearer ${secret}\x01\x01`, Buffer.alloc(0));
    case 'OAUTHBEARER': {
      // RFC 7628 §3.1; §3.2.3 has the client end a failed exchange with one ^A
      const who = `n,a=${saslName(signIn.username)},`;
      const where = `host=${options.host}\x01port=${String(options.port)}`;
      return bearer(name, `${who}\x01${where}\x01auth=Bearer ${secret}\x01\x01`, Buffer.from('\x01'));
    }
  }
}

function plain(username: string, password: string): Mechanism {
  return {
    name: 'PLAIN',
    initial: Buffer.from(`\0${username}\0${password}`), // RFC 4616 §2
    answer: () => refuse('BAD_CHALLENGE', 'The server asked for more than PLAIN has.'),
    mayBelieve: ALWAYS,
  };
}

/** No standard describes LOGIN; every server asks for the name first, whatever words it uses. */
function login(username: string, password: string): Mechanism {
  const says = [username, password];
  return {
    name: 'LOGIN',
    initial: undefined,
    answer() {
      const next = says.shift();
      if (next === undefined)
        return refuse('BAD_CHALLENGE', 'The server asked for more than a name and a password.');
      return { ok: true, data: Buffer.from(next) };
    },
    mayBelieve: ALWAYS,
  };
}

/** RFC 2195 §2. */
function cramMd5(username: string, password: string): Mechanism {
  return {
    name: 'CRAM-MD5',
    initial: undefined,
    answer(challenge) {
      const digest = createHmac('md5', password).update(challenge).digest('hex');
      return { ok: true, data: Buffer.from(`${username} ${digest}`) };
    },
    mayBelieve: ALWAYS,
  };
}

function bearer(name: MechanismName, initial: string, end: Buffer): Mechanism {
  return {
    name,
    initial: Buffer.from(initial),
    // A challenge means no: it says why in JSON, and the server gives its 5xx once we have answered.
    answer: (challenge) => ({ ok: true, data: end, heard: challenge.toString('utf8') }),
    mayBelieve: ALWAYS,
  };
}
