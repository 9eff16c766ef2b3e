/**
 * From a connection and its secrets to what sends over it: one place where the kinds of connections part.
 * Next: pickup.ts
 */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { GraphSettings, SecretField, SmtpSettings } from '../config/config.ts';
import type { Failure } from '../mail/mail.ts';
import type { Dialer, EgressPolicy, Https } from '../net/net.ts';
import { createSmtpPool, type TokenSource } from '../smtp/smtp.ts';
import { INSTANCE_TENANT_ID } from '../tenants/tenants.ts';
import type { Opened } from './channel.ts';
import type { Connection } from './connection.ts';
import { sendOverGraph } from './graph.ts';
import { putIntoFolder, tidyFolder } from './pickup.ts';
import { createErrands } from './sender.ts';
import type { Tokens } from './token.ts';
import { BAD_PROXY, proxyOf, smtpTarget } from './target.ts';

/** Where a tenant's connections may go, as of now: to mail servers, or to what is asked over HTTPS (S3). */
export type EgressFor = (tenantId: string, use: 'mail' | 'https') => EgressPolicy;

export interface WayOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly dialer: Dialer;
  readonly https: Https;
  readonly egressFor: EgressFor;
  readonly tokens: Tokens;
  readonly pickupFolders: () => readonly string[];
}

interface Way {
  readonly connection: Connection;
  readonly secrets: ReadonlyMap<SecretField, string>;
  readonly atOnce: number;
}

export function openSender(way: Way, options: WayOptions): Opened {
  const { connection, atOnce } = way;
  const { settings, tenantId } = connection;
  const { clock } = options;
  switch (settings.type) {
    case 'smtp':
      return openSmtp(way, settings, options);
    case 'pickup': {
      const { folder } = settings;
      const allowed = () => foldersFor(tenantId, options.pickupFolders);
      void tidyFolder({ folder, allowed, clock });
      return {
        ok: true,
        sender: createErrands({
          clock,
          atOnce,
          run: (mail, signal) => putIntoFolder(mail, { folder, allowed, clock, signal }),
        }),
      };
    }
    case 'graph':
      return openGraph(way, settings, options);
    case 'mailbox':
      throw new Error('a mailbox has no channel: nothing is sent over it');
  }
}

function openGraph(
  { connection, secrets, atOnce }: Way,
  settings: GraphSettings,
  options: WayOptions,
): Opened {
  if (!secrets.has('clientSecret'))
    return { ok: false, failure: secretMissing('the client secret is not set') };
  const { clock, https, tokens, egressFor } = options;
  const egress = egressFor(connection.tenantId, 'https');
  const token: TokenSource = (wanted) => tokens.tokenFor({ connection, secrets, egress, ...wanted });
  return {
    ok: true,
    sender: createErrands({
      clock,
      atOnce,
      run: (mail, signal) => sendOverGraph(mail, { settings, token, https, egress, clock, signal }),
    }),
  };
}

function openSmtp({ connection, secrets, atOnce }: Way, settings: SmtpSettings, options: WayOptions): Opened {
  if (settings.auth === 'password' && !secrets.has('password'))
    return { ok: false, failure: secretMissing('the password is not set') };
  if (proxyOf(settings, secrets) === 'unreadable') return { ok: false, failure: BAD_PROXY };
  const { clock, log, dialer, egressFor, tokens } = options;
  return {
    ok: true,
    sender: createSmtpPool({
      target: smtpTarget(settings, secrets, (wanted) =>
        tokens.tokenFor({
          ...{ connection, secrets, egress: egressFor(connection.tenantId, 'https') },
          ...wanted,
        }),
      ),
      egress: egressFor(connection.tenantId, 'mail'),
      ...{ clock, log, dialer },
      connectionsMax: atOnce,
      messagesMax: settings.pool.messages,
      idleMs: settings.pool.idleMs,
    }),
  };
}

/** Folders of this machine are the instance's. A tenant that sends over the instance's connection writes there too. */
export function foldersFor(tenantId: string, folders: () => readonly string[]): readonly string[] {
  return tenantId === INSTANCE_TENANT_ID ? folders() : [];
}

export function secretMissing(message: string): Failure {
  return { kind: 'capability', code: 'SECRET_MISSING', message };
}
