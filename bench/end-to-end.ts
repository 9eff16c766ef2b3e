/**
 * From the door to the sink: API → durable → SMTP, against Postfix relaying to the same kind of sink, each fed by the
 * generator that suits it. Timed from the first octet sent until the last message is at the sink. Both sync to disk
 * before they answer. Next: postfix-peer.ts
 */
import { startSink, type Sink } from '../e2e/sink.ts';
import { systemClock } from '../server/src/base/clock.ts';
import { ratioRow, takeTurns, type Row } from './measure.ts';
import { startMeasured, type Measured } from './posthorn.ts';
import { feedPostfix, startPostfixPeer, type PostfixPeer } from './postfix-peer.ts';

const MESSAGES = 4_000;
const ROUNDS = 5;
const BAR = 4;
/** The best median of 5, 10 and 20 sessions, five runs each, with kept connections and Postfix's own settings. */
const POSTFIX_FEED = { sessions: 5, keepOpen: true } as const;
const CLIENTS = 50;

export async function benchEndToEnd(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const kilobytes of [1, 10]) {
    // One of each for all rounds, as they run in life: the round for warming up fills caches and pools on both sides.
    const sinks = [await startSink(), await startSink()] as const;
    const posthorn = await startMeasured(sinks[0].port);
    const postfix = await startPostfixPeer(sinks[1].port);
    const bytes = kilobytes * 1024;
    try {
      const [ours, theirs] = await takeTurns(
        [
          { name: 'Posthorn', run: () => posthornRate(posthorn, sinks[0], bytes) },
          { name: 'Postfix', run: () => postfixRate(postfix, sinks[1], bytes) },
        ],
        ROUNDS,
      );
      if (ours === undefined || theirs === undefined) throw new Error('a contestant is missing');
      const bar = kilobytes === 1 ? BAR : 1; // the promise is made for 1 KB
      rows.push(ratioRow(`accepted durably and relayed, ${String(kilobytes)} KB`, ours, theirs, bar));
    } finally {
      await Promise.all([posthorn.stop(), postfix.stop()]);
      await Promise.all(sinks.map((sink) => sink.stop()));
    }
  }
  return rows;
}

async function posthornRate(posthorn: Measured, sink: Sink, bytes: number): Promise<number> {
  const all = sink.counts().messages + MESSAGES;
  const feeding = posthorn.feed({ messages: MESSAGES, bytes, connections: CLIENTS, label: 'end to end' });
  const arrived = sink.waitFor(all, 120_000).then(() => systemClock.now());
  const [fed, endedAt] = await Promise.all([feeding, arrived]);
  return (MESSAGES * 1000) / (endedAt - fed.startedAt);
}

async function postfixRate(postfix: PostfixPeer, sink: Sink, bytes: number): Promise<number> {
  const all = sink.counts().messages + MESSAGES;
  const feed = feedPostfix(postfix.port, { messages: MESSAGES, bytes, ...POSTFIX_FEED });
  const [endedAt] = await Promise.all([sink.waitFor(all, 120_000), feed.done]);
  return (MESSAGES * 1000) / (endedAt - feed.startedAt);
}
