/**
 * How old each secret of a connection is and when it ends: what a person must see coming. Pure.
 * Next: secret-routes.ts
 */
import { X509Certificate } from 'node:crypto';
import {
  describeSecretReference,
  secretFieldsOf,
  type SecretField,
  type SecretReference,
} from '../config/config.ts';
import type { Connection } from './connection.ts';

/** What of a connection is looked at. */
type Owner = Pick<Connection, 'settings' | 'managedBy' | 'secrets'>;

export interface SecretState {
  readonly set: boolean;
  /** Where it is kept. */
  readonly source: 'api' | 'file' | 'environment' | 'configuration';
  /** The place that is named in the configuration, such as `env:RELAY_PASSWORD`; never the value. */
  readonly reference?: string;
  /** Epoch ms; unknown for what the file names. */
  readonly rotatedAt: number | undefined;
  /** Whole days since then. */
  readonly ageDays?: number;
  /** Day on which it ends, as in `2027-05-31`. */
  readonly expiresOn?: string;
  /** Whole days until then, in UTC; negative when it has passed. */
  readonly expiresInDays?: number;
}

/** What there is to do about a secret, worst first. */
export const ATTENTION = ['expired', 'urgent', 'soon', 'old', 'none'] as const;
export type Attention = (typeof ATTENTION)[number];

const DAY_MS = 86_400_000;
const OLD_DAYS = 180;
const SOON_DAYS = 30;
const URGENT_DAYS = 7;

/** Each secret that this kind of connection can have. `reference` says where the configuration has one. */
export function secretStates(
  connection: Owner,
  reference: (field: SecretField) => SecretReference | undefined,
  now: number,
): Map<SecretField, SecretState> {
  const fields = secretFieldsOf(connection.settings.type);
  return new Map(
    fields.map((field) => {
      const kept =
        connection.managedBy === 'file' ? declared(reference(field)) : stored(connection, field, now);
      return [field, { ...kept, ...(kept.set && endOf(connection, field, now)) }];
    }),
  );
}

export function attentionOf({ set, ageDays = 0, expiresInDays = Infinity }: SecretState): Attention {
  if (!set) return 'none';
  if (expiresInDays < 0) return 'expired';
  if (expiresInDays <= URGENT_DAYS) return 'urgent';
  if (expiresInDays <= SOON_DAYS) return 'soon';
  return ageDays > OLD_DAYS ? 'old' : 'none';
}

/** For a person: what is the matter, if anything. */
export function attentionText(state: SecretState): string | undefined {
  const { ageDays = 0, expiresInDays = 0, expiresOn = '' } = state;
  switch (attentionOf(state)) {
    case 'expired':
      return `ended on ${expiresOn}`;
    case 'urgent':
    case 'soon':
      return expiresInDays === 0 ? 'ends today' : `ends in ${days(expiresInDays)}, on ${expiresOn}`;
    case 'old':
      return `was set ${days(ageDays)} ago`;
    case 'none':
      return undefined;
  }
}

function days(count: number): string {
  return count === 1 ? '1 day' : `${String(count)} days`;
}

function stored(connection: Owner, field: SecretField, now: number): SecretState {
  const rotatedAt = connection.secrets[field];
  if (rotatedAt === undefined) return { set: false, source: 'api', rotatedAt };
  return {
    set: true,
    source: 'api',
    rotatedAt,
    ageDays: Math.max(0, Math.floor((now - rotatedAt) / DAY_MS)),
  };
}

const SOURCES = { literal: 'configuration', environment: 'environment', file: 'file' } as const;

function declared(reference: SecretReference | undefined): SecretState {
  if (reference === undefined) return { set: false, source: 'configuration', rotatedAt: undefined };
  const source = SOURCES[reference.kind];
  const named = reference.kind === 'literal' ? {} : { reference: describeSecretReference(reference) };
  return { set: true, source, rotatedAt: undefined, ...named };
}

/** The end that somebody wrote down, or that of the certificate a private key belongs to. */
function endOf(
  { settings }: Owner,
  field: SecretField,
  now: number,
): Pick<SecretState, 'expiresOn' | 'expiresInDays'> {
  const expiresOn =
    field === 'clientKey'
      ? 'clientCert' in settings && certificateEnd(settings.clientCert)
      : (field === 'password' || field === 'clientSecret') &&
        'secretExpiresOn' in settings &&
        settings.secretExpiresOn;
  if (typeof expiresOn !== 'string') return {};
  const today = Math.floor(now / DAY_MS);
  return { expiresOn, expiresInDays: Math.floor(Date.parse(expiresOn) / DAY_MS) - today };
}

/** The last whole day that the first certificate is good for. */
function certificateEnd(pem: string | undefined): string | undefined {
  if (pem === undefined) return undefined;
  try {
    return new X509Certificate(pem).validToDate.toISOString().slice(0, 10);
  } catch {
    return undefined; // said by a test of the connection, and in better words
  }
}
