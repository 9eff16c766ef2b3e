/**
 * The doors by which somebody can change where a stored secret would go, and the proof that no door lets one through:
 * settings are changed at random, with the secret left out or masked, and then mail is sent (K1).
 * A new way to change or to use a connection belongs into `DOORS`; `connections/secret-doors.test.ts` compares the list
 * with the operations of the API.
 */
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { findSecret } from '../../e2e/canary.ts';
import {
  applyConnectionPatch,
  classifyField,
  connectionPatch,
  connectionSettings,
  SECRET_FIELDS,
  type Config,
} from '../src/config/config.ts';
import { INSTANCE_TENANT_ID } from '../src/tenants/tenants.ts';
import { readConfig, type Answer } from './api-scene.ts';
import type { Base, Settings, Stage } from './secret-stage.ts';
import { fieldsOfType, MASKS } from './setting-mutations.ts';

interface Trial {
  readonly base: Base;
  readonly id: string;
  /** What is changed, without secrets. */
  readonly change: Settings;
  /** Masks in place of secrets, or nothing. */
  readonly masked: Settings;
}

/** Answers the connections that may now be other than they were: over these, mail is sent. */
type Door = (stage: Stage, trial: Trial) => Promise<{ answer?: Answer; use: { id: string; key?: string }[] }>;

const FORCED_QUERY = '?force=true&reason=proof';

const ok = (answer: Answer): boolean => answer.status < 300;

export const DOORS: Readonly<Record<string, Door>> = {
  async patch({ api }, { id, change, masked }) {
    const answer = await api.ask('PATCH', `/connections/${id}${FORCED_QUERY}`, {
      body: { ...change, ...masked },
    });
    return { answer, use: ok(answer) ? [{ id }] : [] };
  },
  async rename({ api }, { id, change, masked }) {
    const body = { name: 'renamed', ...change, ...masked };
    const answer = await api.ask('PATCH', `/connections/${id}${FORCED_QUERY}`, { body });
    return { answer, use: ok(answer) ? [{ id }] : [] };
  },
  /** A test of the stored connection with other settings on top. */
  async test({ api }, { id, change, masked }) {
    // Tests are rationed by counting their rows (S7): not what is looked for here.
    await api.db.tables<{ connection_tests: object }>().deleteFrom('connection_tests').execute();
    const settings = { ...change, ...masked };
    const answer = await api.ask('POST', '/connection-tests', { body: { connection: id, settings } });
    if (!ok(answer)) return { answer, use: [] };
    const path = `/connection-tests/${String(answer.at('id'))}`;
    for (let shown = answer; shown.at('status') === 'running'; shown = await api.ask('GET', path))
      await new Promise((resolve) => setTimeout(resolve, 2));
    return { answer, use: [] };
  },
  /** A copy under another name, as a form that shows the stored one would save it. */
  async create({ api }, { base, change, masked }) {
    const body = without({ ...base.settings, ...change, ...masked, name: 'copy' });
    const answer = await api.ask('POST', `/connections${FORCED_QUERY}`, { body });
    return { answer, use: ok(answer) ? [{ id: String(answer.at('id')) }] : [] };
  },
  /** A tenant makes one of the same name, and tries to change the instance's. */
  async tenant({ api, tenantKey: key }, { base, id, change, masked }) {
    const direct = await api.ask('PATCH', `/connections/${id}${FORCED_QUERY}`, {
      body: { ...change, ...masked },
      key,
    });
    assert.ok(direct.status >= 400, direct.text);
    const body = without({ ...base.settings, ...change, ...masked, name: base.name });
    const asAdmin = { 'posthorn-tenant': 'acme' };
    const answer = await api.ask('POST', `/connections${FORCED_QUERY}`, { body, headers: asAdmin });
    return { answer, use: ok(answer) ? [{ id: String(answer.at('id')), key }] : [] };
  },
  /** A draft without the secret, activated on its own. */
  async activate({ api }, { id, change, masked }) {
    const saved = await api.ask('PATCH', `/connections/${id}`, { body: { ...change, ...masked } });
    if (!ok(saved)) return { answer: saved, use: [] };
    const body = { force: true, reason: 'a try' };
    const answer = await api.ask('POST', `/connections/${id}/activate`, { body });
    return { answer, use: ok(answer) ? [{ id }] : [] };
  },
  /** A draft without the secret, connected in a browser: the way back takes the client secret to the token endpoint. */
  async connect({ api }, { id, change, masked }) {
    const saved = await api.ask('PATCH', `/connections/${id}`, { body: { ...change, ...masked } });
    if (!ok(saved)) return { answer: saved, use: [] };
    const answer = await api.ask('POST', `/connections/${id}/connect`);
    if (!ok(answer)) return { answer, use: [] };
    const state = new URL(String(answer.at('authorizationUrl'))).searchParams.get('state') ?? '';
    await api.ask('GET', `//oauth/callback?state=${state}&code=a-code`, { key: null });
    return { answer, use: [] };
  },
  /** The changed settings with the secrets cleared, the first revision restored, and the changed ones restored on top. */
  async restore({ api }, { base, id, change }) {
    const cleared = Object.fromEntries(Object.keys(base.secrets).map((field) => [field, null]));
    const path = `/connections/${id}`;
    const body = { ...change, ...cleared };
    const saved = await api.ask('PATCH', `${path}${FORCED_QUERY}`, { body });
    if (!ok(saved)) return { answer: saved, use: [] };
    await api.ask('POST', `${path}/revisions/1/restore${FORCED_QUERY}`);
    const answer = await api.ask('POST', `${path}/revisions/2/restore${FORCED_QUERY}`);
    return { answer, use: ok(answer) ? [{ id }] : [] };
  },
  /** The file declares one of the same name, without the secret. */
  async declared({ api }, { base, id, change }) {
    const declared = declare(without({ ...base.settings, ...change, name: base.name }));
    if (declared === undefined) return { use: [] };
    await api.connections.declare(INSTANCE_TENANT_ID, declared);
    return { use: [{ id }] };
  },
};

