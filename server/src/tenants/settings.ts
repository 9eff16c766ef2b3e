/**
 * The settings of every tenant, at hand: read from the database, laid over what the file says, changed through here
 * only. A change counts at once in this process and within seconds in others.
 * Next: setting-list.ts
 */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { LoadedConfig } from '../config/config.ts';
import { followRows, transaction, type Db } from '../store/store.ts';
import { tenantsBySlug } from './queries.ts';
import { isLocked, resolveForInstance, resolveForTenant, type Effective } from './resolve.ts';
import { clearSetting, readSettings, readSettingsMark, writeSetting } from './setting-queries.ts';
import { SETTING_NAMES, SETTINGS, type SettingName, type SettingValue } from './setting-list.ts';
import { INSTANCE_TENANT_ID } from './tenant.ts';

/** Under this name the instance keeps the settings and groups that tenants may not change. */
const LOCKS = 'locks';

export type SettingsConfig = Pick<LoadedConfig, 'config' | 'origin'>;

/** Absent keeps, `null` clears, a value sets. */
export type SettingsPatch = ReadonlyMap<SettingName, unknown>;

export interface Settings {
  /** What the setting is for this tenant now. */
  get<N extends SettingName>(tenantId: string, name: N): SettingValue<N> | undefined;
  /** One setting with where it comes from. */
  one(tenantId: string, name: SettingName): Effective & { readonly locked: boolean };
  /** Every setting of a tenant with its value and where that comes from. */
  effective(tenantId: string): ReadonlyMap<SettingName, Effective & { readonly locked: boolean }>;
  /** What this tenant, or the instance, has set by itself. */
  own(tenantId: string): ReadonlyMap<SettingName, unknown>;
  locks(): readonly string[];
  /** Changes them together, or none; `locks` are the instance's and replace those it had. */
  change(tenantId: string, patch: SettingsPatch, by: string, locks?: readonly string[]): Promise<void>;
  /** Something may be another value now, changed here or elsewhere. */
  onChange(listener: () => void): void;
  /** Takes over what the configuration says now, and reads the rest anew. */
  refresh(loaded: SettingsConfig): Promise<void>;
  stop(): void;
}

export function createSettings(deps: { db: Db; clock: Clock; log: Log }): Settings {
  const { db, clock, log } = deps;
  let stored = new Map<string, Map<string, unknown>>();
  let file: {
    config: SettingsConfig['config'];
    /** What the file itself says of the instance. */
    said: ReadonlySet<SettingName>;
    tenants: ReadonlyMap<string, SettingsConfig['config']['tenants'][number]>;
  };
  let mark = '';
  const listeners: (() => void)[] = [];

  async function read(): Promise<void> {
    const next = new Map<string, Map<string, unknown>>();
    const markBefore = await readSettingsMark(db);
    for (const { tenantId, name, value } of await readSettings(db)) {
      const values = next.get(tenantId) ?? new Map<string, unknown>();
      next.set(tenantId, values.set(name, value));
    }
    mark = markBefore;
    stored = next;
    for (const listener of listeners) listener();
  }

  const rows = followRows(
    { db, clock, log },
    { what: 'settings', isCurrent: async () => (await readSettingsMark(db)) === mark, read },
  );

  function valueOf(tenantId: string, name: string): unknown {
    return stored.get(tenantId)?.get(name);
  }

  function locks(): readonly string[] {
    const value = valueOf(INSTANCE_TENANT_ID, LOCKS);
    return Array.isArray(value) ? value.filter((lock) => typeof lock === 'string') : [];
  }

  function effectiveOf(tenantId: string, name: SettingName): Effective & { readonly locked: boolean } {
    const spec: (typeof SETTINGS)[SettingName] = SETTINGS[name];
    const inFile = spec.ofInstance?.(file.config);
    const builtIn = inFile ?? spec.builtIn;
    const instance = {
      fileInstance: file.said.has(name) ? inFile : undefined,
      instance: valueOf(INSTANCE_TENANT_ID, name),
    };
    const locked = isLocked(locks(), name);
    const tenant = file.tenants.get(tenantId);
    const found =
      tenantId === INSTANCE_TENANT_ID
        ? resolveForInstance(instance)
        : resolveForTenant({
            ...instance,
            fileTenant: tenant && spec.ofTenant?.(tenant),
            own: valueOf(tenantId, name),
            locked,
          });
    return { ...found, value: found.value ?? builtIn, inherited: found.inherited ?? builtIn, locked };
  }

  async function store(
    tenantId: string,
    values: Iterable<readonly [string, unknown]>,
    by: string,
  ): Promise<void> {
    const updatedAt = clock.now();
    await transaction(db, async (tx) => {
      for (const [name, value] of values) {
        if (value === null) await clearSetting(tx, tenantId, name);
        else await writeSetting(tx, { tenantId, name, value, updatedAt, updatedBy: by });
      }
    });
    await rows.refresh();
  }

  return {
    get: (tenantId, name) => effectiveOf(tenantId, name).value as SettingValue<typeof name> | undefined, // parsed at the door
    one: effectiveOf,
    effective: (tenantId) => new Map(SETTING_NAMES.map((name) => [name, effectiveOf(tenantId, name)])),
    own: (tenantId) =>
      new Map(
        SETTING_NAMES.flatMap((name) => {
          const value = valueOf(tenantId, name);
          return value === undefined ? [] : [[name, value] as const];
        }),
      ),
    locks,
    change: (tenantId, patch, by, wanted) =>
      store(
        tenantId,
        wanted === undefined ? patch : [...patch, [LOCKS, wanted.length === 0 ? null : wanted]],
        by,
      ),
    onChange(listener) {
      listeners.push(listener);
    },
    async refresh(loaded) {
      const bySlug = await tenantsBySlug(
        db,
        loaded.config.tenants.map(({ slug }) => slug),
      );
      file = {
        config: loaded.config,
        // Asked for every message; the file has to be searched for it.
        said: new Set(
          SETTING_NAMES.filter((name) => isInFile(name) && loaded.origin(name).source !== 'default'),
        ),
        tenants: new Map(
          loaded.config.tenants.flatMap((tenant) => {
            const row = bySlug.get(tenant.slug);
            return row === undefined ? [] : [[row.id, tenant] as const];
          }),
        ),
      };
      await rows.refresh();
    },
    stop: rows.stop,
  };
}

/** Whether the configuration file knows the setting: others are set over the API only. */
function isInFile(name: SettingName): boolean {
  const spec: (typeof SETTINGS)[SettingName] = SETTINGS[name];
  return spec.ofInstance !== undefined;
}
