/**
 * Finds the servers for sending of a mail domain: all that the domain publishes is asked for at once, within six seconds
 * in all, and if nothing is found two usual names are tried. Nothing but the domain leaves this server, and nothing that a
 * domain publishes leads to a private address: the policy is that of a stranger, whoever asks.
 * Next: suggestion.ts
 */
import type { Clock } from '../base/clock.ts';
import type { Dialer, EgressPolicy, Https, Lookups } from '../net/net.ts';
import { fillUsername, readAutoconfig } from './autoconfig.ts';
import { hostForRegion, presetOfMailDomain, presetOfMx, presetOfSpfInclude } from './presets.ts';
import { probe } from './probe.ts';
import { spfNames, spfRecords } from './spf.ts';
import { rank, suggest, suggestPreset, type Source, type Suggestion } from './suggestion.ts';

export interface DiscoverParts {
  readonly clock: Clock;
  readonly dialer: Dialer;
  readonly https: Https;
  readonly lookups: Lookups;
}

export interface DiscoverAsked {
  /** A-labels, as `parseAddress` makes them. */
  readonly domain: string;
  /** The whole address, when one was given: it fills the user name and goes nowhere. */
  readonly address?: string;
  /** Public addresses only; HTTPS and the ports of mail. */
  readonly egress: { readonly https: EgressPolicy; readonly smtp: EgressPolicy };
  /** Trusted besides the system's authorities, PEM. */
  readonly ca?: string;
}

export interface DiscoverStep {
  readonly source: Source;
  /** What was asked. */
  readonly asked: string;
  readonly found: boolean;
}

export interface Discovered {
  readonly domain: string;
  readonly suggestions: readonly Suggestion[];
  readonly steps: readonly DiscoverStep[];
  readonly ms: number;
}

const TOTAL_MS = 5_800;
/** For what is published; the rest of the time is for guessing. */
const PUBLISHED_MS = 3_800;
const BYTES_MAX = 65_536;

interface Found {
  readonly step: DiscoverStep;
  readonly suggestions: readonly Suggestion[];
}

/** Never rejects; answers within six seconds. */
export async function discover(parts: DiscoverParts, asked: DiscoverAsked): Promise<Discovered> {
  const { clock } = parts;
  const startedAt = clock.monotonic();
  const published = await Promise.all([
    Promise.resolve(knownDomain(asked)),
    autoconfig(parts, asked, `https://autoconfig.${asked.domain}/mail/config-v1.1.xml`),
    autoconfig(parts, asked, `https://${asked.domain}/.well-known/autoconfig/mail/config-v1.1.xml`),
    service(parts, asked, '_submissions._tcp', 'implicit'),
    service(parts, asked, '_submission._tcp', 'starttls'),
    receivers(parts, asked),
    senderPolicy(parts, asked),
  ]);
  let all: readonly Found[] = published;
  if (published.every(({ suggestions }) => suggestions.length === 0)) {
    const leftMs = TOTAL_MS - (clock.monotonic() - startedAt);
    all = [...published, ...(await guesses(parts, asked, leftMs))];
  }
  return {
    domain: asked.domain,
    suggestions: rank(all.flatMap(({ suggestions }) => suggestions)),
    steps: all.map(({ step }) => step),
    ms: Math.round(clock.monotonic() - startedAt),
  };
}

function found(source: Source, asked: string, suggestions: readonly Suggestion[]): Found {
  return { step: { source, asked, found: suggestions.length > 0 }, suggestions };
}

function knownDomain({ domain, address }: DiscoverAsked): Found {
  const preset = presetOfMailDomain(domain);
  if (preset === undefined) return found('known', 'the built-in list', []);
  const one = suggestPreset('known', preset, preset.host, `${domain} is a mail domain of ${preset.name}.`);
  return found('known', 'the built-in list', [withUsername(one, address)]);
}

/** One place where a domain may publish its servers (draft-ietf-mailmaint-autoconfig §4.1). The address is not sent along. */
async function autoconfig(parts: DiscoverParts, asked: DiscoverAsked, url: string): Promise<Found> {
  const answer = await parts.https.request({
    method: 'GET',
    url,
    headers: { accept: 'application/xml, text/xml' },
    egress: asked.egress.https,
    timeoutMs: PUBLISHED_MS,
    bytesMax: BYTES_MAX,
    ...(asked.ca !== undefined && { ca: asked.ca }),
  });
  const servers =
    answer.ok && answer.status === 200
      ? readAutoconfig(answer.body.toString('utf8'), asked.domain)
      : undefined;
  const suggestions = (servers ?? []).map(({ username, ...server }) => {
    const name = username === undefined ? undefined : fillUsername(username, asked.domain, asked.address);
    const settings = { ...server, ...(name !== undefined && { username: name }) };
    return suggest('autoconfig', settings, `${url} names ${server.host}, port ${String(server.port)}.`);
  });
  return found('autoconfig', url, suggestions);
}

