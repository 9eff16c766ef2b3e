/**
 * Structured logs: one JSON object a line, on standard output. Never a secret, never a body.
 * Peer text goes through `peerText` first, so that no server can forge a line or paint a terminal.
 */
import { pino, type Logger } from 'pino';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';
export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'child'>;

/** Names that never appear with a value, whoever logs them by mistake. */
const SECRET_NAMES = [
  'password',
  'clientSecret',
  'refreshToken',
  'clientKey',
  'token',
  'secret',
  'authorization',
  'key',
];

/** A log that writes lines of at least `level` to `destination` (standard output by default). */
export function createLog(level: LogLevel, destination?: { write(line: string): void }): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRET_NAMES.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
    },
    destination ?? process.stdout,
  );
}

const PEER_TEXT_MAX = 500;

/** Text from another server, made safe to log and show: no control characters, at most 500 characters. */
export function peerText(text: string): string {
  const clean = text
    .replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g, ' ')
    .trim();
  return clean.length > PEER_TEXT_MAX ? `${clean.slice(0, PEER_TEXT_MAX)}…` : clean;
}
