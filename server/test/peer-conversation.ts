/**
 * One connection of the scripted peer: an SMTP server that is right until a fault or the script says otherwise.
 * Next: peer-faults.ts
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { CertifiedKey } from './certificates.ts';
import { type Fault, isSurvivable, playFault, slowedStream } from './peer-faults.ts';

export const POINTS = [
  'connect', // in place of whatever comes first, TLS of an implicit connection included
  'banner',
  'ehlo',
  'starttls',
  'tls-handshake',
  'ehlo-2',
  'auth',
  'auth-challenge',
  'mail',
  'rcpt-first',
  'rcpt-last',
  'data',
  'body',
  'dot',
  'quit',
] as const;
export type Point = (typeof POINTS)[number];

export interface PeerFault {
  readonly point: Point;
  readonly fault: Fault;
  /** Where in the body, 0 to 100; of the SIZE that MAIL gave. */
  readonly percent?: number;
}

/** What the script sees of a command. */
export interface Asked {
  /** The line without CRLF; `''` for the banner, `'.'` for the end of a message. */
  readonly command: string;
  readonly secure: boolean;
  /** From 1, in the order of connecting. */
  readonly connection: number;
  /** From 0: how many complete messages this connection has brought. */
  readonly messages: number;
}

/** Raw text with line ends; or `fin`, `rst` or `stall` in its place; or text and then the end; or the usual reply. */
export type Scripted = string | { readonly text: string; readonly after: 'fin' | 'rst' } | undefined;

export interface PeerOptions {
  /** EHLO keywords; STARTTLS and AUTH come from the options below. */
  readonly extensions?: readonly string[];
  readonly auth?: {
    readonly mechanisms: readonly string[];
    /** The next challenge (plain text), or the final reply line; gets the client's answers so far, decoded. */
    readonly next?: (
      mechanism: string,
      answers: readonly string[],
    ) => { challenge: string } | { reply: string };
  };
  readonly tls?: CertifiedKey & {
    readonly implicit?: boolean;
    readonly maxVersion?: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
  };
  readonly faults?: readonly PeerFault[];
  /** Recipients in the message under test: the last of them is the point `rcpt-last`. */
  readonly recipients?: number;
  /** Replaces a reply; `undefined` leaves the usual one. */
  readonly script?: (asked: Asked) => Scripted | Promise<Scripted>;
  /** Pause between two dripped octets, ms. */
  readonly dripMs?: number;
}

export interface PeerMessage {
  readonly from: string;
  readonly recipients: readonly string[];
  /** As it came over the wire, stuffed, without the final dot. */
  readonly wire: Buffer;
}

export interface Recording {
  readonly messages: PeerMessage[];
  readonly commands: string[];
  readonly reads: Buffer[];
  /** Faults that were played. */
  readonly spent: Set<PeerFault>;
}

/** One connection. */
interface Guest {
  readonly raw: Socket;
  readonly options: PeerOptions;
  readonly record: Recording;
  readonly number: number;
  stream: Duplex;
  secure: boolean;
  /** Nothing is answered any more. */
  deaf: boolean;
  input: Buffer;
  /** Work goes on one piece at a time, so that slow replies stay in order. */
  queue: Promise<void>;
  from: string | undefined;
  recipients: string[];
  rcptSeen: number;
  size: number;
  inBody: boolean;
  messages: number;
  auth: { mechanism: string; answers: string[] } | undefined;
}

/** Serves one guest, from its first octet on. */
export async function serve(
  raw: Socket,
  options: PeerOptions,
  record: Recording,
  number: number,
): Promise<void> {
  const guest: Guest = {
    raw,
    options,
    record,
    number,
    stream: raw,
    secure: false,
    deaf: false,
    input: Buffer.alloc(0),
    queue: Promise.resolve(),
    from: undefined,
    recipients: [],
    rcptSeen: 0,
    size: 0,
    inBody: false,
    messages: 0,
    auth: undefined,
  };
  const fault = takeFault(guest, 'connect');
  if (options.tls?.implicit === true) {
    if (!(await startTls(guest, fault))) return;
  } else if (fault !== undefined) {
    await play(guest, fault, '220 peer.test ESMTP\r\n');
    return;
  }
  listen(guest);
  await answer(guest, 'banner', '', '220 peer.test ESMTP\r\n');
}

function listen(guest: Guest): void {
  guest.stream.on('data', (chunk: Buffer) => {
    guest.record.reads.push(chunk);
    if (guest.deaf) return;
    guest.input = Buffer.concat([guest.input, chunk]);
    guest.queue = guest.queue.then(() => work(guest));
  });
  guest.stream.on('end', () => {
    if (!guest.deaf) guest.stream.end();
  });
  guest.stream.on('error', () => undefined);
}

/** Deals with whatever is complete in the input. */
async function work(guest: Guest): Promise<void> {
  while (!guest.deaf) {
    if (guest.inBody) {
      if (!(await takeBody(guest))) return;
      continue;
    }
    const end = guest.input.indexOf('\r\n');
    if (end < 0) return;
    const command = guest.input.toString('utf8', 0, end);
    guest.input = guest.input.subarray(end + 2);
    guest.record.commands.push(command);
    await obey(guest, command);
  }
}

