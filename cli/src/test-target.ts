/**
 * What `posthorn test` was pointed at: the name of a connection, or a server as an address, `smtp://user@host:port`.
 * The password of an address goes to the server and nowhere else: no message of ours repeats the address.
 * Next: test-lines.ts
 */
import type { ConnectionTestRequest } from '@posthorn/sdk';
import { UsageError } from './failure.ts';

type Settings = NonNullable<ConnectionTestRequest['settings']>;

const SECURITIES = ['none', 'auto', 'implicit', 'starttls', 'starttls-when-available'] as const;
type Security = (typeof SECURITIES)[number];

/** Whether it is an address and not the name of a connection. */
export function isAddress(target: string): boolean {
  return /^[a-z][a-z\d+.-]*:\/\//i.test(target);
}

/** The settings in an address. `password` replaces the one in it. */
export function settingsIn(
  address: string,
  given: { readonly password: string | undefined; readonly security: string | undefined },
): Settings {
  const url = parse(address);
  const query = readQuery(url.searchParams);
  const security = readSecurity(
    given.security ?? query.security ?? (url.protocol === 'smtps:' ? 'implicit' : undefined),
  );
  const username = decode(url.username, 'user name');
  const password = given.password ?? (decode(url.password, 'password') || undefined);
  if (username !== '' && password === undefined) {
    throw new UsageError(
      'the address names a user but no password: add --password-stdin, --password-file or --password-env',
    );
  }
  if (username === '' && password !== undefined) {
    throw new UsageError('there is a password but no user name: write smtp://NAME@HOST:PORT');
  }
  return {
    type: 'smtp',
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    ...(security === undefined ? {} : { security }),
    ...(username === '' ? {} : { auth: 'password', username }),
    ...(password === undefined ? {} : { password }),
    ...query.rest,
  };
}

/** Other schemes than http have no host rules of their own in URLs, so the scheme is looked at first. */
function parse(address: string): URL {
  const form = 'write it as smtp[s]://USER:PASSWORD@HOST:PORT?security=starttls';
  if (!/^smtps?:\/\//i.test(address))
    throw new UsageError(`a server's address begins with smtp:// or smtps://; ${form}`);
  if (!URL.canParse(address))
    throw new UsageError(`this is no address of a server; ${form}, with @ : / in a password as %40 %3A %2F`);
  const url = new URL(address);
  if (url.hostname === '') throw new UsageError(`the address names no host; ${form}`);
  if (url.pathname !== '' && url.pathname !== '/')
    throw new UsageError(`the address has something behind the port; ${form}`);
  if (url.hash !== '')
    throw new UsageError(`the address has a "#" in it; ${form}, with # in a password as %23`);
  return url;
}

function readQuery(query: URLSearchParams): { security: string | undefined; rest: Settings } {
  const rest: Record<string, boolean> = {};
  for (const [name, value] of query) {
    if (name === 'security') continue;
    if (name !== 'verify' && name !== 'allowPlaintextAuth') {
      throw new UsageError(
        `?${name.slice(0, 40)}= is not known; security, verify and allowPlaintextAuth are`,
      );
    }
    if (value !== 'true' && value !== 'false') throw new UsageError(`?${name}= is true or false`);
    rest[name] = value === 'true';
  }
  return { security: query.get('security') ?? undefined, rest };
}

function readSecurity(value: string | undefined): Security | undefined {
  if (value === undefined) return undefined;
  const found = SECURITIES.find((one) => one === value);
  if (found === undefined) throw new UsageError(`security is one of ${SECURITIES.join(', ')}`);
  return found;
}

function decode(text: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new UsageError(`the ${what} in the address has a % that begins no code: write %25 for it`);
  }
}
