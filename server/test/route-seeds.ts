/**
 * For every operation of the API a request that succeeds, on things of a tenant that was planted with a canary in every
 * text. The matrix of isolation, the audit log and the headers are proved over all of them: an operation without a seed
 * fails there. A seed that uses something up makes what it uses.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { MESSAGE, type Answer, type Api, type SceneOptions } from './api-scene.ts';

export interface SeedRequest {
  /** Path parameters by name. */
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** What it is answered with where that is no success: a page that refuses. */
  readonly status?: number;
}

export interface Planted {
  readonly api: Api;
  readonly slug: string;
  readonly tenantId: string;
  /** In every text of this tenant, and nowhere else. */
  readonly canary: string;
  /** Every secret of this tenant contains it. */
  readonly secret: string;
  /** The tenant's own admin. */
  readonly key: string;
  /** What was planted, by what it is. */
  readonly ids: Readonly<
    Record<'connection' | 'connectionName' | 'message' | 'verification' | 'test' | 'apiKey' | 'entry', string>
  >;
  /** Asks as the tenant's admin; must succeed. */
  must(method: 'POST' | 'PATCH' | 'GET' | 'DELETE', path: string, body?: unknown): Promise<Answer>;
}

export type Seed = (tenant: Planted) => SeedRequest | Promise<SeedRequest>;

const nobodyKnows = () => Promise.resolve({ kind: 'none' as const, code: 'NXDOMAIN' as const });

/** The scene for it: nothing is sent, nothing is looked up. */
export const SEED_SCENE: SceneOptions = {
  toml: '[sender]\naddress = "app@example.com"\n',
  working: false,
  discovery: {
    lookups: {
      ...{ mx: nobodyKnows, txt: nobodyKnows, srv: nobodyKnows, addresses: nobodyKnows },
      ...{ cname: nobodyKnows, ptr: nobodyKnows },
    },
  },
};

let serial = 0;
const fresh = (word: string): string => `${word}-${String((serial += 1))}`;
const FORCED = '?force=true&reason=planted';

/** A connection that is in force. */
async function newConnection({ must, canary, secret }: Planted, more: object = {}): Promise<string> {
  const body = {
    ...{ name: fresh('relay'), host: '127.0.0.1', port: 1, auth: 'password', allowPlaintextAuth: true },
    ...{ username: `u-${canary}`, password: `${secret}-password`, notes: canary, ...more },
  };
  return String((await must('POST', `/connections${FORCED}`, body)).at('id'));
}

/** One that is connected in a browser. */
function newMailbox(tenant: Planted): Promise<string> {
  return newConnection(tenant, {
    ...{ auth: 'oauth2-refresh-token', clientId: tenant.canary, clientSecret: `${tenant.secret}-client` },
    ...{ refreshToken: `${tenant.secret}-refresh`, password: undefined, allowPlaintextAuth: undefined },
    tokenUrl: 'https://127.0.0.1:1/token',
    authorizeUrl: 'https://127.0.0.1:1/authorize',
  });
}

const newMessage = async ({ must, canary }: Planted): Promise<string> =>
  String((await must('POST', '/messages', textsWith(canary))).at('id'));

const newVerification = async ({ must, canary }: Planted): Promise<string> => {
  const body = { flow: 'one-time-code', to: `${fresh('ana')}-${canary}@example.net`, subject: canary };
  return String((await must('POST', '/verifications', body)).at('id'));
};

const newKey = async ({ must, canary }: Planted): Promise<string> =>
  String((await must('POST', '/keys', { name: canary, role: 'tenant_viewer', notes: canary })).at('id'));

function textsWith(canary: string) {
  return {
    ...MESSAGE,
    to: [{ name: canary, address: `ana-${canary}@example.net` }],
    from: { name: canary, address: 'app@example.com' },
    ...{ subject: canary, text: canary, tags: [canary], metadata: { ref: canary } },
  };
}

const nothing: Seed = () => ({});
const on =
  (name: keyof Planted['ids']): Seed =>
  ({ ids }) => ({ params: { id: ids[name] } });
const onNew =
  (make: (tenant: Planted) => Promise<string>, body?: unknown): Seed =>
  async (tenant) => ({ params: { id: await make(tenant) }, ...(body !== undefined && { body }) });

