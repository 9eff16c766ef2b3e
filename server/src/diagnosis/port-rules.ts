/**
 * Which port and which security belong together, cell by cell, and when a password would travel in the open. The cells
 * say what the session would really do (`planTls` of `smtp/`), so the words come true.
 * Next: host-rules.ts
 */
import { connectionPort } from '../config/config.ts';
import type { Security } from './preset.ts';
import {
  hint,
  USE_465,
  USE_587,
  USE_ANONYMOUS,
  USE_IMPLICIT,
  USE_STARTTLS,
  type Destination,
  type HintLevel,
  type SettingsChange,
  type SettingsDraft,
  type SettingsHint,
} from './settings-hint.ts';

type PortKind = 'relay' | 'tls' | 'submission' | 'alternative' | 'other';

interface Cell {
  readonly level: HintLevel;
  readonly id: string;
  readonly say: (port: number) => string;
  readonly changes?: readonly SettingsChange[];
}

const cell = (
  level: HintLevel,
  id: string,
  say: (port: number) => string,
  ...changes: readonly SettingsChange[]
): Cell => ({ level, id, say, changes });

const inTheOpen = (level: HintLevel) =>
  cell(
    level,
    'port.unencrypted',
    () => 'Nothing is encrypted. Use this only inside your own network.',
    USE_STARTTLS,
  );
const WAITS_FOREVER = cell(
  'error',
  'port.needs_tls_first',
  (port) =>
    `Port ${String(port)} waits for TLS and this setting waits for a greeting: the test would time out (RFC 8314 §3.3).`,
  USE_IMPLICIT,
  USE_587,
);
const TLS_FIRST = cell(
  'error',
  'port.needs_tls_first',
  (port) => `Port ${String(port)} expects TLS from the first byte.`,
  USE_IMPLICIT,
);
const TLS_MATCH = cell(
  'ok',
  'port.match',
  (port) => `${String(port)} and SSL/TLS on connect belong together.`,
);
const startsPlain = (level: HintLevel) =>
  cell(
    level,
    'port.starts_plain',
    (port) => `Port ${String(port)} starts in plain text. You would see "wrong version number".`,
    USE_STARTTLS,
    USE_465,
  );
const STARTTLS_MATCH = cell(
  'ok',
  'port.match',
  (port) => `Port ${String(port)} and STARTTLS belong together.`,
);
const downgrade = (level: HintLevel) =>
  cell(
    level,
    'port.downgrade',
    () => 'Encrypts if the server offers it. Someone on the network could remove the offer (RFC 3207 §6).',
    USE_STARTTLS,
  );
const AUTO_REQUIRED = cell(
  'ok',
  'port.auto',
  () => 'Auto acts as STARTTLS required here; towards a private address as STARTTLS when available.',
);
const unusual = (what: string) =>
  cell('info', 'port.unusual', (port) => `Port ${String(port)} is not one of the usual mail ports. ${what}`);

const MATRIX: Readonly<Record<PortKind, Readonly<Record<Security, Cell>>>> = {
  relay: {
    none: inTheOpen('warn'),
    auto: cell('ok', 'port.auto', () => 'Auto acts as STARTTLS when available on port 25.'),
    implicit: cell(
      'warn',
      'port.starts_plain',
      () => 'Port 25 does not start with TLS. Use 465 or STARTTLS.',
      USE_STARTTLS,
      USE_465,
    ),
    starttls: STARTTLS_MATCH,
    'starttls-when-available': downgrade('info'),
  },
  tls: {
    none: TLS_FIRST,
    auto: cell('ok', 'port.auto', () => 'Auto acts as SSL/TLS on connect here.'),
    implicit: TLS_MATCH,
    starttls: WAITS_FOREVER,
    'starttls-when-available': WAITS_FOREVER,
  },
  submission: {
    none: inTheOpen('warn'),
    auto: AUTO_REQUIRED,
    implicit: startsPlain('error'),
    starttls: STARTTLS_MATCH,
    'starttls-when-available': downgrade('warn'),
  },
  alternative: {
    none: inTheOpen('warn'),
    auto: AUTO_REQUIRED,
    implicit: startsPlain('warn'),
    starttls: STARTTLS_MATCH,
    'starttls-when-available': downgrade('warn'),
  },
  other: {
    none: unusual('Nothing is encrypted.'),
    auto: AUTO_REQUIRED,
    implicit: unusual('TLS is expected from the first byte.'),
    starttls: unusual('STARTTLS is expected.'),
    'starttls-when-available': unusual(
      'STARTTLS is used if the server offers it, and could be removed on the way.',
    ),
  },
};

