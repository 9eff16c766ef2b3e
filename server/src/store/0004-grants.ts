/**
 * What OAuth2 needs to keep: refresh tokens that providers replace at every use, who allowed them, and sign-ins in a
 * browser that are under way. Tokens are sealed; a state is kept as its digest only.
 */
import { sql, type Kysely } from 'kysely';

export async function grants(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('connection_grants')
    .addColumn('connection_id', 'text', (c) => c.notNull().references('connections.id').onDelete('cascade'))
    // Digest of everything that decides where the token is sent: other settings have another grant.
    .addColumn('destination', 'text', (c) => c.notNull())
    // Null until the provider replaces the token that was given, or after a sign-in was not finished.
    .addColumn('sealed', 'text')
    .addColumn('connected', 'smallint', (c) => c.notNull().check(sql`connected in (0, 1)`))
    .addColumn('account', 'text')
    .addColumn('scopes', 'text')
    .addColumn('connected_by', 'text')
    .addColumn('connected_by_name', 'text')
    .addColumn('connected_at', 'bigint')
    .addColumn('renewed_at', 'bigint')
    .addColumn('ends_at', 'bigint')
    .addColumn('trouble', 'text')
    .addColumn('lease_by', 'text')
    .addColumn('lease_until', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('connection_grants_key', ['connection_id', 'destination'])
    .execute();
  await db.schema
    .createTable('oauth_states')
    .addColumn('state_hash', 'text', (c) => c.primaryKey())
    .addColumn('tenant_id', 'text', (c) => c.notNull().references('tenants.id'))
    .addColumn('connection_id', 'text', (c) => c.notNull().references('connections.id').onDelete('cascade'))
    .addColumn('key_id', 'text', (c) => c.notNull())
    .addColumn('key_name', 'text', (c) => c.notNull())
    .addColumn('sealed_verifier', 'text', (c) => c.notNull())
    .addColumn('redirect_uri', 'text', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .execute();
  await db.schema
    .createIndex('oauth_states_connection')
    .on('oauth_states')
    .columns(['connection_id'])
    .execute();
}
