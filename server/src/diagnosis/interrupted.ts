/**
 * The end of a run that nobody runs any more: its process was stopped, or another node ended it.
 * Next: stage.ts
 */
import type { StoredTest } from './queries.ts';
import { stagesOf, type Ending, type TestEvent } from './stage.ts';

/** What to store of it. */
export function interrupted(test: StoredTest, ended: Exclude<Ending, 'finished'>) {
  const at = Math.max(0, test.seenAt - test.startedAt);
  const events: TestEvent[] = [...test.events];
  for (const { id, status } of stagesOf(test.events)) {
    if (status === 'waiting' || status === 'running')
      events.push({ t: 'stage', id, status: 'not_reached', at });
  }
  events.push({ t: 'end', status: 'failed', ended, ms: at, fingerprint: test.fingerprint });
  return { status: 'failed' as const, endedAt: test.seenAt, failedStage: null, events };
}
