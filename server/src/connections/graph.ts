/**
 * Microsoft Graph `sendMail`: the message as it is, posted over HTTPS with an access token of the application. Taken means
 * 202. A request that was written whole and not answered leaves the message in doubt, as a lost reply to the final dot does.
 * Next: graph-message.ts
 */
import type { Clock } from '../base/clock.ts';
import type { GraphSettings } from '../config/config.ts';
import type { Failure } from '../mail/mail.ts';
import type { EgressPolicy, Https, HttpsAnswer, TriedAddress } from '../net/net.ts';
import type { OutgoingMail, PhaseFacts, SendReport, SessionWatch, TokenSource } from '../smtp/smtp.ts';
import { graphFailure, graphReply } from './graph-answer.ts';
import { toGraph } from './graph-message.ts';
import { startRecord, type Record } from './record.ts';
import { LEASE_LOST } from './sender.ts';

export interface GraphOptions {
  readonly settings: GraphSettings;
  readonly token: TokenSource;
  readonly https: Https;
  /** Where the connection's owner may ask over HTTPS. */
  readonly egress: EgressPolicy;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly watch?: SessionWatch;
}

const GRAPH_URL = 'https://graph.microsoft.com';
const NOBODY = { recipients: [] } as const;
/** The message itself was at fault: nothing is said about the connection. */
const OF_MESSAGE: readonly number[] = [400, 413, 422];

/** Host and port that mail is handed over at. */
export function graphPlace({ graphUrl = GRAPH_URL }: GraphSettings): { host: string; port: number } {
  const url = new URL(graphUrl);
  return { host: url.hostname, port: url.port === '' ? 443 : Number(url.port) };
}

/** Sends one message. Never rejects. */
export async function sendOverGraph(mail: OutgoingMail, options: GraphOptions): Promise<SendReport> {
  const record = startRecord(options.clock, options.watch);
  const made = await toGraph(mail);
  if ('kind' in made) return record.failed(mail, 'data', made, { connection: false });
  const { body } = made;
  const asked = await askWithToken(options, record, {
    method: 'POST',
    path: '/sendMail',
    headers: { 'content-type': 'text/plain' }, // what makes Graph read MIME and not JSON
    body,
    mayStart: mail.mayCommit,
  });
  if ('stopped' in asked) return record.failed(mail, asked.phase, asked.failure, { connection: true });

  const { answer, token } = asked;
  if (!answer.ok) {
    const failure = answer.failure.kind === 'lease' ? LEASE_LOST : answer.failure;
    if (answer.step !== 'http') return record.failed(mail, answer.step, failure, { connection: true });
    // A redirect is an answer, and says that nothing was taken.
    const inDoubt = answer.sent && failure.code !== 'HTTP_REDIRECT';
    return record.failed(mail, inDoubt ? 'accepted' : 'data', failure, { connection: !inDoubt, inDoubt });
  }
  if (answer.status >= 200 && answer.status < 300) {
    const reply = graphReply(answer, 'Accepted');
    record.theirs(reply);
    record.end('data');
    return record.accepted(mail, reply);
  }
  const failure = graphFailure(answer, token, options.clock.now());
  // RFC 9110 §15.6.5: the gateway gave up waiting; whoever stands behind it may have sent the message.
  const inDoubt = answer.status === 504;
  const connection = !inDoubt && !OF_MESSAGE.includes(answer.status);
  return record.failed(mail, inDoubt ? 'accepted' : 'data', failure, { connection, inDoubt });
}

/**
 * Whether Graph takes the token. Looking at the mailbox needs a permission that sending does not, so being forbidden to
 * look is no failure; that the mailbox does not exist is one. The report has no results; `session` says what was wrong.
 */
export async function checkGraph(options: GraphOptions): Promise<SendReport> {
  const record = startRecord(options.clock, options.watch);
  const asked = await askWithToken(options, record, { method: 'GET', path: '?$select=id', phase: 'auth' });
  if ('stopped' in asked) return record.failed(NOBODY, asked.phase, asked.failure, { connection: true });
  const { answer, token } = asked;
  if (!answer.ok) {
    const phase = answer.step === 'http' ? 'auth' : answer.step;
    return record.failed(NOBODY, phase, answer.failure, { connection: true });
  }
  if (answer.status !== 200 && answer.status !== 403) {
    const failure = graphFailure(answer, token, options.clock.now());
    return record.failed(NOBODY, 'auth', failure, { connection: true });
  }
  const what =
    answer.status === 200
      ? 'The token is accepted and the mailbox is there'
      : 'The token is accepted; whether it may send shows when something is sent';
  const reply = { ...graphReply(answer, what), code: 200 };
  record.theirs(reply);
  record.end('auth', { reply });
  return record.nothing();
}

