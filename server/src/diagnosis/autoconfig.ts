/**
 * The settings that a domain publishes for mail programs (the `config-v1.1.xml` of Thunderbird): its servers for sending.
 * Next: discover.ts
 */
import { parseHost } from '../net/net.ts';
import type { AuthKind, Security } from './preset.ts';
import { readXml, type XmlElement } from './xml.ts';

export interface PublishedServer {
  readonly host: string;
  readonly port: number;
  readonly security: Security;
  readonly auth: AuthKind;
  /** With `%EMAILADDRESS%` and its like as they stand there. */
  readonly username?: string;
}

const SERVERS_MAX = 10;

/** The servers that can be used, in the order of the document; `undefined` when it is not such a document. */
export function readAutoconfig(source: string, domain: string): PublishedServer[] | undefined {
  const root = readXml(source);
  if (root?.name !== 'clientConfig') return undefined;
  return root.children
    .filter(({ name }) => name === 'emailProvider')
    .flatMap((provider) => provider.children)
    .filter(({ name, attributes }) => name === 'outgoingServer' && attributes.get('type') === 'smtp')
    .slice(0, SERVERS_MAX)
    .flatMap((server) => readServer(server, domain) ?? []);
}

function readServer(server: XmlElement, domain: string): PublishedServer | undefined {
  const textOf = (name: string) => server.children.find((child) => child.name === name)?.text;
  const host = parseHost((textOf('hostname') ?? '').replaceAll('%EMAILDOMAIN%', domain));
  const port = Number(textOf('port'));
  const security = securityOf(textOf('socketType'));
  if (host?.kind !== 'name' || !Number.isInteger(port) || port < 1 || port > 65_535) return undefined;
  if (security === undefined) return undefined;
  const username = textOf('username')?.slice(0, 254);
  const kinds = server.children.filter(({ name }) => name === 'authentication').map(({ text }) => text);
  return {
    host: host.name,
    port,
    security,
    auth: authOf(kinds),
    ...(username !== undefined && username !== '' && { username }),
  };
}

function securityOf(socketType: string | undefined): Security | undefined {
  switch (socketType) {
    case 'SSL':
      return 'implicit';
    case 'STARTTLS':
      return 'starttls';
    case 'plain':
      return 'none';
    default:
      return undefined;
  }
}

function authOf(kinds: readonly string[]): AuthKind {
  if (kinds.some((kind) => kind.startsWith('password-') || kind === 'plain' || kind === 'secure')) {
    return 'password';
  }
  if (kinds.includes('OAuth2')) return 'oauth2-refresh-token';
  return kinds.includes('none') || kinds.includes('client-IP-address') ? 'anonymous' : 'password';
}

/** The user name for an address; `undefined` without the address when the rule needs it. */
export function fillUsername(rule: string, domain: string, address: string | undefined): string | undefined {
  const known = rule.replaceAll('%EMAILDOMAIN%', () => domain);
  if (address === undefined) return /%EMAIL(?:ADDRESS|LOCALPART)%/.test(known) ? undefined : known;
  const local = address.slice(0, address.lastIndexOf('@'));
  return known.replaceAll('%EMAILADDRESS%', () => address).replaceAll('%EMAILLOCALPART%', () => local);
}
