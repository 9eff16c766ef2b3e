/**
 * The TypeScript client: one function that makes a client, one method per operation, no dependencies but `fetch`.
 * It sends what it is given and answers what the server answers; only what may be repeated safely is repeated.
 * Next: call.ts
 */
import { createCall, type Call, type CallOptions } from './call.ts';
import type {
  ConnectBegun,
  Connection,
  ConnectionInput,
  ConnectionPatch,
  ConnectionRevision,
  Restoration,
  WholeConnectionRevision,
} from './connection.ts';
import type {
  ConnectionTest,
  ConnectionTestEvent,
  ConnectionTestRequest,
  ConnectionTestSummary,
  StartedConnectionTest,
} from './connection-test.ts';
import { createFollow, type Follow } from './follow.ts';
import type { ApiKey, CreatedKey, KeyInput, KeyPatch } from './key.ts';
import type { Deliverability, Discovery, Preset, Probe, SettingsDraft, SettingsHint } from './discovery.ts';
import type * as api from './gen/types.gen.ts';
import type {
  Accepted,
  AddressInput,
  Explanation,
  Message,
  MessageInput,
  MessageSummary,
  Page,
} from './message.ts';
import {
  noticeMethods,
  verificationMethods,
  type NoticeMethods,
  type VerificationMethods,
} from './verification.ts';
import { waitForMessage, type Waited, type WaitOptions } from './wait.ts';

export { PosthornError, PosthornUnreachable, type ProblemDetails } from './errors.ts';
export type { CallOptions } from './call.ts';
export type {
  ConnectBegun,
  Connection,
  ConnectionInput,
  ConnectionPatch,
  ConnectionRevision,
  Restoration,
  SecretState,
  WholeConnectionRevision,
} from './connection.ts';
export type {
  ConnectionTest,
  ConnectionTestEvent,
  ConnectionTestRequest,
  ConnectionTestSummary,
  StartedConnectionTest,
  TestStage,
} from './connection-test.ts';
export type { ApiKey, CreatedKey, KeyInput, KeyPatch } from './key.ts';
export type {
  AdviceRow,
  Deliverability,
  Discovery,
  Preset,
  Probe,
  ProbeRow,
  SettingsDraft,
  SettingsHint,
  Suggestion,
} from './discovery.ts';
export type {
  Accepted,
  AcceptedRecipient,
  AddressInput,
  AttachmentInput,
  Attempt,
  Explanation,
  Message,
  MessageClass,
  MessageInput,
  MessageSummary,
  Page,
  Recipient,
  RecipientState,
} from './message.ts';
export type {
  Notice,
  NoticeInput,
  Verification,
  VerificationCheck,
  VerificationInput,
  VerificationProof,
  WholeVerification,
} from './verification.ts';
export { isSettled } from './wait.ts';
export type { Waited, WaitOptions } from './wait.ts';

export interface PosthornOptions {
  /** Where the server is: `http://127.0.0.1:8025`. */
  readonly url: string;
  /** An API key, `ph_live_…` or `ph_test_…`. */
  readonly key: string;
  /** The tenant to act in, for a key of the instance. */
  readonly tenant?: string | undefined;
  /** Instead of the global `fetch`. */
  readonly fetch?: typeof fetch | undefined;
  /** How long one try of one request may take, ms; 30,000 when absent. */
  readonly timeoutMs?: number | undefined;
  /** How often a request that may be repeated is tried in all; 3 when absent. */
  readonly tries?: number | undefined;
}

export interface ListOptions extends CallOptions {
  /** Search text, as in the console. */
  readonly q?: string | undefined;
  /** 1–200; 50 when absent. */
  readonly limit?: number | undefined;
  /** The `next` of the page before. */
  readonly cursor?: string | undefined;
}

export interface ListTestsOptions extends CallOptions {
  /** Id of a connection. */
  readonly connection?: string | undefined;
  /** 1–200; 50 when absent. */
  readonly limit?: number | undefined;
  /** The `next` of the page before. */
  readonly cursor?: string | undefined;
}

export interface SendOptions extends CallOptions {
  /** The same key and body is sent once, however often it is asked for. Made here when absent. */
  readonly idempotencyKey?: string | undefined;
}

export interface ResendOptions extends CallOptions {
  readonly to?: readonly AddressInput[] | undefined;
}