/** Operations of the API that take settings or use a stored secret, by the door that tries them; or why they need none. */
export const OPERATIONS: Readonly<Record<string, keyof typeof DOORS | { readonly not: string }>> = {
  createConnection: 'create',
  patchConnection: 'patch',
  hintConnection: { not: 'looks at settings only; nothing is stored and nothing is dialled' },
  activateConnection: 'activate',
  deactivateConnection: { not: 'takes no settings' },
  restoreConnectionRevision: 'restore',
  connectConnection: 'connect',
  disconnectConnection: { not: 'takes no settings, and only forgets' },
  startConnectionTest: 'test',
  cancelConnectionTest: { not: 'takes no settings' },
  deleteConnection: { not: 'takes no settings, and the secrets go with the connection' },
  pauseConnection: { not: 'takes no settings' },
  resumeConnection: { not: 'takes no settings' },
};

/** Nothing comes back by itself here: that would bring secrets to where they belong, and look like a leak. */
export interface Proof {
  readonly mutations: number;
  /** By door and what it said. */
  readonly answers: Readonly<Record<string, number>>;
  /** Where a secret arrived that should not have: none. */
  readonly leaks: readonly string[];
  /** Times that a secret arrived where it belongs, over settings that nobody changed or that do not matter. */
  readonly delivered: number;
}

