import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldErrors, openApi, refusal, relayToml, type Api } from '../../test/api-scene.ts';
import { createFakeClock } from '../../test/fake-clock.ts';
import { startPeer } from '../../test/smtp-peer.ts';
import { forEachStore, openTestSqlite } from '../../test/stores.ts';

const act = (api: Api, id: string, verb: string, body?: unknown) =>
  api.ask('POST', `/messages/${id}/${verb}`, body === undefined ? {} : { body });
const LATER = '2099-01-01T00:00:00Z';

/** Header fields that a new identity changes, and all the rest. */
function partsOf(source: string): { identity: string[]; rest: string } {
  const identity = /^(?:Message-ID|Date): .*\r\n/gm;
  const end = source.indexOf('\r\n\r\n');
  const header = source.slice(0, end + 2);
  return { identity: header.match(identity) ?? [], rest: header.replace(identity, '') + source.slice(end) };
}
const sourceOf = async (api: Api, id: string): Promise<string> =>
  (await api.ask('GET', `/messages/${id}/source`)).text;

forEachStore('what a person does with a message', (open) => {
  test('cancel: 200 while it waits, 409 afterwards; nothing is sent', async (t) => {
    const api = await openApi(t, open, { toml: '[delivery]\nmode = "live"\n' });
    const scheduled = await api.send({ sendAt: LATER });
    const held = await api.send(); // there is no connection
    await api.reaches(held, 'held');
    for (const id of [scheduled, held]) {
      const done = await act(api, id, 'cancel');
      assert.equal(done.status, 200, done.text);
      assert.equal(done.at('state'), 'cancelled');
      assert.equal(done.at('recipients[0].nextAttemptAt'), null);
      const timeline = done.at('timeline') as { type: string }[];
      assert.equal(timeline.at(-1)?.type, 'message.cancelled');
      assert.match(refusal(await act(api, id, 'cancel'), 409, 'not_cancellable'), /is cancelled/);
      refusal(await act(api, id, 'retry'), 409, 'conflict');
    }
    assert.equal(api.delivery.active, 0);
  });

  test('cancel and retry: 409 while it is being sent, and when it was', async (t) => {
    const go = Promise.withResolvers<undefined>();
    const peer = await startPeer({ script: ({ command }) => (command === '.' ? go.promise : undefined) });
    t.after(() => peer.close());
    const api = await openApi(t, open, { toml: relayToml(peer.port) });
    const id = await api.send();
    assert.equal((await api.ask('GET', `/messages/${id}`)).at('state'), 'sending');
    assert.match(refusal(await act(api, id, 'cancel'), 409, 'not_cancellable'), /is being sent right now/);
    refusal(await act(api, id, 'retry'), 409, 'conflict');
    assert.deepEqual((await api.ask('GET', '/messages?q=status:sending')).at('items[0].id'), id);
    go.resolve(undefined);
    await api.reaches(id, 'accepted');
    refusal(await act(api, id, 'cancel'), 409, 'not_cancellable');
    assert.match(refusal(await act(api, id, 'retry'), 409, 'conflict'), /Use resend/);
    assert.equal(peer.messages.length, 1);
  });

  test('Q9: retry sends a waiting message now, with the identity it was accepted with', async (t) => {
    let tries = 0;
    const seen: string[] = [];
    const peer = await startPeer({
      script: ({ command }) => {
        if (command !== '.') return undefined;
        tries += 1;
        seen.push(peer.messages.at(-1)?.wire.toString() ?? '');
        return tries === 1 ? '451 4.3.0 Later\r\n' : undefined;
      },
    });
    t.after(() => peer.close());
    const api = await openApi(t, open, { toml: relayToml(peer.port) });
    const id = await api.send();
    await api.reaches(id, 'deferred');
    const retried = await act(api, id, 'retry');
    assert.equal(retried.status, 200, retried.text);
    await api.reaches(id, 'accepted');
    assert.equal(seen.length, 2);
    assert.equal(seen[0], seen[1], 'Message-ID and Date included');
    assert.match(seen[0] ?? '', new RegExp(`^Message-ID: <${id}@example\\.com>\r$`, 'm'));

    const scheduled = await api.send({ sendAt: LATER });
    assert.equal((await act(api, scheduled, 'retry')).status, 200, 'a person may overrule the schedule');
    await api.reaches(scheduled, 'accepted');
  });

  test('Q9: resend is a new message with the same content, an identity of its own and a link back', async (t) => {
    const peer = await startPeer();
    t.after(() => peer.close());
    const api = await openApi(t, open, { toml: relayToml(peer.port) });
    const attachments = [
      { filename: 'big', contentType: 'a/b', content: Buffer.alloc(600_000, 7).toString('base64') },
    ];
    const headers = { 'X-Message-ID': 'mine', 'X-Date': 'never' };
    const text = 'Message-ID: <in the body>\nDate: none\n';
    const about = { tags: ['x'], metadata: { a: '1' }, class: 'account' };
    const cc = ['cy@example.net'];
    const id = await api.send({ ...about, text, headers, attachments, cc, bcc: ['di@example.net'] });
    await api.reaches(id, 'accepted');
    const again = await act(api, id, 'resend');
    assert.equal(again.status, 202, again.text);
    const copy = String(again.at('id'));
    assert.notEqual(copy, id);
    const shown = await api.reaches(copy, 'accepted');
    assert.deepEqual(
      ['resendOf', 'class', 'tags', 'metadata', 'subject', 'from.address'].map((path) => shown.at(path)),
      [id, 'account', ['x'], { a: '1' }, 'Hello', 'app@example.com'],
    );
    assert.deepEqual(
      (shown.at('recipients') as { kind: string }[]).map(({ kind }) => kind),
      ['to', 'cc', 'bcc'],
    );
    assert.equal(shown.at('timeline[0].data.resendOf'), id);
    const [before, after] = [partsOf(await sourceOf(api, id)), partsOf(await sourceOf(api, copy))];
    assert.equal(after.rest, before.rest);
    assert.equal(after.identity.length, 2);
    assert.ok(after.identity.some((line) => line === `Message-ID: <${copy}@example.com>\r\n`));
    assert.match(after.identity.join(''), /^Date: \w{3}, \d{2} \w{3} \d{4} [\d:]{8} \+0000\r$/m);
    assert.equal(shown.at('messageId'), `<${copy}@example.com>`);
    assert.equal(peer.messages.length, 2);
  });

  test('resend: to other recipients, who stand in no header', async (t) => {
    const api = await openApi(t, open, { toml: '[limits]\nrecipients = 2\n' });
    const id = await api.send();
    await api.reaches(id, 'captured');
    const to = ['bo@example.org', { name: 'Bo', address: 'BO@example.org' }];
    const again = await act(api, id, 'resend', { to });
    assert.equal(again.status, 202, again.text);
    const shown = await api.reaches(String(again.at('id')), 'captured');
    assert.deepEqual(
      (shown.at('recipients') as { kind: string; address: string }[]).map(({ kind, address }) => [
        kind,
        address,
      ]),
      [['bcc', 'bo@example.org']],
      'and nobody gets two copies',
    );
    const source = await sourceOf(api, String(again.at('id')));
    assert.match(source, /^To: ana@example\.net\r$/m);
    assert.doesNotMatch(source, /bo@example/i);

    const many = ['a', 'b', 'c'].map((name) => `${name}@example.org`);
    assert.match(
      fieldErrors(await act(api, id, 'resend', { to: many })).join(),
      /^to .*3 recipients; at most 2/,
    );
    for (const body of [{ to: [] }, { to: ['x'] }, { from: 'x@example.com' }])
      fieldErrors(await act(api, id, 'resend', body));
  });
});