export const SEEDS: Readonly<Record<string, Seed>> = {
  sendMessage: ({ canary }) => ({
    body: textsWith(canary),
    headers: { 'idempotency-key': 'the-same-for-all' },
  }),
  sendBatch: ({ canary }) => ({ body: { messages: [textsWith(canary)] } }),
  listMessages: () => ({ query: { q: 'status:queued', limit: '5' } }),
  getMessage: on('message'),
  getMessageSource: on('message'),
  explainMessage: on('message'),
  cancelMessage: onNew(newMessage),
  retryMessage: onNew(newMessage),
  resendMessage: onNew(newMessage, {}),

  listConnections: nothing,
  createConnection: ({ secret, canary }) => ({
    body: { name: fresh('made'), host: '127.0.0.1', notes: canary, ...signIn(canary, secret) },
  }),
  getConnection: on('connection'),
  patchConnection: async (tenant) => ({
    params: { id: await newConnection(tenant) },
    body: { notes: `${tenant.canary} again`, password: `${tenant.secret}-changed` },
  }),
  deleteConnection: onNew(newConnection),
  pauseConnection: onNew(newConnection),
  resumeConnection: onNew(newConnection),
  activateConnection: async (tenant) => {
    const id = await newConnection(tenant);
    await tenant.must('PATCH', `/connections/${id}`, { host: '127.0.0.2', password: `${tenant.secret}-new` });
    return { params: { id }, body: { force: true, reason: 'a reason' } };
  },
  deactivateConnection: onNew(newConnection),
  listConnectionRevisions: on('connection'),
  getConnectionRevision: ({ ids }) => ({ params: { id: ids.connection, revision: '1' } }),
  restoreConnectionRevision: async (tenant) => {
    const id = await newConnection(tenant);
    await tenant.must('PATCH', `/connections/${id}${FORCED}`, { notes: 'other' });
    return { params: { id, revision: '1' }, body: {} };
  },
  connectConnection: onNew(newMailbox),
  disconnectConnection: onNew(newMailbox),
  finishConnecting: () => ({ query: { state: 'x', code: 'y' }, status: 400 }),
  listSecrets: nothing,

  startConnectionTest: ({ ids }) => ({ body: { connection: ids.connection } }),
  listConnectionTests: nothing,
  getConnectionTest: on('test'),
  followConnectionTest: on('test'),
  cancelConnectionTest: on('test'),
  probeHost: () => ({ body: { host: '127.0.0.1' } }),
  discoverServers: () => ({ body: { domain: 'example.com' } }),
  adviseOnSender: () => ({ body: { from: 'a@example.com', host: '127.0.0.1' } }),
  listPresets: nothing,
  hintConnection: () => ({ body: { settings: { host: '127.0.0.1' } } }),

  getSettings: nothing,
  patchSettings: ({ canary }) => ({ body: { sender: { name: `${canary} again` } } }),
  getEffectiveSettings: nothing,
  listTenants: nothing,
  createTenant: () => ({ body: { slug: fresh('tenant'), name: 'A tenant' } }),
  getTenant: ({ slug }) => ({ params: { slug } }),
  patchTenant: ({ slug, canary }) => ({ params: { slug }, body: { name: `${canary} renamed` } }),

  listKeys: nothing,
  createKey: ({ canary }) => ({ body: { name: canary, role: 'tenant_viewer', kind: 'test' } }),
  getKey: on('apiKey'),
  patchKey: async (tenant) => ({ params: { id: await newKey(tenant) }, body: { notes: 'changed' } }),
  rollKey: onNew(newKey, { overlapHours: 1 }),
  revokeKey: onNew(newKey),
  listAudit: () => ({ query: { operation: 'createConnection' } }),
  exportAudit: nothing,
  getAuditEntry: on('entry'),
  verifyAudit: nothing,

  createVerification: ({ canary }) => ({
    body: { flow: 'one-time-code', to: `${fresh('bea')}-${canary}@example.net`, data: { ref: canary } },
  }),
  checkVerification: ({ ids }) => ({ body: { id: ids.verification, code: '000000' } }),
  getVerification: on('verification'),
  resendVerification: onNew(newVerification),
  revokeVerification: onNew(newVerification),

  getLiveness: nothing,
  getReadiness: nothing,
  getMetrics: nothing,
};

function signIn(canary: string, secret: string) {
  return { auth: 'password', username: canary, password: `${secret}-given`, allowPlaintextAuth: true };
}

/** Makes a tenant with one of everything. */
export async function plant(api: Api, slug: string): Promise<Planted> {
  const canary = `canary${slug}${randomBytes(6).toString('hex')}`;
  const secret = `secret${slug}${randomBytes(6).toString('hex')}`;
  const made = await api.ask('POST', '/tenants', { body: { slug, name: canary } });
  assert.equal(made.status, 201, made.text);
  const tenantId = String(made.at('id'));
  const key = await api.makeKey({ tenant: slug, name: canary });
  const must: Planted['must'] = async (method, path, body) => {
    const answer = await api.ask(method, path, { key, ...(body !== undefined && { body }) });
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.text}`);
    return answer;
  };
  const ids = {
    connection: '',
    connectionName: '',
    message: '',
    verification: '',
    test: '',
    apiKey: '',
    entry: '',
  };
  const planted: Planted = { api, slug, tenantId, canary, secret, key, ids, must };
  await must('PATCH', '/settings', {
    sender: { name: canary, address: `app-${canary}@example.com` },
    flows: { 'one-time-code': { resendSeconds: 0 } },
  });
  ids.connectionName = fresh(`relay-of-${slug}`);
  ids.connection = await newConnection(planted, { name: ids.connectionName });
  const sent = { key, body: textsWith(canary), headers: { 'idempotency-key': 'the-same-for-all' } };
  ids.message = String((await api.ask('POST', '/messages', sent)).at('id'));
  ids.verification = await newVerification(planted);
  ids.apiKey = await newKey(planted);
  ids.test = String((await must('POST', '/connection-tests', { connection: ids.connection })).at('id'));
  while ((await must('GET', `/connection-tests/${ids.test}`)).at('status') === 'running')
    await new Promise((resolve) => setImmediate(resolve));
  ids.entry = String((await must('GET', '/audit')).at('items[0].id'));
  return planted;
}

/** The address of a request for `ask`. */
export function addressOf(
  { path }: { readonly path: string },
  { params = {}, query }: Pick<SeedRequest, 'params' | 'query'>,
): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_all, name: string) =>
    encodeURIComponent(params[name] ?? ''),
  );
  const search = query === undefined ? '' : `?${new URLSearchParams({ ...query }).toString()}`;
  return `/${filled}${search}`;
}

/** Why there is no seed, for whoever adds an operation. */
export function seedOf(operationId: string): Seed {
  const seed = SEEDS[operationId];
  assert.ok(
    seed,
    `${operationId} has no seed: add one to SEEDS in server/test/route-seeds.ts, a request that succeeds in a tenant. ` +
      'If it takes an id of a new kind, plant one in `plant` as well.',
  );
  return seed;
}
