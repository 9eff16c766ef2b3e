/**
 * One real Postfix with many doors, each set up wrong in its own way by `master.cf` alone, and a real Dovecot behind
 * those that offer sign-in. Started once for all ways; nothing leaves the machine.
 * Next: ways.ts
 */
import { join } from 'node:path';
import { freePorts, type Child } from '../child.ts';
import { startDovecotAuth, type Account } from '../dovecot.ts';
import { privateFolder, startPostfixInstance, userIds } from '../postfix-instance.ts';
import { makeOddCertificates, type CertifiedKey, type OddCertificates } from './certificates.ts';

/** What a door does over a plain `smtpd` that has neither TLS nor sign-in and takes mail for `inmail.test`. */
interface Door {
  /** `may` and `encrypt` offer STARTTLS; `wrapper` speaks TLS from the first octet. */
  readonly tls?: 'may' | 'encrypt' | 'wrapper';
  readonly cert?: Exclude<keyof OddCertificates, 'ca' | 'client'>;
  readonly signIn?: boolean;
  /** Further settings of this door, as `main.cf` writes them. */
  readonly set?: Readonly<Record<string, string>>;
}

/** Refuses where `stage` says instead of at RCPT, where Postfix waits by default. */
const AT_ONCE = { smtpd_delay_reject: 'no' };
const SUBMISSION = { tls: 'encrypt', signIn: true } as const;

