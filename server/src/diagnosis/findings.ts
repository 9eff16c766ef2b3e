/**
 * What each stage has to show: one line for a row, a few values for programs, and everything that was learned.
 * Next: capability-words.ts
 */
import type { Clock } from '../base/clock.ts';
import { toRfc3339 } from '../base/clock.ts';
import { formatEnhanced, formatReply, type Phase, type Reply } from '../mail/mail.ts';
import type { PhaseFacts, PhaseRecord } from '../smtp/smtp.ts';
import { capabilitiesOf, capabilityLine } from './capability-words.ts';
import { queueIdOf } from './queue-id.ts';
import type { StageFindings } from './stage.ts';

/** What is known of the connection when a phase ends. */
export interface Aim {
  readonly host: string;
  readonly port: number;
  /** STARTTLS is used if it is there. */
  readonly opportunistic: boolean;
  readonly verify: boolean;
  /** Without a password. */
  readonly proxy: string | undefined;
  /** Octets of the test message. */
  readonly sizeBytes: number | undefined;
}

export type Found = StageFindings & { readonly warn?: boolean };

const DAY_MS = 86_400_000;
/** A certificate that ends sooner deserves somebody's attention. */
const SOON_DAYS = 14;

/** What the phase shows. Peer text is cleaned and bounded by the client already. */
export function describePhase(record: PhaseRecord, aim: Aim, clock: Clock): Found {
  const { phase, reply, facts } = record;
  const said = reply === undefined ? {} : replyFindings(reply);
  if (facts !== undefined) return { ...said, ...factFindings(facts, aim, clock, reply) };
  return reply === undefined ? said : { ...said, ...replyOf(phase, reply, aim) };
}

function replyFindings(reply: Reply): StageFindings {
  return {
    code: reply.code,
    ...(reply.enhanced === undefined ? {} : { enhanced: formatEnhanced(reply.enhanced) }),
    text: reply.lines.join('\n'),
    reply: formatReply(reply),
    fact: formatReply(reply),
  };
}

