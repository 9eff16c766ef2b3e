/**
 * What a token endpoint answered, however wrong: a token (RFC 6749 §5.1), a refusal in its own words (§5.2), or
 * something that is neither. Nothing here throws, and no secret that was sent comes back in a message.
 * Next: token.ts
 */
import { peerText } from '../base/log.ts';
import type { Failure } from '../mail/mail.ts';
import type { HttpsAnswer } from '../net/net.ts';

export type TokenAnswer =
  | {
      readonly ok: true;
      readonly status: number;
      readonly accessToken: string;
      readonly lifeMs: number;
      readonly refreshToken?: string;
      readonly scopes?: readonly string[];
      /** JWT of OpenID Connect, as it came. */
      readonly idToken?: string;
      /** When the provider says that the refresh token itself ends, ms from now. */
      readonly refreshLifeMs?: number;
    }
  | {
      readonly ok: false;
      readonly failure: Failure;
      readonly status?: number;
      readonly error?: string;
      readonly correlationId?: string;
      /** The provider asks not to be asked before this, ms from now. */
      readonly retryAfterMs?: number;
      /** What time it was there, epoch ms, to the second. */
      readonly theirNow?: number;
    };
type Refused = Extract<TokenAnswer, { ok: false }>;

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** When the provider does not say how long a token lives, it is used this long. */
const LIFE_UNSAID_MS = 5 * MINUTE_MS;
const RETRY_AFTER_MAX_MS = 60 * MINUTE_MS;
/** Microsoft's tokens have 2 to 4 KiB; RFC 4954 §4 lets a line of AUTH have 12 KiB of base64. */
const TOKEN_MAX = 9_000;
/** Printable ASCII (RFC 6749 appendix A.12); a space or a line end could make two things of one. */
const TOKEN_FORM = /^[\x21-\x7e]+$/;
const SECRET_MIN = 6;

/** Reads an answer. `secrets` were sent along and are taken out of whatever comes back. */
export function readTokenAnswer(host: string, answer: HttpsAnswer, secrets: readonly string[]): TokenAnswer {
  if (!answer.ok) {
    const { failure } = answer;
    return { ok: false, failure: { ...failure, message: withoutSecrets(failure.message, secrets) } };
  }
  const body = readObject(answer.body);
  const isError = answer.status >= 400 || (body !== undefined && 'error' in body);
  if (isError) return readRefusal(host, answer, body, secrets);
  if (answer.status !== 200 || body === undefined) {
    const type = peerText((answer.headers['content-type'] ?? 'no content type').slice(0, 80));
    return bad(host, answer.status, `something that is not an access token (${type})`);
  }
  return readToken(host, answer.status, body);
}

function readToken(host: string, status: number, body: Readonly<Record<string, unknown>>): TokenAnswer {
  const { access_token: accessToken, token_type: type, refresh_token: refreshToken, scope } = body;
  if (!isToken(accessToken)) return bad(host, status, 'no access token that can be used');
  // RFC 6749 §7.1: a token of a type that is not understood must not be used
  if (type !== undefined && !(typeof type === 'string' && /^bearer$/i.test(type))) {
    return bad(host, status, 'a token of another type than Bearer');
  }
  const refreshLife = secondsOf(body['refresh_token_expires_in']);
  const idToken = body['id_token'];
  return {
    ok: true,
    status,
    accessToken,
    lifeMs: lifeOf(body['expires_in']),
    ...(isToken(refreshToken) && { refreshToken }),
    ...(typeof scope === 'string' && {
      scopes: peerText(scope)
        .split(' ')
        .filter((word) => word !== ''),
    }),
    ...(typeof idToken === 'string' && { idToken }),
    ...(refreshLife !== undefined && refreshLife > 0 && { refreshLifeMs: refreshLife * 1000 }),
  };
}

function isToken(value: unknown): value is string {
  return typeof value === 'string' && value.length <= TOKEN_MAX && TOKEN_FORM.test(value);
}

/** K9: at least a minute, so that no answer makes us ask all the time; at most a day, so that none lasts for ever. */
function lifeOf(expiresIn: unknown): number {
  if (expiresIn === undefined || expiresIn === null) return LIFE_UNSAID_MS;
  const seconds = secondsOf(expiresIn) ?? 0;
  return Math.min(Math.max(seconds * 1000, MINUTE_MS), DAY_MS);
}

