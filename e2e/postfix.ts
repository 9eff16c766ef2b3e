/**
 * A real Postfix as the relay: three doors (STARTTLS with sign-in, implicit TLS with sign-in, anonymous), and every
 * message for whatever address lands in one Maildir, where the test reads it whole. Nothing leaves the machine.
 * Next: received.ts
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePorts, until, type Child } from './child.ts';
import { makeCertificates, type Certificates } from './certificate.ts';
import { startDovecotAuth, type Account } from './dovecot.ts';
import { privateFolder, startPostfixInstance, userIds, type PostfixFolders } from './postfix-instance.ts';

export interface Relay {
  readonly host: string;
  /** STARTTLS offered and required before AUTH; only signed-in clients may send. */
  readonly submissionPort: number;
  /** TLS from the first byte; only signed-in clients may send. */
  readonly implicitTlsPort: number;
  /** No TLS, no AUTH; anyone on this machine may send. */
  readonly anonymousPort: number;
  readonly certificates: Certificates;
  readonly account: Account;
  /** Every delivered message so far, one per recipient, as Postfix stored it. */
  delivered(): Promise<Buffer[]>;
  /** Waits until at least `count` messages are delivered. */
  waitFor(count: number, timeoutMs?: number): Promise<Buffer[]>;
  /** Postfix's log so far. */
  log(): Promise<string>;
  stop(): Promise<void>;
}

export interface RelayOptions {
  readonly account?: Account;
  readonly messageSizeLimit?: number;
  /** Further `main.cf` lines. */
  readonly settings?: Readonly<Record<string, string>>;
}

const HOST = 'localhost';

/** Starts the relay; about a second. */
export async function startPostfix(options: RelayOptions = {}): Promise<Relay> {
  const account = options.account ?? { username: 'apps', password: 'correct horse battery' };
  const [submissionPort = 0, implicitTlsPort = 0, anonymousPort = 0] = await freePorts(3);
  const parts: { certificates?: Certificates; dovecot?: Child; maildir?: string } = {};
  const instance = await startPostfixInstance(async (folders) => {
    const certificates = await makeCertificates(folders.config, [HOST, 'postfix.test']);
    const [uid, gid] = await userIds('postfix');
    const mail = await privateFolder(join(folders.root, 'mail'), uid, gid);
    const socket = join(folders.root, 'auth');
    parts.certificates = certificates;
    parts.maildir = join(mail, 'inbox');
    parts.dovecot = await startDovecotAuth(join(folders.root, 'dovecot'), socket, [account]);
    return {
      settings: { ...settings(folders, certificates, socket, uid, gid, options), ...options.settings },
      doors: doors(submissionPort, implicitTlsPort, anonymousPort),
    };
  }).catch(async (error: unknown) => {
    await parts.dovecot?.stop();
    throw error;
  });
  const { certificates, dovecot, maildir } = parts;
  if (certificates === undefined || dovecot === undefined || maildir === undefined)
    throw new Error('unreachable');
  const inbox = join(maildir, 'new');
  return {
    ...{ host: HOST, submissionPort, implicitTlsPort, anonymousPort, certificates, account },
    delivered: () => readAll(inbox),
    waitFor: async (count, timeoutMs = 20_000) => {
      const enough = async (): Promise<true | undefined> =>
        (await names(inbox)).length >= count ? true : undefined;
      await until(`${String(count)} delivered messages`, enough, { timeoutMs });
      return readAll(inbox);
    },
    log: () => instance.log(),
    stop: async () => {
      await instance.stop(); // first: Dovecot waits for those who still hold its socket
      await dovecot.stop();
    },
  };
}

function settings(
  folders: PostfixFolders,
  certificates: Certificates,
  authSocket: string,
  uid: number,
  gid: number,
  options: RelayOptions,
): Record<string, string> {
  const sizeLimit = String(options.messageSizeLimit ?? 64 * 1024 * 1024);
  return {
    mynetworks: '127.0.0.0/8',
    smtputf8_enable: 'yes',
    message_size_limit: sizeLimit,
    mailbox_size_limit: '0',
    virtual_mailbox_limit: '0',
    // Every domain is ours and every address has the same mailbox.
    virtual_mailbox_domains: 'static:all',
    virtual_mailbox_maps: 'static:inbox/',
    virtual_mailbox_base: join(folders.root, 'mail'),
    virtual_uid_maps: `static:${String(uid)}`,
    virtual_gid_maps: `static:${String(gid)}`,
    virtual_minimum_uid: '1',
    smtpd_sasl_type: 'dovecot',
    smtpd_sasl_path: authSocket,
    smtpd_tls_cert_file: certificates.cert,
    smtpd_tls_key_file: certificates.key,
    smtpd_relay_restrictions: 'permit_mynetworks, permit_sasl_authenticated, reject',
    // The limits for unknown clients would slow a test down that sends errors on purpose.
    smtpd_error_sleep_time: '0',
    smtpd_client_connection_count_limit: '0',
    smtpd_client_connection_rate_limit: '0',
  };
}

function doors(submissionPort: number, implicitTlsPort: number, anonymousPort: number): string[] {
  const door = (port: number, extra: readonly string[]): string =>
    [`127.0.0.1:${String(port)} inet n - n - - smtpd`, ...extra.map((option) => `  -o ${option}`)].join('\n');
  const signedIn = [
    'smtpd_sasl_auth_enable=yes',
    'smtpd_tls_auth_only=yes',
    'smtpd_recipient_restrictions=permit_sasl_authenticated,reject',
    'smtpd_relay_restrictions=permit_sasl_authenticated,reject',
  ];
  return [
    door(submissionPort, ['smtpd_tls_security_level=encrypt', ...signedIn]),
    door(implicitTlsPort, ['smtpd_tls_wrappermode=yes', ...signedIn]),
    door(anonymousPort, ['smtpd_tls_security_level=none', 'smtpd_sasl_auth_enable=no']),
  ];
}

async function names(inbox: string): Promise<string[]> {
  return readdir(inbox).catch(() => []);
}

async function readAll(inbox: string): Promise<Buffer[]> {
  const found = (await names(inbox)).sort();
  return Promise.all(found.map((name) => readFile(join(inbox, name))));
}
