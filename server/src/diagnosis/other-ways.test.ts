/** Tests of connections that are not SMTP: their own stages, and what they leave behind. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openApi } from '../../test/api-scene.ts';
import { makeCertificates } from '../../test/certificates.ts';
import { startGraph } from '../../test/graph-server.ts';
import { forEachStore } from '../../test/stores.ts';
import { runTest as run, stageIn as stage, stagesIn as stages } from '../../test/test-run-scene.ts';
import { CLIENT, startTokenServer } from '../../test/token-server.ts';

const root = mkdtempSync(join(tmpdir(), 'posthorn-other-ways-'));
after(() => {
  rmSync(root, { recursive: true });
});

const SENDER = '[sender]\naddress = "app@example.com"\n';

forEachStore('tests of other ways out', (open) => {
  test('a check of a pickup folder leaves nothing there; a test leaves one message', async (t) => {
    const api = await openApi(t, open, { toml: `${SENDER}[pickup]\nfolders = ["${root}"]\n` });
    const folder = join(root, `f${String(Math.random()).slice(2)}`);
    mkdirSync(folder);
    const settings = { type: 'pickup', name: 'folder', folder };
    const checked = await run(api, { settings });
    assert.equal(checked.at('status'), 'passed', checked.text);
    assert.deepEqual(stages(checked), ['settings ok', 'data ok']);
    assert.deepEqual(readdirSync(folder), []);
    const tested = await run(api, { settings, to: 'ana@example.net' });
    assert.deepEqual(stages(tested), ['settings ok', 'data ok', 'accepted ok'], tested.text);
    const [name = ''] = readdirSync(folder);
    assert.match(
      readFileSync(join(folder, name), 'utf8'),
      /^X-Sender: .*\r\nX-Receiver: ana@example\.net\r\n/,
    );
  });

  test('a folder that is missing or not opened fails its test by name, for a tenant always', async (t) => {
    const api = await openApi(t, open, {
      toml: `${SENDER}[pickup]\nfolders = ["${root}"]\n[[tenants]]\nslug = "acme"\n`,
    });
    const escape = join(root, `link${String(Math.random()).slice(2)}`);
    symlinkSync('/etc', escape);
    const cases = [
      [join(root, 'missing'), 'pickup.not_found'],
      ['/etc', 'pickup.not_allowed'],
      [escape, 'pickup.not_allowed'],
    ] as const;
    for (const [folder, expected] of cases) {
      for (const to of [{}, { to: 'ana@example.net' }]) {
        const done = await run(api, { settings: { type: 'pickup', name: 'f', folder }, ...to });
        assert.equal(done.at('failedStage'), 'settings', done.text);
        assert.equal(stage(done, 'settings').diagnosis?.id, expected);
      }
    }
    const key = await api.makeKey({ tenant: 'acme', role: 'tenant_admin' });
    const theirs = { type: 'pickup', name: 'f', folder: root };
    const done = await run(api, { settings: theirs }, key);
    assert.equal(stage(done, 'settings').diagnosis?.id, 'pickup.not_allowed', done.text);
    const saved = await api.ask('POST', '/connections', {
      body: theirs,
      headers: { 'posthorn-tenant': 'acme' },
    });
    assert.equal(saved.status, 422, saved.text);
  });

  test('Microsoft Graph: a check shows the token, a test sends, each with its own stages', async (t) => {
    const api = await openApi(t, open, { toml: SENDER });
    const [graph, token] = [await startGraph(), await startTokenServer()];
    t.after(() => Promise.all([graph.close(), token.close()]));
    const settings = {
      ...{ type: 'graph', name: 'graph', username: 'no-reply@example.com', clientId: CLIENT.id },
      ...{ clientSecret: CLIENT.secret, tokenUrl: token.tokenUrl },
      ...{ graphUrl: graph.origin, ca: makeCertificates().ca },
    };
    const way = ['settings ok', 'token ok', 'dns ok', 'connect ok', 'tls ok'];
    const checked = await run(api, { settings });
    assert.deepEqual(stages(checked), [...way, 'auth ok'], checked.text);
    assert.equal(graph.sent.length, 0);
    const tested = await run(api, { settings, to: 'ana@example.net' });
    assert.deepEqual(stages(tested), [...way, 'data ok', 'accepted ok'], tested.text);
    assert.deepEqual(graph.sent[0]?.recipients, ['ana@example.net']);
    assert.deepEqual(stage(tested, 'accepted').summary, { queueId: 'b1e5-0000-4711' });
    assert.match(stage(tested, 'tls').fact ?? '', /^TLS 1\.3, localhost, \d+ days? left$/);
    for (const secret of [...token.secrets, CLIENT.secret])
      assert.ok(![checked, tested].some(({ text }) => text.includes(secret)));

    graph.next.push({ status: 403, code: 'ErrorAccessDenied', message: 'Access is denied.' });
    const denied = await run(api, { settings, to: 'ana@example.net' });
    assert.equal(denied.at('failedStage'), 'data');
    assert.equal(stage(denied, 'data').diagnosis?.id, 'graph.forbidden');
    graph.look = 404;
    const missing = await run(api, { settings });
    assert.equal(missing.at('failedStage'), 'auth', missing.text);
    const wrong = await run(api, { settings: { ...settings, clientSecret: 'wrong' } });
    assert.deepEqual(
      [wrong.at('failedStage'), stage(wrong, 'token').diagnosis?.id],
      ['token', 'entra.bad_secret'],
    );
    graph.next.push('hang up');
    const doubtful = await run(api, { settings, to: 'ana@example.net' });
    assert.equal(stage(doubtful, 'accepted').diagnosis?.id, 'smtp.dropped_in_data', doubtful.text);
  });
});
