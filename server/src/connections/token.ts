/**
 * Access tokens: fetched when they are needed, kept in memory only, renewed at 80 % of their life, and asked for once
 * however many wait (K9). A kept token is found only by who has the same tenant, endpoint, client, scope, server and
 * secret, so it never goes to a host that the settings do not name. Nothing here rejects.
 * Next: token-endpoint.ts
 */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { SecretField } from '../config/config.ts';
import { classify, type Failure } from '../mail/mail.ts';
import type { EgressPolicy, Https } from '../net/net.ts';
import type { TokenFacts, TokenGiven } from '../smtp/smtp.ts';
import { writeTroubleText } from './grant-view.ts';
import { digest, type GrantOwner, type Grants, type RefreshToken } from './grants.ts';
import { makeAssertion } from './service-account.ts';
import { readTokenAnswer, type TokenAnswer } from './token-answer.ts';
import { BAD_PROXY, proxyOf } from './target.ts';
import { planToken, type TokenPlan } from './token-endpoint.ts';

export interface TokenRequest {
  /** Stored or not; its settings say where and how. */
  readonly connection: GrantOwner;
  readonly secrets: ReadonlyMap<SecretField, string>;
  /** Where a token endpoint of this tenant may be. */
  readonly egress: EgressPolicy;
  /** A token that its server did not accept: another one is wanted. */
  readonly refused?: string;
  /** Asks even when there is a token, for who wants to see it done. */
  readonly fresh?: boolean;
  /** Ends the waiting; what is being asked goes on, for others. */
  readonly signal?: AbortSignal;
}

export interface Tokens {
  tokenFor(request: TokenRequest): Promise<TokenGiven>;
  /** Forgets all tokens and waits for what is being asked: a new refresh token must not be lost. */
  stop(): Promise<void>;
}

interface Kept {
  readonly answer: Extract<TokenGiven, { ok: true }>;
  /** On the monotonic clock: from then on it is renewed, and from then on it is dead. */
  readonly renewAt: number;
  readonly deadAt: number;
}
interface Failed {
  readonly answer: TokenGiven;
  /** On the monotonic clock. */
  readonly until: number;
  /** The provider asked for the wait, so that nobody gets around it. */
  readonly asked: boolean;
}

/** K9: at this part of its life a token is renewed while the old one is still good. */
const RENEW_AT = 0.8;
/** Hundreds may wait when a token is refused: they hear the same instead of asking the same one after another. */
const FAILED_MS = 5_000;
const KEPT_MAX = 10_000;
/** Providers allow for less than this. */
const CLOCK_SLACK_SECONDS = 120;
const FORM = 'application/x-www-form-urlencoded';

interface TokenDeps {
  readonly https: Https;
  readonly grants: Grants;
  readonly clock: Clock;
  readonly log: Log;
}

export function createTokens(deps: TokenDeps): Tokens {
  const { clock } = deps;
  const kept = new LRUCache<string, Kept>({ max: KEPT_MAX });
  const failed = new LRUCache<string, Failed>({ max: KEPT_MAX });
  const asking = new Map<string, Promise<TokenGiven>>();

  /** Asks once for all who want the same. */
  function ask(name: string, plan: TokenPlan, request: TokenRequest): Promise<TokenGiven> {
    const running = asking.get(name);
    if (running !== undefined) return running;
    const started = clock.monotonic();
    const asked = fetchToken(deps, plan, request)
      .then(({ answer, lifeMs, waitMs }) => {
        if (answer.ok) {
          failed.delete(name);
          kept.set(name, { answer, renewAt: started + lifeMs * RENEW_AT, deadAt: started + lifeMs });
        } else {
          const until = clock.monotonic() + (waitMs ?? FAILED_MS);
          failed.set(name, { answer, until, asked: waitMs !== undefined });
        }
        return answer;
      })
      .finally(() => asking.delete(name));
    asking.set(name, asked);
    return asked;
  }

  async function tokenFor(request: TokenRequest): Promise<TokenGiven> {
    const plan = planToken(request.connection.settings);
    if (plan === undefined)
      return refuse(undefined, 'NO_TOKEN_NEEDED', 'These settings need no access token.');
    const found = await nameOf(deps, plan, request);
    if ('failure' in found) return { ok: false, failure: found.failure, facts: factsOf(plan) };
    const { name } = found;
    const now = clock.monotonic();
    const have = kept.get(name);
    const isGood = have !== undefined && now < have.deadAt && have.answer.accessToken !== request.refused;
    if (isGood && request.fresh !== true) {
      if (now >= have.renewAt && !isWaiting(name, false)) void ask(name, plan, request);
      return { ...have.answer, facts: { ...have.answer.facts, kept: true } };
    }
    const wait = isWaiting(name, request.fresh === true);
    return wait ?? unlessAborted(ask(name, plan, request), request.signal, plan);
  }

  /** The last failure, as long as it stands for an answer. */
  function isWaiting(name: string, fresh: boolean): TokenGiven | undefined {
    const last = failed.get(name);
    if (last === undefined || clock.monotonic() >= last.until || (fresh && !last.asked)) return undefined;
    return last.answer;
  }

  return {
    tokenFor,
    async stop() {
      await Promise.all(asking.values());
      kept.clear();
    },
  };
}