/** Some providers write the number as text. */
function secondsOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^-?\d{1,12}(?:\.\d+)?$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

function readRefusal(
  host: string,
  answer: Extract<HttpsAnswer, { ok: true }>,
  body: Readonly<Record<string, unknown>> | undefined,
  secrets: readonly string[],
): Refused {
  const { status, headers } = answer;
  const { word, description } = wordsOf(body ?? {});
  const error = word === undefined ? undefined : withoutSecrets(word, secrets);
  const correlationId = correlationOf(body, headers);
  const retryAfterMs = status === 429 || status === 503 ? retryAfterOf(headers['retry-after']) : undefined;
  const theirNow = Date.parse(headers['date'] ?? ''); // RFC 9110 §6.6.1
  const said = withoutSecrets(description, secrets);
  const wait =
    retryAfterMs === undefined ? '' : ` Try again in ${String(Math.ceil(retryAfterMs / 1000))} seconds.`;
  const what = [error ?? `HTTP ${String(status)}`, said].filter((part) => part !== '').join(': ');
  const message = peerText(`${host} refused (HTTP ${String(status)}): ${what}`) + wait;
  return {
    ok: false,
    status,
    failure: { kind: 'api', code: error ?? `HTTP_${String(status)}`, message },
    ...(error !== undefined && { error }),
    ...(correlationId !== undefined && { correlationId }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(!Number.isNaN(theirNow) && { theirNow }),
  };
}

/** The error word and what is said about it. Google's own services answer an object in the place of the word. */
function wordsOf(body: Readonly<Record<string, unknown>>): {
  word: string | undefined;
  description: string;
} {
  const { error } = body;
  if (isObject(error)) {
    return { word: wordOf(error['status']), description: textOf(error['message']) };
  }
  const codes = body['error_codes'];
  const description = textOf(body['error_description']);
  const number: unknown = Array.isArray(codes) ? codes[0] : undefined;
  const aadsts =
    typeof number === 'number' && !description.includes('AADSTS') ? `AADSTS${String(number)} ` : '';
  const subtype = wordOf(body['error_subtype']);
  return {
    word: wordOf(error),
    description: `${aadsts}${description}${subtype === undefined ? '' : ` (${subtype})`}`,
  };
}

/** RFC 6749 §5.2: printable, and ours is a word without spaces. */
function wordOf(value: unknown): string | undefined {
  return typeof value === 'string' && /^[\w.-]{1,80}$/.test(value) ? value : undefined;
}

/** Microsoft adds lines with ids and times, which are told on their own. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? peerText(value.split(/\s*(?:\r?\n|Trace ID:)/, 1)[0] ?? '') : '';
}

function correlationOf(
  body: Readonly<Record<string, unknown>> | undefined,
  headers: Readonly<Record<string, string>>,
): string | undefined {
  const given: unknown = body?.['correlation_id'] ?? headers['x-ms-request-id'] ?? headers['x-request-id'];
  return typeof given === 'string' && /^[\w-]{1,100}$/.test(given) ? given : undefined;
}

/** RFC 9110 §10.2.3, in seconds; a date would need clocks that agree, and no token endpoint sends one. */
function retryAfterOf(header: string | undefined): number | undefined {
  if (header === undefined || !/^\d{1,9}$/.test(header)) return undefined;
  return Math.min(Math.max(Number(header) * 1000, 1000), RETRY_AFTER_MAX_MS);
}

/** Takes out what we sent, as it was and as a form writes it. */
function withoutSecrets(text: string, secrets: readonly string[]): string {
  let clean = text;
  for (const secret of secrets) {
    if (secret.length < SECRET_MIN) continue;
    const forms = [secret, encodeURIComponent(secret.toWellFormed()), peerText(secret)];
    for (const form of forms) if (form !== '') clean = clean.replaceAll(form, '[secret]');
  }
  return clean;
}

function bad(host: string, status: number, what: string): Refused {
  const message = `${host} answered (HTTP ${String(status)}) with ${what}.`;
  return { ok: false, status, failure: { kind: 'protocol', code: 'BAD_ANSWER', message } };
}

function readObject(body: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
