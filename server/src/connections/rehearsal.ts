/**
 * The way of a message over one connection, walked by hand and watched: what a connection test does. It is the code that
 * delivery uses, phase by phase, on a line of its own; nothing of it touches the connection's pool, breaker or pace.
 * Next: candidate.ts
 */
import type { Clock } from '../base/clock.ts';
import type { ConnectionSettings, GraphSettings, SecretField, SmtpSettings } from '../config/config.ts';
import { connectionPort } from '../config/config.ts';
import type { Failure, Phase, Reply } from '../mail/mail.ts';
import type { Dialer, EgressPolicy, Https } from '../net/net.ts';
import {
  openSession,
  planTls,
  quitSession,
  sendOver,
  type OutgoingMail,
  type RecipientResult,
  type SendReport,
  type SessionWatch,
  type TokenSource,
} from '../smtp/smtp.ts';
import { checkGraph, sendOverGraph } from './graph.ts';
import { checkFolder, putIntoFolder } from './pickup.ts';
import type { Tokens } from './token.ts';
import { BAD_PROXY, proxyOf, smtpTarget } from './target.ts';
import { foldersFor } from './way.ts';

export interface Rehearsal {
  readonly connection: {
    readonly tenantId: string;
    /** Of the saved one that it is or would become; `''` when there is none. */
    readonly id: string;
    readonly settings: ConnectionSettings;
  };
  /** In clear. */
  readonly secrets: ReadonlyMap<SecretField, string>;
  readonly egress: EgressPolicy;
  /** For the token endpoint. */
  readonly tokenEgress: EgressPolicy;
  /** With exactly one recipient. Without it the walk ends after sign-in. */
  readonly mail?: OutgoingMail;
  /** Gives up as soon as it fires. */
  readonly signal: AbortSignal;
  readonly watch: SessionWatch;
}

/** How far it came. */
export type Rehearsed =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly phase: Phase;
      readonly reply?: Reply;
      readonly failure?: Failure;
      /** The final dot was, or may have been, written: the message may have arrived. */
      readonly inDoubt?: boolean;
    };

export interface RehearsalDeps {
  readonly dialer: Dialer;
  readonly https: Https;
  readonly clock: Clock;
  readonly pickupFolders: () => readonly string[];
  readonly tokens: Tokens;
}

/** The phases that a walk with these settings can have, in order. What a server does not offer is passed over. */
export function planRehearsal(settings: ConnectionSettings, withMail: boolean): readonly Phase[] {
  if (settings.type === 'mailbox') return ['settings'];
  if (settings.type === 'pickup') return withMail ? ['settings', 'data', 'accepted'] : ['settings', 'data'];
  if (settings.type === 'graph') {
    const way: readonly Phase[] = ['settings', 'token', 'dns', 'connect', 'tls'];
    return withMail ? [...way, 'data', 'accepted'] : [...way, 'auth'];
  }
  const { security } = settings;
  const tls = planTls({ security, port: connectionPort(settings) }, false);
  const talk: readonly Phase[] =
    tls === 'implicit'
      ? ['tls', 'greeting', 'ehlo']
      : tls === 'none'
        ? ['greeting', 'ehlo']
        : ['greeting', 'ehlo', 'tls', 'ehlo-tls'];
  return [
    'settings',
    ...(settings.auth.startsWith('oauth2-') ? (['token'] as const) : []),
    'dns',
    'connect',
    ...talk,
    ...(settings.auth === 'anonymous' ? [] : (['auth'] as const)),
    ...(withMail ? (['mail-from', 'rcpt-to', 'data', 'accepted'] as const) : []),
  ];
}

/** Walks. Never rejects. */
export async function rehearse(deps: RehearsalDeps, rehearsal: Rehearsal): Promise<Rehearsed> {
  const { settings } = rehearsal.connection;
  switch (settings.type) {
    case 'smtp':
      return rehearseSmtp(deps, rehearsal, settings);
    case 'mailbox':
      return { ok: true };
    case 'pickup':
      return rehearsePickup(deps, rehearsal, settings.folder);
    case 'graph':
      return rehearseGraph(deps, rehearsal, settings);
  }
}