/** What a token is kept by. The secret's digest is its version: a new secret finds no old token. */
async function nameOf(
  { grants, log }: TokenDeps,
  plan: TokenPlan,
  { connection, secrets }: TokenRequest,
): Promise<{ readonly name: string } | { readonly failure: Failure }> {
  let version: string;
  if (plan.grant === 'refresh_token') {
    const current = await grants.current(connection, secrets.get('refreshToken')).catch((error: unknown) => {
      log.warn({ err: error, connection: connection.id }, 'the stored refresh token could not be read');
      return 'away' as const;
    });
    if (current === 'away') return { failure: STORE_AWAY };
    if (current === undefined) return { failure: NOT_CONNECTED };
    version = current.family;
  } else {
    version = digest(
      secrets.get(plan.grant === 'client_credentials' ? 'clientSecret' : 'serviceAccount') ?? '',
    );
  }
  const { grant, endpoint, clientId, scopes, subject, audience, ca } = plan;
  const client = digest(secrets.get('clientSecret') ?? '');
  const parts = [
    connection.tenantId,
    grant,
    endpoint,
    clientId,
    client,
    scopes,
    subject,
    audience,
    ca,
    version,
  ];
  return { name: digest(JSON.stringify(parts)) };
}

const STORE_AWAY: Failure = {
  kind: 'protocol',
  code: 'STORE_AWAY',
  message: 'The stored refresh token could not be read just now.',
};
const NOT_CONNECTED: Failure = {
  kind: 'capability',
  code: 'SECRET_MISSING',
  message: 'The refresh token is not set: connect the mailbox, or give it as refreshToken.',
};

interface Fetched {
  readonly answer: TokenGiven;
  readonly lifeMs: number;
  /** The provider's own Retry-After. */
  readonly waitMs?: number;
}

async function fetchToken(deps: TokenDeps, plan: TokenPlan, request: TokenRequest): Promise<Fetched> {
  const { connection, secrets } = request;
  if (plan.grant !== 'refresh_token') {
    const made = formOf(plan, secrets, deps.clock.now());
    if ('failure' in made) return { answer: { ok: false, ...made, facts: factsOf(plan) }, lifeMs: 0 };
    const answer = await post(deps.https, plan, request, made.form);
    return told(
      deps.clock,
      plan,
      plan.grant === 'client_credentials' ? answer : blameClock(deps.clock, answer),
    );
  }
  const outcome = await deps.grants
    .use(connection, secrets.get('refreshToken'), async (refresh) => {
      const answer = await post(deps.https, plan, request, refreshForm(plan, secrets, refresh));
      const endsAt = answer.ok ? answer.refreshLifeMs : undefined;
      return {
        result: told(deps.clock, plan, answer),
        ...(answer.ok && answer.refreshToken !== undefined && { next: answer.refreshToken }),
        ...(endsAt !== undefined && { endsAt: deps.clock.now() + endsAt }),
        trouble: troubleOf(deps.clock, plan, answer),
      };
    })
    .catch((error: unknown) => {
      deps.log.warn({ err: error, connection: connection.id }, 'a refresh token could not be used');
      return 'away' as const;
    });
  if (typeof outcome === 'object') return outcome.done;
  const failure = outcome === 'none' ? NOT_CONNECTED : outcome === 'away' ? STORE_AWAY : BUSY;
  return { answer: { ok: false, failure, facts: factsOf(plan) }, lifeMs: 0 };
}

const BUSY: Failure = {
  kind: 'timeout',
  code: 'TOKEN_BUSY',
  message: 'Another process was renewing the token for too long.',
};

/** Only what the provider itself says of the grant is kept: a network that was away says nothing about it. */
function troubleOf(clock: Clock, plan: TokenPlan, answer: TokenAnswer): string | null | undefined {
  if (answer.ok) return undefined;
  const { status = 0, failure } = answer;
  if (status < 400 || status >= 500 || status === 429) return null;
  const { errorId = 'oauth.refused' } = classify({ phase: 'token', failure, host: plan.audience });
  return writeTroubleText({ about: 'renewal', at: clock.now(), errorId, detail: failure.message });
}

/** An assertion says when it was made, so a clock that is wrong makes a good one bad. */
function blameClock(clock: Clock, answer: TokenAnswer): TokenAnswer {
  if (answer.ok || answer.theirNow === undefined) return answer;
  const off = Math.round((clock.now() - answer.theirNow) / 1000);
  if (Math.abs(off) < CLOCK_SLACK_SECONDS) return answer;
  const { failure } = answer;
  const message = `${failure.message} The clock of this machine differs from theirs by ${String(off)} s.`;
  return { ...answer, failure: { ...failure, message } };
}

type Form = Readonly<Record<string, string>>;

