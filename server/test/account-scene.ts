/**
 * What tests of accounts start from: the API with a relay that keeps the mail, and browsers with cookies of their own.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { startRecordingSink, type RecordingSink } from '../../e2e/recording-sink.ts';
import { makeSetupCode } from '../src/accounts/accounts.ts';
import type { Clock } from '../src/base/clock.ts';
import { systemClock } from '../src/base/clock.ts';
import { bodyText } from './body-text.ts';
import { openApi, relayToml, type Answer, type Api } from './api-scene.ts';
import type { TestStore } from './stores.ts';

export const PASSWORD = 'a horse in the post office';

export interface Browser {
  /** Cookies as they are now, `name=value`. */
  readonly cookies: Map<string, string>;
  ask(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer>;
  /** Signs in with the password, and the code from the mail where one is asked for. */
  signIn(email: string, password?: string): Promise<Answer>;
}

export interface AccountScene {
  readonly api: Api;
  readonly sink: RecordingSink;
  /** A browser that nobody is signed in at, at this network address. */
  browser(address?: string): Browser;
  /** The first administrator, signed in. */
  readonly admin: Browser;
  /** Waits for the mail to this address after those that were read before, and answers its text. */
  mailTo(address: string): Promise<string>;
  /** The last part of the link in the next mail to this address. */
  linkTo(address: string): Promise<string>;
  /** The code in the next mail to this address. */
  codeTo(address: string): Promise<string>;
  /** Invites into a tenant (of the instance without one) and accepts. */
  invited(email: string, role: string, tenant?: string): Promise<Browser>;
}

export const ADMIN = 'ana@example.com';

export async function openAccounts(
  t: TestContext,
  open: () => Promise<TestStore>,
  options: { readonly toml?: string; readonly clock?: Clock } = {},
): Promise<AccountScene> {
  const sink = await startRecordingSink({ keep: true });
  t.after(() => sink.close());
  const { clock = systemClock, toml = '' } = options;
  const api = await openApi(t, open, {
    clock,
    toml: `${relayToml(sink.port)}
[sender]
address = "posthorn@example.com"
[server]
public_url = "https://mail.example.com"
${toml}`,
  });
  const read = new Map<string, number>();
  const scene: Omit<AccountScene, 'admin'> = {
    api,
    sink,
    browser: (address) => createBrowser(api, scene, address),
    async mailTo(address) {
      const from = read.get(address) ?? 0;
      const to = () => sink.arrivals.filter(({ recipients }) => recipients.includes(address));
      await sink.waitUntil(`mail to ${address}`, () => to().length > from);
      read.set(address, from + 1);
      // Until it is settled: a clock that a test moves on would cut the line that its reply comes over.
      while (api.delivery.active > 0) await new Promise((resolve) => setImmediate(resolve));
      return bodyText(to()[from]?.content ?? '');
    },
    async linkTo(address) {
      const mail = await scene.mailTo(address);
      return /https:\/\/mail\.example\.com\/[a-z-]+\/([\w-]+)/.exec(mail)?.[1] ?? assert.fail(mail);
    },
    async codeTo(address) {
      const mail = await scene.mailTo(address);
      return /\b(\d{6})\b/.exec(mail.slice(mail.indexOf('\r\n\r\n')))?.[1] ?? assert.fail(mail);
    },
    async invited(email, role, tenant) {
      const headers = tenant === undefined ? {} : { 'posthorn-tenant': tenant };
      const made = await admin.ask('POST', '/invitations', { email, role }, headers);
      assert.equal(made.status, 201, made.text);
      const browser = scene.browser();
      const token = await scene.linkTo(email);
      const done = await browser.ask('POST', '/invitations/accept', {
        token,
        name: email,
        password: PASSWORD,
      });
      assert.equal(done.status, 201, done.text);
      const signedIn = await browser.signIn(email);
      assert.equal(signedIn.status, 200, signedIn.text);
      return browser;
    },
  };
  const admin = scene.browser();
  const code = (await makeSetupCode(api.db, clock))?.code;
  const made = await admin.ask('POST', '/setup', { code, email: ADMIN, name: 'Ana', password: PASSWORD });
  assert.equal(made.status, 201, made.text);
  return { ...scene, admin };
}

function createBrowser(api: Api, scene: Pick<AccountScene, 'codeTo'>, address = '192.0.2.10'): Browser {
  const cookies = new Map<string, string>();
  let csrf = '';
  const ask: Browser['ask'] = async (method, path, body, headers = {}) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await api.ask(method, path, {
      key: null,
      address,
      ...(body !== undefined && { body }),
      headers: {
        host: 'mail.example.com',
        'sec-fetch-site': 'same-origin',
        'posthorn-csrf': csrf,
        ...(cookie !== '' && { cookie }),
        ...headers,
      },
    });
    for (const line of setCookies(answer)) {
      const [, name = '', value = '', age = ''] = /^([^=]+)=([^;]*);.*Max-Age=(\d+)/.exec(line) ?? [];
      if (age === '0') cookies.delete(name);
      else cookies.set(name, value);
    }
    if (answer.text.includes('"csrf"')) csrf = String(answer.at('csrf'));
    return answer;
  };
  return {
    cookies,
    ask,
    async signIn(email, password = PASSWORD) {
      const first = await ask('POST', '/session', { email, password });
      if (first.status !== 200 || first.at('state') === 'signed_in') return first;
      return ask('POST', '/session/code', { code: await scene.codeTo(email) });
    },
  };
}

export function setCookies({ headers }: Pick<Answer, 'headers'>): string[] {
  const lines = headers['set-cookie'];
  return (Array.isArray(lines) ? lines : [lines]).filter((line) => typeof line === 'string');
}
