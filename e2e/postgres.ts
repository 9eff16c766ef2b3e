/**
 * A fresh database in the PostgreSQL that `npm test` runs; gone afterwards, with whoever is still connected.
 */
import { randomBytes } from 'node:crypto';
import { Client } from 'pg';

export interface Database {
  readonly url: string;
  /** Runs one statement as the cluster's superuser inside this database. */
  query(sql: string): Promise<Record<string, unknown>[]>;
  drop(): Promise<void>;
}

/** The superuser's URL of the run's cluster; `undefined` outside `npm test`, where PostgreSQL tests are skipped. */
export function clusterUrl(): string | undefined {
  return process.env['POSTHORN_TEST_POSTGRES'];
}

/** The databases a scenario runs on: SQLite always, PostgreSQL when there is one. */
export const DATABASES = ['sqlite', 'postgres'] as const;
export type DatabaseKind = (typeof DATABASES)[number];

/** What to pass as `skip` to a test on this database: `false`, or the reason. */
export function skipWithout(kind: DatabaseKind): string | false {
  return kind === 'postgres' && clusterUrl() === undefined ? 'no PostgreSQL: run through npm test' : false;
}

export async function createDatabase(): Promise<Database> {
  const cluster = clusterUrl();
  if (cluster === undefined) throw new Error('POSTHORN_TEST_POSTGRES is not set: run this through npm test');
  const name = `e2e_${randomBytes(8).toString('hex')}`;
  await query(cluster, `create database ${name}`);
  const url = new URL(cluster);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    query: (sql) => query(url.href, sql),
    drop: async () => {
      await query(cluster, `drop database if exists ${name} with (force)`);
    },
  };
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const result = await client.query<Record<string, unknown>>(sql);
    return result.rows;
  } finally {
    await client.end();
  }
}