test('resend with a test key captures, whatever became of the original', async (t) => {
  const peer = await startPeer();
  t.after(() => peer.close());
  const api = await openApi(t, openTestSqlite, { toml: relayToml(peer.port) });
  const id = await api.send();
  await api.reaches(id, 'accepted');
  const again = await api.ask('POST', `/messages/${id}/resend`, {
    key: await api.makeKey({ kind: 'test' }),
    body: {},
  });
  await api.reaches(String(again.at('id')), 'captured');
  assert.equal(peer.messages.length, 1);
});

test('Q9: a resend carries the date of its own acceptance, the original keeps its own', async (t) => {
  const clock = createFakeClock(Date.parse('2026-11-21T10:00:00Z'));
  const api = await openApi(t, openTestSqlite, { clock, working: false });
  const id = await api.send();
  clock.advance(26 * 3_600_000);
  const again = await act(api, id, 'resend');
  const dateOf = async (message: string) => /^Date: (.*)\r$/m.exec(await sourceOf(api, message))?.[1];
  assert.equal(await dateOf(id), 'Sat, 21 Nov 2026 10:00:00 +0000');
  assert.equal(await dateOf(String(again.at('id'))), 'Sun, 22 Nov 2026 12:00:00 +0000');
  assert.equal(again.at('createdAt'), '2026-11-22T12:00:00.000Z');
});
