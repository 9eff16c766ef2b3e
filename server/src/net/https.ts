/**
 * The one HTTPS client, for token endpoints, Microsoft Graph and published settings. It goes through the dialer like
 * everything else (S1), so the name is resolved once, the address is checked, and the name stays for SNI and the
 * certificate. It speaks HTTP/1.1 over verified TLS only, follows no redirect (S6), and reads no more than it was told.
 * Next: start-tls.ts
 */
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import { peerText } from '../base/log.ts';
import type { Failure } from '../mail/mail.ts';
import type { Dialer, DialTrace } from './dial.ts';
import type { EgressPolicy } from './egress.ts';
import type { Proxy } from './proxy.ts';
import { startTls, type TlsFacts } from './start-tls.ts';

export interface HttpsRequest {
  readonly method: 'GET' | 'POST';
  /** `https://` only. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly egress: EgressPolicy;
  /** PEM certificates trusted besides the system's. */
  readonly ca?: string;
  /** From resolving to the last octet of the answer, ms; 10 s when not given (S6). */
  readonly timeoutMs?: number;
  /** Octets of the answer's body that are read; one more is a failure. 64 KiB when not given (S6). */
  readonly bytesMax?: number;
  readonly proxy?: Proxy;
  /** Asked right before the first octet of the request; `false` ends it as a failure of kind `lease`. */
  readonly mayStart?: () => boolean;
  readonly trace?: DialTrace;
  /** Hears of every step that went well, with its ms. */
  readonly onStep?: (step: 'dns' | 'connect' | 'tls', ms: number, tls?: TlsFacts) => void;
  /** Gives up as soon as it fires; the failure is then of kind `stopped`. */
  readonly signal?: AbortSignal;
}

export type HttpsAnswer =
  | {
      readonly ok: true;
      readonly status: number;
      /** Names in lower case; the first value of a name that came twice. */
      readonly headers: Readonly<Record<string, string>>;
      readonly body: Buffer;
      /** The address that was checked and connected to. */
      readonly address: string;
    }
  | {
      readonly ok: false;
      readonly failure: Failure;
      /** The step that failed; `http` is everything after TLS. */
      readonly step: 'dns' | 'connect' | 'tls' | 'http';
      /** Whether the server may have read the whole request: then it may also have done what it was asked. */
      readonly sent: boolean;
    };

export interface Https {
  /** One request on a connection of its own. Never rejects. */
  request(request: HttpsRequest): Promise<HttpsAnswer>;
}

const TIMEOUT_MS = 10_000;
const BYTES_MAX = 64 * 1024;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

export function createHttps(parts: { readonly dialer: Dialer; readonly clock: Clock }): Https {
  return { request: (request) => ask(parts, request) };
}

type Failed = Extract<HttpsAnswer, { ok: false }>;

async function ask(
  { dialer, clock }: { dialer: Dialer; clock: Clock },
  request: HttpsRequest,
): Promise<HttpsAnswer> {
  const { egress, ca, signal, proxy, trace, timeoutMs = TIMEOUT_MS } = request;
  const url = URL.canParse(request.url) ? new URL(request.url) : undefined;
  if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '') {
    return failed('http', 'protocol', 'HTTPS_ONLY', 'Only an https:// address without user name is asked.');
  }
  const deadlineAt = clock.monotonic() + timeoutMs;
  const left = (): number => Math.max(1, deadlineAt - clock.monotonic());
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? 443 : Number(url.port);

  const way = { ...(proxy !== undefined && { proxy }), ...(trace !== undefined && { trace }) };
  const dialed = await dialer.dial({ host, port, egress, timeoutMs, ...way });
  if (dialed.ok || dialed.phase === 'connect') request.onStep?.('dns', dialed.dnsMs);
  if (!dialed.ok) return { ok: false, step: dialed.phase, failure: dialed.failure, sent: false };
  const tls = { minVersion: 'TLSv1.2', verify: true, ...(ca !== undefined && { ca }) } as const;
  request.onStep?.('connect', dialed.connectMs);
  const securingAt = clock.monotonic();
  const secured = await startTls(dialed.socket, { host, tls, timeoutMs: left(), clock });
  if (!secured.ok) return { ok: false, step: 'tls', failure: secured.failure, sent: false };
  request.onStep?.('tls', clock.monotonic() - securingAt, secured.facts);
  const stop = signal?.aborted === true ? STOPPED : request.mayStart?.() === false ? LEASE_LOST : undefined;
  if (stop !== undefined) {
    secured.socket.on('error', () => undefined);
    secured.socket.destroy();
    return stop;
  }
  return exchange(clock, secured.socket, request, { url, address: dialed.address, leftMs: left() });
}

const STOPPED = failed('http', 'stopped', 'STOPPED', 'The request was stopped.');
const LEASE_LOST = failed('http', 'lease', 'LEASE_LOST', 'The right to send was lost before the request.');