const DOORS = {
  submission: SUBMISSION,
  implicit: { tls: 'wrapper', signIn: true },
  open: {},
  optionalTls: { tls: 'may', signIn: true },
  mailOnlyAfterTls: { tls: 'encrypt' },
  // certificates and protocol versions
  selfSigned: { ...SUBMISSION, cert: 'selfSigned' },
  expired: { ...SUBMISSION, cert: 'expired' },
  notYetValid: { ...SUBMISSION, cert: 'notYetValid' },
  otherName: { ...SUBMISSION, cert: 'otherName' },
  chainIncomplete: { ...SUBMISSION, cert: 'chainIncomplete' },
  withRoot: { ...SUBMISSION, cert: 'withRoot' },
  implicitExpired: { tls: 'wrapper', signIn: true, cert: 'expired' },
  tls10: { ...SUBMISSION, set: onlyTls('TLSv1') },
  tls11: { ...SUBMISSION, set: onlyTls('TLSv1.1') },
  tls12: { ...SUBMISSION, set: onlyTls('TLSv1.2') },
  // no certificate at all: nothing but anonymous key exchange, which no client of today agrees to
  noCertificate: {
    tls: 'encrypt',
    set: { smtpd_tls_cert_file: 'none', smtpd_tls_key_file: '', smtpd_tls_mandatory_protocols: 'TLSv1.2' },
  },
  certificateLost: { ...SUBMISSION, set: { smtpd_tls_cert_file: '/nonexistent/fullchain.pem' } },
  asksClientCertificate: { ...SUBMISSION, set: { smtpd_tls_req_ccert: 'yes' } },
  // sign-in
  authNotOffered: { tls: 'encrypt' },
  onlyScramSha1: { ...SUBMISSION, set: { smtpd_sasl_mechanism_filter: 'scram-sha-1' } },
  // as Debian's `master.cf` suggests for a submission port, in its new and in its old form
  recipientsAfterSignIn: {
    ...SUBMISSION,
    set: { smtpd_recipient_restrictions: 'permit_sasl_authenticated, reject' },
  },
  clientsMustSignIn: {
    ...SUBMISSION,
    set: { smtpd_client_restrictions: 'permit_sasl_authenticated, reject' },
  },
  authRate: { signIn: true, set: { smtpd_client_auth_rate_limit: '1', smtpd_tls_auth_only: 'no' } },
  // sender
  senderNotOwned: {
    ...SUBMISSION,
    set: {
      smtpd_sender_login_maps: 'static:somebody-else',
      smtpd_sender_restrictions: 'reject_sender_login_mismatch',
    },
  },
  senderNotOwnedAtMail: {
    ...SUBMISSION,
    set: {
      smtpd_sender_login_maps: 'static:somebody-else',
      smtpd_sender_restrictions: 'reject_sender_login_mismatch',
      ...AT_ONCE,
    },
  },
  senderDomain: {
    set: {
      ...AT_ONCE,
      smtpd_sender_restrictions:
        'check_sender_access inline:{ {example.com=550 5.1.8 Sender address rejected: Domain not found} }',
    },
  },
  // recipient
  relayDeferred: { set: { smtpd_relay_restrictions: 'defer_unauth_destination' } },
  recipientDomain: {
    set: {
      smtpd_recipient_restrictions:
        'check_recipient_access inline:{ {inmail.test=550 5.1.2 Recipient address rejected: Domain not found} }',
    },
  },
  mailboxFull: {
    set: {
      smtpd_recipient_restrictions:
        'check_recipient_access inline:{ {inmail.test=452 4.2.2 Recipient address rejected: mailbox is full} }',
    },
  },
  greylist: {
    set: {
      smtpd_recipient_restrictions:
        'check_client_access static:{450 4.7.1 Greylisted, see http://postgrey.schweikert.ch/help/example.html}',
    },
  },
  blockList: {
    set: {
      smtpd_recipient_restrictions:
        'check_client_access static:{554 5.7.1 Service unavailable; Client host blocked using zen.spamhaus.org}',
    },
  },
  // the door itself
  heloRefused: {
    set: {
      ...AT_ONCE,
      smtpd_helo_required: 'yes',
      smtpd_helo_restrictions: 'reject_non_fqdn_helo_hostname',
    },
  },
  heloRefusedLate: {
    set: { smtpd_helo_required: 'yes', smtpd_helo_restrictions: 'reject_non_fqdn_helo_hostname' },
  },
  doorClosed: { set: { ...AT_ONCE, smtpd_client_restrictions: 'reject' } },
  doorBusy: {
    set: {
      ...AT_ONCE,
      smtpd_client_restrictions: 'check_client_access static:{421 4.3.2 Service not available, try later}',
    },
  },
  doorBlockList: {
    set: {
      ...AT_ONCE,
      smtpd_client_restrictions:
        'check_client_access static:{554 5.7.1 Service unavailable; Client host blocked using bl.spamcop.net}',
    },
  },
  crowded: { set: { smtpd_client_connection_count_limit: '1' } },
  silent: { set: { ...AT_ONCE, smtpd_client_restrictions: 'sleep 20' } },
  // the message
  tooSmall: { set: { message_size_limit: '100' } },
  tooSmallUnsaid: { set: { message_size_limit: '100', smtpd_discard_ehlo_keywords: 'size' } },
  diskFull: { set: { queue_minfree: '4000000000000000000' } },
  dataRefused: { set: { smtpd_data_restrictions: 'reject' } },
  endRefused: {
    set: {
      smtpd_end_of_data_restrictions:
        'check_client_access static:{554 5.7.1 Blocked by content filter: spam message rejected}',
    },
  },
  headerCheck: { set: { cleanup_service_name: 'strict' } },
  filterDown: { set: { smtpd_proxy_filter: '127.0.0.1:CLOSED' } },
  milterDown: { set: { smtpd_milters: 'inet:127.0.0.1:CLOSED', milter_default_action: 'tempfail' } },
  asciiOnly: { set: { smtputf8_enable: 'no' } },
} as const satisfies Readonly<Record<string, Door>>;

export type DoorName = keyof typeof DOORS;

export interface WrongPostfix {
  readonly ports: Readonly<Record<DoorName, number>>;
  /** A port of this machine where nobody listens. */
  readonly closedPort: number;
  readonly certificates: OddCertificates;
  readonly account: Account;
  log(): Promise<string>;
  stop(): Promise<void>;
}

