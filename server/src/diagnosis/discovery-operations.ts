/**
 * The API that looks at other people's servers on somebody's behalf: the open ports of a host, the servers of a domain.
 * Each use is counted, and every connection is held to the policy of a stranger or of the caller's tenant.
 * Next: discover.ts
 */
import { z } from 'zod';
import type { Connections } from '../connections/connections.ts';
import { problem, operation, type Operation } from '../http/http.ts';
import { parseAddress } from '../mail/mail.ts';
import { parseHost, type EgressPolicy } from '../net/net.ts';
import { adviseOn, relayHost } from './advice.ts';
import { adviceRow } from './advice-row.ts';
import { createAllowance } from './allowance.ts';
import { discover, type DiscoverParts } from './discover.ts';
import { probe } from './probe.ts';
import { authKind, security, settingsChange } from './setup-operations.ts';
import { SOURCES } from './suggestion.ts';

export interface DiscoveryDeps extends DiscoverParts {
  /** Where a tenant's connections may go. */
  egressFor(tenantId: string): EgressPolicy;
  /** Where anybody may be sent by a stranger's DNS: public addresses and these ports. */
  publicEgress(ports: readonly number[]): EgressPolicy;
  readonly connections: Pick<Connections, 'find'>;
  /** Authorities trusted for published settings besides the system's, PEM. */
  readonly ca?: string;
}

const tags = ['Diagnosis'] as const;
const HTTPS_PORTS = [443];
const SUBMISSION_PORTS = [465, 587];
const host = z.string().min(1).max(253);

const probeRow = z
  .object({
    port: z.number(),
    state: z.enum(['open', 'closed', 'filtered', 'unreachable', 'refused']),
    speaks: z
      .enum(['plain', 'tls', 'silent', 'other'])
      .nullable()
      .describe('SMTP in plain text, TLS from the first byte, nothing in time, or no mail server.'),
    startTls: z.boolean().nullable(),
    ms: z.number(),
    change: settingsChange.nullable(),
  })
  .meta({ id: 'ProbeRow', description: 'What was found at one port.' });

const suggestion = z
  .object({
    name: z.string(),
    preset: z.string().nullable(),
    settings: z.object({
      host: z.string(),
      port: z.number(),
      security,
      auth: authKind,
      username: z.string().optional(),
    }),
    source: z.enum(SOURCES).describe('The weightiest evidence; the first kind weighs most.'),
    evidence: z.array(z.object({ source: z.enum(SOURCES), text: z.string() })),
    caution: z.string().nullable(),
  })
  .meta({ id: 'Suggestion', description: 'Settings that a domain seems to use, and why.' });

export function discoveryOperations(deps: DiscoveryDeps): Operation[] {
  return [probing(deps), discovering(deps), advising(deps)];
}

function probing(deps: DiscoveryDeps): Operation {
  const allowance = createAllowance(deps.clock, { what: 'probes', perMinute: 10, perHour: 100 });
  return operation({
    method: 'POST',
    path: '/probe',
    operationId: 'probeHost',
    summary: 'See which mail ports of a host are open, and what speaks there',
    tags,
    permission: 'connections:test',
    audit: 'none', // looks, and changes nothing
    body: z.strictObject({ host }),
    answers: {
      200: z.object({
        host: z.string(),
        ports: z.array(probeRow),
        trouble: z.string().nullable().describe('Why nothing could be tried: the name leads nowhere.'),
      }),
    },
    refusals: ['rate_limited'],
    async run({ principal, body }) {
      if (parseHost(body.host) === undefined) throw badHost('is neither a host name nor an IP address');
      allowance.take(principal);
      const probed = await probe(deps, body.host, deps.egressFor(principal.tenantId));
      if (probed.kind === 'refused') throw badHost('is or leads to an address that is not allowed here');
      const trouble = probed.kind === 'unresolved' ? probed.message : null;
      const ports = probed.kind === 'rows' ? probed.rows.map((row) => probeRow.parse(row)) : [];
      return { status: 200, body: { host: body.host, ports, trouble } };
    },
  });
}

function badHost(message: string) {
  return problem('invalid_request', { detail: `host ${message}.`, errors: [{ path: 'host', message }] });
}

