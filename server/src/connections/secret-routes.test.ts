import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openApi, refusal, type Api } from '../../test/api-scene.ts';
import { forEachStore } from '../../test/stores.ts';

const DAY = 86_400_000;
const inDays = (days: number): string => new Date(Date.now() + days * DAY).toISOString().slice(0, 10);
const SMTP = { host: 'relay.example.com', auth: 'password', username: 'app', password: 'correct horse' };

const TOML = `[[connections]]
name = "declared"
host = "relay.example.com"
auth = "password"
username = "app"
password = "file:/run/secrets/relay"
secret_expires_on = "${inDays(-3)}"
[[tenants]]
slug = "acme"
`;

async function add(api: Api, name: string, more: object, headers = {}): Promise<string> {
  const made = await api.ask('POST', '/connections?force=true&reason=test', {
    body: { ...SMTP, name, ...more },
    headers,
  });
  assert.equal(made.status, 201, made.text);
  return String(made.at('id'));
}

forEachStore('calendar of secrets', (open) => {
  test('what needs attention comes first, and no value is in it', async (t) => {
    const api = await openApi(t, open, { toml: TOML });
    await add(api, 'fresh', {});
    await add(api, 'soon', { secretExpiresOn: inDays(20) });
    await add(api, 'urgent', { secretExpiresOn: inDays(5) });
    const old = await add(api, 'old', {});
    await add(api, 'of-tenant', {}, { 'posthorn-tenant': 'acme' });
    await add(api, 'open', { auth: 'anonymous', username: undefined, password: undefined });
    const tables = api.db.tables<{
      connection_secrets: { revision_id: string; rotated_at: number };
      connection_revisions: { id: string; connection_id: string };
    }>();
    await tables
      .updateTable('connection_secrets')
      .set({ rotated_at: Math.floor(Date.now() - 200.5 * DAY) })
      .where('revision_id', 'in', (e) =>
        e.selectFrom('connection_revisions').select('id').where('connection_id', '=', old),
      )
      .execute();
    await api.connections.refresh();

    const answer = await api.ask('GET', '/secrets');
    assert.equal(answer.status, 200, answer.text);
    const items = answer.at('items') as { connection: string; attention: string; detail: string | null }[];
    assert.deepEqual(
      items.map(({ connection, attention }) => `${connection} ${attention}`),
      ['declared expired', 'urgent urgent', 'soon soon', 'old old', 'fresh none', 'of-tenant none'],
    );
    assert.equal(items[3]?.detail, 'was set 200 days ago');
    assert.equal(answer.at('items[0].reference'), 'file:/run/secrets/relay');
    assert.equal(answer.at('items[0].rotatedAt'), null);
    assert.equal(answer.at('items[1].expiresInDays'), 5);
    assert.doesNotMatch(answer.text, /correct/);
    const shown = await api.ask('GET', `/connections/${old}`);
    assert.deepEqual([shown.at('password.ageDays'), shown.at('password.source')], [200, 'api']);

    const ofTenant = await api.ask('GET', '/secrets', { headers: { 'posthorn-tenant': 'acme' } });
    assert.deepEqual(
      (ofTenant.at('items') as { connection: string }[]).map(({ connection }) => connection),
      ['of-tenant'],
    );
  });

  test('W4: only instance admins see the calendar', async (t) => {
    const api = await openApi(t, open, { toml: TOML });
    for (const wanted of [
      { tenant: 'acme' },
      { tenant: 'acme', role: 'tenant_developer' },
      { role: 'instance_developer' },
    ] as const) {
      const key = await api.makeKey(wanted);
      refusal(await api.ask('GET', '/secrets', { key }), 403, 'forbidden');
    }
  });
});
