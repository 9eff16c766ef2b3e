import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseMechanism, startMechanism } from './mechanisms.ts';
import type { Mechanism, MechanismName } from './sasl.ts';

function start(name: MechanismName, secret = 'pencil', username = 'user'): Mechanism {
  const token = name === 'XOAUTH2' || name === 'OAUTHBEARER';
  const signIn = token
    ? ({ kind: 'token', username, accessToken: secret } as const)
    : ({ kind: 'password', username, password: secret } as const);
  return startMechanism(name, { signIn, host: 'mx.test', port: 587, nonce: () => 'rOprNGfwEbeRWgbNEkqO' });
}

async function say(mechanism: Mechanism, challenge: string): Promise<string> {
  const said = await mechanism.answer(Buffer.from(challenge));
  return said.ok ? said.data.toString('utf8') : said.code;
}

const SERVER_FIRST = 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096';
const SERVER_FINAL = 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=';

test('SCRAM-SHA-256 speaks the example of RFC 7677 §3 and believes only a server that knows the password', async () => {
  const mechanism = start('SCRAM-SHA-256');
  assert.equal(String(mechanism.initial), 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO');
  assert.equal(
    await say(mechanism, SERVER_FIRST),
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  );
  assert.equal(mechanism.mayBelieve(), false);
  assert.equal(await say(mechanism, SERVER_FINAL), '');
  assert.equal(mechanism.mayBelieve(), true);
  assert.equal(await say(mechanism, 'more'), 'BAD_CHALLENGE');
});

test('SCRAM-SHA-256 does not answer what is not an answer to it', async () => {
  const bad = [
    SERVER_FIRST.replace('r=rOpr', 'r=xOpr'),
    'r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
    SERVER_FIRST.replace('i=4096', 'i=4095'),
    SERVER_FIRST.replace('i=4096', 'i=999999999'),
    SERVER_FIRST.replace(',i=4096', ''),
    'm=ext,r=x,s=AAAA,i=4096',
    '',
  ];
  for (const challenge of bad) {
    assert.equal(await say(start('SCRAM-SHA-256'), challenge), 'BAD_CHALLENGE', challenge);
  }
  for (const final of ['v=AAAA', 'v=', '', SERVER_FINAL.replace('6rri', '6rrj')]) {
    const mechanism = start('SCRAM-SHA-256');
    await say(mechanism, SERVER_FIRST);
    assert.equal(await say(mechanism, final), 'SERVER_NOT_PROVED', final);
    assert.equal(mechanism.mayBelieve(), false);
  }
});

test('CRAM-MD5 speaks the example of RFC 2195 §2', async () => {
  const mechanism = start('CRAM-MD5', 'tanstaaftanstaaf', 'tim');
  assert.equal(
    await say(mechanism, '<1896.697170952@postoffice.reston.mci.net>'),
    'tim b913a602c7eda7a495b4e6e7334d3890',
  );
});

test('PLAIN, LOGIN, XOAUTH2 and OAUTHBEARER say what they must and no more', async () => {
  assert.equal(String(start('PLAIN').initial), '\0user\0pencil');
  assert.equal(await say(start('PLAIN'), 'more'), 'BAD_CHALLENGE');
  const login = start('LOGIN');
  assert.deepEqual(
    [await say(login, 'x'), await say(login, 'y'), await say(login, 'z')],
    ['user', 'pencil', 'BAD_CHALLENGE'],
  );
  assert.equal(String(start('XOAUTH2', 'ya29').initial), 'user=user\x01auth=Bearer ya29\x01\x01');
  assert.equal(await say(start('XOAUTH2'), '{"status":"401"}'), '');
  assert.equal(
    String(start('OAUTHBEARER', 'ya29', 'a=b,c').initial),
    'n,a=a=3Db=2Cc,\x01host=mx.test\x01port=587\x01auth=Bearer ya29\x01\x01',
  );
  assert.equal(await say(start('OAUTHBEARER'), '{"status":"401"}'), '\x01');
});

test('over TLS the most common mechanism wins, in the clear the one that hides the password', () => {
  const all = ['CRAM-MD5', 'LOGIN', 'SCRAM-SHA-256', 'PLAIN', 'XOAUTH2', 'OAUTHBEARER', 'GSSAPI'];
  assert.equal(chooseMechanism('password', all, true), 'PLAIN');
  assert.equal(chooseMechanism('password', all, false), 'SCRAM-SHA-256');
  assert.equal(chooseMechanism('password', ['PLAIN', 'CRAM-MD5'], false), 'CRAM-MD5');
  assert.equal(chooseMechanism('token', all, true), 'XOAUTH2');
  assert.equal(chooseMechanism('password', ['GSSAPI', 'XOAUTH2'], true), undefined);
});
