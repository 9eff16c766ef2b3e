/**
 * How long one of 50 callers waits for its 202, with every message on disk before it is answered and being relayed to a
 * sink meanwhile. Next: memory.ts
 */
import { startSink } from '../e2e/sink.ts';
import { score, type Row } from './measure.ts';
import { startMeasured } from './posthorn.ts';

const CLIENTS = 50;
const MESSAGES = 10_000;
const ROUNDS = 5;
const P99_MAX_MS = 50;

export async function benchAccept(): Promise<Row[]> {
  const sink = await startSink();
  const measured = await startMeasured(sink.port);
  const p50: number[] = [];
  const p99: number[] = [];
  const rates: number[] = [];
  try {
    for (let round = 0; round <= ROUNDS; round += 1) {
      const label = `round ${String(round)}`;
      const result = await measured.feed({ messages: MESSAGES, bytes: 1024, connections: CLIENTS, label });
      await sink.waitFor(MESSAGES * (round + 1), 120_000);
      if (round === 0) continue; // warming up
      p50.push(result.p50);
      p99.push(result.p99);
      rates.push((MESSAGES * 1000) / (result.endedAt - result.startedAt));
      process.stdout.write(
        `  p50 ${result.p50.toFixed(1)} ms, p99 ${result.p99.toFixed(1)} ms, max ${result.max.toFixed(1)} ms\n`,
      );
    }
  } finally {
    await measured.stop();
    await sink.stop();
  }
  const [half, most, rate] = [score('p50', p50), score('p99', p99), score('rate', rates)];
  const spread = `(${most.min.toFixed(1)}–${most.max.toFixed(1)})`;
  const times = `p50 ${half.median.toFixed(1)} ms, p99 ${most.median.toFixed(1)} ms ${spread}`;
  return [
    {
      what: `202 to one of ${String(CLIENTS)} callers, 1 KB`,
      measured: `${times} at ${rate.median.toFixed(0)}/s`,
      bar: `p99 ≤ ${String(P99_MAX_MS)} ms`,
      good: most.median <= P99_MAX_MS,
    },
  ];
}