/** Changes settings `count` times and looks at what arrives. */
export async function tryDoors(stage: Stage, count: number, random: () => number): Promise<Proof> {
  const answers: Record<string, number> = {};
  const leaks: string[] = [];
  let delivered = 0;
  const ids = new Map<Base, string>();
  for (const base of stage.bases) ids.set(base, await plant(stage, base));
  const planned = everyChange(stage);
  for (let n = 0; n < count; n += 1) {
    const plan = planned[n];
    const base = plan?.base ?? pick(stage.bases, random);
    const id = ids.get(base) ?? '';
    const change = plan?.change ?? makeChange(stage, base, random);
    const masked = plan !== undefined || random() < 0.5 ? {} : maskFor(base, random);
    const trial = { base, id, change, masked };
    const door = plan?.door ?? chooseDoor(random);
    const { answer, use } = (await DOORS[door]?.(stage, trial)) ?? { use: [] };
    const status = `${door} ${outcomeOf(answer)}`;
    answers[status] = (answers[status] ?? 0) + 1;
    assert.ok((answer?.status ?? 0) < 500, answer?.text ?? '');
    for (const one of use) await sendOver(stage, one);
    const matters =
      !['patch', 'rename', 'test', 'activate', 'connect'].includes(door) || decides(base.settings, change);
    const found = look(stage, base, matters);
    leaks.push(
      ...found.leaks.map((leak) => `${leak} after ${door} ${JSON.stringify({ ...change, ...trial.masked })}`),
    );
    delivered += found.delivered;
    // A door of several steps may have stopped half-way.
    if (use.length > 0 || (door !== 'patch' && door !== 'test')) ids.set(base, await plant(stage, base));
    // The control: what nobody touched still signs in, so silence elsewhere means something.
    else if (n % 100 === 0) delivered += await control(stage, base, id);
  }
  return { mutations: count, answers, leaks, delivered };
}

const outcomeOf = (answer: Answer | undefined): string =>
  answer === undefined || ok(answer) ? 'done' : String(answer.at('code'));

/** Whether a change makes any setting different that decides where a secret goes: defaults spelled out do not. */
function decides(settings: Settings, change: Settings): boolean {
  const before = connectionSettings.parse(settings);
  const patch = connectionPatch.safeParse(change);
  if (!patch.success) return true; // and refused
  const after = connectionSettings.safeParse(applyConnectionPatch(before, patch.data));
  if (!after.success) return true;
  const [then, now] = [before, after.data].map((all: Settings) =>
    Object.entries(all).filter(([name]) => classifyField(name) === 'destination'),
  );
  return !isDeepStrictEqual(new Map(then), new Map(now));
}

interface Plan {
  readonly base: Base;
  readonly door: keyof typeof DOORS;
  readonly change: Settings;
}

/** First each setting of each connection by itself, with every value, by the two doors that take a change. */
function everyChange({ bases, values }: Stage): Plan[] {
  return bases.flatMap((base) =>
    fieldsOfType(String(base.settings['type'])).flatMap((name) =>
      [...(values[name] ?? []), null].flatMap((value): Plan[] => {
        if (value === (base.settings[name] ?? null)) return [];
        const change = { [name]: value };
        return [
          { base, change, door: 'patch' },
          { base, change, door: 'test' },
        ];
      }),
    ),
  );
}

/** Then up to three at once. */
function makeChange({ values }: Stage, base: Base, random: () => number): Settings {
  const names = fieldsOfType(random() < 0.9 ? String(base.settings['type']) : undefined);
  const chosen = new Set([1, 2, 3].map(() => pick(names, random)));
  const entries = [...chosen].map((name): [string, unknown] => {
    return [name, pick<unknown>([...(values[name] ?? []), null], random)];
  });
  return Object.fromEntries(entries.filter(([name, value]) => value !== (base.settings[name] ?? null)));
}

function maskFor(base: Base, random: () => number): Settings {
  const fields = Object.keys(base.secrets);
  return { [pick(fields, random)]: pick(MASKS, random) };
}

function chooseDoor(random: () => number): string {
  const value = random();
  if (value < 0.5) return 'patch';
  if (value < 0.84) return 'test';
  return value < 0.9
    ? 'rename'
    : value < 0.92
      ? 'create'
      : value < 0.94
        ? 'activate'
        : value < 0.95
          ? 'connect'
          : value < 0.965
            ? 'restore'
            : value < 0.98
              ? 'tenant'
              : 'declared';
}

function pick<T>(from: readonly T[], random: () => number): T {
  const found = from[Math.floor(random() * from.length)];
  assert.ok(found !== undefined);
  return found;
}