function portKind(port: number): PortKind {
  switch (port) {
    case 25:
      return 'relay';
    case 465:
    case 2465:
      return 'tls';
    case 587:
      return 'submission';
    case 2525:
    case 2587:
      return 'alternative';
    default:
      return 'other';
  }
}

/** The verdict of the matrix, what is known about port 25, and whether a secret would be seen on the way. */
export function portHints(draft: SettingsDraft, destination: Destination): SettingsHint[] {
  const security = draft.security ?? 'starttls';
  const port = connectionPort({ security, ...(draft.port !== undefined && { port: draft.port }) });
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    return [hint('port', 'error', 'port.range', 'A port is a whole number from 1 to 65535.', USE_587)];
  }
  const { level, id, say, changes = [] } = MATRIX[portKind(port)][security];
  const hints: SettingsHint[] = [];
  const openInside = port === 25 && security === 'none' && destination === 'private';
  if (openInside) {
    hints.push(
      hint('security', 'ok', 'port.unencrypted_inside', 'Nothing is encrypted; the address is private.'),
    );
  } else {
    hints.push(hint('security', level, id, say(port), ...changes));
  }
  if (port === 25 && destination !== 'private') {
    const message = 'Many hosting providers block outbound port 25. If it times out, use 587, 465 or 2525.';
    hints.push(hint('port', 'info', 'port.often_blocked', message, USE_587));
  }
  return [...hints, ...openSignIn(draft, security, destination)];
}

/** ✗✗: a secret in plain text. What the settings would refuse, and what the session would stop at (K3). */
function openSignIn(draft: SettingsDraft, security: Security, destination: Destination): SettingsHint[] {
  const auth = draft.auth ?? 'anonymous';
  if (auth === 'anonymous') return [];
  if (auth !== 'password') {
    if (security !== 'none' && security !== 'starttls-when-available') return [];
    // RFC 6750 §5.3: bearer tokens travel over TLS only
    const message = 'An access token travels over TLS only. Choose STARTTLS required.';
    return [hint('security', 'block', 'security.token_in_the_open', message, USE_STARTTLS)];
  }
  if (security !== 'none') return [];
  if (destination === 'public') {
    const message =
      'A password would cross the internet unencrypted. Choose STARTTLS required, or Anonymous.';
    return [hint('security', 'block', 'security.password_in_the_open', message, USE_STARTTLS, USE_ANONYMOUS)];
  }
  if (draft.allowPlaintextAuth === true) {
    const message =
      destination === 'private'
        ? 'The password is sent unencrypted inside this network.'
        : 'The password is sent unencrypted, and only if the host leads to a private address.';
    return [hint('security', 'warn', 'security.password_inside', message, USE_STARTTLS)];
  }
  const message =
    destination === 'private'
      ? 'A password would be sent unencrypted inside this network. Choose STARTTLS required, or allow it.'
      : 'A password would be sent unencrypted. Choose STARTTLS required; only for a private address can it be allowed.';
  const allow: SettingsChange = {
    label: 'Send the password unencrypted inside this network',
    change: { allowPlaintextAuth: true },
  };
  return [
    hint('security', 'block', 'security.password_unencrypted', message, USE_STARTTLS, allow, USE_ANONYMOUS),
  ];
}
