/**
 * What tests of flows start from: an application that asks for verifications over the API and reads what was mailed.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { bodyText } from './body-text.ts';
import { openApi, type Answer, type Api, type SceneOptions } from './api-scene.ts';
import type { TestStore } from './stores.ts';

export const TO = 'ana@example.net';
export const SENDER = '[sender]\naddress = "app@example.com"\n';
export const PUBLIC_HOST = 'mail.example.com';
/** With a name of our own, so that links lead to our page. */
export const HOSTED = `[server]\npublic_url = "https://${PUBLIC_HOST}"\n${SENDER}`;

type Settings = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** An application whose links lead to itself, unless other settings of flows are given. */
export async function openFlows(
  t: TestContext,
  open: () => Promise<TestStore>,
  { flows = OWN_PAGES, ...options }: SceneOptions & { readonly flows?: Settings } = {},
): Promise<Api> {
  const api = await openApi(t, open, { toml: SENDER, ...options });
  const set = await api.ask('PATCH', '/settings', { body: { flows } });
  assert.equal(set.status, 200, set.text);
  return api;
}

const URL = 'https://app.example/start?t={token}';
export const OWN_PAGES: Settings = {
  activation: { url: URL, resendSeconds: 0 },
  'password-reset': { url: URL, resendSeconds: 0 },
  'one-time-code': { resendSeconds: 0 },
};

export async function issue(
  api: Api,
  body: Readonly<Record<string, unknown>> = {},
  key?: string,
): Promise<Answer> {
  const answer = await api.ask('POST', '/verifications', {
    body: { flow: 'one-time-code', to: TO, ...body },
    ...(key !== undefined && { key }),
  });
  assert.equal(answer.status, 202, answer.text);
  return answer;
}

/** The captured message that carries it. */
export async function mailOf(api: Api, messageId: unknown): Promise<string> {
  const id = String(messageId);
  await api.reaches(id, 'captured');
  const { text } = await api.ask('GET', `/messages/${id}/source`);
  return bodyText(text);
}

export async function codeOf(api: Api, messageId: unknown): Promise<string> {
  return /(?:Your code|Ihr Code): (\w+)/.exec(await mailOf(api, messageId))?.[1] ?? assert.fail('no code');
}

export async function tokenOf(api: Api, messageId: unknown): Promise<string> {
  return /(?:t=|\/l\/)([\w-]{43})/.exec(await mailOf(api, messageId))?.[1] ?? assert.fail('no token');
}

export const check = (api: Api, body: unknown): Promise<Answer> =>
  api.ask('POST', '/verifications/check', { body });

export const wrong = (code: string): string => (code === '000000' ? '111111' : '000000');