function discovering(deps: DiscoveryDeps): Operation {
  const allowance = createAllowance(deps.clock, { what: 'look-ups', perMinute: 20, perHour: 300 });
  return operation({
    method: 'POST',
    path: '/discover',
    operationId: 'discoverServers',
    summary: 'Find the servers for sending of an address or a domain',
    description: 'Only the domain leaves this server; the address fills in user names.',
    tags,
    permission: 'connections:test',
    audit: 'none', // looks, and changes nothing
    body: z.strictObject({ address: z.string().max(1_024).optional(), domain: host.optional() }),
    answers: {
      200: z.object({
        domain: z.string(),
        suggestions: z.array(suggestion),
        steps: z.array(z.object({ source: z.enum(SOURCES), asked: z.string(), found: z.boolean() })),
        ms: z.number(),
      }),
    },
    refusals: ['rate_limited'],
    async run({ principal, body }) {
      const asked = readAsked(body);
      allowance.take(principal);
      const { suggestions, steps, ...rest } = await discover(deps, {
        ...asked,
        egress: { https: deps.publicEgress(HTTPS_PORTS), smtp: deps.publicEgress(SUBMISSION_PORTS) },
        ...(deps.ca !== undefined && { ca: deps.ca }),
      });
      return {
        status: 200,
        body: {
          ...rest,
          suggestions: suggestions.map((one) => suggestion.parse(one)),
          steps: [...steps],
        },
      };
    },
  });
}

/** Exactly one of the two, as a domain in A-labels and, with an address, the address. */
function readAsked(
  body: { address?: string | undefined; domain?: string | undefined },
  field?: string,
): { domain: string; address?: string } {
  const { address, domain } = body;
  if ((address === undefined) === (domain === undefined)) {
    throw refused('address', 'give either an address or a domain');
  }
  // A domain is read as one of an address, so that both are held to the same rules.
  const read = parseAddress(address ?? `postmaster@${domain ?? ''}`);
  if (!read.ok) throw refused(field ?? (address === undefined ? 'domain' : 'address'), read.message);
  return { domain: read.address.domain, ...(address !== undefined && { address }) };
}

function refused(path: string, message: string) {
  return problem('invalid_request', { detail: `${path} ${message}.`, errors: [{ path, message }] });
}

function advising(deps: DiscoveryDeps): Operation {
  const allowance = createAllowance(deps.clock, { what: 'look-ups', perMinute: 20, perHour: 300 });
  return operation({
    method: 'POST',
    path: '/deliverability',
    operationId: 'adviseOnSender',
    summary: 'See whether receivers can tell that mail over a relay comes from its sender',
    description:
      'Looks at MX, SPF, DKIM and DMARC of the domain against the relay in use. Advice; it stops nothing.',
    tags,
    permission: 'connections:test',
    audit: 'none', // looks, and changes nothing
    body: z.strictObject({
      from: z.string().min(1).max(1_024).describe('The sender: an address, or its domain.'),
      connection: z.string().min(1).max(100).optional().describe('Id or name of the connection in use.'),
      host: host.optional().describe('The relay in use, in place of a connection.'),
    }),
    answers: { 200: z.object({ domain: z.string(), host: z.string(), rows: z.array(adviceRow) }) },
    refusals: ['not_found', 'rate_limited'],
    async run({ principal, body }) {
      const { from } = body;
      const { domain } = readAsked(from.includes('@') ? { address: from } : { domain: from }, 'from');
      const relay = relayOf(deps, principal.tenantId, body);
      allowance.take(principal);
      const rows = await adviseOn(deps, { domain, host: relay });
      return { status: 200, body: { domain, host: relay, rows } };
    },
  });
}

function relayOf(
  { connections }: DiscoveryDeps,
  tenantId: string,
  asked: { connection?: string | undefined; host?: string | undefined },
): string {
  if ((asked.connection === undefined) === (asked.host === undefined)) {
    throw refused('connection', 'give either a connection or a host');
  }
  if (asked.host !== undefined) {
    if (parseHost(asked.host) === undefined) throw badHost('is neither a host name nor an IP address');
    return asked.host;
  }
  const id = asked.connection ?? '';
  const found = connections.find(tenantId, id);
  if (found === undefined) throw problem('not_found', { detail: `There is no connection ${id}.` });
  const relay = relayHost(found.settings);
  if (relay === undefined)
    throw refused('connection', 'hands its mail to no server, so there is nothing to look up');
  return relay;
}
