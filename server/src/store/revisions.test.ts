/** Connections that were stored before there were revisions are carried over. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forEachStore } from '../../test/stores.ts';
import { revisions } from './0002-revisions.ts';
import { transaction, type Tx } from './store.ts';

/** What 0001 had in place of what 0002 makes. */
const BEFORE = [
  'drop table connection_secrets',
  'drop table connection_revisions',
  'alter table connections drop column status',
  'alter table connections drop column version',
  "alter table connections add column settings text not null default ''",
  'alter table connections add column revision bigint not null default 0',
  `create table connection_secrets (connection_id text not null references connections (id) on delete cascade,
    field text not null, sealed text not null, rotated_at bigint not null, primary key (connection_id, field))`,
  `insert into connections (id, tenant_id, name, settings, revision, paused, managed_by, created_at, updated_at) values
    ('con_a', 'ten_instance', 'a', '{"type":"mailbox","name":"a"}', 7, 1, 'api', 1, 2),
    ('con_f', 'ten_instance', 'f', '{"type":"mailbox","name":"f"}', 1, 0, 'file', 3, 4)`,
  `insert into connection_secrets (connection_id, field, sealed, rotated_at) values ('con_a', 'password', 'v1.x', 5)`,
];

interface After {
  connections: { id: string; status: string; version: number; paused: number };
  connection_revisions: Record<string, unknown> & { id: string; connection_id: string };
  connection_secrets: Record<string, unknown>;
}

forEachStore('from connections to revisions', (open) => {
  test('settings and secrets stay in force as the revision they had; nothing else is changed', async () => {
    await using store = await open();
    const run = async (tx: Tx, statement: string) => tx.dialect.runEach(tx, statement, [[]]);
    await transaction(store.db, async (tx) => {
      for (const statement of BEFORE) await run(tx, statement);
      await revisions(tx.tables<unknown>());
    });
    const tables = store.db.tables<After>();
    const connections = await tables.selectFrom('connections').selectAll().orderBy('id').execute();
    assert.deepEqual(
      connections.map(({ id, status, version, paused }) => [id, status, version, paused]),
      [
        ['con_a', 'active', 1, 1],
        ['con_f', 'active', 1, 0],
      ],
    );
    const made = await tables
      .selectFrom('connection_revisions')
      .selectAll()
      .orderBy('connection_id')
      .execute();
    assert.deepEqual(
      made.map((row) => [row['number'], row['state'], row['origin'], row['settings'], row['activated_at']]),
      [
        [7, 'active', 'saved', '{"type":"mailbox","name":"a"}', 2],
        [1, 'active', 'file', '{"type":"mailbox","name":"f"}', 4],
      ],
    );
    assert.deepEqual(
      (await tables.selectFrom('connection_secrets').selectAll().execute()).map((row) => ({ ...row })),
      [{ revision_id: made[0]?.id, field: 'password', sealed: 'v1.x', since: 7, rotated_at: 5 }],
    );
    // One in force, whoever writes.
    const second = { ...made[0], id: 'rev_2', number: 8 };
    await assert.rejects(
      transaction(store.db, (tx) => tx.dialect.insertRows(tx, 'connection_revisions', [second as never])),
    );
  });
});
