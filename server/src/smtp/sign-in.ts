/**
 * AUTH (RFC 4954), and the rule that guards it: a secret leaves only over TLS with a verified or pinned certificate, or to an
 * internal address when the connection says so. The check stands before the first octet of any mechanism.
 * Next: session.ts
 */
import { randomBytes } from 'node:crypto';
import { assert } from '../base/assert.ts';
import type { TlsFacts } from '../net/net.ts';
import { peerText } from '../base/log.ts';
import type { Failure, Reply } from '../mail/mail.ts';
import type { Capabilities } from './capabilities.ts';
import type { Line } from './line.ts';
import { chooseMechanism, startMechanism } from './mechanisms.ts';
import {
  ask,
  beginPhase,
  endPhase,
  isRefusal,
  learn,
  type Progress,
  type Stop,
  stopAt,
  unexpected,
} from './progress.ts';
import type { Mechanism } from './sasl.ts';
import { secretScrubber } from './scrub.ts';
import type { Credentials } from './smtp.ts';
import { note } from './transcript.ts';

const SHOWN = '[credentials]';
/** RFC 5321 §4.5.3.1.4: octets of a command line with CRLF; RFC 4954 §4 wants longer first answers sent on their own. */
const COMMAND_OCTETS_MAX = 512;
/** No mechanism has more steps than this. */
const CHALLENGES_MAX = 4;

export interface Trust {
  readonly internal: boolean;
  readonly tls: TlsFacts | undefined;
}

/** Signs in as the target says; nothing at all for an anonymous one. */
export async function signIn(
  progress: Progress,
  line: Line,
  capabilities: Capabilities,
  trust: Trust,
): Promise<Stop | undefined> {
  const { signIn: how, host, port } = progress.target;
  if (how.kind === 'anonymous') return undefined;
  assert(how.kind !== 'token-source', 'the token is fetched before the line is dialled');
  beginPhase(progress, 'auth');
  const secure = isProven(trust.tls);
  learn(progress, { about: 'auth', offered: capabilities.auth, secure });
  const obstacle = findObstacle(progress, capabilities, trust, how);
  if (obstacle !== undefined) return stopAt(progress, line, 'auth', obstacle);
  const name = chooseMechanism(how.kind, capabilities.auth, secure);
  if (name === undefined) return stopAt(progress, line, 'auth', noCommonMechanism(capabilities));
  learn(progress, { about: 'auth', mechanism: name, offered: capabilities.auth, secure });
  line.scrub = secretScrubber(how);
  const nonce = (): string => randomBytes(18).toString('base64');
  return converse(progress, line, startMechanism(name, { signIn: how, host, port, nonce }));
}

function findObstacle(
  progress: Progress,
  capabilities: Capabilities,
  trust: Trust,
  how: Credentials,
): Failure | undefined {
  if (!isProven(trust.tls) && !(progress.target.allowPlaintextAuth && trust.internal)) {
    const why =
      trust.tls === undefined
        ? 'the connection is not encrypted'
        : 'the certificate of the server was not verified';
    return capabilityFailure('AUTH_NEEDS_ENCRYPTION', `We do not sign in, because ${why}.`);
  }
  // eslint-disable-next-line no-control-regex -- separators of the mechanisms themselves
  if (/[\0\x01]/.test(how.username + (how.kind === 'token' ? how.accessToken : how.password))) {
    return capabilityFailure(
      'AUTH_CREDENTIALS_INVALID',
      'The user name or secret holds a control character.',
    );
  }
  if (!capabilities.keywords.has('AUTH')) {
    return capabilityFailure('AUTH_NOT_OFFERED', 'The server does not offer signing in on this connection.');
  }
  return undefined;
}

/** K3: who the server is, is proven by a trusted chain and the right name, or by the pinned certificate. */
function isProven(tls: TlsFacts | undefined): boolean {
  return tls !== undefined && (tls.verified || tls.pinned);
}

function noCommonMechanism(capabilities: Capabilities): Failure {
  const offered = capabilities.auth.join(', ') || 'none';
  return capabilityFailure(
    'AUTH_NO_COMMON_MECHANISM',
    `The server offers no way to sign in that fits: ${offered}.`,
  );
}

async function converse(progress: Progress, line: Line, mechanism: Mechanism): Promise<Stop | undefined> {
  const ms = progress.target.timeouts.commandMs;
  const first = mechanism.initial?.toString('base64');
  const withFirst = `AUTH ${mechanism.name} ${first ?? ''}`;
  let unsaid = first;
  let heard;
  if (first === undefined || withFirst.length + 2 > COMMAND_OCTETS_MAX) {
    heard = await ask(progress, line, { command: `AUTH ${mechanism.name}`, ms });
  } else {
    unsaid = undefined;
    heard = await ask(progress, line, { command: withFirst, shown: `AUTH ${mechanism.name} ${SHOWN}`, ms });
  }
  let explained = '';
  for (let count = 0; !('kind' in heard) && heard.reply.code === 334; count += 1) {
    if (count >= CHALLENGES_MAX)
      return stopAt(progress, line, 'auth', unexpected(heard.reply, 'an end of AUTH'));
    let answer = unsaid;
    unsaid = undefined;
    if (answer === undefined) {
      const say = await mechanism.answer(Buffer.from(heard.text, 'base64'));
      if (!say.ok)
        return stopAt(progress, line, 'auth', { kind: 'protocol', code: say.code, message: say.message });
      if (say.heard !== undefined) explained = peerText(line.scrub(say.heard));
      if (explained !== '') note(progress.transcript, line.touch(), `The server explained: ${explained}`);
      answer = say.data.toString('base64');
    }
    heard = await ask(progress, line, { command: answer, shown: SHOWN, ms });
  }
  if ('kind' in heard) return stopAt(progress, line, 'auth', heard);
  return conclude(progress, line, mechanism, heard.reply, explained);
}

function conclude(
  progress: Progress,
  line: Line,
  mechanism: Mechanism,
  reply: Reply,
  explained: string,
): Stop | undefined {
  if (isRefusal(reply)) {
    const told = explained === '' ? reply : { ...reply, lines: [...reply.lines, explained] };
    return stopAt(progress, line, 'auth', told);
  }
  if (reply.code !== 235) return stopAt(progress, line, 'auth', unexpected(reply, '235'));
  if (!mechanism.mayBelieve()) {
    const message = 'The server accepted the sign-in without proving that it knows the password.';
    return stopAt(progress, line, 'auth', { kind: 'protocol', code: 'SERVER_NOT_PROVED', message });
  }
  endPhase(progress, 'auth', line.at, reply);
  return undefined;
}

function capabilityFailure(code: string, message: string): Failure {
  return { kind: 'capability', code, message };
}
