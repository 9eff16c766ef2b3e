import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeCertificates } from '../../test/certificates.ts';
import { startPeer, type PeerOptions } from '../../test/smtp-peer.ts';
import { mailOf, poolOf, targetOf, words } from '../../test/smtp-scene.ts';
import type { SendReport, TokenGiven, TokenSource } from './smtp.ts';

const { ca, cert, key } = makeCertificates();

/** A source that gives these one after another, and what it was asked. */
function sourceOf(...given: TokenGiven[]) {
  const asked: (string | undefined)[] = [];
  const token: TokenSource = ({ refused }) => {
    asked.push(refused);
    return Promise.resolve(given[Math.min(asked.length, given.length) - 1] as TokenGiven);
  };
  return { token, asked };
}

const facts = {
  ...{ endpoint: 'https://token.example.test/oauth2/token', grant: 'client_credentials', scopes: ['mail'] },
  lifetimeSeconds: 3599,
};
const given = (accessToken: string, kept: boolean): TokenGiven => ({
  ok: true,
  accessToken,
  facts: { ...facts, kept },
});

/** Lets in who shows this token. */
function doorOf(good: string, mechanisms: readonly string[] = ['XOAUTH2']): PeerOptions {
  return {
    tls: { key, cert },
    auth: {
      mechanisms,
      next: (_, answers) => {
        if (answers.length === 0) return { challenge: '' };
        if (answers[0]?.includes(`auth=Bearer ${good}\x01`) === true) return { reply: '235 2.7.0 Welcome' };
        return answers.length === 1 ? { challenge: '{"status":"401"}' } : { reply: '535 5.7.3 Not you' };
      },
    },
  };
}

async function sendWith(
  options: PeerOptions,
  token: TokenSource,
  mails = 1,
): Promise<{ reports: SendReport[]; commands: string[]; connections: number }> {
  const peer = await startPeer(options);
  const target = targetOf(peer.port, {
    security: 'starttls',
    tls: { minVersion: 'TLSv1.2', verify: true, ca },
    signIn: { kind: 'token-source', username: 'me@from.test', token },
  });
  const pool = poolOf(target);
  const reports: SendReport[] = [];
  for (let count = 0; count < mails; count += 1) reports.push(await pool.send(mailOf()));
  await pool.stop(1000);
  const done = { reports, commands: peer.commands, connections: peer.connections() };
  await peer.close();
  return done;
}

test('K9: a token is asked for when a line is opened, and not for every message', async () => {
  const source = sourceOf(given('first', false));
  const { reports } = await sendWith(doorOf('first'), source.token, 3);
  assert.deepEqual(reports.map(words), [['250'], ['250'], ['250']]);
  assert.deepEqual(source.asked, [undefined]);
  assert.equal(reports[0]?.phases[0]?.phase, 'token');
  assert.match(
    reports[0]?.transcript ?? '',
    /^\+0 \*\* an access token from token\.example\.test, good for 3599 s/,
  );
});

test('K9: OAUTHBEARER where only that is offered', async () => {
  const source = sourceOf(given('first', false));
  const { reports, commands } = await sendWith(doorOf('first', ['PLAIN', 'OAUTHBEARER']), source.token);
  assert.deepEqual(reports.map(words), [['250']]);
  assert.ok(commands.some((command) => command.startsWith('AUTH OAUTHBEARER ')));
});

test('K9: a kept token that is refused is asked for anew, once, and the token that was refused is named', async () => {
  const source = sourceOf(given('old', true), given('new', false));
  const { reports, connections } = await sendWith(doorOf('new'), source.token);
  assert.deepEqual(reports.map(words), [['250']]);
  assert.deepEqual(source.asked, [undefined, 'old']);
  assert.equal(connections, 2);
  assert.match(reports[0]?.transcript ?? '', /the kept access token was refused/);
  assert.doesNotMatch(reports[0]?.transcript ?? '', /Bearer|old|user=/);
});

test('K9: a second refusal is the last word, and a new token that is refused is not asked for again', async () => {
  const twice = sourceOf(given('old', true), given('older', true));
  const first = await sendWith(doorOf('good'), twice.token);
  assert.deepEqual(words(first.reports[0] as SendReport), ['535']);
  assert.equal(first.reports[0]?.session?.phase, 'auth');
  assert.equal(twice.asked.length, 2);
  const fresh = sourceOf(given('fresh', false));
  const second = await sendWith(doorOf('good'), fresh.token);
  assert.deepEqual(words(second.reports[0] as SendReport), ['535']);
  assert.equal(fresh.asked.length, 1);
});

test('without a token nothing is dialled, and the phase is `token`', async () => {
  const failure = { kind: 'api', code: 'invalid_client', message: 'AADSTS7000222: expired' } as const;
  const source = sourceOf({ ok: false, failure, facts: { ...facts, kept: false } });
  const { reports, connections } = await sendWith(doorOf('good'), source.token);
  assert.deepEqual(reports[0]?.session, { phase: 'token', failure });
  assert.deepEqual(
    reports[0]?.phases.map(({ phase }) => phase),
    ['token'],
  );
  assert.equal(connections, 0);
});
