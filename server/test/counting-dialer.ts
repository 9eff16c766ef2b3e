/** A dialer that a test owns: it counts, and refuses what the test declares dead. */
import { systemClock } from '../src/base/clock.ts';
import { createDialer, type Dialer } from '../src/net/net.ts';

/** A dialer that counts, and refuses while a port is in `dead`. */
export interface CountingDialer extends Dialer {
  readonly dead: Set<number>;
  dials(port: number): number;
}

export function countingDialer(): CountingDialer {
  const real = createDialer({ clock: systemClock });
  const counts = new Map<number, number>();
  const dead = new Set<number>();
  return {
    dead,
    dials: (port) => counts.get(port) ?? 0,
    dial(target) {
      counts.set(target.port, (counts.get(target.port) ?? 0) + 1);
      if (!dead.has(target.port)) return real.dial(target);
      const failure = { kind: 'tcp', code: 'ECONNREFUSED', message: 'connect ECONNREFUSED' } as const;
      return Promise.resolve({ ok: false, phase: 'connect', failure, dnsMs: 0, connectMs: 0 });
    },
  };
}
