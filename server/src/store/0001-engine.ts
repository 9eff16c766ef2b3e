/**
 * The first schema: tenants, keys, connections, messages with their recipients, the queue, attempts, events.
 * One table layout for both databases; times are epoch ms, JSON is text, there are no booleans.
 * State columns carry CHECK constraints that repeat the transition tables (`queue/states.ts`, `delivery/states.ts`).
 */
import { sql, type CreateTableBuilder, type Kysely } from 'kysely';
import { crashPoint } from '../base/crash-point.ts';

type DialectName = 'sqlite' | 'postgres';
type Table = CreateTableBuilder<string, string>;

export async function engine(db: Kysely<unknown>, dialect: DialectName): Promise<void> {
  const create = (name: string): Table => db.schema.createTable(name);
  const bytes = dialect === 'sqlite' ? sql`blob` : sql`bytea`;
  /** Rows live in the primary key's own tree: one write instead of two. For small rows only. */
  const clustered = (table: Table): Table =>
    dialect === 'sqlite' ? table.modifyEnd(sql`without rowid`) : table;

  await people(db, create);
  await connections(create);
  crashPoint('during-migration');
  // Ranges over this text go by its octets, whatever the database's language.
  const exact = dialect === 'sqlite' ? sql`text` : sql`text collate "C"`;
  await messages(create, clustered, bytes);
  await recipients(db, create, clustered, exact);
  await lookups(db, create, clustered);
  await queue(db, create, clustered);
}

