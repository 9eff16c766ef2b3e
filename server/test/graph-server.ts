/**
 * A stand-in for Microsoft Graph over TLS: `POST /v1.0/users/{mailbox}/sendMail` with MIME in base64 as Graph reads it, and
 * `GET /v1.0/users/{mailbox}`. It knows which tokens are good, delivers to whoever the header names, and answers as the
 * test scripts it.
 */
import type { ServerResponse } from 'node:http';
import { startHttpsPeer, type Heard } from './https-peer.ts';

/** An answer with Graph's error body, or what to do instead of answering. */
export type GraphScript =
  | {
      readonly status: number;
      readonly code?: string;
      readonly message?: string;
      readonly retryAfter?: string;
    }
  | { readonly status: number; readonly page: string }
  | 'silent'
  | 'hang up';

export interface GraphSent {
  readonly mailbox: string;
  readonly token: string;
  /** The message as it came, decoded. */
  readonly mime: string;
  /** Everybody whom the header names. */
  readonly recipients: readonly string[];
}

export interface GraphServer {
  readonly origin: string;
  readonly port: number;
  /** Messages that were taken. */
  readonly sent: GraphSent[];
  /** All requests. */
  readonly heard: Heard[];
  /** Tokens that are good; any, when empty. */
  readonly tokens: Set<string>;
  /** Answers of the next requests to `sendMail`, first one first; then everything is taken. */
  readonly next: GraphScript[];
  /** Status of `GET`. */
  look: number;
  close(): Promise<void>;
}

export async function startGraph(): Promise<GraphServer> {
  const sent: GraphSent[] = [];
  const next: GraphScript[] = [];
  const tokens = new Set<string>();
  const peer = await startHttpsPeer((response, heard) => {
    const token = /^Bearer (.+)$/.exec(heard.headers.authorization ?? '')?.[1] ?? '';
    const path = /^\/v1\.0\/users\/([^/?]+)(\/sendMail)?(?:\?.*)?$/.exec(heard.path);
    response.setHeader('request-id', 'b1e5-0000-4711');
    if (path === null) return answer(response, { status: 404, code: 'ResourceNotFound' });
    if (tokens.size > 0 && !tokens.has(token))
      return answer(response, {
        status: 401,
        code: 'InvalidAuthenticationToken',
        message: `Bad token ${token}`,
      });
    if (heard.method === 'GET')
      return answer(response, { status: server.look, code: 'Authorization_RequestDenied' });
    const scripted = next.shift();
    if (scripted === 'silent') return undefined;
    if (scripted === 'hang up') return response.destroy();
    if (scripted !== undefined) return answer(response, scripted);
    if (heard.headers['content-type'] !== 'text/plain')
      return answer(response, { status: 400, code: 'BadRequest', message: 'JSON expected' });
    const mime = Buffer.from(heard.body, 'base64');
    if (mime.toString('base64') !== heard.body)
      return answer(response, { status: 400, code: 'ErrorMimeContentInvalidBase64String' });
    const text = mime.toString('utf8');
    const recipients = namedIn(text);
    if (recipients.length === 0) return answer(response, { status: 400, code: 'ErrorInvalidRecipients' });
    sent.push({ mailbox: decodeURIComponent(path[1] ?? ''), token, mime: text, recipients });
    return response.writeHead(202).end();
  });
  const { origin, port, heard } = peer;
  const server: GraphServer = {
    origin,
    port,
    sent,
    heard,
    tokens,
    next,
    look: 403,
    close: () => peer.close(),
  };
  return server;
}

function answer(response: ServerResponse, script: Exclude<GraphScript, string>): void {
  if ('page' in script) {
    response.writeHead(script.status, { 'content-type': 'text/html' }).end(script.page);
    return;
  }
  const { status, code, message = 'Something is wrong.', retryAfter } = script;
  if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter);
  const body = code === undefined ? {} : { error: { code, message, innerError: { 'request-id': 'inner' } } };
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function namedIn(mime: string): string[] {
  const header = mime.slice(0, mime.indexOf('\r\n\r\n')).replace(/\r\n[ \t]+/g, ' ');
  const lists = header.split('\r\n').flatMap((line) => /^(?:To|Cc|Bcc): (.*)$/i.exec(line)?.[1] ?? []);
  return lists.flatMap((list) => list.match(/[^\s<>,;:"]+@[^\s<>,;:"]+/g) ?? []);
}
