/**
 * From a fresh socket to a line that may be trusted as far as it can be: greeting, EHLO, TLS, EHLO again.
 * Nothing learned before TLS is used after it (RFC 3207 §4.2); an offer that fails is a failure, never a step back.
 * Next: sign-in.ts
 */
import { startTls, type TlsFacts } from '../net/net.ts';
import type { Failure } from '../mail/mail.ts';
import { type Capabilities, NO_CAPABILITIES, parseCapabilities } from './capabilities.ts';
import type { Line } from './line.ts';
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
import type { SmtpTarget } from './smtp.ts';
import { note } from './transcript.ts';

export interface Greeted {
  readonly stopped?: false;
  readonly capabilities: Capabilities;
  readonly tls?: TlsFacts;
}

type TlsPlan = 'none' | 'implicit' | 'required' | 'when-available';

/**
 * What a security setting means here. `auto`: TLS from the first byte on 465 (RFC 8314 §7.3) and 2465; STARTTLS when
 * available on port 25 and to an internal address, where relays without certificates are the rule; else required.
 */
export function planTls(target: Pick<SmtpTarget, 'security' | 'port'>, internal: boolean): TlsPlan {
  switch (target.security) {
    case 'none':
    case 'implicit':
      return target.security;
    case 'starttls':
      return 'required';
    case 'starttls-when-available':
      return 'when-available';
    case 'auto':
      if (target.port === 465 || target.port === 2465) return 'implicit';
      return target.port === 25 || internal ? 'when-available' : 'required';
  }
}

/** Greets and secures the line as the target wants it. `internal`: the peer's address is a private one. */
export async function shakeHands(progress: Progress, line: Line, internal: boolean): Promise<Greeted | Stop> {
  const plan = planTls(progress.target, internal);
  if (plan === 'implicit') beginPhase(progress, 'tls');
  const early = plan === 'implicit' ? await secure(progress, line) : undefined;
  if (early !== undefined && 'stopped' in early) return early;
  const greeting = await readGreeting(progress, line);
  if (greeting !== undefined) return greeting;
  const capabilities = await sayHello(progress, line, 'ehlo');
  if ('stopped' in capabilities) return capabilities;
  if (early !== undefined) return { capabilities, tls: early };
  if (plan === 'none' || (plan === 'when-available' && !capabilities.startTls)) return { capabilities };
  return upgrade(progress, line, capabilities);
}

async function readGreeting(progress: Progress, line: Line): Promise<Stop | undefined> {
  beginPhase(progress, 'greeting');
  const heard = await ask(progress, line, { ms: progress.target.timeouts.greetingMs });
  if ('kind' in heard) {
    const isOther = heard.code === 'MALFORMED_REPLY';
    return stopAt(progress, line, 'greeting', isOther ? { ...heard, code: 'NOT_SMTP' } : heard);
  }
  const { reply } = heard;
  if (isRefusal(reply)) return stopAt(progress, line, 'greeting', reply);
  if (reply.code !== 220) return stopAt(progress, line, 'greeting', unexpected(reply, '220'));
  endPhase(progress, 'greeting', line.at, reply);
  return undefined;
}

async function sayHello(
  progress: Progress,
  line: Line,
  phase: 'ehlo' | 'ehlo-tls',
): Promise<Capabilities | Stop> {
  const { ehloName, timeouts } = progress.target;
  beginPhase(progress, phase);
  let heard = await ask(progress, line, { command: `EHLO ${ehloName}`, ms: timeouts.commandMs });
  let extended = true;
  if (!('kind' in heard) && heard.reply.code >= 500) {
    // RFC 5321 §3.2: a server that does not know EHLO is asked with HELO
    heard = await ask(progress, line, { command: `HELO ${ehloName}`, ms: timeouts.commandMs });
    extended = false;
  }
  if ('kind' in heard) return stopAt(progress, line, phase, heard);
  const { reply } = heard;
  if (isRefusal(reply)) return stopAt(progress, line, phase, reply);
  if (reply.code !== 250) return stopAt(progress, line, phase, unexpected(reply, '250'));
  endPhase(progress, phase, line.at, reply);
  return extended ? parseCapabilities(reply) : NO_CAPABILITIES;
}

async function upgrade(progress: Progress, line: Line, offered: Capabilities): Promise<Greeted | Stop> {
  beginPhase(progress, 'tls');
  if (!offered.startTls) {
    const message = 'The server does not offer STARTTLS, and this connection requires it.';
    return stopAt(progress, line, 'tls', { kind: 'capability', code: 'STARTTLS_MISSING', message });
  }
  const ms = progress.target.timeouts.commandMs;
  const heard = await ask(progress, line, { command: 'STARTTLS', ms, ifMore: INJECTION });
  if ('kind' in heard) return stopAt(progress, line, 'tls', heard);
  if (isRefusal(heard.reply)) return stopAt(progress, line, 'tls', heard.reply);
  if (heard.reply.code !== 220) return stopAt(progress, line, 'tls', unexpected(heard.reply, '220'));
  const facts = await secure(progress, line);
  if ('stopped' in facts) return facts;
  const capabilities = await sayHello(progress, line, 'ehlo-tls');
  return 'stopped' in capabilities ? capabilities : { capabilities, tls: facts };
}

/** Whoever puts bytes behind this reply wants them to be read as if they had come through TLS. */
const INJECTION: Failure = {
  kind: 'protocol',
  code: 'STARTTLS_INJECTION',
  message: 'Something was sent in plain text behind the answer to STARTTLS.',
};

/** The handshake; its deadline is that of connecting, because that is what it is part of. */
async function secure(progress: Progress, line: Line): Promise<TlsFacts | Stop> {
  const { host, tls, timeouts } = progress.target;
  const result = await startTls(line.release(), {
    host,
    tls,
    timeoutMs: timeouts.connectMs,
    clock: line.clock,
    details: progress.watch !== undefined,
  });
  progress.tls = result.facts;
  if (result.facts !== undefined) learn(progress, { about: 'tls', ...result.facts });
  if (!result.ok) return stopAt(progress, line, 'tls', line.failure ?? result.failure);
  line.adopt(result.socket);
  if (line.failure !== undefined) return stopAt(progress, line, 'tls', line.failure);
  const { facts } = result;
  const trust = `certificate ${facts.pinned ? 'pinned' : facts.verified ? 'verified' : 'NOT verified'}`;
  note(progress.transcript, line.touch(), `${facts.protocol} ${facts.cipher}, ${trust}, ${facts.subject}`);
  endPhase(progress, 'tls', line.at);
  return facts;
}