function replyOf(phase: Phase, reply: Reply, aim: Aim): Found {
  if (reply.code >= 400) return {};
  switch (phase) {
    case 'greeting': {
      const hostName = /^([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?:\s|$)/.exec(reply.lines[0] ?? '')?.[1];
      return {
        fact: `${String(reply.code)} ${hostName ?? reply.lines[0] ?? ''}`.trim(),
        ...(hostName === undefined ? {} : { summary: { hostName } }),
        details: { banner: reply.lines.join('\n'), hostName: hostName ?? null },
      };
    }
    case 'ehlo':
    case 'ehlo-tls':
      return helloFindings(phase, reply, aim);
    case 'data':
      return aim.sizeBytes === undefined
        ? {}
        : { fact: `${String(aim.sizeBytes)} octets`, details: { sizeBytes: aim.sizeBytes } };
    case 'accepted': {
      const queueId = queueIdOf(reply) ?? null;
      return {
        summary: { queueId },
        details: { queueId, ...(aim.sizeBytes === undefined ? {} : { sizeBytes: aim.sizeBytes }) },
      };
    }
    default:
      return {};
  }
}

function helloFindings(phase: Phase, reply: Reply, aim: Aim): Found {
  const offers = capabilitiesOf(reply);
  const plain = phase === 'ehlo' && aim.opportunistic && !offers.names.includes('STARTTLS');
  return {
    fact: capabilityLine(offers, phase === 'ehlo-tls'),
    summary: { offers: offers.names, sizeMax: offers.sizeMax ?? null, auth: offers.auth },
    details: { capabilities: offers.table, greeting: reply.lines[0] ?? '' },
    ...(plain
      ? {
          warn: true,
          notes: ['The server offers no STARTTLS: the line is not encrypted.'],
        }
      : {}),
  };
}

function factFindings(facts: PhaseFacts, aim: Aim, clock: Clock, reply: Reply | undefined): Found {
  switch (facts.about) {
    case 'token':
      return tokenFindings(facts);
    case 'dns':
      return dnsFindings(facts.addresses, aim);
    case 'connect':
      return connectFindings(facts, aim);
    case 'tls':
      return tlsFindings(facts, aim, clock);
    case 'auth':
      return authFindings(facts, reply);
  }
}

function tokenFindings(facts: Extract<PhaseFacts, { about: 'token' }>): Found {
  const { about: _about, ...details } = facts;
  const { endpoint, grant, status, error, kept, lifetimeSeconds } = facts;
  const life =
    lifetimeSeconds === undefined ? '' : `, good for ${String(Math.round(lifetimeSeconds / 60))} min`;
  const answer = error ?? (status === undefined ? '' : `HTTP ${String(status)}`);
  return {
    fact: kept ? `kept from before${life}` : `${new URL(endpoint).host} ${answer}${life}`.trim(),
    summary: { grant, kept, ...(error === undefined ? {} : { error }) },
    details,
  };
}

function dnsFindings(addresses: readonly string[], { host }: Aim): Found {
  const v6 = addresses.filter((address) => address.includes(':')).length;
  const v4 = addresses.length - v6;
  const kinds = [...(v4 > 0 ? [`${String(v4)} IPv4`] : []), ...(v6 > 0 ? [`${String(v6)} IPv6`] : [])];
  const [first = ''] = addresses;
  const isName = !(addresses.length === 1 && first === host);
  const count = addresses.length === 1 ? '1 address' : `${String(addresses.length)} addresses`;
  return {
    fact: isName ? `${count} (${kinds.join(', ')})` : 'not needed: the host is an address',
    summary: { addresses: addresses.length, v4, v6 },
    details: { host, addresses, first },
  };
}

function connectFindings(facts: Extract<PhaseFacts, { about: 'connect' }>, { port, proxy }: Aim): Found {
  const tried = facts.tried.map(({ address, ms, outcome, code }) => ({
    address,
    ms: Math.round(ms * 10) / 10,
    outcome,
    ...(code === undefined ? {} : { code }),
  }));
  const { address } = facts;
  const through = proxy === undefined ? {} : { through: proxy };
  if (address === undefined) return { details: { port, tried, ...through } };
  const where = address.includes(':') ? `[${address}]:${String(port)}` : `${address}:${String(port)}`;
  return {
    fact: proxy === undefined ? where : `${where} through the proxy`,
    summary: { address, port },
    details: { address, port, tried, ...through },
  };
}

function tlsFindings(facts: Extract<PhaseFacts, { about: 'tls' }>, aim: Aim, clock: Clock): Found {
  const { protocol, cipher, verified, pinned, subject, issuer, validTo, fingerprint, details } = facts;
  const daysLeft = Math.floor((validTo - clock.now()) / DAY_MS);
  const name = commonName(subject);
  const version = protocol.replace(/^TLSv/, 'TLS ');
  const left = daysLeft < 0 ? 'expired' : `${String(daysLeft)} ${daysLeft === 1 ? 'day' : 'days'} left`;
  const notes = [
    ...(verified && daysLeft < SOON_DAYS ? [`The certificate ends in ${String(daysLeft)} days.`] : []),
    ...(pinned && daysLeft < 0
      ? ['The certificate has ended. It is trusted all the same, because it is the one that is pinned.']
      : []),
    ...(!verified && !pinned && !aim.verify
      ? [
          'The certificate was not verified, because this connection does not ask for it: anybody could answer here.',
        ]
      : []),
  ];
  return {
    fact: `${version}, ${name}, ${left}`,
    summary: {
      version: protocol,
      cipher,
      subject: name,
      issuer: commonName(issuer),
      daysLeft,
      verified,
      pinned,
    },
    details: {
      version: protocol,
      cipher,
      verified,
      pinned,
      daysLeft,
      subject,
      issuer,
      fingerprint,
      ...(details === undefined
        ? {}
        : {
            name: details.name,
            nameMatches: details.nameMatches,
            altNames: details.altNames,
            trust: pinned ? 'pin' : details.trust,
            chain: details.chain.map(({ validFrom, validTo: until, ...certificate }) => ({
              ...certificate,
              validFrom: toRfc3339(validFrom),
              validTo: toRfc3339(until),
            })),
          }),
    },
    ...(notes.length === 0 ? {} : { warn: true, notes }),
  };
}

/** `CN` of a distinguished name as the client writes it, or the whole. */
function commonName(distinguishedName: string): string {
  return /(?:^|, )CN=([^,]+)/.exec(distinguishedName)?.[1] ?? distinguishedName;
}

function authFindings(
  { mechanism, offered, secure }: Extract<PhaseFacts, { about: 'auth' }>,
  reply: Reply | undefined,
): Found {
  const why = /^(?:XOAUTH2|OAUTHBEARER)$/.test(mechanism ?? '')
    ? 'An access token goes by XOAUTH2, or by OAUTHBEARER where only that is offered.'
    : secure
      ? 'Over verified TLS the simplest mechanism that the server offers works with most servers.'
      : 'Without verified TLS a mechanism that does not send the password itself is preferred.';
  const fact = reply === undefined ? undefined : formatReply(reply);
  return {
    ...(fact === undefined ? {} : { fact }),
    summary: { mechanism: mechanism ?? null },
    details: { mechanism: mechanism ?? null, offered, ...(mechanism === undefined ? {} : { why }) },
  };
}
