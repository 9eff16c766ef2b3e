/**
 * What Microsoft Graph answers, in the words that the classifier reads: its own error code, the HTTP status, its message
 * cleaned, and how long it asks to wait.
 * Next: graph.ts
 */
import { peerText } from '../base/log.ts';
import type { Failure, Reply } from '../mail/mail.ts';
import type { HttpsAnswer } from '../net/net.ts';

type Answered = Extract<HttpsAnswer, { ok: true }>;

const WAIT_MAX_S = 86_400;
/** UTF-16 units of Graph's message that are looked at. */
const MESSAGE_MAX = 2_000;

/** 202: it was taken. The request id is what Microsoft's support asks for. */
export function graphReply({ status, headers }: Answered, what: string): Reply {
  const id = headers['request-id'] ?? headers['client-request-id'] ?? '';
  return { code: status, lines: [/^[\w.-]{4,80}$/.test(id) ? `${what}, request-id=${id}` : what] };
}

/** `token` is taken out wherever it may have come back. */
export function graphFailure(answer: Answered, token: string, now: number): Failure {
  const { status, headers, body } = answer;
  const error = errorOf(body);
  const said = (error.message ?? '').slice(0, MESSAGE_MAX).replaceAll(token, '…');
  const id = headers['request-id'] ?? '';
  const wait = waitSeconds(headers['retry-after'], now);
  const message = [
    peerText(`HTTP ${String(status)} ${said}`.trim()),
    ...(/^[\w.-]{4,80}$/.test(id) ? [`request-id=${id}`] : []),
    ...(wait === undefined ? [] : [`retry after ${String(wait)} seconds`]),
  ].join('; ');
  return { kind: 'api', code: error.code ?? `HTTP_${String(status)}`, message };
}

function errorOf(body: Buffer): { code?: string; message?: string } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString('utf8'));
  } catch {
    return {}; // a gateway's page: the status must do
  }
  const error = member(parsed, 'error');
  const code = member(error, 'code');
  const message = member(error, 'message');
  return {
    ...(typeof code === 'string' && /^[A-Za-z][\w.-]{0,99}$/.test(code) && { code }),
    ...(typeof message === 'string' && { message }),
  };
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

/** RFC 9110 §10.2.3: seconds, or a date. */
function waitSeconds(written: string | undefined, now: number): number | undefined {
  if (written === undefined) return undefined;
  const seconds = /^\d{1,6}$/.test(written) ? Number(written) : Math.ceil((Date.parse(written) - now) / 1000);
  return seconds >= 1 ? Math.min(seconds, WAIT_MAX_S) : undefined; // NaN is not
}
