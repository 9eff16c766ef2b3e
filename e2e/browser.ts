/**
 * A browser as far as a server sees one: cookies of its own, the headers that a page of the same site sends, and forms.
 */
import type { Answer, PosthornServer } from './server.ts';

export interface Browser {
  readonly cookies: ReadonlyMap<string, string>;
  /** Asks the API under `/api/v1`. */
  api(
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer>;
  /** Opens a page by its path. */
  open(path: string): Promise<Answer>;
  /** Fills in the form of a page and presses its button. */
  submit(path: string, fields: Readonly<Record<string, string>>): Promise<Answer>;
}

export function openBrowser(server: PosthornServer): Browser {
  const cookies = new Map<string, string>();
  let csrf = '';
  async function ask(method: string, path: string, body: unknown, headers: Readonly<Record<string, string>>) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await server.api(method, path, body, {
      'sec-fetch-site': 'same-origin',
      ...(csrf !== '' && { 'posthorn-csrf': csrf }),
      ...(cookie !== '' && { cookie }),
      ...headers,
    });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = '', age = ''] = /^([^=]+)=([^;]*);.*Max-Age=(\d+)/.exec(line) ?? [];
      if (age === '0') cookies.delete(name);
      else cookies.set(name, value);
    }
    const [, token] = /"csrf":"([\w-]+)"/.exec(answer.text) ?? [];
    csrf = token ?? csrf;
    return answer;
  }
  return {
    cookies,
    api: (method, path, body, headers = {}) => ask(method, `/api/v1${path}`, body, headers),
    open: (path) => ask('GET', path, undefined, { 'sec-fetch-site': 'none' }),
    submit: (path, fields) =>
      ask('POST', path, new URLSearchParams(fields).toString(), {
        'content-type': 'application/x-www-form-urlencoded',
      }),
  };
}
