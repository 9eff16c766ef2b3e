import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openApi, relayToml, refusal } from '../../test/api-scene.ts';
import { startPeer } from '../../test/smtp-peer.ts';
import { forEachStore, openTestSqlite } from '../../test/stores.ts';

forEachStore('GET /messages/{id}', (open) => {
  test('200: attempts with their phases, the words of the server, and the timeline', async (t) => {
    let refusals = 0;
    const peer = await startPeer({
      script: ({ command }) => {
        if (command.startsWith('RCPT TO:<no@')) return '550 5.1.1 No such user here\r\n';
        if (!command.startsWith('RCPT TO:<later@') || refusals > 0) return undefined;
        refusals += 1;
        return '451 4.7.1 Come back later\r\n';
      },
    });
    t.after(() => peer.close());
    const api = await openApi(t, open, { toml: relayToml(peer.port) });
    const id = await api.send({ to: ['ana@example.net', 'no@example.net', 'later@example.net'] });
    await api.reaches(id, 'failed'); // the worst of them
    assert.equal((await api.ask('POST', `/messages/${id}/retry`)).status, 200);
    const shown = await api.until(id, (now) => now.at('recipients[2].state') === 'accepted');
    const expected = {
      'recipients[0].state': 'accepted',
      'recipients[1].state': 'failed',
      'recipients[1].reply': '550 5.1.1 No such user here',
      'recipients[1].errorId': 'smtp.no_such_user',
      'recipients[2].attempts': 1,
      'attempts[0].outcome': 'rejected',
      'attempts[0].connection.name': 'relay',
      'attempts[0].recipients[0].outcome': 'accepted',
      'attempts[0].recipients[2].reply': '451 4.7.1 Come back later',
      'attempts[0].recipients[2].address': 'later@example.net',
      'attempts[0].peer.reused': false,
      'attempts[1].outcome': 'accepted',
      'timeline[0].type': 'message.received',
    };
    for (const [path, value] of Object.entries(expected)) assert.deepEqual(shown.at(path), value, path);
    const phases = shown.at('attempts[0].phases') as { phase: string; ms: number; reply?: string }[];
    const names = phases.map(({ phase }) => phase);
    for (const phase of ['connect', 'greeting', 'ehlo', 'mail-from', 'rcpt-to', 'data', 'accepted'])
      assert.ok(names.includes(phase), `${phase} in ${names.join()}`);
    assert.ok(phases.every(({ ms }) => ms >= 0));
    assert.match(String(shown.at('attempts[0].transcript')), /RCPT TO:<no@example\.net>/);
    assert.match(String(phases.at(-1)?.reply), /^250 2\.0\.0 Ok: queued as 4711/);
  });

  test('W3: 404 for a message of another tenant, in the same octets as for one that is not', async (t) => {
    const api = await openApi(t, open, { working: false, toml: '[[tenants]]\nslug = "acme"\n' });
    const mine = await api.send();
    const none = `${mine.slice(0, -1)}${mine.endsWith('0') ? '1' : '0'}`;
    const key = await api.makeKey({ tenant: 'acme' });
    const calls = [
      ...['', '/source', '/explain'].map((rest) => ['GET', rest] as const),
      ...['/cancel', '/retry', '/resend'].map((rest) => ['POST', rest] as const),
    ];
    for (const [method, rest] of calls) {
      const [theirs, nobodys] = await Promise.all(
        [mine, none].map((id) =>
          api.ask(method, `/messages/${id}${rest}`, { key, ...(method === 'POST' && { body: {} }) }),
        ),
      );
      assert.ok(theirs && nobodys);
      refusal(theirs, 404, 'not_found');
      assert.equal(theirs.text.replaceAll(mine, 'ID'), nobodys.text.replaceAll(none, 'ID'));
    }
    assert.equal(
      (await api.ask('GET', `/messages/${mine}`)).at('state'),
      'queued',
      'and nothing was done to it',
    );
  });
});

test('GET /messages/{id}/source: the octets that are sent, as a file', async (t) => {
  const peer = await startPeer();
  t.after(() => peer.close());
  const api = await openApi(t, openTestSqlite, { toml: relayToml(peer.port) });
  const content = Buffer.alloc(700_000, 'posthorn').toString('base64'); // several stored parts
  const attachments = [{ filename: 'big.bin', contentType: 'application/octet-stream', content }];
  const id = await api.send({ text: 'a line\n.\n.dots at the start\n', attachments });
  await api.reaches(id, 'accepted');
  const source = await api.ask('GET', `/messages/${id}/source`);
  assert.equal(source.headers['content-type'], 'message/rfc822');
  assert.equal(source.headers['content-disposition'], `attachment; filename="${id}.eml"`);
  assert.equal(source.headers['cache-control'], 'no-store');
  const [arrived] = peer.messages;
  assert.ok(arrived);
  const unstuffed = arrived.wire.toString('latin1').replaceAll('\r\n..', '\r\n.');
  assert.equal(source.bytes.toString('latin1'), unstuffed);
  const shown = await api.ask('GET', `/messages/${id}`);
  assert.equal(shown.at('sizeBytes'), source.bytes.length);
});

test('GET /messages/{id}/explain: the connection that would be taken, or why there is none', async (t) => {
  const more = (name: string, rest: string): string =>
    `[[connections]]\nname = "${name}"\nhost = "127.0.0.1"\nport = 9\nsecurity = "none"\n${rest}\n`;
  const toml = `${relayToml(9)}${more('spare', 'priority = 200')}${more('others', 'senders = ["@other.example"]')}`;
  const api = await openApi(t, openTestSqlite, { toml, working: false });
  const id = await api.send();
  const chosen = await api.ask('GET', `/messages/${id}/explain`);
  assert.equal(chosen.status, 200, chosen.text);
  assert.equal(chosen.at('route.connection'), 'relay');
  const verdicts = (chosen.at('route.considered') as { connection: string; verdict: string }[]).map(
    ({ connection, verdict }) => `${connection} ${verdict}`,
  );
  assert.deepEqual(verdicts, ['others passed over', 'relay chosen', 'spare in reserve']);
  assert.match(String(chosen.at('route.considered[0].why')), /may not send as app@example\.com/);

  for (const name of ['relay', 'spare']) await api.ask('POST', `/connections/${name}/pause`);
  const none = await api.ask('GET', `/messages/${id}/explain`);
  assert.equal(none.at('route.connection'), null);
  assert.equal(none.at('route.reason'), 'connection_unusable');
  assert.match(none.text, /is paused/);
  assert.equal(none.at('kept'), null, 'it would be sent, if it could');

  const captured = await api.send({}, { key: await api.makeKey({ kind: 'test' }) });
  assert.equal((await api.ask('GET', `/messages/${captured}/explain`)).at('kept'), 'test key');
});
