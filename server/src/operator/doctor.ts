/**
 * `posthorn doctor`: looks at configuration, secrets, storage and connections without a running server, and says for
 * each what is wrong and what to do. It changes nothing but what opening a database that is there changes (the schema).
 * Next: place.ts
 */
import { existsSync, statfsSync } from 'node:fs';
import { systemClock } from '../base/clock.ts';
import { formatConfigProblem, type LoadedConfig } from '../config/config.ts';
import { createKeyRing, hasDataKeys } from '../secrets/secrets.ts';
import { readHealth, readSecretAttention } from '../connections/connections.ts';
import { countByState } from '../queue/queue.ts';
import { DELIVERY } from '../delivery/delivery.ts';
import { openStore, type Db } from '../store/store.ts';
import {
  databaseFile,
  databaseFolder,
  keyFile,
  loadPlace,
  lostKey,
  readMasterKeys,
  type Place,
} from './place.ts';

export interface DoctorCheck {
  readonly name: string;
  readonly status: 'ok' | 'warning' | 'problem';
  readonly detail: string;
  readonly fix?: string;
}
export interface DoctorReport {
  readonly groups: readonly { readonly title: string; readonly checks: readonly DoctorCheck[] }[];
}

export async function doctor(place: Place): Promise<DoctorReport> {
  const found = loadPlace(place);
  if (!found.ok) {
    const checks = found.errors.map((error): DoctorCheck => ({
      name: 'configuration',
      status: 'problem',
      detail: formatConfigProblem(error),
      fix: 'posthorn config check',
    }));
    return { groups: [{ title: 'Configuration', checks }] };
  }
  const { loaded } = found;
  const groups = [
    { title: 'Configuration', checks: configuration(loaded) },
    { title: 'Storage', checks: [freeSpace(loaded)] },
  ];
  const file = databaseFile(loaded);
  if (file !== undefined && !existsSync(file)) {
    // A database that a person's look made might belong to that person, and the server could not write it.
    groups[1]?.checks.push(notYet('database', file));
    return { groups };
  }
  try {
    const store = await openStore({
      url: loaded.config.database.url,
      serve: false,
      onBroken: () => undefined,
    });
    try {
      groups[1]?.checks.push({
        name: 'database',
        status: 'ok',
        detail: 'opens, is durable, and its schema is current',
      });
      const secrets = [await masterKey(loaded, store.db), ...(await secretAges(loaded, store.db))];
      groups.push({ title: 'Secrets', checks: secrets });
      groups.push({ title: 'Delivery', checks: await delivery(loaded, store.db) });
    } finally {
      await store.close();
    }
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    groups[1]?.checks.push({
      name: 'database',
      status: 'problem',
      detail,
      fix: 'posthorn config explain database.url',
    });
  }
  return { groups };
}

function configuration(loaded: LoadedConfig): DoctorCheck[] {
  const file: DoctorCheck = {
    name: 'file',
    status: 'ok',
    detail: loaded.file ?? 'no posthorn.toml; flags, environment and defaults',
  };
  return [
    file,
    ...loaded.warnings.map((warning): DoctorCheck => ({
      name: 'setting',
      status: 'warning',
      detail: formatConfigProblem(warning),
    })),
  ];
}

function notYet(name: string, what: string): DoctorCheck {
  return {
    name,
    status: 'warning',
    detail: `${what} is not there yet; the first start makes it`,
    fix: 'posthorn serve',
  };
}