export interface SaveOptions extends CallOptions {
  /** Puts it in force if a test of exactly these values has passed; else nothing is saved. */
  readonly activate?: boolean | undefined;
  /** Puts it in force without a passing test; the reason is recorded. */
  readonly force?: boolean | undefined;
  readonly reason?: string | undefined;
}

export interface ActivateOptions extends CallOptions {
  /** The draft when absent. */
  readonly revision?: number | undefined;
  readonly force?: boolean | undefined;
  readonly reason?: string | undefined;
}

/** Every method rejects with `PosthornError` (the server said no) or `PosthornUnreachable` (it said nothing). */
export interface Posthorn {
  readonly messages: {
    /** Hands a message over. It is stored durably when this resolves, not delivered yet. */
    send(message: MessageInput, options?: SendOptions): Promise<Accepted>;
    /** Several messages, all or none. */
    batch(messages: readonly MessageInput[], options?: SendOptions): Promise<readonly Accepted[]>;
    get(id: string, options?: CallOptions): Promise<Message>;
    list(options?: ListOptions): Promise<Page<MessageSummary>>;
    /** Stops what was not sent yet. */
    cancel(id: string, options?: CallOptions): Promise<Message>;
    /** Sends the same content again, as a new message, to the same recipients or to others. */
    resend(id: string, options?: ResendOptions): Promise<Accepted>;
    /** Tries now what would be tried later. */
    retry(id: string, options?: CallOptions): Promise<Message>;
    /** Why it is where it is, and what happens next. */
    explain(id: string, options?: CallOptions): Promise<Explanation>;
  };
  readonly connections: {
    list(options?: CallOptions): Promise<Page<Connection>>;
    /** By id or name. */
    get(id: string, options?: CallOptions): Promise<Connection>;
    /** Makes a draft, which sends once it is activated. */
    create(connection: ConnectionInput, options?: SaveOptions): Promise<Connection>;
    /** Absent fields stay; of secrets `null` clears. Makes a draft; what is in force goes on until it is activated. */
    patch(id: string, changes: ConnectionPatch, options?: SaveOptions): Promise<Connection>;
    /** Puts a draft in force: needs a passing test of exactly its values, or `force` with a `reason`. */
    activate(id: string, options?: ActivateOptions): Promise<Connection>;
    /** Takes it out of use; mail goes as if it were not there. */
    deactivate(id: string, options?: CallOptions): Promise<Connection>;
    /** What became of the settings, newest first. */
    revisions(id: string, options?: Omit<ListOptions, 'q'>): Promise<Page<ConnectionRevision>>;
    /** One revision with all its settings. */
    revision(id: string, revision: number, options?: CallOptions): Promise<WholeConnectionRevision>;
    /** Makes a draft of the values of an earlier revision; secrets that are not kept any more must be given. */
    restore(id: string, revision: number, secrets?: Restoration, options?: SaveOptions): Promise<Connection>;
    delete(id: string, options?: CallOptions): Promise<void>;
    /** Sends nothing over it until it is resumed; what waits for it waits on. */
    pause(id: string, options?: CallOptions): Promise<Connection>;
    resume(id: string, options?: CallOptions): Promise<Connection>;
    /** Begins to connect a mailbox in a browser: open `authorizationUrl` there, then look at the connection's `grant`. */
    connect(id: string, options?: CallOptions): Promise<ConnectBegun>;
    /** Forgets the refresh token of a mailbox that was connected. */
    disconnect(id: string, options?: CallOptions): Promise<void>;
  };
  /** What helps to set a connection up. */
  readonly discovery: {
    /** The providers whose settings are known. */
    presets(options?: CallOptions): Promise<readonly Preset[]>;
    /** Judges settings as they are typed; connects nowhere. */
    hints(settings: SettingsDraft, options?: CallOptions): Promise<readonly SettingsHint[]>;
    /** Which mail ports of a host are open, and what speaks there. */
    probe(host: string, options?: CallOptions): Promise<Probe>;
    /** The servers for sending of an address or a domain; only the domain leaves the server. */
    discover(addressOrDomain: string, options?: CallOptions): Promise<Discovery>;
    /** Whether receivers can tell that mail over a relay comes from its sender. */
    deliverability(
      asked: { readonly from: string } & ({ readonly connection: string } | { readonly host: string }),
      options?: CallOptions,
    ): Promise<Deliverability>;
  };
  readonly connectionTests: {
    /** Starts a test; it goes on by itself, whoever watches. */
    start(request: ConnectionTestRequest, options?: CallOptions): Promise<StartedConnectionTest>;
    get(id: string, options?: CallOptions): Promise<ConnectionTest>;
    /** Those of the last 30 days, newest first. */
    list(options?: ListTestsOptions): Promise<Page<ConnectionTestSummary>>;
    /** Everything so far, then live, until the test is over. */
    events(id: string, options?: CallOptions): AsyncGenerator<ConnectionTestEvent, void, undefined>;
    /** Stops it. */
    cancel(id: string, options?: CallOptions): Promise<ConnectionTest>;
  };
  readonly keys: {
    /** Newest first. */
    list(options?: Omit<ListOptions, 'q'>): Promise<Page<ApiKey>>;
    get(id: string, options?: CallOptions): Promise<ApiKey>;
    /** Makes a key, which may at most what the one that asks may. It is shown this one time. */
    create(key: KeyInput, options?: CallOptions): Promise<CreatedKey>;
    /** Changes name, notes, networks or end. */
    patch(id: string, changes: KeyPatch, options?: CallOptions): Promise<ApiKey>;
    /** Makes a key in place of this one, which goes on for the overlap: 24 hours when absent. */
    roll(id: string, options?: CallOptions & { readonly overlapHours?: number }): Promise<CreatedKey>;
    /** Ends it for good, everywhere within a second. */
    revoke(id: string, options?: CallOptions): Promise<void>;
  };
  /** An address is proved by a link or a code that is mailed to it. */
  readonly verifications: VerificationMethods;
  readonly notices: NoticeMethods;
  /** Waits until nothing more will happen to any recipient by itself, or the time is over. */
  waitForMessage(id: string, options: WaitOptions): Promise<Waited>;
}

