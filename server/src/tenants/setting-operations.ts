/**
 * Settings over the API: what is set here, what counts and why, and the locks of the instance.
 * Next: routes.ts
 */
import { z } from 'zod';
import { operation, problem, type Operation, type Principal } from '../http/http.ts';
import { parseAddress } from '../mail/mail.ts';
import { isSettingName, SETTING_NAMES, SETTINGS, type SettingName } from './setting-list.ts';
import { refuseSender, type Senders } from './senders.ts';
import type { Settings, SettingsPatch } from './settings.ts';
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

const blockView = z
  .object({
    from: z.enum(['own', 'inherited', 'none']),
    uses: z.string().nullable().describe('Name of the one that mail of the default sender takes now.'),
    items: z.array(
      z.object({
        name: z.string(),
        type: z.string(),
        state: z.enum(['draft', 'active', 'paused', 'failing', 'off']),
      }),
    ),
  })
  .meta({
    id: 'ConnectionBlock',
    description: 'The connections that count, all of the tenant or all of the instance.',
  });
export type BlockShown = z.input<typeof blockView>;

const effectiveAnswer = z.object({ connections: blockView, ...namedBy(() => effectiveView) });

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

export interface SettingDeps {
  readonly settings: Settings;
  readonly senders: Pick<Senders, 'allows'>;
  /** What a tenant sends over now. */
  readonly connectionBlock: (tenantId: string) => BlockShown;
}

export function settingOperations({ settings, senders, connectionBlock }: SettingDeps): Operation[] {
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
      audit: { thing: 'settings', view: (principal) => Promise.resolve(own(principal)) },
      body: settingsPatch,
      answers: { 200: settingsView },
      refusals: ['managed_by_file', 'locked', 'forbidden', 'sender_not_allowed'],
      async run({ principal, body }) {
        const { locks, ...rest } = body;
        const patch = new Map(flatten(rest));
        refuseChange(settings, principal, [...patch.keys()], locks);
        refuseForeignSender(senders, principal, patch);
        await settings.change(principal.tenantId, patch, principal.actorId, locks);
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
      answers: { 200: effectiveAnswer },
      refusals: [],
      run: ({ principal: { tenantId } }) => {
        const values = namedBy((name) => settings.one(tenantId, name));
        return Promise.resolve({ status: 200, body: { ...values, connections: connectionBlock(tenantId) } });
      },
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

/** A default sender that could not be used would make every message fail that names nobody (I5). */
function refuseForeignSender(
  senders: Pick<Senders, 'allows'>,
  { tenantId }: Principal,
  patch: SettingsPatch,
): void {
  const text = patch.get('sender.address');
  if (typeof text !== 'string' || tenantId === INSTANCE_TENANT_ID) return;
  const parsed = parseAddress(text);
  if (!parsed.ok) {
    throw problem('invalid_request', {
      detail: `sender.address ${parsed.message}.`,
      errors: [{ path: 'sender.address', message: parsed.message }],
    });
  }
  const allowed = patch.get('senders.allowed'); // set in the same breath it counts already
  const ahead = Array.isArray(allowed) ? allowed.filter((entry) => typeof entry === 'string') : undefined;
  if (!senders.allows(tenantId, parsed.address, ahead)) refuseSender(parsed.address, 'sender.address');
}

/** What stands before a dot in some name: locking it locks all below. */
const GROUPS: ReadonlySet<string> = new Set(
  SETTING_NAMES.flatMap((full) => {
    const steps = full.split('.');
    return steps.slice(1).map((_, index) => steps.slice(0, index + 1).join('.'));
  }),
);

/** One property per setting, as its name is written. */
function namedBy<T>(valueOf: (name: SettingName) => T): Record<SettingName, T> {
  return Object.fromEntries(SETTING_NAMES.map((name) => [name, valueOf(name)])) as Record<SettingName, T>; // by construction
}

interface Tree<Leaf> {
  [name: string]: Tree<Leaf> | Leaf;
}

/** A branch never has the name of a leaf. */
function childOf<Leaf>(branch: Tree<Leaf>, name: string): Tree<Leaf> {
  const found = branch[name];
  if (found !== undefined) return found as Tree<Leaf>;
  const child: Tree<Leaf> = {};
  branch[name] = child;
  return child;
}

/** A tree of the settings with dots as its branches; what `valueOf` leaves out is not in it. */
function unflatten<Leaf>(entries: Iterable<readonly [SettingName, Leaf]>): Tree<Leaf> {
  const root: Tree<Leaf> = {};
  for (const [full, value] of entries) {
    const steps = full.split('.');
    const last = steps.pop() ?? '';
    let branch = root;
    for (const step of steps) branch = childOf(branch, step);
    branch[last] = value;
  }
  return root;
}

function nest(schemaOf: (name: SettingName) => z.ZodType): z.ZodRawShape {
  const tree = unflatten(SETTING_NAMES.map((name) => [name, schemaOf(name)] as const));
  const shapeOf = (branch: Tree<z.ZodType>): z.ZodRawShape =>
    Object.fromEntries(
      Object.entries(branch).map(([name, below]) => [
        name,
        below instanceof z.ZodType ? below : z.exactOptional(z.strictObject(shapeOf(below))),
      ]),
    );
  return shapeOf(tree);
}

/** The reverse of `unflatten`, of what a schema of `nest` has parsed. */
function flatten(tree: object, at = ''): [SettingName, unknown][] {
  return Object.entries(tree).flatMap(([name, value]: [string, unknown]): [SettingName, unknown][] => {
    const full = at + name;
    if (isSettingName(full)) return [[full, value]];
    return typeof value === 'object' && value !== null ? flatten(value, `${full}.`) : [];
  });
}