/** The connection as it was stored first, with its secrets; whatever a door left is taken away. */
async function plant({ api, bases }: Stage, base: Base): Promise<string> {
  await api.connections.declare(INSTANCE_TENANT_ID, []);
  const others = bases.filter((one) => one !== base).map(({ name }) => name);
  for (const headers of [{}, { 'posthorn-tenant': 'acme' }]) {
    const tenant = 'posthorn-tenant' in headers;
    const shown = (await api.ask('GET', '/connections', { headers })).at('items');
    for (const item of shown as { id: string; name: string }[]) {
      if (!tenant && others.includes(item.name)) continue;
      await api.ask('DELETE', `/connections/${item.id}`, { headers });
    }
  }
  const body = without({ ...base.settings, ...base.secrets });
  const made = await api.ask('POST', `/connections${FORCED_QUERY}`, { body });
  assert.equal(made.status, 201, made.text);
  return String(made.at('id'));
}

/** A message that nothing can be tried for stays where it is; one that is tried takes the deadlines of the settings. */
const TRY_MS = 3_000;

async function sendOver({ api }: Stage, { id, key }: { id: string; key?: string }): Promise<void> {
  const asking = key === undefined ? {} : { key };
  const body = { from: 'app@example.com', to: ['ana@example.net'], subject: 's', text: 't', connection: id };
  const connection = api.connections.byId(id);
  if (connection?.settings.type === 'graph' && api.connections.channel(id) === undefined) return;
  const answer = await api.ask('POST', '/messages', { ...asking, body });
  if (!ok(answer)) return;
  const message = String(answer.at('id'));
  for (const until = performance.now() + TRY_MS; performance.now() < until;) {
    const shown = await api.ask('GET', `/messages/${message}`, asking);
    if (!['queued', 'sending'].includes(String(shown.at('state')))) return;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** What arrived: a secret of any connection, anywhere, is a leak unless it is this one's and nothing that matters changed. */
function look(
  { bases, catchers }: Stage,
  base: Base,
  matters: boolean,
): { leaks: string[]; delivered: number } {
  const leaks: string[] = [];
  let delivered = 0;
  for (const catcher of catchers) {
    const bytes = catcher.take();
    if (bytes.length === 0) continue;
    for (const { name, secrets, right } of bases) {
      for (const [field, secret] of Object.entries(secrets)) {
        const writings = findSecret(secret.split('\n')[0] ?? '', bytes);
        if (writings.length === 0) continue;
        if (name === base.name && !matters && right.includes(catcher)) delivered += 1;
        else
          leaks.push(
            `${field} of ${name} (${writings.join(', ')}) at ${catcher.host}:${String(catcher.port)}`,
          );
      }
    }
  }
  return { leaks, delivered };
}

async function control(stage: Stage, base: Base, id: string): Promise<number> {
  await sendOver(stage, { id });
  const { leaks, delivered } = look(stage, base, false);
  assert.deepEqual(leaks, []);
  if (base.delivers) assert.ok(delivered > 0, `${base.name} must bring its secret to the right place`);
  return delivered;
}

/** Settings as a body: nothing that is cleared, no secret that is not given. */
function without(settings: Settings): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(settings).filter(([, value]) => value !== null && value !== undefined),
  );
}

/** The file with this connection; `undefined` when the file would be refused. */
function declare(settings: Settings): Config['connections'] | undefined {
  const secretless = Object.entries(settings).filter(
    ([name]) => !SECRET_FIELDS.some((field) => field === name),
  );
  const toml = secretless.map(([name, value]) => `${snake(name)} = ${tomlValue(value)}`).join('\n');
  try {
    return readConfig(`[[connections]]\n${toml}\n`).connections;
  } catch {
    return undefined;
  }
}

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function tomlValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(tomlValue).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = Object.entries(value).map(([name, item]) => `${snake(name)} = ${tomlValue(item)}`);
  return `{ ${inner.join(', ')} }`;
}