interface GraphRequest {
  readonly method: 'GET' | 'POST';
  /** Behind `/v1.0/users/{mailbox}`. */
  readonly path: string;
  readonly headers?: Readonly<{ [name: string]: string }>;
  readonly body?: string;
  readonly mayStart?: () => boolean;
  /** The phase that the request belongs to. */
  readonly phase?: 'auth' | 'data';
}

type Asked =
  | { readonly answer: HttpsAnswer; readonly token: string }
  | { readonly stopped: true; readonly phase: 'token'; readonly failure: Failure };

/** A token that was kept may have been withdrawn: when Graph refuses it, a new one gets one try (K9). */
async function askWithToken(options: GraphOptions, record: Record, request: GraphRequest): Promise<Asked> {
  let refused: string | undefined;
  for (;;) {
    record.begin('token');
    const given = await options.token({
      signal: options.signal,
      ...(refused === undefined ? {} : { refused }),
    });
    const facts: PhaseFacts = { about: 'token', ...given.facts };
    if (!given.ok) {
      return { stopped: true, phase: 'token', failure: given.failure };
    }
    const { endpoint, kept } = given.facts;
    const from = endpoint.replace(/^https:\/\/([^/]*).*$/, '$1');
    record.note(kept ? `an access token of ${from}, kept from earlier` : `an access token from ${from}`);
    record.end('token', { facts });
    const answer = await ask(options, record, request, given.accessToken);
    const isOld = answer.ok && answer.status === 401 && refused === undefined;
    if (!isOld) return { answer, token: given.accessToken };
    record.note('the access token was refused; asking for another');
    refused = given.accessToken;
  }
}

async function ask(
  { settings, https, egress, signal }: GraphOptions,
  record: Record,
  { method, path, headers, body, mayStart, phase = 'data' }: GraphRequest,
  accessToken: string,
): Promise<HttpsAnswer> {
  const base = (settings.graphUrl ?? GRAPH_URL).replace(/\/+$/, '');
  const place = `/v1.0/users/${encodeURIComponent(settings.username)}${path}`;
  const { connectMs, commandMs, dataMs } = settings.timeouts;
  const tried: TriedAddress[] = [];
  let addresses: readonly string[] = [];
  record.begin('dns');
  const answer = await https.request({
    method,
    url: `${base}${place}`,
    headers: { ...headers, authorization: `Bearer ${accessToken}` },
    ...(body !== undefined && { body }),
    egress,
    ...(settings.ca !== undefined && { ca: settings.ca }),
    timeoutMs: connectMs + (body === undefined ? commandMs : dataMs),
    signal,
    ...(mayStart !== undefined && { mayStart }),
    trace: {
      onResolved: (all) => {
        addresses = all;
      },
      onTried: (one) => tried.push(one),
    },
    onStep(step, ms, tls) {
      record.end(step, { ms, ...factsOf(step) });
      record.begin(step === 'dns' ? 'connect' : step === 'connect' ? 'tls' : phase);
      if (step === 'tls') {
        const size = body === undefined ? '' : ` (${String(Buffer.byteLength(body))} octets)`;
        record.ours(`${method} ${new URL(base).host}${place}${size}`);
      }
      function factsOf(done: typeof step): { facts?: PhaseFacts } {
        if (done === 'dns') return { facts: { about: 'dns', addresses } };
        if (done === 'tls') return tls === undefined ? {} : { facts: { about: 'tls', ...tls } };
        const address = tried.find(({ outcome }) => outcome === 'connected')?.address;
        return { facts: { about: 'connect', tried, ...(address !== undefined && { address }) } };
      }
    },
  });
  if (answer.ok && answer.status >= 300) record.theirs(graphReply(answer, 'refused'));
  return answer;
}
