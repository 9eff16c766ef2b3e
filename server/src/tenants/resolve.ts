/**
 * What a setting is for a tenant, and where that comes from: pure. From the strongest: a locked value of the instance,
 * the file for this tenant, the tenant's own, the file for the instance, the instance's own, none.
 * Next: settings.ts
 */
import type { SettingName } from './setting-list.ts';

/** What is known of one setting from all sides; `undefined` where nothing is said. */
export interface Sides {
  readonly fileTenant: unknown;
  readonly own: unknown;
  readonly fileInstance: unknown;
  readonly instance: unknown;
  /** Tenants may not change it: the instance's value counts. */
  readonly locked: boolean;
}

/**
 * `own`: said by this tenant. `inherited`: said by the instance. `locked`: said by the instance, and nobody else may.
 * `managed`: said by the file for this very tenant. `built-in`: said by nobody.
 */
export type Origin = 'own' | 'inherited' | 'locked' | 'managed' | 'built-in';

export interface Effective {
  readonly value: unknown;
  readonly origin: Origin;
  /** Whether the configuration file is where the value stands. */
  readonly byFile: boolean;
  /** What would count without this tenant's own value. */
  readonly inherited: unknown;
  /** The tenant's own value that a lock sets aside; it is kept. */
  readonly setAside?: unknown;
}

/** The setting of a tenant. */
export function resolveForTenant(sides: Sides): Effective {
  const inherited = sides.fileInstance ?? sides.instance;
  const inheritedByFile = sides.fileInstance !== undefined;
  const below = { value: inherited, byFile: inheritedByFile, inherited };
  if (sides.locked) {
    const aside = sides.fileTenant ?? sides.own;
    return { ...below, origin: 'locked', ...(aside !== undefined && { setAside: aside }) };
  }
  if (sides.fileTenant !== undefined)
    return { value: sides.fileTenant, origin: 'managed', byFile: true, inherited };
  if (sides.own !== undefined) return { value: sides.own, origin: 'own', byFile: false, inherited };
  return { ...below, origin: inherited === undefined ? 'built-in' : 'inherited' };
}

/** The setting of the instance itself. */
export function resolveForInstance(sides: Pick<Sides, 'fileInstance' | 'instance'>): Effective {
  if (sides.fileInstance !== undefined)
    return { value: sides.fileInstance, origin: 'managed', byFile: true, inherited: undefined };
  const origin = sides.instance === undefined ? 'built-in' : 'own';
  return { value: sides.instance, origin, byFile: false, inherited: undefined };
}

/** Whether a lock covers a setting: it names the setting, or the group that it is in (`sender` for `sender.name`). */
export function isLocked(locks: readonly string[], name: SettingName): boolean {
  return locks.some((lock) => name === lock || name.startsWith(`${lock}.`));
}