/** RFC 6186 §3.1 and, for TLS from the first byte, RFC 8314 §5.1. */
async function service(
  { lookups }: DiscoverParts,
  { domain, address }: DiscoverAsked,
  label: string,
  security: 'implicit' | 'starttls',
): Promise<Found> {
  const name = `${label}.${domain}`;
  const answer = await lookups.srv(name, PUBLISHED_MS);
  const records = answer.kind === 'found' ? answer.records : [];
  const offered = records
    .filter(({ target, port }) => target !== '' && port > 0) // RFC 2782: "." is a plain no
    .toSorted((a, b) => a.priority - b.priority || b.weight - a.weight);
  const suggestions = offered.map(({ target, port }) => {
    const own = target === domain || target.endsWith(`.${domain}`);
    // RFC 6186 §6: DNS answers are not proved, so a name elsewhere is for a person to confirm.
    const caution = own
      ? undefined
      : `${target} is not under ${domain}: use it only if you know it as your provider.`;
    const evidence = `SRV ${name} names ${target}, port ${String(port)}.`;
    return withUsername(
      suggest('srv', { host: target, port, security, auth: 'password' }, evidence, caution),
      address,
    );
  });
  return found('srv', `SRV ${name}`, suggestions);
}

async function receivers({ lookups }: DiscoverParts, { domain, address }: DiscoverAsked): Promise<Found> {
  const answer = await lookups.mx(domain, PUBLISHED_MS);
  const records = answer.kind === 'found' ? answer.records : [];
  const suggestions = records
    .toSorted((a, b) => a.priority - b.priority)
    .flatMap(({ exchange }) => {
      const preset = presetOfMx(exchange);
      if (preset === undefined) return [];
      const evidence = `Mail to ${domain} goes to ${exchange}, a server of ${preset.name}.`;
      const one = suggestPreset('mx', preset, hostForRegion(preset, exchange), evidence);
      return [preset.senders === 'account' ? withUsername(one, address) : one];
    });
  return found('mx', `MX ${domain}`, suggestions);
}

/** Services that the domain's SPF record lets send, which are often not those that receive for it. */
async function senderPolicy({ lookups }: DiscoverParts, { domain, address }: DiscoverAsked): Promise<Found> {
  const answer = await lookups.txt(domain, PUBLISHED_MS);
  const [record] = spfRecords(answer.kind === 'found' ? answer.records : []);
  const suggestions = spfNames(record ?? '').flatMap((name) => {
    const preset = presetOfSpfInclude(name);
    if (preset === undefined) return [];
    const evidence = `The SPF record of ${domain} lets ${preset.name} send (include:${name}).`;
    const one = suggestPreset('spf', preset, hostForRegion(preset, name), evidence);
    return [preset.senders === 'account' ? withUsername(one, address) : one];
  });
  return found('spf', `TXT ${domain}`, suggestions);
}

async function guesses(parts: DiscoverParts, asked: DiscoverAsked, leftMs: number): Promise<Found[]> {
  const names = ['smtp', 'mail'].map((label) => `${label}.${asked.domain}`);
  return Promise.all(
    names.map(async (host) => {
      const probed = await probe(parts, host, asked.egress.smtp, { ports: [465, 587], totalMs: leftMs });
      const rows = probed.kind === 'rows' ? probed.rows : [];
      const suggestions = rows.flatMap(({ port, speaks, startTls }) => {
        const security =
          speaks === 'tls' ? 'implicit' : speaks === 'plain' && startTls === true ? 'starttls' : undefined;
        if (security === undefined) return [];
        const evidence = `${host} answers on port ${String(port)}; nothing was published.`;
        const one = suggest('guess', { host, port, security, auth: 'password' }, evidence);
        return [withUsername(one, asked.address)];
      });
      return found('guess', `${host}, ports 465 and 587`, suggestions);
    }),
  );
}

function withUsername(suggestion: Suggestion, address: string | undefined): Suggestion {
  if (address === undefined || suggestion.settings.username !== undefined) return suggestion;
  return { ...suggestion, settings: { ...suggestion.settings, username: address } };
}