/** One request and its answer over a line that is ready; the line is closed afterwards, whatever happened. */
function exchange(
  clock: Clock,
  socket: Duplex,
  request: HttpsRequest,
  { url, address, leftMs }: { url: URL; address: string; leftMs: number },
): Promise<HttpsAnswer> {
  const { signal, bytesMax = BYTES_MAX } = request;
  const { promise, resolve } = Promise.withResolvers<HttpsAnswer>();
  const abort = (): void => {
    finish({ ...STOPPED, sent: true });
  };
  const cancel = clock.after(leftMs, () => {
    const seconds = String(Math.round((request.timeoutMs ?? TIMEOUT_MS) / 1000));
    finish(
      failed('http', 'timeout', 'HTTP_TIMEOUT', `${url.host} did not answer within ${seconds} s.`, true),
    );
  });
  let asking: ClientRequest | undefined;
  let answering = false;
  function finish(answer: HttpsAnswer): void {
    cancel();
    signal?.removeEventListener('abort', abort);
    // Nobody acts on a request whose last octet never left: its length says that something is missing (RFC 9112 §8).
    const sent = answering || asking?.writableFinished === true;
    resolve(answer.ok || sent ? answer : { ...answer, sent });
    asking?.destroy();
    socket.destroy();
  }

  socket.on('error', () => undefined); // the request tells it; what comes after the answer is of no interest
  signal?.addEventListener('abort', abort);
  try {
    asking = send(socket, request, url);
  } catch {
    // Node refuses header values that would end the header (CR, LF); nothing has been written then.
    finish(failed('http', 'protocol', 'HTTP_BAD_REQUEST', 'The request has a header that cannot be sent.'));
    return promise;
  }
  asking.on('error', (error) => {
    finish(brokenOff(url, error));
  });
  asking.on('close', () => {
    if (!answering) finish(brokenOff(url, undefined)); // else the answer itself tells how it ended
  });
  asking.on('response', (response) => {
    answering = true;
    receive(response, bytesMax, url, address, finish);
  });
  return promise;
}

function send(socket: Duplex, { method, headers, body }: HttpsRequest, url: URL): ClientRequest {
  const bytes = Buffer.from(body ?? '');
  const asking = httpRequest({
    // Without an agent and on the socket that is given: nothing is resolved or dialled again.
    createConnection: () => socket,
    method,
    path: `${url.pathname}${url.search}`,
    headers: {
      accept: 'application/json',
      'accept-encoding': 'identity', // a small coded body could unfold to any size
      ...headers,
      host: url.host,
      connection: 'close',
      ...(method === 'POST' && { 'content-length': String(bytes.length) }),
    },
  });
  asking.end(bytes);
  return asking;
}

function receive(
  response: IncomingMessage,
  bytesMax: number,
  url: URL,
  address: string,
  finish: (answer: HttpsAnswer) => void,
): void {
  const status = response.statusCode ?? 0;
  if (REDIRECTS.includes(status)) {
    const message = `${url.host} sends us elsewhere (HTTP ${String(status)}${whereTo(response, url)}); that is not followed.`;
    finish(failed('http', 'protocol', 'HTTP_REDIRECT', message, true));
    return;
  }
  const chunks: Buffer[] = [];
  let size = 0;
  response.on('data', (chunk: Buffer) => {
    size += chunk.length;
    chunks.push(chunk);
    if (size <= bytesMax) return;
    const message = `The answer of ${url.host} is larger than ${String(bytesMax)} octets.`;
    finish(failed('http', 'protocol', 'HTTP_TOO_LARGE', message, true));
  });
  response.on('error', () => undefined); // `close` follows
  response.on('end', () => {
    const headers: Record<string, string> = {};
    for (const [name, values] of Object.entries(response.headersDistinct)) headers[name] = values?.[0] ?? '';
    finish({ ok: true, status, headers, body: Buffer.concat(chunks), address });
  });
  response.on('close', () => {
    finish(failed('http', 'dropped', 'HTTP_TRUNCATED', `The answer of ${url.host} broke off.`, true));
  });
}

/** Host of the place a redirect names; its path could hold anything. */
function whereTo(response: IncomingMessage, url: URL): string {
  const { location } = response.headers;
  if (location === undefined || !URL.canParse(location, url)) return '';
  return ` to ${peerText(new URL(location, url).host)}`;
}

function brokenOff(url: URL, error: NodeJS.ErrnoException | undefined): Failed {
  const code = error?.code ?? 'ECONNRESET';
  if (code.startsWith('HPE_')) {
    return failed('http', 'protocol', 'HTTP_MALFORMED', `${url.host} does not answer in HTTP.`, true);
  }
  if (code === 'ETIMEDOUT') {
    return failed('http', 'timeout', 'HTTP_TIMEOUT', `The line to ${url.host} went dead.`, true);
  }
  return failed('http', 'dropped', code, `${url.host} closed the line without an answer.`, true);
}

function failed(
  step: Failed['step'],
  kind: Failure['kind'],
  code: string,
  message: string,
  sent = false,
): Failed {
  return { ok: false, step, failure: { kind, code, message }, sent };
}
