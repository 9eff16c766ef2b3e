/**
 * Our own page for a link: `GET` shows a button and consumes nothing, because mail scanners open every link (F2);
 * `POST` consumes and leads on to the application, which asks for the verification then.
 * Next: landing-page.ts
 */
import { z } from 'zod';
import { isSecretToken, secretDigest } from '../access/access.ts';
import type { Config } from '../config/config.ts';
import {
  operation,
  pageHeaders,
  rateLimited,
  rawAnswer,
  refuseOtherHost,
  type Caller,
  type Operation,
} from '../http/http.ts';
import { lookInto, takeFrom } from '../store/store.ts';
import type { Locale, Settings } from '../tenants/tenants.ts';
import { approve } from './check.ts';
import { newFormToken, takeFormToken, type FormDeps } from './form-token.ts';
import { askPage, donePage, gonePage } from './landing-page.ts';
import { readHosted, type Verification } from './queries.ts';
import { clientNetwork } from './whom.ts';
import { localeFor } from './words.ts';

export interface LandingDeps extends FormDeps {
  readonly config: () => Pick<Config, 'server'>;
  readonly settings: Settings;
}

const tags = ['Verifications'];
const page = rawAnswer('text/html; charset=utf-8');
const params = z.strictObject({ token: z.string() });
/** What mail programs add to a link is of no interest. */
const query = z.object({});
const headers = z.object({ 'accept-language': z.string().max(500).optional().catch(undefined) });
const body = z.strictObject({ form: z.string().max(500).catch('') }).prefault({ form: '' });

/** Posts that lead nowhere, in an hour from one network. Those that do lead somewhere are not counted. */
const FAILED_POSTS = 300;
const HOUR_MS = 3_600_000;

export function landingOperations(deps: LandingDeps): Operation[] {
  return [
    operation({
      method: 'GET',
      path: '/l/{token}',
      outside: true,
      operationId: 'showLink',
      summary: 'Where a link in a mail leads to; answers a page for a person, and consumes nothing',
      tags,
      permission: 'public',
      params,
      query,
      foreignQuery: true,
      headers,
      answers: { 200: page, 400: page },
      refusals: ['misdirected'],
      async run({ params: { token }, headers: asked, caller }) {
        refuseOtherHost(caller, deps.config().server.publicUrl);
        const found = await pending(deps, token);
        if (found === undefined) return gone(asked['accept-language']);
        return { status: 200, ...(await ask(deps, found, token)) };
      },
    }),
    operation({
      method: 'POST',
      path: '/l/{token}',
      outside: true,
      operationId: 'followLink',
      summary: 'What the button of that page sends; counts once and leads on to the application',
      tags,
      permission: 'public',
      audit: 'none', // the verification tells
      form: true,
      params,
      headers,
      body,
      answers: { 200: page, 303: z.undefined(), 400: page },
      refusals: ['misdirected', 'rate_limited'],
      async run({ params: { token }, headers: asked, body: { form }, caller }) {
        refuseOtherHost(caller, deps.config().server.publicUrl);
        await refuseGuessing(deps, caller);
        const found = await pending(deps, token);
        const outcome = found === undefined ? 'gone' : await follow(deps, found, form);
        if (found === undefined || outcome === 'gone') {
          await countFailed(deps, caller);
          return gone(asked['accept-language']);
        }
        if (outcome !== 'approved')
          return { status: 400, ...(await ask(deps, found, token, outcome === 'early' ? form : undefined)) };
        const onward = returnUrl(deps, found);
        if (onward === undefined)
          return { status: 200, headers: pageHeaders('none'), body: donePage(found.locale) };
        onward.searchParams.append('verification', found.id);
        return { status: 303, headers: { ...pageHeaders('none'), location: onward.href } };
      },
    }),
  ];
}

async function pending({ db, clock }: LandingDeps, token: string): Promise<Verification | undefined> {
  if (!isSecretToken(token)) return undefined;
  const found = await readHosted(db, secretDigest(token));
  return found?.state === 'pending' && found.expiresAt > clock.now() ? found : undefined;
}

/** `refused`: the form was not good any more, and the page is shown anew. */
async function follow(
  deps: LandingDeps,
  found: Verification,
  form: string,
): Promise<'approved' | 'gone' | 'early' | 'refused'> {
  const taken = await takeFormToken(deps, found.tokenHash ?? '', form);
  if (taken !== 'ok') return taken;
  return (await approve(deps, found)).status === 'approved' ? 'approved' : 'gone';
}

/** The page with the button. `form` is one that was shown already and is still good. */
async function ask(deps: LandingDeps, found: Verification, token: string, form?: string) {
  const base = deps.config().server.publicUrl;
  const prefix = base === undefined ? '' : new URL(base).pathname.replace(/\/+$/, '');
  const leadsTo = returnUrl(deps, found)?.origin;
  return {
    headers: pageHeaders({ ...(leadsTo !== undefined && { leadsTo }) }),
    body: askPage(found, {
      action: `${prefix}/l/${token}`,
      token: form ?? (await newFormToken(deps, found.tokenHash ?? '')),
      again: form !== undefined,
    }),
  };
}

/** Nobody is known here, so that the language is the browser's. */
function gone(acceptLanguage: string | undefined) {
  return { status: 400 as const, headers: pageHeaders('none'), body: gonePage(languageOf(acceptLanguage)) };
}

/** The first language of RFC 9110 §12.5.4; weights are not looked at, browsers write the best one first. */
function languageOf(header: string | undefined): Locale {
  return localeFor(header?.split(/[,;]/, 1)[0]?.trim(), 'en');
}

function returnUrl({ settings }: LandingDeps, { tenantId, flow }: Verification): URL | undefined {
  const url = settings.get(tenantId, `flows.${flow}.returnUrl`);
  return url === undefined ? undefined : new URL(url);
}

const failedBy = ({ address }: Caller) => ({
  name: `links by ${clientNetwork(address)}`,
  max: FAILED_POSTS,
  windowMs: HOUR_MS,
});

async function refuseGuessing({ db, clock }: LandingDeps, caller: Caller): Promise<void> {
  const now = clock.now();
  const { name, max } = failedBy(caller);
  const { count, closesAt = now } = await lookInto(db, name, now);
  if (count < max) return;
  throw rateLimited('There were too many links that do not work from this network.', closesAt - now);
}

async function countFailed({ db, clock }: LandingDeps, caller: Caller): Promise<void> {
  await takeFrom(db, failedBy(caller), clock.now());
}