function freeSpace(loaded: LoadedConfig): DoctorCheck {
  const { config } = loaded;
  const folder = databaseFolder(loaded);
  try {
    const { bavail, blocks, bsize } = statfsSync(folder);
    const free = bavail * bsize;
    const reserve = Math.max(
      config.storage.minFreeBytes,
      (blocks * bsize * config.storage.minFreePercent) / 100,
    );
    const detail = `${gigabytes(free)} free, ${gigabytes(reserve)} kept in reserve`;
    if (free >= reserve) return { name: 'disk', status: 'ok', detail };
    return {
      name: 'disk',
      status: 'problem',
      detail: `${detail}: new mail is refused`,
      fix: 'free space, or lower storage.min_free_bytes and storage.min_free_percent',
    };
  } catch {
    return notYet('disk', folder);
  }
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

async function masterKey(loaded: LoadedConfig, db: Db): Promise<DoctorCheck> {
  const file = keyFile(loaded);
  const found = await readMasterKeys(loaded);
  if (!found.ok && found.reason === 'missing' && loaded.config.secrets.keyFile === undefined) {
    if (!(await hasDataKeys(db))) return notYet('master key', file);
    return { name: 'master key', status: 'problem', detail: lostKey(file), fix: 'put the key file back' };
  }
  if (!found.ok) return { name: 'master key', status: 'problem', detail: found.message };
  const check = await createKeyRing({ db, ...found, clock: systemClock }).verify();
  if (check.ok) return { name: 'master key', status: 'ok', detail: `${file} opens the stored secrets` };
  return {
    name: 'master key',
    status: 'problem',
    detail: check.message,
    fix: 'put the right key file back, or name it in secrets.key_file',
  };
}

const WHAT_TO_DO = {
  expired: 'make a new one at the provider and set it',
  urgent: 'make a new one at the provider now and set it',
  soon: 'plan a new one at the provider',
  old: 'make a new one at the provider and set it',
} as const;

async function secretAges({ config }: LoadedConfig, db: Db): Promise<DoctorCheck[]> {
  const found = await readSecretAttention(db, config.connections, systemClock.now());
  return found.map(({ connection, field, attention, text }) => ({
    name: `${field} of ${connection}`,
    status: attention === 'expired' ? 'problem' : 'warning',
    detail: text,
    fix: WHAT_TO_DO[attention],
  }));
}

async function delivery({ config }: LoadedConfig, db: Db): Promise<DoctorCheck[]> {
  const { mode } = config.delivery;
  const stored = await readHealth(db);
  const known = new Set(stored.map((item) => item.name));
  const declared = config.connections.filter((item) => !known.has(item.name));
  const health = [
    ...stored,
    ...declared.map(({ name }) => ({ name, status: 'active', paused: false, trouble: undefined }) as const),
  ];
  const checks: DoctorCheck[] = [
    {
      name: 'mode',
      status: mode === 'live' ? 'ok' : 'warning',
      detail:
        mode === 'live'
          ? 'live: mail is sent'
          : `${mode}: ${mode === 'capture' ? 'nothing is sent' : 'only the allow list gets mail'}`,
      ...(mode !== 'live' && { fix: 'set delivery.mode = "live" when you are ready' }),
    },
  ];
  if (health.length === 0)
    checks.push({
      name: 'connections',
      status: mode === 'live' ? 'problem' : 'warning',
      detail: 'there is none',
      fix: 'add [[connections]] to posthorn.toml',
    });
  for (const { name, status, paused, trouble } of health) {
    if (status !== 'active')
      checks.push({
        name,
        status: 'warning',
        detail: status === 'draft' ? 'is a draft' : 'is off',
        fix: `test it, then POST /api/v1/connections/${name}/activate`,
      });
    else if (paused)
      checks.push({
        name,
        status: 'warning',
        detail: 'is paused',
        fix: `POST /api/v1/connections/${name}/resume`,
      });
    else if (trouble === undefined) checks.push({ name, status: 'ok', detail: 'no known trouble' });
    else
      checks.push({
        name,
        status: 'problem',
        detail: `${trouble.errorId}: ${trouble.detail}, since ${new Date(trouble.since).toISOString()}`,
      });
  }
  const jobs = await countByState(db, DELIVERY);
  const count = (state: string): number =>
    jobs.filter((job) => job.state === state).reduce((sum, job) => sum + job.count, 0);
  const held = count('held');
  checks.push({
    name: 'queue',
    status: held > 0 ? 'warning' : 'ok',
    detail: `${String(count('ready'))} waiting, ${String(count('running'))} being sent, ${String(held)} held`,
    ...(held > 0 && { fix: 'posthorn messages list status:held' }),
  });
  return checks;
}
