/**
 * SQL of the `settings` table; only this file names it.
 * Next: settings.ts
 */
import type { Db, Tx } from '../store/store.ts';

interface SettingTables {
  settings: { tenant_id: string; name: string; value: string; updated_at: number; updated_by: string };
}

export interface StoredSetting {
  readonly tenantId: string;
  readonly name: string;
  readonly value: unknown;
  /** Epoch ms. */
  readonly updatedAt: number;
  /** Id of the key that set it. */
  readonly updatedBy: string;
}

/** All settings of all tenants: they are few per tenant, and sending needs them at hand. */
export async function readSettings(db: Db | Tx): Promise<StoredSetting[]> {
  const rows = await db.tables<SettingTables>().selectFrom('settings').selectAll().execute();
  return rows.map((row) => ({
    tenantId: row.tenant_id,
    name: row.name,
    value: JSON.parse(row.value) as unknown, // our own writing
    updatedAt: row.updated_at,
    updatedBy: row.updated_by,
  }));
}

/** Different whenever something was set or cleared, here or on another node. */
export async function readSettingsMark(db: Db): Promise<string> {
  const row = await db
    .tables<SettingTables>()
    .selectFrom('settings')
    .select((eb) => [eb.fn.countAll<number>().as('count'), eb.fn.sum('updated_at').as('times')])
    .executeTakeFirst();
  return `${String(row?.count)} ${String(row?.times)}`;
}

export async function writeSetting(tx: Tx, setting: StoredSetting): Promise<void> {
  const row = {
    value: JSON.stringify(setting.value),
    updated_at: setting.updatedAt,
    updated_by: setting.updatedBy,
  };
  await tx
    .tables<SettingTables>()
    .insertInto('settings')
    .values({ tenant_id: setting.tenantId, name: setting.name, ...row })
    .onConflict((conflict) => conflict.columns(['tenant_id', 'name']).doUpdateSet(row))
    .execute();
}

export async function clearSetting(tx: Tx, tenantId: string, name: string): Promise<void> {
  await tx
    .tables<SettingTables>()
    .deleteFrom('settings')
    .where('tenant_id', '=', tenantId)
    .where('name', '=', name)
    .execute();
}
