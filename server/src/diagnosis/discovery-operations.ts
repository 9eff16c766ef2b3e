/**
 * The API that looks at other people's servers on somebody's behalf: the open ports of a host, the servers of a domain.
 * Each use is counted, and every connection is held to the policy of a stranger or of the caller's tenant.
 * Next: discover.ts
 */
import { z } from 'zod';
import { problem, operation, type Operation } from '../http/http.ts';
import { parseAddress } from '../mail/mail.ts';
import { parseHost, type EgressPolicy } from '../net/net.ts';
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
  return [probing(deps), discovering(deps)];
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
function readAsked(body: { address?: string | undefined; domain?: string | undefined }): {
  domain: string;
  address?: string;
} {
  const { address, domain } = body;
  if ((address === undefined) === (domain === undefined)) {
    throw refused('address', 'give either an address or a domain');
  }
  // A domain is read as one of an address, so that both are held to the same rules.
  const read = parseAddress(address ?? `postmaster@${domain ?? ''}`);
  if (!read.ok) throw refused(address === undefined ? 'domain' : 'address', read.message);
  return { domain: read.address.domain, ...(address !== undefined && { address }) };
}

function refused(path: string, message: string) {
  return problem('invalid_request', { detail: `${path} ${message}.`, errors: [{ path, message }] });
}
