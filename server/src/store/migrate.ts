/**
 * Brings the schema up to date: forward only, each step in one transaction, safe to interrupt anywhere (D13).
 * A schema newer than this program is refused.
 * Next: 0001-engine.ts
 */
import { Migrator, type Migration } from 'kysely/migration';
import { crashPoint } from '../base/crash-point.ts';
import { engine } from './0001-engine.ts';
import { revisions } from './0002-revisions.ts';
import { connectionTests } from './0003-connection-tests.ts';
import { grants } from './0004-grants.ts';
import { masterKeys } from './0005-master-keys.ts';
import { settings } from './0006-settings.ts';
import { collapse } from './0007-collapse.ts';
import { verifications } from './0008-verifications.ts';
import { countedWindows } from './0009-counted-windows.ts';
import { tenants } from './0010-tenants.ts';
import { flows } from './0011-flows.ts';
import { keysAndAudit } from './0012-keys-and-audit.ts';
import { people } from './0013-people.ts';
import { StoreRefused } from './refused.ts';
import type { Db } from './store.ts';

/** Names are their order and are written into the database: never change one. */
function migrations(db: Db): Record<string, Migration> {
  return {
    '0001-engine': { up: (kysely) => engine(kysely, db.dialect.name) },
    '0002-revisions': { up: revisions },
    '0003-connection-tests': { up: connectionTests },
    '0004-grants': { up: grants },
    '0005-master-keys': { up: masterKeys },
    '0006-settings': { up: settings },
    '0007-collapse': { up: collapse },
    '0008-verifications': { up: verifications },
    '0009-counted-windows': { up: countedWindows },
    '0010-tenants': { up: tenants },
    '0011-flows': { up: flows },
    '0012-keys-and-audit': { up: keysAndAudit },
    '0013-people': { up: people },
  };
}

export async function migrate(db: Db): Promise<void> {
  const known = migrations(db);
  const migrator = new Migrator({
    db: db.tables<unknown>(),
    provider: {
      getMigrations: () => {
        crashPoint('during-migration');
        return Promise.resolve(known);
      },
    },
  });
  const { error, results } = await migrator.migrateToLatest();
  if (error === undefined) return;
  if (error instanceof Error && /previously executed migration/.test(error.message)) {
    throw new StoreRefused(
      'The database was written by a newer Posthorn. Start that version, or restore a backup.',
      { cause: error },
    );
  }
  const failed = results?.find((result) => result.status === 'Error')?.migrationName ?? 'the schema';
  throw new StoreRefused(`Migration ${failed} failed; nothing of it was kept.`, { cause: error });
}