/** Starts all of it; about two seconds. */
export async function startWrongPostfix(account: Account): Promise<WrongPostfix> {
  const names = Object.keys(DOORS) as DoorName[];
  const free = await freePorts(names.length + 1);
  const closedPort = free[names.length] ?? 0;
  const ports = Object.fromEntries(names.map((name, index) => [name, free[index] ?? 0]));
  const parts: { certificates?: OddCertificates; dovecot?: Child } = {};
  const instance = await startPostfixInstance(async (folders) => {
    const certificates = await makeOddCertificates(join(folders.config, 'certificates'));
    const [uid, gid] = await userIds('postfix');
    await privateFolder(join(folders.root, 'mail'), uid, gid);
    const socket = join(folders.root, 'auth');
    parts.certificates = certificates;
    parts.dovecot = await startDovecotAuth(join(folders.root, 'dovecot'), socket, [account], ['scram-sha-1']);
    const said = (text: string): string => text.replace('CLOSED', String(closedPort));
    const doors = names.map((name) => doorLines(ports[name] ?? 0, DOORS[name], certificates).map(said));
    return {
      settings: {
        ...settings(uid, gid),
        virtual_mailbox_base: join(folders.root, 'mail'),
        smtpd_sasl_path: socket,
      },
      doors: [
        ...doors.flat(),
        'strict unix n - n - 0 cleanup',
        '  -o { header_checks = regexp:{ {/^Subject:/ REJECT message content rejected by our policy} } }',
      ],
    };
  }).catch(async (error: unknown) => {
    await parts.dovecot?.stop();
    throw error;
  });
  const { certificates, dovecot } = parts;
  if (certificates === undefined || dovecot === undefined) throw new Error('unreachable');
  return {
    ...{ ports: ports as Record<DoorName, number>, closedPort, certificates, account },
    log: () => instance.log(),
    stop: async () => {
      await instance.stop(); // first: Dovecot waits for those who still hold its socket
      await dovecot.stop();
    },
  };
}

function settings(uid: number, gid: number): Record<string, string> {
  return {
    mynetworks: '192.0.2.255/32', // nobody: on this machine everyone would be trusted
    mydestination: '',
    virtual_mailbox_domains: 'inmail.test',
    virtual_mailbox_maps: 'inline:{ana@inmail.test=inbox/}',
    virtual_uid_maps: `static:${String(uid)}`,
    virtual_gid_maps: `static:${String(gid)}`,
    virtual_minimum_uid: '1',
    smtputf8_enable: 'yes',
    smtpd_sasl_type: 'dovecot',
    smtpd_tls_auth_only: 'yes',
    smtpd_relay_restrictions: 'permit_sasl_authenticated, reject_unauth_destination',
    smtpd_error_sleep_time: '0',
    smtpd_peername_lookup: 'no',
    smtpd_client_connection_count_limit: '0',
    smtpd_client_connection_rate_limit: '0',
    smtpd_client_event_limit_exceptions: '',
  };
}

function doorLines(port: number, door: Door, certificates: OddCertificates): string[] {
  const { cert, key }: CertifiedKey = certificates[door.cert ?? 'good'];
  const wrapper = door.tls === 'wrapper';
  const set: Record<string, string> = {
    smtpd_tls_security_level: wrapper ? 'encrypt' : (door.tls ?? 'none'),
    smtpd_tls_wrappermode: wrapper ? 'yes' : 'no',
    smtpd_tls_cert_file: cert,
    smtpd_tls_key_file: key,
    smtpd_sasl_auth_enable: door.signIn === true ? 'yes' : 'no',
    ...door.set,
  };
  return [
    `127.0.0.1:${String(port)} inet n - n - - smtpd`,
    ...Object.entries(set).map(([name, value]) => `  -o { ${name} = ${value} }`),
  ];
}

/** One version only, down to what OpenSSL's own security level would forbid (RFC 8996). */
function onlyTls(version: string): Record<string, string> {
  return {
    smtpd_tls_protocols: version,
    smtpd_tls_mandatory_protocols: version,
    tls_medium_cipherlist: 'ALL:@SECLEVEL=0',
  };
}
