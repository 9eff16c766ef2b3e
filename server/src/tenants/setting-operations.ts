/**
 * Settings over the API: what is set here, what counts and why, and the locks of the instance.
 * Next: routes.ts
 */
import { z } from 'zod';
import { operation, problem, type Operation, type Principal } from '../http/http.ts';
import { isSettingName, SETTING_NAMES, SETTINGS, type SettingName } from './setting-list.ts';
import type { Settings } from './settings.ts';
import { INSTANCE_TENANT_ID } from './tenant.ts';

const tags = ['Settings'];

const effectiveView = z
  .object({
    value: z.unknown(),
    origin: z.enum(['own', 'inherited', 'locked', 'managed', 'built-in']),
    byFile: z.boolean(),
    locked: z.boolean(),
    inherited: z.unknown().describe('What would count without the own value.'),
    setAside: z.unknown().optional().describe('An own value that a lock keeps from counting.'),
  })
  .meta({ id: 'EffectiveSetting', description: 'What a setting is, and where that comes from.' });

/** Names in the API are nested: `sender.name` is `name` in `sender`. */
const patchShape = nest((settingName) => z.exactOptional(z.nullable(SETTINGS[settingName].schema)));
const ownShape = nest((settingName) => SETTINGS[settingName].schema.optional());

const settingsPatch = z
  .strictObject({
    ...patchShape,
    locks: z.exactOptional(z.array(z.string().max(100)).max(100)),
  })
  .meta({ id: 'SettingsPatch', description: 'Absent keeps, `null` clears, a value sets.' });
const settingsView = z
  .object({ ...ownShape, locks: z.array(z.string()).optional() })
  .meta({ id: 'Settings', description: 'What is set here and not inherited.' });

export function settingOperations({ settings }: { readonly settings: Settings }): Operation[] {
  const own = ({ tenantId }: Principal): z.input<typeof settingsView> => ({
    ...unflatten(settings.own(tenantId)),
    ...(tenantId === INSTANCE_TENANT_ID && { locks: [...settings.locks()] }),
  });
  return [
    operation({
      method: 'GET',
      path: '/settings',
      operationId: 'getSettings',
      summary: 'Show what is set here',
      tags,
      permission: 'settings:read',
      answers: { 200: settingsView },
      refusals: [],
      run: ({ principal }) => Promise.resolve({ status: 200, body: own(principal) }),
    }),
    operation({
      method: 'PATCH',
      path: '/settings',
      operationId: 'patchSettings',
      summary: 'Change settings; absent keeps, null goes back to what is inherited',
      tags,
      permission: 'settings:write',
      body: settingsPatch,
      answers: { 200: settingsView },
      refusals: ['managed_by_file', 'locked', 'forbidden'],
      async run({ principal, body }) {
        const { locks, ...rest } = body;
        const patch = flatten(rest);
        refuseChange(settings, principal, [...patch.keys()], locks);
        await settings.change(principal.tenantId, patch, principal.keyId);
        if (locks !== undefined) await settings.setLocks(locks, principal.keyId);
        return { status: 200, body: own(principal) };
      },
    }),
    operation({
      method: 'GET',
      path: '/settings/effective',
      operationId: 'getEffectiveSettings',
      summary: 'Show every setting with its value and where that comes from',
      tags,
      permission: 'settings:read',
      answers: { 200: z.record(z.string(), effectiveView) },
      refusals: [],
      run: ({ principal }) =>
        Promise.resolve({ status: 200, body: Object.fromEntries(settings.effective(principal.tenantId)) }),
    }),
  ];
}

/** Throws what keeps this principal from changing these settings; each field is named. */
function refuseChange(
  settings: Settings,
  { tenantId, homeTenantId }: Principal,
  names: readonly SettingName[],
  locks: readonly string[] | undefined,
): void {
  const ofInstance = tenantId === INSTANCE_TENANT_ID;
  const effective = settings.effective(tenantId);
  const named = (message: string, which: readonly string[]) => which.map((path) => ({ path, message }));
  const wrongLocks = (locks ?? []).filter((lock) => !isSettingName(lock) && !GROUPS.has(lock));
  if (wrongLocks.length > 0) {
    throw problem('invalid_request', {
      detail: `There is no setting ${JSON.stringify(wrongLocks[0])} to lock.`,
      errors: named('names no setting and no group of settings', ['locks']),
    });
  }
  if (locks !== undefined && !ofInstance) {
    throw problem('invalid_request', {
      detail: 'Only the instance has locks.',
      errors: named('can be set for the instance only', ['locks']),
    });
  }
  const managed = names.filter((wanted) => effective.get(wanted)?.origin === 'managed');
  if (managed.length > 0) {
    throw problem('managed_by_file', {
      detail: `${managed.join(', ')}: set in the configuration file. Change it there.`,
      errors: named('is set in the configuration file', managed),
    });
  }
  const byTenant = !ofInstance && homeTenantId !== INSTANCE_TENANT_ID;
  const locked = names.filter((wanted) => !ofInstance && effective.get(wanted)?.locked === true);
  if (locked.length > 0) {
    throw problem('locked', {
      detail: `${locked.join(', ')}: locked for all tenants by the instance.`,
      errors: named('is locked by the instance', locked),
    });
  }
  const notTheirs = names.filter((wanted) => byTenant && !SETTINGS[wanted].tenantMay);
  if (notTheirs.length > 0) {
    throw problem('forbidden', {
      detail: `${notTheirs.join(', ')}: set by the people of the instance only.`,
      errors: named('is set by the people of the instance only', notTheirs),
    });
  }
}

const GROUPS: ReadonlySet<string> = new Set(SETTING_NAMES.map((full) => full.split('.')[0] ?? full));

type Nested<V> = Record<
  string,
  z.ZodExactOptional<z.ZodObject<Record<string, z.ZodType<V>>, z.core.$strict>>
>;

function nest(schemaOf: (name: SettingName) => z.ZodType): Nested<unknown> {
  const groups: Record<string, Record<string, z.ZodType>> = {};
  for (const full of SETTING_NAMES) {
    const [group = '', leaf = ''] = full.split('.');
    groups[group] = { ...groups[group], [leaf]: schemaOf(full) };
  }
  return Object.fromEntries(
    Object.entries(groups).map(([group, shape]) => [group, z.exactOptional(z.strictObject(shape))]),
  );
}

function flatten(nested: Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>) {
  const flat = new Map<SettingName, unknown>();
  for (const [group, leaves] of Object.entries(nested)) {
    for (const [leaf, value] of Object.entries(leaves ?? {})) {
      const full = `${group}.${leaf}`;
      if (isSettingName(full)) flat.set(full, value);
    }
  }
  return flat;
}

function unflatten(flat: ReadonlyMap<SettingName, unknown>): Record<string, Record<string, unknown>> {
  const nested: Record<string, Record<string, unknown>> = {};
  for (const [full, value] of flat) {
    const [group = '', leaf = ''] = full.split('.');
    nested[group] = { ...nested[group], [leaf]: value };
  }
  return nested;
}
