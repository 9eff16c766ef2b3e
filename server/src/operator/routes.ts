/**
 * Alive, ready, and the numbers. Readiness asks the database and our own state and never a relay: a provider's trouble
 * must not take the server out of a load balancer.
 */
import { z } from 'zod';
import { operation, problem, rawAnswer, type Operation } from '../http/http.ts';
import type { Metrics } from './metrics.ts';

export interface ReadinessDeps {
  /** Rejects when the database does not answer. */
  readonly askDatabase: () => Promise<void>;
  /** Why new mail is refused now, if it is: a full disk, a stop under way, a broken store. */
  readonly refusing: () => string | undefined;
  readonly metrics: Metrics;
}

export function operatorOperations(deps: ReadinessDeps): Operation[] {
  return [
    operation({
      method: 'GET',
      path: '/healthz',
      outside: true,
      operationId: 'getLiveness',
      summary: 'Whether the process answers',
      tags: ['Operations'],
      permission: 'public',
      answers: { 200: z.object({ status: z.literal('alive') }) },
      refusals: [],
      run: () => Promise.resolve({ status: 200, body: { status: 'alive' as const } }),
    }),
    operation({
      method: 'GET',
      path: '/readyz',
      outside: true,
      operationId: 'getReadiness',
      summary: 'Whether mail would be accepted now',
      tags: ['Operations'],
      permission: 'public',
      answers: { 200: z.object({ status: z.literal('ready') }) },
      refusals: ['unavailable'],
      async run() {
        const reason = deps.refusing();
        if (reason !== undefined) throw problem('unavailable', { detail: `New mail is refused: ${reason}.` });
        await deps.askDatabase().catch((error: unknown) => {
          throw problem('unavailable', { detail: 'The database does not answer.', cause: error });
        });
        return { status: 200, body: { status: 'ready' as const } };
      },
    }),
    operation({
      method: 'GET',
      path: '/metrics',
      outside: true,
      operationId: 'getMetrics',
      summary: 'Numbers in the Prometheus text format',
      tags: ['Operations'],
      permission: 'public',
      answers: { 200: rawAnswer('text/plain; version=0.0.4; charset=utf-8') },
      refusals: [],
      run: async () => ({ status: 200, body: (await deps.metrics.render()).text }),
    }),
  ];
}