/** `true` when the message is complete. */
async function takeBody(guest: Guest): Promise<boolean> {
  const fault = findFault(guest, 'body');
  if (fault !== undefined && guest.input.length >= Math.max(1, ((fault.percent ?? 50) / 100) * guest.size)) {
    guest.record.spent.add(fault);
    // In the middle of a body nothing is right to say, so what is split or dripped is a refusal.
    const text = fault.fault === 'split' || fault.fault === 'drip' ? '451 4.3.0 Not now\r\n' : '';
    await play(guest, fault.fault, text);
    return false;
  }
  const end = guest.input.subarray(0, 3).toString() === '.\r\n' ? 0 : guest.input.indexOf('\r\n.\r\n');
  if (end < 0) return false;
  const cut = end === 0 && guest.input[0] === 46 ? 0 : end + 2;
  const wire = guest.input.subarray(0, cut);
  guest.input = guest.input.subarray(cut + 3);
  guest.inBody = false;
  const message = { from: guest.from ?? '', recipients: guest.recipients, wire };
  guest.record.messages.push(message);
  const code = await answer(guest, 'dot', '.', '250 2.0.0 Ok: queued as 4711\r\n');
  if (code >= 400) guest.record.messages.splice(guest.record.messages.indexOf(message), 1);
  guest.messages += 1;
  resetEnvelope(guest);
  return true;
}

async function obey(guest: Guest, command: string): Promise<void> {
  if (guest.auth !== undefined) {
    guest.auth.answers.push(Buffer.from(command, 'base64').toString('utf8'));
    await continueAuth(guest, command);
    return;
  }
  const verb = /^[A-Za-z]+/.exec(command)?.[0].toUpperCase() ?? '';
  if (verb === 'EHLO')
    await answer(
      guest,
      guest.secure && guest.options.tls?.implicit !== true ? 'ehlo-2' : 'ehlo',
      command,
      offers(guest),
    );
  else if (verb === 'HELO') await answer(guest, undefined, command, '250 peer.test\r\n');
  else if (verb === 'STARTTLS') await obeyStartTls(guest, command);
  else if (verb === 'AUTH') await obeyAuth(guest, command);
  else if (verb === 'MAIL') await obeyMail(guest, command);
  else if (verb === 'RCPT') await obeyRcpt(guest, command);
  else if (verb === 'DATA') await obeyData(guest, command);
  else if (verb === 'RSET') {
    resetEnvelope(guest);
    await answer(guest, undefined, command, '250 2.0.0 Ok\r\n');
  } else if (verb === 'QUIT') {
    await answer(guest, 'quit', command, '221 2.0.0 Bye\r\n');
    if (!guest.deaf) guest.stream.end();
  } else await answer(guest, undefined, command, '502 5.5.2 What?\r\n');
}

function offers(guest: Guest): string {
  const { extensions, auth, tls } = guest.options;
  const lines = ['peer.test', ...(extensions ?? [])];
  if (tls !== undefined && tls.implicit !== true && !guest.secure) lines.push('STARTTLS');
  if (auth !== undefined) lines.push(`AUTH ${auth.mechanisms.join(' ')}`);
  return lines.map((line, index) => `250${index === lines.length - 1 ? ' ' : '-'}${line}\r\n`).join('');
}

async function obeyStartTls(guest: Guest, command: string): Promise<void> {
  const code = await answer(guest, 'starttls', command, '220 2.0.0 Go ahead\r\n');
  if (code !== 220 || guest.deaf) return;
  guest.stream.removeAllListeners('data');
  guest.stream.removeAllListeners('end');
  guest.input = Buffer.alloc(0);
  if (await startTls(guest, takeFault(guest, 'tls-handshake'))) listen(guest);
}

/** `false` when the conversation ended here. */
async function startTls(guest: Guest, fault: Fault | undefined): Promise<boolean> {
  const { raw, options } = guest;
  const dripMs = options.dripMs ?? 200;
  if (fault !== undefined) await clientSpoke(raw);
  if (fault === 'early') raw.write('250 2.0.0 Nobody asked\r\n');
  else if (fault !== undefined && fault !== 'split' && fault !== 'drip') {
    raw.resume();
    await play(guest, fault, '220 peer.test ESMTP\r\n');
    return false;
  }
  const below = fault === 'split' ? slowedStream(raw, 0) : fault === 'drip' ? slowedStream(raw, dripMs) : raw;
  const { key, cert, maxVersion } = options.tls ?? {};
  const limits =
    maxVersion === undefined
      ? {}
      : { maxVersion, minVersion: 'TLSv1' as const, ciphers: 'DEFAULT@SECLEVEL=0' };
  const secure = new TLSSocket(below, { isServer: true, ...(key && cert ? { key, cert } : {}), ...limits });
  secure.on('error', () => raw.destroy());
  guest.stream = secure;
  guest.secure = true;
  return true;
}

