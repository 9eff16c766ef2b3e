/**
 * Operations of several tenants in a random order, beside a model of what each has (W3): what is another's is not there,
 * and lists hold what is one's own. Next: route-seeds.ts
 */
import assert from 'node:assert/strict';
import type { Answer, Api } from './api-scene.ts';
import type { Planted } from './route-seeds.ts';

type Kind = 'keys' | 'connections' | 'messages';

interface Thing {
  readonly id: string;
  /** The latest name or subject. */
  text: string;
}

type Owned = Record<Kind, Thing[]>;

/** The newest of each kind that the model asks for. */
const PAGE = 50;
const CONNECTIONS_MAX = 6;
const KINDS: readonly Kind[] = ['keys', 'connections', 'messages'];

export interface ModelRun {
  readonly operations: number;
  /** Times that one tenant asked for what is another's. */
  readonly foreign: number;
}

/** Runs so many sequences; throws at the first answer that the model does not give. */
export async function runModel(
  api: Api,
  tenants: readonly Planted[],
  { sequences, random }: { readonly sequences: number; readonly random: () => number },
): Promise<ModelRun> {
  const model = new Map<Planted, Owned>();
  for (const tenant of tenants) model.set(tenant, await ownedBy(tenant));
  const oneOf = <T>(list: readonly T[]): T => {
    const found = list[Math.floor(random() * list.length)];
    assert.ok(found !== undefined);
    return found;
  };
  let operations = 0;
  let foreign = 0;
  for (let sequence = 0; sequence < sequences; sequence += 1) {
    for (let left = 1 + Math.floor(random() * 6); left > 0; left -= 1) {
      const tenant = oneOf(tenants);
      const owner = random() < 0.4 ? oneOf(tenants) : tenant;
      const kind = oneOf(KINDS);
      const owned = model.get(tenant);
      const thing = oneOf(model.get(owner)?.[kind] ?? []);
      assert.ok(owned);
      if (owner !== tenant) foreign += 1;
      operations += 1;
      const step = oneOf(STEPS);
      await step({
        api,
        tenant,
        kind,
        owned,
        thing,
        isOwn: owner === tenant,
        name: `n${String(operations)}`,
      });
    }
    const seen = oneOf(tenants);
    await lookAtLists(seen, model.get(seen), tenants);
  }
  return { operations, foreign };
}

interface StepInput {
  readonly api: Api;
  readonly tenant: Planted;
  readonly kind: Kind;
  readonly owned: Owned;
  /** Its own or another's. */
  readonly thing: Thing;
  readonly isOwn: boolean;
  /** Not used before. */
  readonly name: string;
}

const STEPS: readonly ((input: StepInput) => Promise<void>)[] = [make, get, get, change, end];

async function make({ tenant, kind, owned, name }: StepInput): Promise<void> {
  if (kind === 'connections' && owned.connections.length >= CONNECTIONS_MAX) return;
  const text = `${name}-${tenant.slug}`;
  const bodies: Record<Kind, object> = {
    keys: { name: text, role: 'tenant_viewer', kind: 'test' },
    connections: { name: text, host: '127.0.0.1', notes: tenant.canary },
    messages: { to: ['a@example.net'], subject: text, text: tenant.canary },
  };
  const answer = await tenant.must('POST', `/${kind}`, bodies[kind]);
  owned[kind].unshift({ id: String(answer.at('id')), text });
}

async function get(input: StepInput): Promise<void> {
  const { kind, thing } = input;
  const answer = await ask(input, 'GET', `/${kind}/${thing.id}`);
  if (input.isOwn) assert.equal(answer.at(kind === 'messages' ? 'subject' : 'name'), thing.text);
}

/** Gives another name; of a message there is nothing to change. */
async function change(input: StepInput): Promise<void> {
  const { kind, thing, name, tenant, isOwn } = input;
  if (kind === 'messages') return;
  const text = `${name}-${tenant.slug}`;
  await ask(input, 'PATCH', `/${kind}/${thing.id}${kind === 'keys' ? '' : '?force=true&reason=x'}`, {
    name: text,
  });
  if (isOwn) thing.text = text;
}