/** Makes a client. Nothing is sent until a method is called. */
export function createPosthorn(options: PosthornOptions): Posthorn {
  const call = createCall(options);
  const messages = messageMethods(call);
  return {
    messages,
    connections: connectionMethods(call),
    discovery: discoveryMethods(call),
    connectionTests: testMethods(call, createFollow(options)),
    keys: keyMethods(call),
    verifications: verificationMethods(call),
    notices: noticeMethods(call),
    waitForMessage: (id, wait) => waitForMessage(messages.get, id, wait),
  };
}

function messageMethods(call: Call): Posthorn['messages'] {
  const at = (id: string, verb = '') => `/messages/${encodeURIComponent(id)}${verb}`;
  return {
    send: (body, { idempotencyKey, ...options } = {}) =>
      call<api.SendMessageResponse>('POST', '/messages', {
        ...options,
        body,
        idempotencyKey: idempotencyKey ?? newKey(),
      }),
    async batch(messages, { idempotencyKey, ...options } = {}) {
      const more = { ...options, body: { messages }, idempotencyKey: idempotencyKey ?? newKey() };
      return (await call<api.SendBatchResponse>('POST', '/messages/batch', more)).messages;
    },
    get: (id, options) => call<api.GetMessageResponse>('GET', at(id), options),
    list: ({ q, limit, cursor, ...options } = {}) =>
      call<api.ListMessagesResponse>('GET', '/messages', { ...options, query: { q, limit, cursor } }),
    cancel: (id, options) => call<api.CancelMessageResponse>('POST', at(id, '/cancel'), options),
    resend: (id, { to, ...options } = {}) =>
      call<api.ResendMessageResponse>('POST', at(id, '/resend'), { ...options, body: { to } }),
    retry: (id, options) => call<api.RetryMessageResponse>('POST', at(id, '/retry'), options),
    explain: (id, options) => call<Explanation>('GET', at(id, '/explain'), options),
  };
}