function formOf(
  plan: TokenPlan,
  secrets: ReadonlyMap<SecretField, string>,
  now: number,
): { readonly form: Form } | { readonly failure: Failure } {
  const scope = plan.scopes.length === 0 ? {} : { scope: plan.scopes.join(' ') };
  if (plan.grant === 'client_credentials') {
    const secret = secrets.get('clientSecret');
    if (secret === undefined) return missing('The client secret is not set.');
    return { form: { grant_type: plan.grant, client_id: plan.clientId, client_secret: secret, ...scope } };
  }
  const file = secrets.get('serviceAccount');
  if (file === undefined) return missing('The service account key is not set.');
  const { endpoint, scopes, subject } = plan;
  const made = makeAssertion(file, { endpoint, scopes, subject, now });
  // RFC 7523 §2.1; the scope is a claim of the assertion
  return made.ok
    ? { form: { grant_type: plan.grant, assertion: made.assertion } }
    : { failure: made.failure };
}

function refreshForm(
  plan: TokenPlan,
  secrets: ReadonlyMap<SecretField, string>,
  refresh: RefreshToken,
): Form {
  return {
    grant_type: 'refresh_token',
    refresh_token: refresh.token,
    ...clientOf(plan.clientId, secrets),
    ...(plan.scopes.length > 0 && { scope: plan.scopes.join(' ') }),
  };
}

/** RFC 6749 §2.3.1; a public client has no secret. */
export function clientOf(clientId: string, secrets: ReadonlyMap<SecretField, string>): Form {
  const secret = secrets.get('clientSecret');
  return { client_id: clientId, ...(secret !== undefined && { client_secret: secret }) };
}

function missing(message: string): { readonly failure: Failure } {
  return { failure: { kind: 'capability', code: 'SECRET_MISSING', message } };
}

/** Sends a form to the token endpoint and reads what comes back. Never rejects. */
export async function post(
  https: Https,
  { endpoint, ca }: Pick<TokenPlan, 'endpoint' | 'ca'>,
  { connection, secrets: all, egress }: Pick<TokenRequest, 'connection' | 'secrets' | 'egress'>,
  form: Form,
): Promise<TokenAnswer> {
  const { settings } = connection;
  const proxy = settings.type === 'smtp' ? proxyOf(settings, all) : undefined;
  if (proxy === 'unreadable') return { ok: false, failure: BAD_PROXY };
  const answer = await https.request({
    method: 'POST',
    url: endpoint,
    headers: { 'content-type': FORM },
    body: new URLSearchParams(form).toString(),
    egress,
    ...(ca !== undefined && { ca }),
    ...(proxy !== undefined && { proxy }),
  });
  const { client_secret, refresh_token, assertion, code, code_verifier } = form;
  const secrets = [client_secret, refresh_token, assertion, code, code_verifier].filter(
    (value) => value !== undefined,
  );
  return readTokenAnswer(URL.canParse(endpoint) ? new URL(endpoint).host : endpoint, answer, secrets);
}

function told(clock: Clock, plan: TokenPlan, answer: TokenAnswer): Fetched {
  const { status } = answer;
  if (!answer.ok) {
    const { failure, error, correlationId, retryAfterMs } = answer;
    const facts: TokenFacts = {
      ...factsOf(plan),
      ...(status !== undefined && { status }),
      ...(error !== undefined && { error }),
      ...(correlationId !== undefined && { correlationId }),
    };
    const wait = retryAfterMs === undefined ? {} : { waitMs: retryAfterMs };
    return { answer: { ok: false, failure, facts }, lifeMs: 0, ...wait };
  }
  const { accessToken, lifeMs, scopes } = answer;
  const facts: TokenFacts = {
    ...factsOf(plan),
    status: answer.status,
    lifetimeSeconds: lifeMs / 1000,
    ...(scopes !== undefined && { scopes }),
  };
  return { answer: { ok: true, accessToken, facts }, lifeMs };
}

function factsOf({ endpoint, grant, scopes }: TokenPlan): TokenFacts {
  return { endpoint, grant, scopes, kept: false };
}

function refuse(plan: TokenPlan | undefined, code: string, message: string): TokenGiven {
  const facts = plan === undefined ? { endpoint: '', grant: '', scopes: [], kept: false } : factsOf(plan);
  return { ok: false, failure: { kind: 'capability', code, message }, facts };
}

function unlessAborted(
  asked: Promise<TokenGiven>,
  signal: AbortSignal | undefined,
  plan: TokenPlan,
): Promise<TokenGiven> {
  if (signal === undefined) return asked;
  const stopped: TokenGiven = {
    ok: false,
    failure: { kind: 'stopped', code: 'STOPPED', message: 'Asking for an access token was stopped.' },
    facts: factsOf(plan),
  };
  return new Promise((resolve) => {
    const stop = (): void => {
      resolve(stopped);
    };
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop);
    void asked.then(resolve).finally(() => {
      signal.removeEventListener('abort', stop);
    });
  });
}