async function people(db: Kysely<unknown>, create: (name: string) => Table): Promise<void> {
  await create('tenants')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('slug', 'text', (c) => c.notNull().unique())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .execute();
  await sql`insert into tenants (id, slug, name, created_at) values ('ten_instance', 'instance', 'Instance', 0)`.execute(
    db,
  );

  await create('data_keys')
    .addColumn('key_id', 'text', (c) => c.primaryKey())
    .addColumn('tenant_id', 'text', (c) => c.notNull().references('tenants.id'))
    .addColumn('wrapped', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .execute();
  await create('api_keys')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('tenant_id', 'text', (c) => c.notNull().references('tenants.id'))
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull().check(sql`kind in ('live', 'test')`))
    .addColumn('role', 'text', (c) => c.notNull())
    .addColumn('secret_hash', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint')
    .addColumn('revoked_at', 'bigint')
    .addColumn('last_used_at', 'bigint')
    .execute();
}

async function connections(create: (name: string) => Table): Promise<void> {
  await create('connections')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('tenant_id', 'text', (c) => c.notNull().references('tenants.id'))
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('settings', 'text', (c) => c.notNull())
    .addColumn('revision', 'bigint', (c) => c.notNull())
    .addColumn('paused', 'smallint', (c) => c.notNull())
    .addColumn('managed_by', 'text', (c) => c.notNull().check(sql`managed_by in ('api', 'file')`))
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .addUniqueConstraint('connections_name', ['tenant_id', 'name'])
    .execute();
  await create('connection_secrets')
    .addColumn('connection_id', 'text', (c) => c.notNull().references('connections.id').onDelete('cascade'))
    .addColumn('field', 'text', (c) => c.notNull())
    .addColumn('sealed', 'text', (c) => c.notNull())
    .addColumn('rotated_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('connection_secrets_key', ['connection_id', 'field'])
    .execute();
  await create('connection_health')
    .addColumn('connection_id', 'text', (c) =>
      c.primaryKey().references('connections.id').onDelete('cascade'),
    )
    .addColumn('error_id', 'text', (c) => c.notNull())
    .addColumn('detail', 'text', (c) => c.notNull())
    .addColumn('since', 'bigint', (c) => c.notNull())
    .addColumn('failures', 'bigint', (c) => c.notNull())
    .addColumn('next_probe_at', 'bigint', (c) => c.notNull())
    .execute();
}

const RECIPIENT_STATES = sql`state in ('queued', 'scheduled', 'sending', 'accepted', 'deferred', 'held', 'in_doubt', 'failed',
  'expired', 'captured', 'suppressed', 'cancelled', 'delivered', 'bounced', 'complaint')`;

async function messages(
  create: (name: string) => Table,
  clustered: (table: Table) => Table,
  bytes: ReturnType<typeof sql>,
): Promise<void> {
  await clustered(
    create('messages')
      .addColumn('tenant_id', 'text', (c) => c.notNull())
      .addColumn('id', 'text', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('class', 'text', (c) =>
        c.notNull().check(sql`class in ('otp', 'account', 'notification', 'bulk')`),
      )
      .addColumn('from_address', 'text', (c) => c.notNull())
      .addColumn('from_name', 'text')
      .addColumn('subject', 'text', (c) => c.notNull())
      .addColumn('message_id', 'text', (c) => c.notNull())
      .addColumn('connection', 'text')
      .addColumn('send_at', 'bigint')
      .addColumn('expires_at', 'bigint', (c) => c.notNull())
      .addColumn('collapse_key', 'text')
      .addColumn('size_bytes', 'bigint', (c) => c.notNull())
      .addColumn('content_flags', 'smallint', (c) => c.notNull())
      .addColumn('capture_only', 'smallint', (c) => c.notNull())
      .addColumn('tags', 'text')
      .addColumn('metadata', 'text')
      .addColumn('key_id', 'text', (c) => c.notNull())
      .addColumn('idempotency_key', 'text')
      .addColumn('resend_of', 'text')
      .addPrimaryKeyConstraint('messages_key', ['tenant_id', 'id']),
  ).execute();

  await create('message_content')
    .addColumn('message_id', 'text', (c) => c.notNull())
    .addColumn('part', 'integer', (c) => c.notNull())
    .addColumn('bytes', bytes, (c) => c.notNull())
    .addPrimaryKeyConstraint('message_content_key', ['message_id', 'part'])
    .execute();
}

async function recipients(
  db: Kysely<unknown>,
  create: (name: string) => Table,
  clustered: (table: Table) => Table,
  exact: ReturnType<typeof sql>,
): Promise<void> {
  await clustered(
    create('recipients')
      .addColumn('message_id', 'text', (c) => c.notNull())
      .addColumn('position', 'integer', (c) => c.notNull())
      .addColumn('tenant_id', 'text', (c) => c.notNull())
      .addColumn('kind', 'text', (c) => c.notNull().check(sql`kind in ('to', 'cc', 'bcc')`))
      .addColumn('address', 'text', (c) => c.notNull())
      .addColumn('address_key', exact, (c) => c.notNull())
      .addColumn('state', 'text', (c) => c.notNull().check(RECIPIENT_STATES))
      .addColumn('attempts', 'integer', (c) => c.notNull())
      .addColumn('error_id', 'text')
      .addColumn('reply', 'text')
      .addColumn('connection_id', 'text')
      .addColumn('next_at', 'bigint')
      .addColumn('updated_at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('recipients_key', ['message_id', 'position']),
  ).execute();
  await sql`create index recipients_address on recipients (tenant_id, address_key, message_id)`.execute(db);
  // Only states that people look for and few rows have; the common path never touches this index.
  await sql`create index recipients_trouble on recipients (tenant_id, state, message_id)
    where state in ('deferred', 'held', 'in_doubt', 'failed', 'expired', 'suppressed', 'cancelled', 'bounced', 'complaint')`.execute(
    db,
  );
}

async function lookups(
  db: Kysely<unknown>,
  create: (name: string) => Table,
  clustered: (table: Table) => Table,
): Promise<void> {
  await clustered(
    create('message_tags')
      .addColumn('tenant_id', 'text', (c) => c.notNull())
      .addColumn('tag', 'text', (c) => c.notNull())
      .addColumn('message_id', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('message_tags_key', ['tenant_id', 'tag', 'message_id']),
  ).execute();

  await clustered(
    create('idempotency_keys')
      .addColumn('tenant_id', 'text', (c) => c.notNull())
      .addColumn('key', 'text', (c) => c.notNull())
      .addColumn('body_hash', 'text', (c) => c.notNull())
      .addColumn('answer', 'text', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('idempotency_keys_key', ['tenant_id', 'key']),
  ).execute();
  await sql`create index idempotency_keys_age on idempotency_keys (created_at)`.execute(db);
}

async function queue(
  db: Kysely<unknown>,
  create: (name: string) => Table,
  clustered: (table: Table) => Table,
): Promise<void> {
  await clustered(
    create('jobs')
      .addColumn('kind', 'text', (c) => c.notNull())
      .addColumn('id', 'text', (c) => c.notNull())
      .addColumn('tenant_id', 'text', (c) => c.notNull())
      .addColumn('lane', 'smallint', (c) => c.notNull())
      .addColumn('state', 'text', (c) => c.notNull())
      .addColumn('due_at', 'bigint', (c) => c.notNull())
      .addColumn('held_by', 'text')
      .addColumn('owner', 'text')
      .addColumn('lease_until', 'bigint')
      .addColumn('fence', 'bigint', (c) => c.notNull())
      .addColumn('claims', 'integer', (c) => c.notNull())
      .addColumn('note', 'text')
      .addPrimaryKeyConstraint('jobs_key', ['kind', 'id'])
      .addCheckConstraint(
        'jobs_state',
        sql`(state = 'ready' and owner is null and held_by is null)
         or (state = 'running' and owner is not null and lease_until is not null and held_by is null)
         or (state = 'held' and owner is null and held_by is not null)`,
      ),
  ).execute();
  await sql`create index jobs_ready on jobs (kind, lane, due_at) where state = 'ready'`.execute(db);
  // Jobs that two claims did not bring to an end (`CLAIMS_MAX` - 1): few, and looked for at every look.
  await sql`create index jobs_suspect on jobs (kind, due_at) where state = 'ready' and claims >= 2`.execute(
    db,
  );
  await sql`create index jobs_running on jobs (kind, lease_until) where state = 'running'`.execute(db);
  // In the order of a release, so that letting 100 of a million held jobs go reads 100 rows.
  await sql`create index jobs_held on jobs (kind, held_by, lane, id) where state = 'held'`.execute(db);
  await sql`create index jobs_held_due on jobs (due_at) where state = 'held'`.execute(db);

  await clustered(
    create('attempts')
      .addColumn('message_id', 'text', (c) => c.notNull())
      .addColumn('id', 'text', (c) => c.notNull())
      .addColumn('tenant_id', 'text', (c) => c.notNull())
      .addColumn('connection_id', 'text', (c) => c.notNull())
      .addColumn('connection_name', 'text', (c) => c.notNull())
      .addColumn('started_at', 'bigint', (c) => c.notNull())
      .addColumn('ended_at', 'bigint', (c) => c.notNull())
      .addColumn('outcome', 'text', (c) => c.notNull())
      .addColumn('error_id', 'text')
      .addColumn('reply', 'text')
      .addColumn('detail', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('attempts_key', ['message_id', 'id']),
  ).execute();

  await clustered(
    create('events')
      .addColumn('subject_id', 'text', (c) => c.notNull())
      .addColumn('id', 'text', (c) => c.notNull())
      .addColumn('tenant_id', 'text', (c) => c.notNull())
      .addColumn('type', 'text', (c) => c.notNull())
      .addColumn('at', 'bigint', (c) => c.notNull())
      .addColumn('data', 'text')
      .addPrimaryKeyConstraint('events_key', ['subject_id', 'id']),
  ).execute();
}
