/**
 * Refresh tokens end when nobody uses them: after 90 days at Microsoft, six months at Google. So each is used once a day
 * at least, whether mail is sent or not, and a grant that has ended shows before the next message needs it.
 * Next: grants.ts
 */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { SecretField } from '../config/config.ts';
import type { Db } from '../store/store.ts';
import { newestOf } from './candidate.ts';
import type { Connection } from './connection.ts';
import { pruneGrants, readGrant } from './grant-queries.ts';
import { grantKey } from './grants.ts';
import { troubledSince } from './grant-view.ts';
import type { Tokens } from './token.ts';
import type { EgressFor } from './way.ts';

const LOOK_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Grants that nothing renewed for so long belong to settings that are gone. */
const FORGET_MS = 200 * DAY_MS;

export interface KeepAliveDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly tokens: Tokens;
  readonly egressFor: EgressFor;
  readonly everywhere: () => readonly Connection[];
  readonly secretsOf: (
    connection: Connection,
  ) => Promise<{ ok: true; secrets: ReadonlyMap<SecretField, string> } | { ok: false; message: string }>;
}

/** Looks every hour. The answer stops it. */
export function keepGrantsAlive(deps: KeepAliveDeps): () => void {
  const { clock, log } = deps;
  let cancel = (): void => undefined;
  let stopped = false;
  const arm = (): void => {
    if (stopped) return;
    cancel = clock.after(LOOK_MS, () => {
      renewOld(deps, () => stopped)
        .catch((error: unknown) => {
          log.warn({ err: error }, 'refresh tokens could not be looked after; trying again in an hour');
        })
        .finally(arm);
    });
  };
  arm();
  return () => {
    stopped = true;
    cancel();
  };
}

function inForceAndDraft(connection: Connection): Connection[] {
  return connection.draft === undefined ? [connection] : [connection, newestOf(connection)];
}

async function renewOld(deps: KeepAliveDeps, stopped: () => boolean): Promise<void> {
  const { db, clock, tokens } = deps;
  const due = clock.now() - DAY_MS;
  for (const connection of deps.everywhere().flatMap(inForceAndDraft)) {
    const { settings } = connection;
    if (settings.type !== 'smtp' || settings.auth !== 'oauth2-refresh-token') continue;
    if (stopped()) return;
    const row = await readGrant(db, grantKey(connection));
    // One that was never used is not ours to use up.
    if (row?.sealed == null || (row.renewed_at ?? 0) > due) continue;
    if (troubledSince(row, due)) continue; // once a day is enough to ask for what has ended
    const found = await deps.secretsOf(connection);
    if (!found.ok) continue;
    const egress = deps.egressFor(connection.tenantId, 'https');
    const told = await tokens.tokenFor({ connection, secrets: found.secrets, egress, fresh: true });
    if (told.ok) continue;
    const { code, message } = told.failure;
    deps.log.warn({ connection: connection.name, code, detail: message }, 'a refresh token was not renewed');
  }
  await pruneGrants(db, clock.now() - FORGET_MS);
}
