/**
 * The SQL of connection tests.
 * Next: runs.ts
 */
import type { Phase } from '../mail/mail.ts';
import type { Db, Tx } from '../store/store.ts';
import type { TestEvent } from './stage.ts';

export type TestStatus = 'running' | 'passed' | 'failed';

/** What was tested, without secrets, as it was then. */
export interface Subject {
  readonly name: string | null;
  readonly type: string;
  readonly host: string | null;
  readonly port: number | null;
  readonly security: string | null;
  readonly auth: string | null;
  /** Settings that were not those of a saved connection. */
  readonly unsaved: boolean;
  readonly from: string | null;
  readonly to: string | null;
}

export interface StoredTest {
  readonly id: string;
  readonly tenantId: string;
  readonly connectionId: string | null;
  readonly status: TestStatus;
  readonly fingerprint: string;
  readonly subject: Subject;
  readonly startedAt: number;
  /** When the process that runs it last said so. */
  readonly seenAt: number;
  readonly endedAt: number | null;
  readonly failedStage: Phase | null;
  readonly events: readonly TestEvent[];
}

export interface NewTest extends Pick<
  StoredTest,
  'id' | 'tenantId' | 'connectionId' | 'fingerprint' | 'subject' | 'startedAt'
> {
  /** Two runs of one key in a tenant never run at the same time. */
  readonly runKey: string;
  /** The API key that asked. */
  readonly keyId: string;
  readonly withMail: boolean;
}

interface Row {
  id: string;
  tenant_id: string;
  connection_id: string | null;
  run_key: string;
  key_id: string;
  with_mail: number;
  status: TestStatus;
  fingerprint: string;
  subject: string;
  started_at: number;
  seen_at: number;
  ended_at: number | null;
  failed_stage: Phase | null;
  events: string;
}

const tables = (db: Db | Tx) => db.tables<{ connection_tests: Row; tenants: { id: string; name: string } }>();

/** Everything but what was found, which is long. */
const LISTED = [
  'id',
  'tenant_id',
  'connection_id',
  'status',
  'fingerprint',
  'subject',
  'started_at',
  'seen_at',
  'ended_at',
  'failed_stage',
] as const;

function testOf(row: Omit<Row, 'run_key' | 'key_id' | 'with_mail'>): StoredTest {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    connectionId: row.connection_id,
    status: row.status,
    fingerprint: row.fingerprint,
    subject: JSON.parse(row.subject) as Subject, // written by insertTest
    startedAt: row.started_at,
    seenAt: row.seen_at,
    endedAt: row.ended_at,
    failedStage: row.failed_stage,
    events: JSON.parse(row.events) as TestEvent[], // written by saveEvents
  };
}

export async function insertTest(tx: Tx, test: NewTest): Promise<void> {
  await tables(tx)
    .insertInto('connection_tests')
    .values({
      id: test.id,
      tenant_id: test.tenantId,
      connection_id: test.connectionId,
      run_key: test.runKey,
      key_id: test.keyId,
      with_mail: test.withMail ? 1 : 0,
      status: 'running',
      fingerprint: test.fingerprint,
      subject: JSON.stringify(test.subject),
      started_at: test.startedAt,
      seen_at: test.startedAt,
      ended_at: null,
      failed_stage: null,
      events: '[]',
    })
    .execute();
}

export async function readTest(db: Db | Tx, tenantId: string, id: string): Promise<StoredTest | undefined> {
  const row = await tables(db)
    .selectFrom('connection_tests')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst();
  return row === undefined ? undefined : testOf(row);
}

/** The one that runs now, if any. */
export async function readRunning(
  db: Db | Tx,
  tenantId: string,
  runKey: string,
): Promise<StoredTest | undefined> {
  const row = await tables(db)
    .selectFrom('connection_tests')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('run_key', '=', runKey)
    .where('status', '=', 'running')
    .executeTakeFirst();
  return row === undefined ? undefined : testOf(row);
}

/** Newest first, at most `limit`, without what they found. */
export async function listTests(
  db: Db,
  page: { tenantId: string; connectionId: string | undefined; before: string | undefined; limit: number },
): Promise<StoredTest[]> {
  const { tenantId, connectionId, before, limit } = page;
  const rows = await tables(db)
    .selectFrom('connection_tests')
    .select(LISTED)
    .where('tenant_id', '=', tenantId)
    .$if(connectionId !== undefined, (query) => query.where('connection_id', '=', connectionId ?? ''))
    .$if(before !== undefined, (query) => query.where('id', '<', before ?? ''))
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  return rows.map((row) => testOf({ ...row, events: '[]' }));
}

/** When the runs since then were started, oldest first: of one key in all tenants, or of a tenant. */
export async function readStarts(
  tx: Tx,
  who: { keyId: string } | { tenantId: string },
  since: number,
  withMail: boolean,
): Promise<number[]> {
  const [column, value] =
    'keyId' in who ? (['key_id', who.keyId] as const) : (['tenant_id', who.tenantId] as const);
  const rows = await tables(tx)
    .selectFrom('connection_tests')
    .select('started_at')
    .where(column, '=', value)
    .where('started_at', '>', since)
    .where('with_mail', '=', withMail ? 1 : 0)
    .orderBy('started_at')
    .execute();
  return rows.map((row) => row.started_at);
}

/** Stores how far a run is; answers whether it still counts as running. */
export async function saveEvents(
  db: Db,
  id: string,
  events: readonly TestEvent[],
  seenAt: number,
): Promise<boolean> {
  const result = await tables(db)
    .updateTable('connection_tests')
    .set({ events: JSON.stringify(events), seen_at: seenAt })
    .where('id', '=', id)
    .where('status', '=', 'running')
    .executeTakeFirst();
  return Number(result.numUpdatedRows) === 1;
}

/** Stores the end of a run, once. */
export async function saveEnd(
  db: Db | Tx,
  id: string,
  end: {
    readonly status: 'passed' | 'failed';
    readonly endedAt: number;
    readonly failedStage: Phase | null;
    readonly events: readonly TestEvent[];
  },
): Promise<void> {
  await tables(db)
    .updateTable('connection_tests')
    .set({
      status: end.status,
      ended_at: end.endedAt,
      seen_at: end.endedAt,
      failed_stage: end.failedStage,
      events: JSON.stringify(end.events),
    })
    .where('id', '=', id)
    .where('status', '=', 'running')
    .execute();
}

/** Runs that say they run but were not heard of since then. */
export async function readSilent(db: Db, seenBefore: number): Promise<StoredTest[]> {
  const rows = await tables(db)
    .selectFrom('connection_tests')
    .selectAll()
    .where('status', '=', 'running')
    .where('seen_at', '<', seenBefore)
    .execute();
  return rows.map(testOf);
}

/** The newest test with exactly these settings and secrets that passed. */
export async function readProof(
  db: Db,
  tenantId: string,
  fingerprint: string,
): Promise<{ readonly testId: string; readonly at: number } | undefined> {
  const row = await tables(db)
    .selectFrom('connection_tests')
    .select(['id', 'ended_at'])
    .where('tenant_id', '=', tenantId)
    .where('fingerprint', '=', fingerprint)
    .where('status', '=', 'passed')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? undefined : { testId: row.id, at: row.ended_at ?? 0 };
}

export async function deleteTests(db: Db, startedBefore: number): Promise<void> {
  await tables(db)
    .deleteFrom('connection_tests')
    .where('started_at', '<', startedBefore)
    .where('status', '<>', 'running')
    .execute();
}
