/**
 * A million messages waiting in the database: how long a start takes, and how much memory it holds, idle and while it
 * drains. Next: backlog.ts
 */
import { readFile } from 'node:fs/promises';
import { startSink } from '../e2e/sink.ts';
import { makeHome, startPosthorn, type Home, type PosthornServer } from '../e2e/server.ts';
import { systemClock } from '../server/src/base/clock.ts';
import { fillBacklog, setDue } from './backlog.ts';
import type { Row } from './measure.ts';
import { configuration } from './posthorn.ts';

const QUEUED = 1_000_000;
const READY_MAX_MS = 5_000;
const RSS_MAX_MB = 512;
const IDLE_MS = 10_000;
const DRAIN_MS = 30_000;
const DRAIN_MIN_PER_SECOND = 500;

export async function benchMemory(): Promise<Row[]> {
  const sink = await startSink();
  const home = await makeHome(configuration()); // no way out yet: the message that is copied has to wait
  try {
    await fillBacklog(home, QUEUED);
    await home.writeConfig(configuration(sink.port, 10));
    const idle = await timedStart(home);
    const idleMb = await watchRss(idle.server, IDLE_MS);
    await idle.server.stop();

    setDue(home, 0);
    const before = sink.counts().messages;
    const draining = await timedStart(home);
    const drainMb = await watchRss(draining.server, DRAIN_MS);
    const perSecond = ((sink.counts().messages - before) * 1000) / DRAIN_MS;
    await draining.server.stop();
    return rows(Math.max(idle.readyMs, draining.readyMs), idleMb, drainMb, perSecond);
  } finally {
    await sink.stop();
    await home.remove();
  }
}

async function timedStart(home: Home): Promise<{ server: PosthornServer; readyMs: number }> {
  const startedAt = systemClock.monotonic();
  const server = await startPosthorn(home);
  return { server, readyMs: systemClock.monotonic() - startedAt };
}

function rows(readyMs: number, idleMb: number, drainMb: number, perSecond: number): Row[] {
  const row = (what: string, measured: string, bar: string, good: boolean): Row => ({
    what,
    measured,
    bar,
    good,
  });
  const most = `≤ ${String(RSS_MAX_MB)} MB`;
  return [
    row(
      'start with 1,000,000 waiting',
      `${(readyMs / 1000).toFixed(2)} s`,
      `≤ ${String(READY_MAX_MS / 1000)} s`,
      readyMs <= READY_MAX_MS,
    ),
    row('its memory, idle', `${idleMb.toFixed(0)} MB`, most, idleMb <= RSS_MAX_MB),
    row('its memory, draining', `${drainMb.toFixed(0)} MB`, most, drainMb <= RSS_MAX_MB),
    row(
      'draining it',
      `${perSecond.toFixed(0)}/s`,
      `≥ ${String(DRAIN_MIN_PER_SECOND)}/s`,
      perSecond >= DRAIN_MIN_PER_SECOND,
    ),
  ];
}

/** The most resident memory seen over `ms`, in MB of 2^20 octets. */
async function watchRss(server: PosthornServer, ms: number): Promise<number> {
  const until = systemClock.monotonic() + ms;
  let most = 0;
  while (systemClock.monotonic() < until) {
    most = Math.max(most, await rssMb(server.child.pid));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return most;
}

async function rssMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${String(pid)}/status`, 'utf8');
  return Number(/^VmRSS:\s*(\d+) kB/m.exec(status)?.[1] ?? Number.NaN) / 1024;
}
