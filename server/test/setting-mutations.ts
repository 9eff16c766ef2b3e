/**
 * Every setting of a connection with values that differ from what the proof of K1 stores. A setting that is not here, or
 * that nobody classified, fails the proof: whoever adds one must say what it means for stored secrets.
 */
import { classifyField, connectionSettings } from '../src/config/config.ts';
import { makeCertificates } from './certificates.ts';

/** What may be put into each field. `null` clears it (back to the default) and is tried for every one. */
export function mutations(ports: {
  other: number;
  proxy: number;
  token: number;
}): Record<string, readonly unknown[]> {
  const { client, selfSigned } = makeCertificates();
  const port = (name: keyof typeof ports): string => String(ports[name]);
  return {
    type: ['smtp', 'graph', 'pickup', 'mailbox'],
    name: ['renamed', 'renamed-2'],
    senders: [['@example.com'], ['app@example.com', '@example.net']],
    priority: [0, 7, 5000],
    notes: ['x', 'The password is ****'],
    host: ['127.0.0.2', '127.0.0.3', 'localhost', '127.1', '127.0.0.1.', '::1'],
    port: [ports.other, ports.proxy, ports.token, 25],
    security: ['none', 'auto', 'implicit', 'starttls', 'starttls-when-available'],
    auth: ['anonymous', 'password', 'oauth2-client-credentials', 'oauth2-refresh-token', 'oauth2-jwt-bearer'],
    username: ['somebody', 'app2', 'app@example.net'],
    tenantId: ['contoso.example', '11111111-2222-3333-4444-555555555555'],
    clientId: ['another-client'],
    tokenUrl: [`https://127.0.0.2:${port('token')}/token`, `https://localhost:${port('other')}/token`],
    authorizeUrl: [
      `https://127.0.0.2:${port('token')}/authorize`,
      `https://localhost:${port('other')}/authorize`,
    ],
    scopes: [['other.scope'], []],
    graphUrl: [`https://127.0.0.2:${port('token')}/`, `https://localhost:${port('other')}`],
    allowPlaintextAuth: [true],
    ehloName: ['client.example.test', '[127.0.0.1]'],
    ca: [selfSigned.cert],
    minTls: ['1.3'],
    verify: [false],
    pin: ['aa'.repeat(32), 'AB:'.repeat(31) + 'AB'],
    clientCert: [client.cert],
    serverName: ['other.example.test', 'mail.example.test'],
    ipVersion: ['4', '6'],
    proxy: [
      `socks5://127.0.0.1:${port('proxy')}`,
      `http://127.0.0.1:${port('proxy')}`,
      `socks5://user@127.0.0.2:${port('proxy')}`,
      `http://user@127.0.0.1:${port('other')}`,
    ],
    folder: ['/tmp/posthorn-pickup-of-nobody'],
    timeouts: [{ connectMs: 600 }, { greetingMs: 400, commandMs: 600 }, { dataMs: 600 }],
    pool: [{ connections: 1 }, { messages: 1 }, { idleMs: 0 }],
    rate: [{ perSecond: 1000 }, { perMinute: 100_000 }, { perDay: 1_000_000 }],
    secretExpiresOn: ['2031-01-31'],
  };
}

/** Fields of all kinds by their role, from the schema itself. */
export function fieldsByRole(): {
  secret: string[];
  destination: string[];
  other: string[];
  unclassified: string[];
} {
  const names = new Set(connectionSettings.options.flatMap(({ shape }) => Object.keys(shape)));
  const found = { secret: [], destination: [], other: [], unclassified: [] } as Record<string, string[]>;
  for (const name of names) found[classifyField(name) ?? 'unclassified']?.push(name);
  return found as ReturnType<typeof fieldsByRole>; // made with these four just above
}

/** Fields that a kind of connection has, secrets left out; of all kinds without one. */
export function fieldsOfType(type?: string): string[] {
  const kinds = connectionSettings.options.filter(
    ({ shape }) => type === undefined || shape.type.safeParse(type).success,
  );
  const names = new Set(kinds.flatMap(({ shape }) => Object.keys(shape)));
  return [...names].filter((name) => classifyField(name) !== 'secret');
}

/** What programs show in place of a secret (K2). */
export const MASKS = [
  '********',
  '***',
  '••••••••',
  '●●●●●●',
  '<hidden>',
  '[REDACTED]',
  '(sensitive value)',
  '**REDACTED**',
  '****1234',
  'SG.********',
  '[object Object]',
  '{masked}',
] as const;