/** Without a message, a file is put there and taken away again. */
async function rehearsePickup(
  { clock, pickupFolders }: RehearsalDeps,
  { connection, mail, signal, watch }: Rehearsal,
  folder: string,
): Promise<Rehearsed> {
  const allowed = () => foldersFor(connection.tenantId, pickupFolders);
  const options = { folder, allowed, clock, signal, watch: withoutSettings(watch) };
  const report = await (mail === undefined ? checkFolder(options) : putIntoFolder(mail, options));
  return mail === undefined ? checked(report) : fateOf(report.results[0]);
}

/** Without a message, the token is shown to Graph. */
async function rehearseGraph(
  { https, clock, tokens }: RehearsalDeps,
  { connection, secrets, tokenEgress: egress, mail, signal, watch }: Rehearsal,
  settings: GraphSettings,
): Promise<Rehearsed> {
  if (!secrets.has('clientSecret')) return missing('The client secret is not set.');
  // A fresh token, so that the phase is walked and not skipped.
  const token: TokenSource = (wanted) =>
    tokens.tokenFor({ connection, secrets, egress, fresh: true, ...wanted });
  const options = { settings, token, https, egress, clock, signal, watch };
  if (mail === undefined) return checked(await checkGraph(options));
  return fateOf((await sendOverGraph(mail, options)).results[0]);
}

/** What came of a walk that sent nothing. */
function checked({ session }: SendReport): Rehearsed {
  if (session?.failure === undefined) return { ok: true };
  return { ok: false, phase: session.phase, failure: session.failure };
}

/** Whoever walks has already told of the settings. */
function withoutSettings(watch: SessionWatch): SessionWatch {
  return {
    ...watch,
    onBegin: (phase) => {
      if (phase !== 'settings') watch.onBegin?.(phase);
    },
    onPhase: (record) => {
      if (record.phase !== 'settings') watch.onPhase?.(record);
    },
  };
}

async function rehearseSmtp(
  { dialer, clock, tokens }: RehearsalDeps,
  { connection, secrets, egress, tokenEgress, mail, signal, watch }: Rehearsal,
  settings: SmtpSettings,
): Promise<Rehearsed> {
  if (settings.auth === 'password' && !secrets.has('password')) return missing('The password is not set.');
  if (proxyOf(settings, secrets) === 'unreadable')
    return { ok: false, phase: 'settings', failure: BAD_PROXY };
  // A fresh token, so that the phase is walked and not skipped.
  const target = smtpTarget(settings, secrets, (wanted) =>
    tokens.tokenFor({ connection, secrets, egress: tokenEgress, fresh: true, ...wanted }),
  );
  if (settings.auth !== 'anonymous' && target.signIn.kind === 'anonymous') {
    return missing(`Signing in with ${settings.auth} cannot be tested.`); // never a pass without having signed in
  }
  const opened = await openSession({ target, egress, dialer, clock, signal, watch });
  if (!opened.ok) {
    const { phase, reply, failure } = opened;
    return {
      ok: false,
      phase,
      ...(reply === undefined ? {} : { reply }),
      ...(failure === undefined ? {} : { failure }),
    };
  }
  const { session } = opened;
  if (mail === undefined) {
    await quitSession(session);
    return { ok: true };
  }
  const { results } = await sendOver(session, mail, { watch, signal });
  await quitSession(session);
  return fateOf(results[0]);
}

function fateOf(result: RecipientResult | undefined): Rehearsed {
  if (result === undefined) return missing('There was nobody to send to.');
  if (result.kind === 'failed') {
    const { phase, failure, inDoubt } = result;
    return { ok: false, phase, failure, inDoubt };
  }
  const { phase, reply } = result;
  return reply.code < 300 ? { ok: true } : { ok: false, phase, reply };
}

function missing(message: string): Rehearsed {
  return { ok: false, phase: 'settings', failure: { kind: 'capability', code: 'SECRET_MISSING', message } };
}
