/**
 * The stage of the proof in `secret-doors.ts`: connections with secrets that somebody is after, where these may go, and
 * the values that settings are changed to.
 */
import type { TestContext } from 'node:test';
import { newCanary } from '../../e2e/canary.ts';
import { openApi, type Api } from './api-scene.ts';
import { makeCertificates } from './certificates.ts';
import { startCatcher, type Catcher, type CatcherOptions } from './secret-catcher.ts';
import { mutations } from './setting-mutations.ts';
import { openTestSqlite } from './stores.ts';

export type Settings = Readonly<Record<string, unknown>>;

/** A connection whose secrets somebody is after. */
export interface Base {
  readonly name: string;
  readonly settings: Settings;
  readonly secrets: Readonly<Record<string, string>>;
  /** Where its secrets may go as long as nothing that matters has changed. */
  readonly right: readonly Catcher[];
  /** Whether a message sent over it must bring its secrets there: the control of the whole proof. */
  readonly delivers: boolean;
}

export interface Stage {
  readonly api: Api;
  readonly bases: readonly Base[];
  readonly catchers: readonly Catcher[];
  readonly tenantKey: string;
  readonly values: Record<string, readonly unknown[]>;
}

const LIVE = '[delivery]\nmode = "live"\nretry = ["1h"]\nreturn_window = "0s"\n[[tenants]]\nslug = "acme"\n';

export async function openStage(t: TestContext): Promise<Stage> {
  const certificates = makeCertificates();
  const opened: Catcher[] = [];
  const start = async (options: Partial<CatcherOptions> = {}) => {
    const catcher = await startCatcher({ certificate: certificates, tempts: true, ...options });
    opened.push(catcher);
    return catcher;
  };
  t.after(() => Promise.all(opened.map((catcher) => catcher.close())));
  const right = await start({ greets: true });
  const proxy = await start();
  const token = await start({ https: true });
  const other = await start({ greets: true });
  // Somebody else's servers, with certificates that are good for them: only the seal stands in between.
  const certificate = certificates.elsewhere;
  for (const host of ['127.0.0.2', '127.0.0.3']) {
    await start({ host, certificate, port: right.port, greets: true });
    await start({ host, certificate, port: proxy.port });
    await start({ host, certificate, port: token.port, https: true });
  }
  const api = await openApi(t, openTestSqlite, { toml: LIVE });
  const tenantKey = await api.makeKey({ tenant: 'acme' });
  const values = mutations({ other: other.port, proxy: proxy.port, token: token.port });
  const bases = makeBases({ right, proxy, token });
  return { api, bases, catchers: opened, tenantKey, values };
}

function makeBases(catchers: { right: Catcher; proxy: Catcher; token: Catcher }): Base[] {
  const { right, proxy, token } = catchers;
  const { ca, client } = makeCertificates();
  const short = { connectMs: 500, greetingMs: 300, commandMs: 500, dataMs: 500 };
  const smtp = {
    type: 'smtp',
    host: '127.0.0.1',
    port: right.port,
    security: 'starttls',
    ca,
    timeouts: short,
  };
  const oauth = { clientId: 'client', tokenUrl: `https://127.0.0.1:${String(token.port)}/token` };
  const key = (pem: string): string => pem.replace('-----BEGIN', `${newCanary('pem')}\n-----BEGIN`);
  return [
    {
      name: 'password',
      settings: { ...smtp, name: 'password', auth: 'password', username: 'app' },
      secrets: { password: newCanary('pw') },
      right: [right],
      delivers: true,
    },
    {
      name: 'proxied',
      settings: {
        ...{ ...smtp, name: 'proxied', auth: 'password', username: 'app' },
        proxy: `socks5://user@127.0.0.1:${String(proxy.port)}`,
      },
      secrets: { password: newCanary('pw'), proxyPassword: newCanary('px') },
      right: [proxy],
      delivers: true,
    },
    {
      name: 'refresh',
      settings: {
        ...smtp,
        ...oauth,
        name: 'refresh',
        auth: 'oauth2-refresh-token',
        authorizeUrl: `https://127.0.0.1:${String(token.port)}/authorize`,
        username: 'a@b.example',
      },
      secrets: { clientSecret: newCanary('cs'), refreshToken: newCanary('rt') },
      right: [token],
      delivers: false,
    },
    {
      name: 'graph',
      settings: {
        ...{ ...oauth, type: 'graph', name: 'graph', username: 'a@b.example', ca, timeouts: short },
        graphUrl: `https://127.0.0.1:${String(token.port)}`,
      },
      secrets: { clientSecret: newCanary('cs') },
      right: [token],
      delivers: false,
    },
    {
      name: 'certificate',
      settings: {
        ...{ ...smtp, name: 'certificate', auth: 'password', username: 'app', clientCert: client.cert },
      },
      secrets: { password: newCanary('pw'), clientKey: key(client.key) },
      right: [right],
      delivers: true,
    },
  ];
}
