/**
 * Answers that go on: server-sent events (WHATWG HTML §9.2). The kit keeps the line alive, notices a client that is
 * gone, bounds what waits for a slow one, and lets none of them hold up a stop of the server.
 * Next: mount.ts
 */
import { Readable } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import { problem } from '../base/problem.ts';

export interface FeedEvent<T> {
  /** What a client that comes back gives as `Last-Event-ID`. */
  readonly id?: string;
  readonly data: T;
}

/** Begins to tell, live; the answer stops it. Nothing may be sent after `end`, or after it was stopped. */
export type EventFeed<T> = (out: {
  send(event: FeedEvent<T>): void;
  end(): void;
  /** Breaks the stream: what was to be told cannot be. */
  fail(error: Error): void;
}) => () => void;

export interface EventStreams {
  /** Throws `overloaded` when there are too many, of this owner or in all. */
  open(feed: EventFeed<unknown>, owner: string): Readable;
  /** Ends all of them: the server stops. */
  closeAll(): void;
}

const STREAMS_MAX = 1_000;
/** One tenant must not take the places of all others, nor the memory that waiting events need. */
const STREAMS_OF_OWNER_MAX = 100;
/** Shorter than the idle time of common reverse proxies. */
const HEARTBEAT_MS = 15_000;
/** Octets that may wait for a client that does not read. */
const WAITING_MAX = 1024 * 1024;
/** A client that has not taken the rest by then is let go. */
const FINISH_MS = 30_000;
/** After this a browser that lost the line comes back. */
const RETRY_MS = 1_000;

export function createEventStreams(clock: Clock): EventStreams {
  const streams = new Map<Readable, string>();
  return {
    open(feed, owner) {
      const own = [...streams.values()].filter((other) => other === owner).length;
      if (streams.size >= STREAMS_MAX || own >= STREAMS_OF_OWNER_MAX) {
        throw problem('overloaded', { detail: 'Too many clients follow events. Try again shortly.' });
      }
      return openStream(feed, clock, streams, owner);
    },
    closeAll() {
      for (const stream of streams.keys()) stream.destroy();
    },
  };
}

function openStream(
  feed: EventFeed<unknown>,
  clock: Clock,
  streams: Map<Readable, string>,
  owner: string,
): Readable {
  let cancelTimer = (): void => undefined;
  let stopFeed = (): void => undefined;
  let ended = false;
  const stream = new Readable({
    highWaterMark: WAITING_MAX,
    read: () => undefined,
    destroy(error, done) {
      ended = true;
      cancelTimer();
      stopFeed();
      streams.delete(stream);
      done(error);
    },
  });
  streams.set(stream, owner);
  const write = (text: string): void => {
    if (ended) return;
    stream.push(text, 'utf8');
    if (stream.readableLength > WAITING_MAX) stream.destroy();
  };
  const beat = (): void => {
    cancelTimer = clock.after(HEARTBEAT_MS, () => {
      write(':\n\n');
      beat();
    });
  };
  write(`retry: ${String(RETRY_MS)}\n\n`);
  beat();
  // Told before anybody pipes it, an error would end the process; who pipes it hears of it all the same.
  stream.on('error', () => undefined);
  const stop = begin(feed, stream, {
    send({ id, data }) {
      write(`${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`);
    },
    end() {
      if (ended) return;
      ended = true;
      cancelTimer();
      stream.push(null);
      cancelTimer = clock.after(FINISH_MS, () => stream.destroy());
    },
    fail(error) {
      stream.destroy(error);
    },
  });
  if (stream.destroyed) stop();
  else stopFeed = stop;
  return stream;
}

/** A feed that throws at once must not keep the place of its stream. */
function begin(
  feed: EventFeed<unknown>,
  stream: Readable,
  out: Parameters<EventFeed<unknown>>[0],
): () => void {
  try {
    return feed(out);
  } catch (error) {
    stream.destroy();
    throw error;
  }
}
