/**
 * Server-sent events as a loop: `for await (const event of …)`. A line that was lost is taken up again behind the last
 * event; a server that says nothing at all for a while counts as gone.
 * Next: connection-test.ts
 */
import { headersOf, problemOf, type CallOptions, type CallSettings } from './call.ts';
import { PosthornError, PosthornUnreachable } from './errors.ts';
import { sleep } from './sleep.ts';

/** Events of the stream at `path`, until one of which `isLast` holds. */
export type Follow = <T>(
  path: string,
  isLast: (event: T) => boolean,
  options?: CallOptions,
) => AsyncGenerator<T, void, undefined>;

/** The server says something every 15 s. */
const SILENT_MS = 45_000;
const PAUSE_MS = 1_000;
/** Lost lines in a row without a single event between them. */
const LOST_MAX = 5;
/** UTF-16 units of one event. */
const EVENT_MAX = 4 * 1024 * 1024;

interface Told {
  readonly id: string | undefined;
  readonly data: string;
}

export function createFollow(settings: CallSettings): Follow {
  const base = `${settings.url.replace(/\/+$/, '')}/api/v1`;
  return async function* follow<T>(path: string, isLast: (event: T) => boolean, options: CallOptions = {}) {
    let last: string | undefined;
    for (let lost = 0; lost < LOST_MAX; lost += 1) {
      if (lost > 0) await sleep(PAUSE_MS, options.signal);
      try {
        for await (const { id, data } of readOnce(settings, base + path, last, options.signal)) {
          lost = 0;
          last = id ?? last;
          const event = JSON.parse(data) as T; // the server checks its events against the same schemas
          yield event;
          if (isLast(event)) return;
        }
      } catch (error) {
        options.signal?.throwIfAborted();
        if (!(error instanceof PosthornUnreachable)) throw error;
        if (lost === LOST_MAX - 1) throw error;
      }
    }
    throw new PosthornUnreachable(new URL(base).origin, new Error('the events ended too early'));
  };
}

/** One connection: events until it ends. */
async function* readOnce(
  settings: CallSettings,
  url: string,
  last: string | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<Told, void, undefined> {
  const quiet = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const heard = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      quiet.abort(new DOMException('The server fell silent.', 'TimeoutError'));
    }, SILENT_MS);
  };
  heard();
  try {
    const response = await (settings.fetch ?? fetch)(url, {
      headers: {
        ...headersOf(settings, {}),
        accept: 'text/event-stream',
        ...(last === undefined ? {} : { 'last-event-id': last }),
      },
      redirect: 'error', // a redirect would take the key to another host
      signal: signal ? AbortSignal.any([signal, quiet.signal]) : quiet.signal,
    });
    if (!response.ok || response.body === null) {
      throw new PosthornError(problemOf(response, await response.text()));
    }
    yield* parseEvents(response.body, heard);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof PosthornError) throw error;
    throw new PosthornUnreachable(new URL(url).origin, error);
  } finally {
    clearTimeout(timer);
    quiet.abort();
  }
}

/** WHATWG HTML §9.2.6, as far as our server uses it: lines of `id` and `data`, a blank line ends an event. */
async function* parseEvents(body: ReadableStream<Uint8Array>, heard: () => void) {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body) {
    heard();
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const told = parseEvent(text.slice(0, end));
      text = text.slice(end + 2);
      if (told !== undefined) yield told;
    }
    if (text.length > EVENT_MAX) throw new Error('an event is too long');
  }
}

function parseEvent(block: string): Told | undefined {
  let id: string | undefined;
  const data: string[] = [];
  for (const line of block.split('\n')) {
    if (line.startsWith('id: ')) id = line.slice(4);
    if (line.startsWith('data: ')) data.push(line.slice(6));
  }
  return data.length === 0 ? undefined : { id, data: data.join('\n') };
}
