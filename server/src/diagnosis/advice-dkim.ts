/**
 * DKIM keys of the sender's domain: those that the relay in use signs with, found by their selectors where the provider's
 * are known.
 * Next: advice-dmarc.ts
 */
import { createPublicKey } from 'node:crypto';
import { parentsOf, row, type AdviceCase, type AdviceRow } from './advice-row.ts';
import { readTags } from './tag-list.ts';

export interface DkimAdvice {
  readonly row: AdviceRow;
  /** The domain that a signature can speak for; `undefined` when none was found. */
  readonly domain: string | undefined;
  /** Nobody can say, because selectors differ from account to account. */
  readonly unknown: boolean;
}

interface Key {
  readonly name: string;
  readonly domain: string;
  /** Bits of an RSA key; `undefined` for other kinds. */
  readonly bits: number | undefined;
  readonly state: 'good' | 'revoked' | 'unreadable';
}

const BITS_MIN = 1_024;

/** A domain signs for itself, or its parent signs for it (relaxed alignment, RFC 7489 §3.1.1). */
export async function adviseOnDkim(about: AdviceCase): Promise<DkimAdvice> {
  const selectors = about.preset?.dns.dkim ?? [];
  return selectors.length === 0 ? withoutSelectors(about) : withSelectors(about, selectors);
}

async function withSelectors(about: AdviceCase, selectors: readonly string[]): Promise<DkimAdvice> {
  const { domain, preset, lookups, leftMs } = about;
  const domains = [domain, ...parentsOf(domain).slice(0, 1)];
  const places = domains.flatMap((one) =>
    selectors.map((selector) => ({ name: `${selector}._domainkey.${one}`, domain: one })),
  );
  const answers = await Promise.all(places.map(({ name }) => lookups.txt(name, leftMs())));
  const keys = answers.flatMap((answer, at) => {
    const place = places[at];
    const [record] = answer.kind === 'found' ? answer.records : [];
    return place === undefined || record === undefined ? [] : [{ ...place, ...readKey(record) }];
  });
  const expected = selectors.map((selector) => `${selector}._domainkey.${domain}`).join(' or ');
  const good = keys.find(isStrong) ?? keys.find(({ state }) => state === 'good');
  if (good !== undefined) {
    const signing = isStrong(good) ? good.domain : undefined;
    return { row: goodRow(good, expected), domain: signing, unknown: false };
  }
  if (answers.some(({ kind }) => kind === 'failed') && keys.length === 0) {
    const why = 'The DNS did not answer.';
    return { row: row('dkim', 'unknown', { expected, why }), domain: undefined, unknown: true };
  }
  const [bad] = keys;
  const provider = preset?.name ?? 'the provider';
  const missing = row('dkim', preset?.dns.returnPath === 'provider' ? 'fail' : 'warn', {
    found: bad === undefined ? 'no key' : `${bad.name}: ${bad.state}`,
    expected,
    why:
      bad === undefined
        ? `No key was found under the selectors that ${provider} uses, so its signatures cannot speak for ${domain}.`
        : `The key there cannot be used, so signatures with it fail.`,
    fix: `Turn on DKIM for ${domain} at ${provider} and publish the records that it shows.`,
  });
  return { row: missing, domain: undefined, unknown: false };
}

/** RFC 8301 §3.2: signatures with RSA keys of fewer than 1024 bits count for nothing. */
function isStrong({ state, bits }: Key): boolean {
  return state === 'good' && (bits === undefined || bits >= BITS_MIN);
}

function goodRow({ name, bits }: Key, expected: string): AdviceRow {
  const found = bits === undefined ? name : `${name} (RSA, ${String(bits)} bits)`;
  if (bits !== undefined && bits < BITS_MIN) {
    const why = 'Receivers ignore RSA keys of fewer than 1024 bits (RFC 8301 §3.2).';
    return row('dkim', 'fail', { found, expected, why, fix: 'Replace the key by one of 2048 bits.' });
  }
  if (bits !== undefined && bits < 2_048) {
    const why = 'The key is valid; 2048 bits are what signers should use today (RFC 8301 §3.2).';
    return row('dkim', 'info', {
      found,
      expected,
      why,
      fix: 'Replace the key by one of 2048 bits when you can.',
    });
  }
  return row('dkim', 'pass', {
    found,
    expected,
    why: 'The key that signatures are checked with is published.',
  });
}

/** Without names of selectors only this much can be seen: whether there is anything at all where keys would be. */
async function withoutSelectors({ domain, preset, lookups, leftMs }: AdviceCase): Promise<DkimAdvice> {
  const answer = await lookups.txt(`_domainkey.${domain}`, leftMs());
  // RFC 8020 §2: if a name does not exist, nothing below it does.
  const nothing = answer.kind === 'none' && answer.code === 'NXDOMAIN';
  const provider = preset?.name ?? 'this relay';
  const fix = `Turn on DKIM for ${domain} at ${provider}, publish the records that it shows, and look for "dkim=pass" in a message that arrived.`;
  if (!nothing) {
    const why = `The selectors of ${provider} are not known here, so the key cannot be looked up.`;
    return { row: row('dkim', 'unknown', { why, fix }), domain: undefined, unknown: true };
  }
  const why = `${domain} publishes no DKIM keys at all, so no signature can speak for it.`;
  const status = preset?.dns.returnPath === 'provider' ? 'fail' : 'warn';
  const found = `nothing under _domainkey.${domain}`;
  return { row: row('dkim', status, { found, why, fix }), domain: undefined, unknown: false };
}

/** RFC 6376 §3.6.1: `p` is the key, and empty for one that was revoked. */
function readKey(record: string): Pick<Key, 'bits' | 'state'> {
  const tags = readTags(record);
  const key = tags.get('p')?.replace(/\s+/g, '');
  if (key === undefined) return { bits: undefined, state: 'unreadable' };
  if (key === '') return { bits: undefined, state: 'revoked' };
  if ((tags.get('k') ?? 'rsa') !== 'rsa') return { bits: undefined, state: 'good' };
  try {
    const { asymmetricKeyDetails } = createPublicKey({
      key: Buffer.from(key, 'base64'),
      format: 'der',
      type: 'spki',
    });
    return { bits: asymmetricKeyDetails?.modulusLength, state: 'good' };
  } catch {
    return { bits: undefined, state: 'unreadable' };
  }
}
