/**
 * Posts messages at a steady pace, each with its own recipient (the id in the history) and its own idempotency key.
 * Half of the callers are patient and repeat a post under the same key until it is answered, across crashes; the others
 * give up at the first trouble, so that unanswered posts exist too. Next: history.ts
 */
import { Agent, request } from 'node:http';
import type { History } from './history.ts';

export interface LoadOptions {
  /** `http://127.0.0.1:PORT`, the same across restarts; several are taken in turn, at every try. */
  readonly urls: readonly string[];
  readonly key: string;
  readonly history: History;
  readonly perSecond: number;
  /** Begins every id, so that several loads can share a history. */
  readonly prefix: string;
}

/** Disposed, it ends at once, whoever still waits: a test that fails must not keep calling a server that is gone. */
export interface Load extends Disposable {
  /** Makes no new messages; waits for the patient callers, for whom a server has to run again. */
  stop(): Promise<void>;
  /** Answers that were neither 202 nor "try again", as text; there should be none. */
  readonly refusals: readonly string[];
}

const RETRY_AFTER_MS = 50;
const ANSWER_WITHIN_MS = 10_000;

export function startLoad(options: LoadOptions): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const refusals: string[] = [];
  const open = new Set<Promise<void>>();
  const over = new AbortController();
  let count = 0;
  const timer = setInterval(() => {
    count += 1;
    const id = `${options.prefix}${String(count)}`;
    const isPatient = count % 2 === 0;
    const call = deliverPost(options, agent, id, isPatient, refusals, over.signal).finally(() =>
      open.delete(call),
    );
    open.add(call);
  }, 1_000 / options.perSecond);
  return {
    refusals,
    stop: async () => {
      clearInterval(timer);
      await Promise.all(open);
      agent.destroy();
    },
    [Symbol.dispose]() {
      clearInterval(timer);
      over.abort();
      agent.destroy();
    },
  };
}

/** One caller with one message. */
async function deliverPost(
  { urls, key, history }: LoadOptions,
  agent: Agent,
  id: string,
  isPatient: boolean,
  refusals: string[],
  over: AbortSignal,
): Promise<void> {
  history.attempted.add(id);
  for (let tries = history.attempted.size; !over.aborted; tries += 1) {
    const { status } = await postMessage(urls[tries % urls.length] ?? '', key, id, { agent });
    if (status === 202) {
      history.acknowledged.add(id);
      return;
    }
    const isTrouble = status === undefined || status === 503;
    if (!isTrouble) refusals.push(`${id}: ${String(status)}`);
    if (!isPatient || !isTrouble) return;
    await new Promise((resolve) => setTimeout(resolve, RETRY_AFTER_MS));
  }
}

/** What came back: nothing when there was no whole answer. */
export interface Posted {
  readonly status?: number;
  readonly body?: string;
}

/** Posts message `id` once, under its own idempotency key, with so many lines of text. Never rejects. */
export function postMessage(
  url: string,
  key: string,
  id: string,
  { agent, lines = 20 }: { readonly agent?: Agent | undefined; readonly lines?: number | undefined } = {},
): Promise<Posted> {
  const body = JSON.stringify({
    from: 'app@example.com',
    to: [recipientOf(id)],
    subject: `Message ${id}`,
    text: `This is message ${id}.\n${'Some words to fill a few lines.\n'.repeat(lines)}`,
  });
  const headers = {
    authorization: `Bearer ${key}`,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'idempotency-key': id,
  };
  return new Promise((resolve) => {
    const options = {
      method: 'POST',
      timeout: ANSWER_WITHIN_MS,
      headers,
      ...(agent === undefined ? {} : { agent }),
    };
    const call = request(`${url}/api/v1/messages`, options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('end', () => {
        resolve({ status: response.statusCode ?? 0, body: text });
      });
      response.once('close', () => {
        resolve({}); // cut before its end: says nothing
      });
    });
    call.once('timeout', () => call.destroy());
    call.once('error', () => {
      resolve({});
    });
    call.end(body);
  });
}

export function recipientOf(id: string): string {
  return `${id}@example.net`;
}

/** The id of a message from its recipient, as the relay saw it. */
export function idOf(recipient: string): string {
  return recipient.slice(0, recipient.indexOf('@'));
}
