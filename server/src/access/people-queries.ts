/**
 * SQL of people and their roles; only this file names their tables.
 * Next: people.ts
 */
import type { Role } from '../http/http.ts';
import type { Db, Tx } from '../store/store.ts';
import type { Membership, Person } from './people.ts';

interface PersonRow {
  id: string;
  email: string;
  email_key: string;
  name: string;
  state: 'active' | 'disabled'; // the table's CHECK
  created_at: number;
  last_seen_at: number | null;
}

interface MembershipRow {
  person_id: string;
  tenant_id: string;
  role: Role; // written by `giveRole` only
  created_at: number;
}

interface Tables {
  people: PersonRow;
  memberships: MembershipRow;
}

const tables = (db: Db | Tx) => db.tables<Tables>();

export async function insertPerson(tx: Tx, person: Person): Promise<void> {
  await tables(tx)
    .insertInto('people')
    .values({
      id: person.id,
      email: person.email,
      email_key: person.emailKey,
      name: person.name,
      state: person.state,
      created_at: person.createdAt,
      last_seen_at: person.lastSeenAt,
    })
    .execute();
}

export async function personById(db: Db | Tx, id: string): Promise<Person | undefined> {
  const row = await tables(db).selectFrom('people').selectAll().where('id', '=', id).executeTakeFirst();
  return row && personOf(row);
}

export async function personByEmail(db: Db | Tx, emailKey: string): Promise<Person | undefined> {
  const row = await tables(db)
    .selectFrom('people')
    .selectAll()
    .where('email_key', '=', emailKey)
    .executeTakeFirst();
  return row && personOf(row);
}

export async function countPeople(db: Db | Tx): Promise<number> {
  const row = await tables(db)
    .selectFrom('people')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirst();
  return row?.count ?? 0;
}

/** People who have a role in this tenant, with that role, after this id. */
export async function peopleOfTenant(
  db: Db | Tx,
  tenantId: string,
  after: string | undefined,
  limit: number,
): Promise<(Person & { readonly role: Role })[]> {
  const rows = await tables(db)
    .selectFrom('memberships')
    .innerJoin('people', 'people.id', 'memberships.person_id')
    .selectAll('people')
    .select('memberships.role')
    .where('memberships.tenant_id', '=', tenantId)
    .$if(after !== undefined, (query) => query.where('people.id', '>', after ?? ''))
    .orderBy('people.id')
    .limit(limit)
    .execute();
  return rows.map((row) => ({ ...personOf(row), role: row.role }));
}

export async function updatePerson(
  tx: Tx,
  id: string,
  change: Partial<Pick<Person, 'name' | 'state' | 'email' | 'emailKey'>>,
): Promise<void> {
  await tables(tx)
    .updateTable('people')
    .set({
      ...(change.name !== undefined && { name: change.name }),
      ...(change.state !== undefined && { state: change.state }),
      ...(change.email !== undefined && { email: change.email }),
      ...(change.emailKey !== undefined && { email_key: change.emailKey }),
    })
    .where('id', '=', id)
    .execute();
}

export async function markSeen(db: Db | Tx, id: string, now: number): Promise<void> {
  await tables(db).updateTable('people').set({ last_seen_at: now }).where('id', '=', id).execute();
}

export async function membershipsOfPerson(db: Db | Tx, personId: string): Promise<Membership[]> {
  const rows = await tables(db)
    .selectFrom('memberships')
    .selectAll()
    .where('person_id', '=', personId)
    .orderBy('tenant_id')
    .execute();
  return rows.map((row) => ({
    personId: row.person_id,
    tenantId: row.tenant_id,
    role: row.role,
    createdAt: row.created_at,
  }));
}

export async function upsertMembership(tx: Tx, { personId, tenantId, role, createdAt }: Membership) {
  await tables(tx)
    .insertInto('memberships')
    .values({ person_id: personId, tenant_id: tenantId, role, created_at: createdAt })
    .onConflict((conflict) => conflict.columns(['person_id', 'tenant_id']).doUpdateSet({ role }))
    .execute();
}

export async function deleteMembership(tx: Tx, personId: string, tenantId: string): Promise<boolean> {
  const result = await tables(tx)
    .deleteFrom('memberships')
    .where('person_id', '=', personId)
    .where('tenant_id', '=', tenantId)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}

/** Active people who may do everything. */
export async function countAdmins(db: Db | Tx, instanceTenantId: string): Promise<number> {
  const row = await tables(db)
    .selectFrom('memberships')
    .innerJoin('people', 'people.id', 'memberships.person_id')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('memberships.tenant_id', '=', instanceTenantId)
    .where('memberships.role', '=', 'instance_admin')
    .where('people.state', '=', 'active')
    .executeTakeFirst();
  return row?.count ?? 0;
}

function personOf(row: PersonRow): Person {
  return {
    id: row.id,
    email: row.email,
    emailKey: row.email_key,
    name: row.name,
    state: row.state,
    createdAt: row.created_at,
    lastSeenAt: row.last_seen_at,
  };
}
