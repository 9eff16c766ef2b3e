/**
 * The people of the server, as a new user would meet them: over HTTP with a cookie jar, and a mailbox behind a real
 * Postfix. Set up, invite, activate from the mailed link, sign in with a mailed code, forget and reset the password, an
 * old link, locked out and let in again.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBrowser, type Browser } from './browser.ts';
import { until } from './child.ts';
import { mayRunPostfix } from './postfix-instance.ts';
import { startPostfix, type Relay } from './postfix.ts';
import { headerOf, readReceived } from './received.ts';
import { makeHome, posthorn, startPosthorn } from './server.ts';
import { toml } from './toml.ts';
import { cleanupOf } from './world.ts';

const skip = mayRunPostfix() ? false : 'Postfix runs as root only';
const SARA = 'sara@acme.example';
const FIRST = 'three horses and a cart';
const SECOND = 'four horses and no cart';
const SETTINGS = `
[[tenants]]
slug = "acme"
`;

/** The mailbox of everybody: texts of mails by recipient, oldest first. */
function mailboxOf(relay: Relay) {
  const seen = new Map<string, number>();
  const read = async (address: string): Promise<{ subject: string; text: string }[]> => {
    const all = await Promise.all((await relay.delivered()).map(readReceived));
    return all
      .filter((mail) => headerOf(mail, 'To')?.includes(address))
      .map((mail) => ({
        subject: headerOf(mail, 'Subject') ?? '',
        text: mail.parts.map(({ text }) => text ?? '').join(''),
        date: Date.parse(headerOf(mail, 'Date') ?? ''),
      }))
      .toSorted((a, b) => a.date - b.date);
  };
  return {
    read,
    /** The next mail with this in its subject. */
    async next(address: string, subject: RegExp): Promise<string> {
      const key = `${address} ${String(subject)}`;
      const had = seen.get(key) ?? 0;
      const found = await until(`mail ${String(subject)} to ${address}`, async () => {
        const fitting = (await read(address)).filter((mail) => subject.test(mail.subject));
        return fitting.length > had ? fitting.at(-1) : undefined;
      });
      seen.set(key, had + 1);
      return found.text;
    },
  };
}

const pathIn = (text: string): string =>
  /https?:\/\/[^/\s]+(\/(?:invite|reset)\/[\w-]+)/.exec(text)?.[1] ?? assert.fail(text);
const codeIn = (text: string): string => /\b(\d{6})\b/.exec(text)?.[1] ?? assert.fail(text);

function state(answer: { readonly status: number; readonly text: string }, status: number): string {
  assert.equal(answer.status, status, answer.text);
  return answer.text;
}

test('set up, invited, signed in with a code, reset, locked out and let in again', { skip }, async (t) => {
  const cleanup = cleanupOf(t);
  const relay = await startPostfix();
  cleanup(() => relay.stop());
  const mailbox = mailboxOf(relay);
  const connection = { name: 'relay', host: relay.host, port: relay.anonymousPort, security: 'none' };
  const home = await makeHome(toml({ connections: [connection], more: SETTINGS }));
  cleanup(() => home.remove());
  const server = await startPosthorn(home);
  cleanup(() => server.stop());
  const asked = (who: Browser, email: string, password: string) =>
    who.api('POST', '/session', { email, password });

  // The code that the terminal shows makes the first administrator, and only that code.
  const shown =
    /Setup\s+([A-Z0-9]{4}(?:-[A-Z0-9]{4}){2})/.exec(server.output())?.[1] ?? assert.fail(server.output());
  const ana = openBrowser(server);
  const setUp = { code: shown, email: 'ana@northwind.example', name: 'Ana', password: FIRST };
  state(await openBrowser(server).api('POST', '/setup', { ...setUp, code: 'AAAA-AAAA-AAAA' }), 422);
  state(await ana.api('POST', '/setup', setUp), 201);
  state(await openBrowser(server).api('POST', '/setup', setUp), 422);
  const place = ['--config', home.configFile, '--data', home.dataDir];
  assert.match((await posthorn(home, ['setup-code', ...place])).stderr, /There is an administrator already/);

  // A tenant admin is invited, follows the link in the mail, and chooses a password.
  const acme = { 'posthorn-tenant': 'acme' };
  state(await ana.api('POST', '/invitations', { email: SARA, role: 'tenant_admin' }, acme), 201);
  const invitation = pathIn(await mailbox.next(SARA, /invited/i));
  const sara = openBrowser(server);
  for (let look = 0; look < 3; look += 1)
    assert.match(state(await sara.open(invitation), 200), /Choose a password for sara@acme\.example/);
  assert.match(state(await sara.submit(invitation, { name: 'Sara', password: 'short' }), 400), /at least 10/);
  assert.match(state(await sara.submit(invitation, { name: 'Sara', password: FIRST }), 200), /ready/);
  assert.match(state(await sara.open(invitation), 400), /This link is over/);
  state(await asked(sara, SARA, FIRST), 200);
  const account = await sara.api('GET', '/account');
  assert.deepEqual(account.json()['roles'], [{ tenant: 'acme', name: 'acme', role: 'tenant_admin' }]);
  state(await sara.api('PATCH', '/settings', { sender: { name: 'Acme' } }), 200);
  state(await sara.api('GET', '/tenants'), 403);

  // From now on a code from mail completes the sign-in.
  state(await sara.api('POST', '/account/second-step', { password: FIRST, secondStep: 'email' }), 204);
  const other = openBrowser(server);
  assert.match(state(await asked(other, SARA, FIRST), 200), /second_step/);
  state(await other.api('GET', '/account'), 401);
  const code = codeIn(await mailbox.next(SARA, /code/i));
  state(await other.api('POST', '/session/code', { code: code === '000000' ? '000001' : '000000' }), 401);
  state(await other.api('POST', '/session/code', { code }), 200);
  state(await other.api('GET', '/account'), 200);
  state(await other.api('POST', '/session/code', { code }), 401);

  // Guessing locks this address out; a forgotten password, reset by mail, lets the owner in again.
  const guesser = openBrowser(server);
  for (let n = 0; n < 5; n += 1) state(await asked(guesser, SARA, `guess number ${String(n)}`), 401);
  state(await asked(guesser, SARA, FIRST), 429);
  state(await guesser.api('POST', '/password-reset', { email: 'nobody@acme.example' }), 202);
  state(await guesser.api('POST', '/password-reset', { email: SARA }), 202);
  const reset = pathIn(await mailbox.next(SARA, /password/i));
  assert.match(state(await guesser.open(reset), 200), /Choose a new password/);
  assert.match(state(await guesser.submit(reset, { password: SECOND }), 200), /signed out everywhere/);
  assert.match(state(await guesser.submit(reset, { password: FIRST }), 400), /This link is over/);
  await until('the old sessions to be over', async () =>
    (await sara.api('GET', '/account')).status === 401 && (await other.api('GET', '/account')).status === 401
      ? true
      : undefined,
  );
  assert.match(await mailbox.next(SARA, /was changed/), /signed out everywhere/);
  state(await asked(guesser, SARA, FIRST), 401);
  assert.match(state(await asked(guesser, SARA, SECOND), 200), /second_step/);
  assert.deepEqual(await mailbox.read('nobody@acme.example'), []);
  const secrets = [
    FIRST,
    SECOND,
    invitation.split('/')[2],
    reset.split('/')[2],
    code,
    ...ana.cookies.values(),
  ];
  for (const secret of secrets)
    assert.ok(secret !== undefined && !server.output().includes(secret), 'no secret is in the log');
});
