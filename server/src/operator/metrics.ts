/**
 * What Prometheus scrapes: counters of what was accepted and how it ended, the queue's depth, connections and their state.
 * No label ever carries an address or a text from outside.
 * Next: routes.ts
 */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from '@prometheus-io/client';
import type { Clock } from '../base/clock.ts';
import type { Connection, Connections } from '../connections/connections.ts';
import { DELIVERY, type Settlement } from '../delivery/delivery.ts';
import { countByState } from '../queue/queue.ts';
import type { Db } from '../store/store.ts';
import { INSTANCE_TENANT_ID } from '../tenants/tenants.ts';

/** Counting a long queue reads its index; more often than this the last count answers. */
const COUNT_EVERY_MS = 15_000;

export interface Metrics {
  observe(settlement: Settlement): void;
  accepted(messages: number): void;
  /** The text format, and its content type. */
  render(): Promise<{ text: string; contentType: string }>;
}

export function createMetrics(deps: {
  db: Db;
  clock: Clock;
  connections: Connections;
  active: () => number;
}): Metrics {
  const { db, clock, connections } = deps;
  const registers = [new Registry()];
  const [registry] = registers;
  if (registry === undefined) throw new Error('a registry');
  collectDefaultMetrics({ register: registry, prefix: 'posthorn_' });

  const received = new Counter({
    name: 'posthorn_messages_received_total',
    help: 'Messages accepted from callers.',
    registers,
  });
  const outcomes = new Counter({
    name: 'posthorn_recipient_outcomes_total',
    help: 'Outcomes of attempts, per recipient.',
    labelNames: ['connection', 'outcome', 'category'],
    registers,
  });
  const seconds = new Histogram({
    name: 'posthorn_attempt_seconds',
    help: 'Duration of attempts.',
    labelNames: ['connection'],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600],
    registers,
  });
  let countedAt = -Infinity;
  const jobs: Gauge<'state' | 'lane'> = new Gauge({
    name: 'posthorn_queue_jobs',
    help: 'Messages in the queue by state and lane, counted at most every 15 s.',
    labelNames: ['state', 'lane'],
    registers,
    async collect() {
      if (clock.monotonic() - countedAt < COUNT_EVERY_MS) return;
      countedAt = clock.monotonic();
      // While the database is away the depth of the queue is unknown, and everything else is wanted all the more.
      const counts = await countByState(db, DELIVERY).catch(() => []);
      jobs.reset();
      for (const { state, lane, count } of counts) jobs.set({ state, lane: String(lane) }, count);
    },
  });
  const active: Gauge = new Gauge({
    name: 'posthorn_active_messages',
    help: 'Messages in the hands of this process.',
    registers,
    collect() {
      active.set(deps.active());
    },
  });
  const lines: Gauge<'connection'> = new Gauge({
    name: 'posthorn_connection_lines',
    help: 'Open lines per connection.',
    labelNames: ['connection'],
    registers,
    collect() {
      lines.reset();
      for (const { connection, channel } of liveChannels(connections))
        lines.set({ connection: labelOf(connection) }, channel.load().open);
    },
  });
  const up: Gauge<'connection'> = new Gauge({
    name: 'posthorn_connection_up',
    help: '1 while the connection can send, 0 while its mail is held.',
    labelNames: ['connection'],
    registers,
    collect() {
      up.reset();
      for (const { connection, channel } of liveChannels(connections)) {
        up.set({ connection: labelOf(connection) }, channel.breaker.state === 'closed' ? 1 : 0);
      }
    },
  });

  return {
    observe({ attempted }) {
      if (attempted.kind !== 'tried') return;
      const connection = labelOf(attempted.connection);
      seconds.observe({ connection }, (attempted.endedAt - attempted.startedAt) / 1_000);
      for (const { verdict } of attempted.findings)
        outcomes.inc({ connection, outcome: verdict.outcome, category: verdict.category });
    },
    accepted(messages) {
      received.inc(messages);
    },
    render: async () => ({ text: await registry.metrics(), contentType: registry.contentType }),
  };
}

/** Everybody may read these numbers, so what a tenant calls its connections is not in them (W3); its id tells nothing. */
function labelOf({ id, tenantId, name }: Pick<Connection, 'id' | 'tenantId' | 'name'>): string {
  return tenantId === INSTANCE_TENANT_ID ? name : id;
}

function liveChannels(connections: Connections) {
  return connections.everywhere().flatMap((connection) => {
    const channel = connections.channel(connection.id);
    return channel === undefined ? [] : [{ connection, channel }];
  });
}