function connectionMethods(call: Call): Posthorn['connections'] {
  const at = (id: string) => `/connections/${encodeURIComponent(id)}`;
  return {
    list: (options) => call<api.ListConnectionsResponse>('GET', '/connections', options),
    get: (id, options) => call<api.GetConnectionResponse>('GET', at(id), options),
    create: (body, options) =>
      call<api.CreateConnectionResponse>('POST', '/connections', { ...saving(options), body }),
    patch: (id, body, options) =>
      call<api.PatchConnectionResponse>('PATCH', at(id), { ...saving(options), body }),
    activate: (id, { revision, force, reason, ...options } = {}) =>
      call<api.ActivateConnectionResponse>('POST', `${at(id)}/activate`, {
        ...options,
        body: { revision, force, reason },
      }),
    deactivate: (id, options) =>
      call<api.DeactivateConnectionResponse>('POST', `${at(id)}/deactivate`, options),
    revisions: (id, { limit, cursor, ...options } = {}) =>
      call<api.ListConnectionRevisionsResponse>('GET', `${at(id)}/revisions`, {
        ...options,
        query: { limit, cursor },
      }),
    revision: (id, number, options) =>
      call<api.GetConnectionRevisionResponse>('GET', `${at(id)}/revisions/${String(number)}`, options),
    restore: (id, number, secrets, options) =>
      call<api.RestoreConnectionRevisionResponse>('POST', `${at(id)}/revisions/${String(number)}/restore`, {
        ...saving(options),
        body: secrets ?? {},
      }),
    delete: (id, options) => call<api.DeleteConnectionResponse>('DELETE', at(id), options),
    pause: (id, options) => call<api.PauseConnectionResponse>('POST', `${at(id)}/pause`, options),
    resume: (id, options) => call<api.ResumeConnectionResponse>('POST', `${at(id)}/resume`, options),
    connect: (id, options) => call<api.ConnectConnectionResponse>('POST', `${at(id)}/connect`, options),
    disconnect: (id, options) =>
      call<api.DisconnectConnectionResponse>('DELETE', `${at(id)}/connect`, options),
  };
}

function discoveryMethods(call: Call): Posthorn['discovery'] {
  return {
    presets: async (options) => (await call<api.ListPresetsResponse>('GET', '/presets', options)).items,
    hints: async (settings, options) =>
      (
        await call<api.HintConnectionResponse>('POST', '/connection-hints', {
          ...options,
          body: { settings },
        })
      ).hints,
    probe: (host, options) => call<api.ProbeHostResponse>('POST', '/probe', { ...options, body: { host } }),
    discover: (asked, options) =>
      call<api.DiscoverServersResponse>('POST', '/discover', {
        ...options,
        body: asked.includes('@') ? { address: asked } : { domain: asked },
      }),
    deliverability: (body, options) =>
      call<api.AdviseOnSenderResponse>('POST', '/deliverability', { ...options, body }),
  };
}

function testMethods(call: Call, follow: Follow): Posthorn['connectionTests'] {
  const at = (id: string, verb = '') => `/connection-tests/${encodeURIComponent(id)}${verb}`;
  return {
    start: (body, options) =>
      call<api.StartConnectionTestResponse>('POST', '/connection-tests', { ...options, body }),
    get: (id, options) => call<api.GetConnectionTestResponse>('GET', at(id), options),
    list: ({ connection, limit, cursor, ...options } = {}) =>
      call<api.ListConnectionTestsResponse>('GET', '/connection-tests', {
        ...options,
        query: { connection, limit, cursor },
      }),
    events: (id, options) =>
      follow<ConnectionTestEvent>(at(id, '/events'), (event) => event.t === 'end', options),
    cancel: (id, options) => call<api.CancelConnectionTestResponse>('POST', at(id, '/cancel'), options),
  };
}

function keyMethods(call: Call): Posthorn['keys'] {
  const at = (id: string) => `/keys/${encodeURIComponent(id)}`;
  return {
    list: ({ limit, cursor, ...options } = {}) =>
      call<api.ListKeysResponse>('GET', '/keys', { ...options, query: { limit, cursor } }),
    get: (id, options) => call<api.GetKeyResponse>('GET', at(id), options),
    create: (body, options) => call<api.CreateKeyResponse>('POST', '/keys', { ...options, body }),
    patch: (id, body, options) => call<api.PatchKeyResponse>('PATCH', at(id), { ...options, body }),
    roll: (id, { overlapHours, ...options } = {}) =>
      call<api.RollKeyResponse>('POST', `${at(id)}/roll`, { ...options, body: { overlapHours } }),
    revoke: (id, options) => call<api.RevokeKeyResponse>('DELETE', at(id), options),
  };
}

function saving({ activate, force, reason, ...options }: SaveOptions = {}) {
  const flag = (value: boolean | undefined) => (value === undefined ? undefined : String(value));
  return { ...options, query: { activate: flag(activate), force: flag(force), reason } };
}

function newKey(): string {
  return globalThis.crypto.randomUUID();
}