/** Waits for the client's first octets, which stay unread: nothing said from here on can be part of a reply before. */
async function clientSpoke(raw: Socket): Promise<void> {
  const chunk: unknown = (await once(raw, 'data'))[0];
  raw.pause();
  raw.unshift(chunk);
}

async function obeyAuth(guest: Guest, command: string): Promise<void> {
  const [, mechanism = '', initial] = command.split(' ');
  guest.auth = { mechanism: mechanism.toUpperCase(), answers: [] };
  if (initial !== undefined) guest.auth.answers.push(Buffer.from(initial, 'base64').toString('utf8'));
  await continueAuth(guest, command);
}

async function continueAuth(guest: Guest, command: string): Promise<void> {
  const { auth } = guest;
  if (auth === undefined) return;
  const next = (guest.options.auth?.next ?? usualAuth)(auth.mechanism, auth.answers);
  const point = command.startsWith('AUTH ') ? 'auth' : 'auth-challenge';
  const right =
    'challenge' in next ? `334 ${Buffer.from(next.challenge).toString('base64')}\r\n` : `${next.reply}\r\n`;
  const code = await answer(guest, point, command, right);
  if (code !== 334) guest.auth = undefined;
}

/** Believes everybody. */
function usualAuth(mechanism: string, answers: readonly string[]): { challenge: string } | { reply: string } {
  const challenges: Record<string, readonly string[]> = {
    LOGIN: ['Username:', 'Password:'],
    'CRAM-MD5': ['<1896.697170952@postoffice.example>'],
    PLAIN: [''],
    XOAUTH2: [''],
    OAUTHBEARER: [''],
  };
  const challenge = (challenges[mechanism] ?? [])[answers.length];
  return challenge === undefined ? { reply: '235 2.7.0 Welcome' } : { challenge };
}

async function obeyMail(guest: Guest, command: string): Promise<void> {
  if (guest.from !== undefined) {
    await answer(guest, undefined, command, '503 5.5.1 Nested MAIL\r\n');
    return;
  }
  const code = await answer(guest, 'mail', command, '250 2.1.0 Ok\r\n');
  if (code >= 300) return;
  guest.from = /^MAIL FROM:<(.*?)>/i.exec(command)?.[1] ?? '';
  guest.size = Number(/ SIZE=(\d+)/i.exec(command)?.[1] ?? 0);
}

async function obeyRcpt(guest: Guest, command: string): Promise<void> {
  if (guest.from === undefined) {
    await answer(guest, undefined, command, '503 5.5.1 MAIL first\r\n');
    return;
  }
  guest.rcptSeen += 1;
  const point =
    guest.rcptSeen === 1
      ? 'rcpt-first'
      : guest.rcptSeen === guest.options.recipients
        ? 'rcpt-last'
        : undefined;
  const code = await answer(guest, point, command, '250 2.1.5 Ok\r\n');
  if (code < 300) guest.recipients.push(/^RCPT TO:<(.*?)>(?: |$)/i.exec(command)?.[1] ?? '');
}

async function obeyData(guest: Guest, command: string): Promise<void> {
  const right = guest.recipients.length > 0 ? '354 Go on\r\n' : '554 5.5.1 No valid recipients\r\n';
  const code = await answer(guest, 'data', command, right);
  guest.inBody = code === 354;
}

function resetEnvelope(guest: Guest): void {
  guest.from = undefined;
  guest.recipients = [];
  guest.rcptSeen = 0;
}

/** Answers as the faults and the script say, or rightly. The code that was sent; 0 when none was. */
async function answer(
  guest: Guest,
  point: Point | undefined,
  command: string,
  right: string,
): Promise<number> {
  const fault = point === undefined ? undefined : takeFault(guest, point);
  if (fault !== undefined) {
    await play(guest, fault, right);
    if (fault === '4xx') return 451;
    if (fault === '5xx') return 554;
    return fault === '421' ? 421 : Number(right.slice(0, 3));
  }
  const { secure, number: connection, messages } = guest;
  const scripted = (await guest.options.script?.({ command, secure, connection, messages })) ?? right;
  if (scripted === 'fin' || scripted === 'rst' || scripted === 'stall') {
    await play(guest, scripted, right);
    return 0;
  }
  const text = typeof scripted === 'string' ? scripted : scripted.text;
  await new Promise((resolve) => guest.stream.write(text, resolve));
  if (typeof scripted !== 'string') await play(guest, scripted.after, '');
  return Number(text.slice(0, 3));
}

async function play(guest: Guest, fault: Fault, right: string): Promise<void> {
  if (!isSurvivable(fault)) guest.deaf = true;
  await playFault(fault, guest.stream, guest.raw, right, guest.options.dripMs ?? 200);
}

function findFault(guest: Guest, point: Point): PeerFault | undefined {
  return guest.options.faults?.find((fault) => fault.point === point && !guest.record.spent.has(fault));
}

function takeFault(guest: Guest, point: Point): Fault | undefined {
  const fault = findFault(guest, point);
  if (fault !== undefined) guest.record.spent.add(fault);
  return fault?.fault;
}