/** Removes, cancels, or rolls: a revoked key would only be refused from then on. */
async function end(input: StepInput): Promise<void> {
  const { kind, thing, owned, isOwn } = input;
  if (kind === 'messages') {
    const answer = await ask(input, 'POST', `/messages/${thing.id}/cancel`, undefined, [409]);
    assert.ok(!isOwn || answer.status === 200 || answer.at('code') === 'not_cancellable', answer.text);
  } else if (kind === 'keys') {
    const answer = await ask(input, 'POST', `/keys/${thing.id}/roll`, {});
    if (isOwn) owned.keys.unshift({ id: String(answer.at('id')), text: thing.text });
  } else if (owned.connections.length > 1 || !isOwn) {
    await ask(input, 'DELETE', `/connections/${thing.id}`);
    if (isOwn) owned.connections = owned.connections.filter((one) => one !== thing);
  }
}

/** Asks as the tenant; what is another's is not there. */
async function ask(
  { api, tenant, thing, isOwn }: StepInput,
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path: string,
  body?: object,
  alsoFine: readonly number[] = [],
): Promise<Answer> {
  const answer = await api.ask(method, path, { key: tenant.key, ...(body !== undefined && { body }) });
  const fine = isOwn ? answer.status < 300 || alsoFine.includes(answer.status) : answer.status === 404;
  assert.ok(fine, `${tenant.slug} ${method} ${path}: ${String(answer.status)} ${answer.text}`);
  if (!isOwn) assert.ok(!answer.text.includes(thing.text), answer.text);
  return answer;
}

async function lookAtLists(
  tenant: Planted,
  owned: Owned | undefined,
  tenants: readonly Planted[],
): Promise<void> {
  for (const kind of KINDS) {
    const path = kind === 'connections' ? '/connections' : `/${kind}?limit=${String(PAGE)}`;
    const answer = await tenant.must('GET', path);
    const listed = (answer.at('items') as { id: string }[]).map(({ id }) => id).toSorted();
    const wanted = (owned?.[kind] ?? []).slice(0, PAGE).map(({ id }) => id);
    assert.deepEqual(listed, wanted.toSorted(), `${kind} of ${tenant.slug}`);
    for (const other of tenants)
      if (other !== tenant) assert.ok(!answer.text.includes(other.canary), `${kind} of ${tenant.slug}`);
  }
}

/** What was planted, newest first. */
async function ownedBy(tenant: Planted): Promise<Owned> {
  const of = async (kind: Kind): Promise<Thing[]> => {
    const { items } = (await tenant.must('GET', `/${kind}`)).at() as {
      items: { id: string; name?: string; subject?: string }[];
    };
    return items.map(({ id, name, subject }) => ({ id, text: name ?? subject ?? '' }));
  };
  return { keys: await of('keys'), connections: await of('connections'), messages: await of('messages') };
}

/** Asks for so many in turn, several at once, over the same connections to the database; answers whose came to another. */
export async function alternate(api: Api, tenants: readonly Planted[], times: number): Promise<string[]> {
  const paths = ['/settings', '/messages', '/keys', '/connections', '/settings/effective', '/audit'];
  const leaks: string[] = [];
  let next = 0;
  const one = async (): Promise<void> => {
    for (let n = next++; n < times; n = next++) {
      const tenant = tenants[n % tenants.length];
      const path = paths[Math.floor(n / tenants.length) % paths.length] ?? '';
      assert.ok(tenant);
      const { text } = await tenant.must('GET', path);
      if (!text.includes(tenant.canary)) leaks.push(`${path} of ${tenant.slug} is not its own`);
      for (const other of tenants)
        if (other !== tenant && text.includes(other.canary))
          leaks.push(`${path} of ${tenant.slug}: ${other.slug}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  return leaks;
}

const AT_ONCE = 12;
