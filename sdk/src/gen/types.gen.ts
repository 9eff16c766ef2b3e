// Made by `npm run gen` from the operations of the server; edit those.

export type ClientOptions = {
  baseUrl: `${string}://${string}` | (string & {});
};

/**
 * Why a request was not done (RFC 9457).
 */
export type Problem = {
  /**
   * Where the code is explained.
   */
  type: string;
  title: string;
  status: number;
  /**
   * What was wrong this time.
   */
  detail: string;
  code:
    | 'invalid_request'
    | 'malformed_json'
    | 'malformed_request'
    | 'unsupported_media_type'
    | 'body_too_large'
    | 'unauthorized'
    | 'sign_in_failed'
    | 'link_over'
    | 'forbidden'
    | 'tenant_suspended'
    | 'sender_not_allowed'
    | 'not_found'
    | 'misdirected'
    | 'method_not_allowed'
    | 'conflict'
    | 'idempotency_conflict'
    | 'secret_required'
    | 'not_proved'
    | 'managed_by_file'
    | 'locked'
    | 'not_cancellable'
    | 'storage_full'
    | 'overloaded'
    | 'unavailable'
    | 'rate_limited'
    | 'quota_reached'
    | 'internal';
  /**
   * The id under which the server log holds more.
   */
  instance?: string;
  errors?: Array<{
    path: string;
    message: string;
  }>;
};

/**
 * What a message that was taken is answered with.
 */
export type Accepted = {
  id: string;
  state: RecipientState;
  recipients: Array<AcceptedRecipient>;
  createdAt: string;
  expiresAt: string;
};

/**
 * A recipient as a new message shows it.
 */
export type AcceptedRecipient = {
  address: string;
  state: RecipientState;
};

export type Account = {
  person: Person;
  roles: Array<RoleInTenant>;
  secondStep: 'none' | 'email' | 'totp';
  /**
   * How many are left.
   */
  recoveryCodes: number;
  /**
   * Send it as `Posthorn-CSRF` with everything that changes something.
   */
  csrf: string;
};

export type Activation = {
  /**
   * The draft, when absent.
   */
  revision?: number;
  force?: boolean;
  reason?: string;
};

/**
 * What receivers find about a sender's domain, and what to do about it.
 */
export type AdviceRow = {
  check: 'mx' | 'spf' | 'spf_lookups' | 'dkim' | 'dmarc' | 'alignment' | 'reverse_dns' | 'region';
  status: 'pass' | 'info' | 'warn' | 'fail' | 'unknown';
  found: string | null;
  expected: string | null;
  why: string;
  fix: string | null;
};

/**
 * What can be shown of a key; never the key itself.
 */
export type ApiKey = {
  id: string;
  name: string;
  /**
   * Mail of a `test` key is always captured.
   */
  kind: 'live' | 'test';
  role: Role;
  /**
   * `null`: all of the role.
   */
  permissions: Array<Permission> | null;
  /**
   * `null`: from anywhere.
   */
  networks: Array<string> | null;
  notes: string | null;
  state: 'active' | 'expired' | 'revoked';
  createdAt: string;
  /**
   * `null`: on the machine itself, by command.
   */
  createdBy: {
    id: string;
    name: string;
  } | null;
  expiresAt: string | null;
  revokedAt: string | null;
  /**
   * Written at most once a minute.
   */
  lastUsedAt: string | null;
  lastUsedAddress: string | null;
  /**
   * The `User-Agent` of that request.
   */
  lastUsedAgent: string | null;
};

/**
 * Absent keeps, `null` clears.
 */
export type ApiKeyPatch = {
  name?: string;
  notes?: string | null;
  networks?: Array<string> | null;
  expiresAt?: string | null;
};

export type Attempt = {
  id: string;
  connection: {
    id: string;
    name: string;
  };
  startedAt: string;
  endedAt: string;
  outcome: 'accepted' | 'deferred' | 'rejected' | 'in_doubt' | 'connection_unusable';
  errorId: string | null;
  /**
   * What `errorId` means, in one sentence; see docs/errors.md.
   */
  errorTitle: string | null;
  reply: string | null;
  phases: Array<{
    phase: string;
    ms: number;
    reply?: string;
  }>;
  recipients: Array<{
    address: string;
    outcome: string;
    errorId?: string;
    reply: string;
  }>;
  /**
   * The conversation, without secrets and body.
   */
  transcript: string;
  peer: {
    address: string;
    reused: boolean;
    tls?: {
      protocol: string;
      cipher: string;
      verified: boolean;
    };
  } | null;
};

/**
 * One change: who, what, when, from where, and why.
 */
export type AuditEntry = {
  id: string;
  /**
   * Its place in the chain.
   */
  seq: number;
  at: string;
  actor: {
    id: string | null;
    name: string;
    /**
     * `local`: a command on the machine itself; `public`: somebody with a link.
     */
    kind: 'key' | 'person' | 'local' | 'public';
    ofInstance: boolean;
  };
  via: 'api' | 'console' | 'cli' | 'page';
  address: string | null;
  userAgent: string | null;
  /**
   * The `operationId` of this document.
   */
  operation: string;
  thing: {
    type: string;
    id: string | null;
  };
  changes: Array<
    | {
        path: string;
        changed: true;
      }
    | {
        path: string;
        before?: unknown;
        after?: unknown;
      }
  >;
  reason: string | null;
  /**
   * SHA-256 of this entry and the one before.
   */
  hash: string;
};

export type AuditVerification = {
  ok: boolean;
  checked: number;
  head: {
    seq: number;
    hash: string;
  } | null;
  /**
   * The first place in the chain that is not as it was written.
   */
  brokenAt?: number;
};

export type ConnectBegun = {
  /**
   * Where to send the browser.
   */
  authorizationUrl: string;
  /**
   * The return address; register exactly this one with the provider.
   */
  redirectUri: string;
  expiresAt: string;
  /**
   * What to know before signing in.
   */
  notes: Array<string>;
};

/**
 * The settings without the secrets, and how it is.
 */
export type Connection = {
  id: string;
  name: string;
  type: 'smtp' | 'graph' | 'pickup' | 'mailbox';
  state: 'draft' | 'active' | 'paused' | 'failing' | 'off';
  managedBy: 'api' | 'file';
  /**
   * The one in force; of a connection that was never active its draft.
   */
  revision: number;
  draft: ConnectionDraft | null;
  /**
   * Until then the last settings come back by themselves when sign-in, TLS or these settings fail.
   */
  trialUntil: string | null;
  /**
   * What stops it, while it is failing.
   */
  trouble: {
    errorId: string;
    /**
     * What `errorId` means, in one sentence; see docs/errors.md.
     */
    title: string;
    detail: string;
    since: string;
    failures: number;
    nextTryAt: string;
  } | null;
  /**
   * Of a mailbox that is connected in a browser.
   */
  grant: Grant | null;
  password?: SecretState;
  clientSecret?: SecretState;
  refreshToken?: SecretState;
  serviceAccount?: SecretState;
  clientKey?: SecretState;
  proxyPassword?: SecretState;
  createdAt: string;
  updatedAt: string;
  [key: string]: unknown;
};

/**
 * The connections that count, all of the tenant or all of the instance.
 */
export type ConnectionBlock = {
  from: 'own' | 'inherited' | 'none';
  /**
   * Name of the one that mail of the default sender takes now.
   */
  uses: string | null;
  items: Array<{
    name: string;
    type: string;
    state: 'draft' | 'active' | 'paused' | 'failing' | 'off';
  }>;
};

/**
 * Saved, and not in force yet.
 */
export type ConnectionDraft = {
  revision: number;
  state: 'draft' | 'proved';
  createdAt: string;
  createdBy: string;
  changes: Array<SettingChange>;
};

export type ConnectionInput =
  | {
      /**
       * What kind of connection this is.
       */
      type?: 'smtp';
      /**
       * How people and programs name the connection.
       */
      name: string;
      /**
       * Addresses or `@domain`s it may send as; none means any.
       */
      senders?: Array<string>;
      /**
       * Lower is tried first.
       */
      priority?: number;
      /**
       * Free text for people.
       */
      notes?: string;
      /**
       * Name or address of the server.
       */
      host: string;
      /**
       * Port; 465 for `implicit`, else 587, when not given.
       */
      port?: number;
      /**
       * How the line is protected.
       */
      security?: 'none' | 'auto' | 'implicit' | 'starttls' | 'starttls-when-available';
      /**
       * Whether and how to sign in. A user name alone never makes it sign in.
       */
      auth?:
        'anonymous' | 'password' | 'oauth2-client-credentials' | 'oauth2-refresh-token' | 'oauth2-jwt-bearer';
      /**
       * User name to sign in with; with OAuth2 the mailbox that is sent from.
       */
      username?: string;
      /**
       * Password to sign in with.
       */
      password?: string;
      /**
       * Microsoft directory (tenant) id; names the token endpoint when `tokenUrl` is not given.
       */
      tenantId?: string;
      /**
       * Client id of the application that was registered with the provider.
       */
      clientId?: string;
      /**
       * Client secret of that application.
       */
      clientSecret?: string;
      /**
       * Token endpoint of the provider.
       */
      tokenUrl?: string;
      /**
       * Scopes to ask for; those that the provider needs for sending when not given.
       */
      scopes?: Array<string>;
      /**
       * Where a person signs in to connect the mailbox; known for Google and Microsoft.
       */
      authorizeUrl?: string;
      /**
       * Refresh token of `oauth2-refresh-token`; a new one from the provider replaces it.
       */
      refreshToken?: string;
      /**
       * Key file of a Google service account (JSON), for `oauth2-jwt-bearer`.
       */
      serviceAccount?: string;
      /**
       * Allows signing in without verified TLS, to a private address only.
       */
      allowPlaintextAuth?: boolean;
      /**
       * Name to greet the server with (EHLO); the name of this machine when not given.
       */
      ehloName?: string;
      /**
       * Authorities trusted besides those of the system, PEM.
       */
      ca?: string;
      /**
       * Deadlines of the phases.
       */
      timeouts?: {
        /**
         * Resolving and connecting, ms.
         */
        connectMs?: number;
        /**
         * Until the greeting, ms.
         */
        greetingMs?: number;
        /**
         * Each command, ms.
         */
        commandMs?: number;
        /**
         * The content, and again its reply, ms.
         */
        dataMs?: number;
      };
      /**
       * Connections kept open.
       */
      pool?: {
        /**
         * Most connections open at one time.
         */
        connections?: number;
        /**
         * Messages after which a connection is closed.
         */
        messages?: number;
        /**
         * Idle time after which a connection is closed, ms.
         */
        idleMs?: number;
      };
      /**
       * Most messages in a time; nothing means no limit.
       */
      rate?: {
        /**
         * Most messages started in one second.
         */
        perSecond?: number;
        /**
         * Most messages started in one minute.
         */
        perMinute?: number;
        /**
         * Most messages started in one hour.
         */
        perHour?: number;
        /**
         * Most messages started in one day.
         */
        perDay?: number;
      };
      /**
       * Day on which the password or client secret ends at the provider; a reminder comes before.
       */
      secretExpiresOn?: string;
      /**
       * Oldest TLS version allowed.
       */
      minTls?: '1.2' | '1.3';
      /**
       * Whether the certificate must be trusted and carry the right name.
       */
      verify?: boolean;
      /**
       * Trusts exactly the certificate with this SHA-256 fingerprint, whoever issued it.
       */
      pin?: string;
      /**
       * Certificate to show to the server, PEM.
       */
      clientCert?: string;
      /**
       * Private key of `clientCert`, PEM.
       */
      clientKey?: string;
      /**
       * Name for SNI and in the certificate, when it is not the host.
       */
      serverName?: string;
      /**
       * Uses only addresses of this IP version; both when not given.
       */
      ipVersion?: '4' | '6';
      /**
       * Proxy to go through: SOCKS5 or HTTP CONNECT.
       */
      proxy?: string;
      /**
       * Password of the user name in `proxy`.
       */
      proxyPassword?: string;
    }
  | {
      /**
       * What kind of connection this is.
       */
      type: 'graph';
      /**
       * How people and programs name the connection.
       */
      name: string;
      /**
       * Addresses or `@domain`s it may send as; none means any.
       */
      senders?: Array<string>;
      /**
       * Lower is tried first.
       */
      priority?: number;
      /**
       * Free text for people.
       */
      notes?: string;
      /**
       * Mailbox that is sent from: its address or its object id.
       */
      username: string;
      /**
       * Microsoft directory (tenant) id; names the token endpoint when `tokenUrl` is not given.
       */
      tenantId?: string;
      /**
       * Client id of the application that was registered with the provider.
       */
      clientId?: string;
      /**
       * Client secret of that application.
       */
      clientSecret?: string;
      /**
       * Token endpoint of the provider.
       */
      tokenUrl?: string;
      /**
       * Scopes to ask for; those that the provider needs for sending when not given.
       */
      scopes?: Array<string>;
      /**
       * Address of the service; `https://graph.microsoft.com` when not given. National clouds have their own.
       */
      graphUrl?: string;
      /**
       * Authorities trusted besides those of the system, PEM.
       */
      ca?: string;
      /**
       * Deadlines of the phases.
       */
      timeouts?: {
        /**
         * Resolving and connecting, ms.
         */
        connectMs?: number;
        /**
         * Until the greeting, ms.
         */
        greetingMs?: number;
        /**
         * Each command, ms.
         */
        commandMs?: number;
        /**
         * The content, and again its reply, ms.
         */
        dataMs?: number;
      };
      /**
       * Connections kept open.
       */
      pool?: {
        /**
         * Most connections open at one time.
         */
        connections?: number;
        /**
         * Messages after which a connection is closed.
         */
        messages?: number;
        /**
         * Idle time after which a connection is closed, ms.
         */
        idleMs?: number;
      };
      /**
       * Most messages in a time; nothing means no limit.
       */
      rate?: {
        /**
         * Most messages started in one second.
         */
        perSecond?: number;
        /**
         * Most messages started in one minute.
         */
        perMinute?: number;
        /**
         * Most messages started in one hour.
         */
        perHour?: number;
        /**
         * Most messages started in one day.
         */
        perDay?: number;
      };
      /**
       * Day on which the password or client secret ends at the provider; a reminder comes before.
       */
      secretExpiresOn?: string;
    }
  | {
      /**
       * What kind of connection this is.
       */
      type: 'pickup';
      /**
       * How people and programs name the connection.
       */
      name: string;
      /**
       * Addresses or `@domain`s it may send as; none means any.
       */
      senders?: Array<string>;
      /**
       * Lower is tried first.
       */
      priority?: number;
      /**
       * Free text for people.
       */
      notes?: string;
      /**
       * Folder to write to; must be inside one that the configuration allows.
       */
      folder: string;
    }
  | {
      /**
       * What kind of connection this is.
       */
      type: 'mailbox';
      /**
       * How people and programs name the connection.
       */
      name: string;
      /**
       * Addresses or `@domain`s it may send as; none means any.
       */
      senders?: Array<string>;
      /**
       * Lower is tried first.
       */
      priority?: number;
      /**
       * Free text for people.
       */
      notes?: string;
    };

export type ConnectionPatch = {
  type?: 'smtp' | 'graph' | 'pickup' | 'mailbox';
  name?: string | null;
  senders?: Array<string> | null;
  priority?: number | null;
  notes?: string | null;
  folder?: string | null;
  username?: string | null;
  tenantId?: string | null;
  clientId?: string | null;
  clientSecret?: string | null;
  tokenUrl?: string | null;
  scopes?: Array<string> | null;
  graphUrl?: string | null;
  ca?: string | null;
  timeouts?: {
    connectMs?: number | null;
    greetingMs?: number | null;
    commandMs?: number | null;
    dataMs?: number | null;
  } | null;
  pool?: {
    connections?: number | null;
    messages?: number | null;
    idleMs?: number | null;
  } | null;
  rate?: {
    perSecond?: number | null;
    perMinute?: number | null;
    perHour?: number | null;
    perDay?: number | null;
  } | null;
  secretExpiresOn?: string | null;
  host?: string | null;
  port?: number | null;
  security?: 'none' | 'auto' | 'implicit' | 'starttls' | 'starttls-when-available' | null;
  auth?:
    | 'anonymous'
    | 'password'
    | 'oauth2-client-credentials'
    | 'oauth2-refresh-token'
    | 'oauth2-jwt-bearer'
    | null;
  password?: string | null;
  authorizeUrl?: string | null;
  refreshToken?: string | null;
  serviceAccount?: string | null;
  allowPlaintextAuth?: boolean | null;
  ehloName?: string | null;
  minTls?: '1.2' | '1.3' | null;
  verify?: boolean | null;
  pin?: string | null;
  clientCert?: string | null;
  clientKey?: string | null;
  serverName?: string | null;
  ipVersion?: '4' | '6' | null;
  proxy?: string | null;
  proxyPassword?: string | null;
  /**
   * Number of the newest revision that you have seen; another one is answered with 409.
   */
  revision?: number;
};

export type ConnectionRevision = {
  id: string;
  revision: number;
  state: 'draft' | 'proved' | 'active' | 'superseded';
  origin: 'saved' | 'restored' | 'returned' | 'file';
  basedOn: number | null;
  createdAt: string;
  /**
   * Id of the key, or `file`, or `posthorn`.
   */
  createdBy: string;
  proof: {
    test: string;
    at: string;
  } | null;
  activatedAt: string | null;
  activatedBy: string | null;
  /**
   * The reason, when it was activated without a passing test.
   */
  forced: string | null;
  supersededAt: string | null;
  /**
   * Why it was given up by itself soon after it came in force.
   */
  returned: string | null;
  /**
   * In the revision that it was made from.
   */
  changes: Array<SettingChange>;
};

export type ConnectionTest = {
  id: string;
  status: 'running' | 'passed' | 'failed';
  /**
   * Id of the saved connection.
   */
  connection: string | null;
  /**
   * What was tested, as it was then.
   */
  target: {
    name: string | null;
    type: string;
    host: string | null;
    port: number | null;
    security: string | null;
    auth: string | null;
    /**
     * Whether the settings differed from those of the saved connection.
     */
    unsaved: boolean;
  };
  /**
   * The message; null for a check.
   */
  mail: {
    from: string;
    to: string;
  } | null;
  failedStage?:
    | 'settings'
    | 'token'
    | 'dns'
    | 'connect'
    | 'greeting'
    | 'ehlo'
    | 'tls'
    | 'ehlo-tls'
    | 'auth'
    | 'mail-from'
    | 'rcpt-to'
    | 'data'
    | 'accepted';
  /**
   * The same for the same settings and secrets.
   */
  fingerprint: string;
  startedAt: string;
  endedAt: string | null;
  /**
   * How it came to its end: by itself, stopped, out of time, or with the process that ran it.
   */
  ended: 'finished' | 'cancelled' | 'timed_out' | 'interrupted' | null;
  ms: number | null;
  stages: Array<TestStage>;
  /**
   * What receivers find about the sender, once a message was accepted. It changes no outcome.
   */
  advice: Array<AdviceRow> | null;
  /**
   * The conversation, without secrets: `+ms marker text` a line.
   */
  transcript: string;
};

/**
 * What happens in a test; `at` is in ms from its start. A stage is told anew whenever it changes, and `drop` takes one away that does not apply. `advice` comes after a message was accepted, and changes no outcome. `end` is the last.
 */
export type ConnectionTestEvent =
  | {
      t: 'stage';
      id:
        | 'settings'
        | 'token'
        | 'dns'
        | 'connect'
        | 'greeting'
        | 'ehlo'
        | 'tls'
        | 'ehlo-tls'
        | 'auth'
        | 'mail-from'
        | 'rcpt-to'
        | 'data'
        | 'accepted';
      status: 'waiting' | 'running' | 'ok' | 'warn' | 'failed' | 'not_reached';
      /**
       * How long it took; absent until it ends.
       */
      ms?: number;
      /**
       * One line.
       */
      fact?: string;
      /**
       * A few values; which ones depends on the stage.
       */
      summary?: {
        [key: string]: unknown;
      };
      /**
       * Everything that was learned; what depends on the stage.
       */
      details?: {
        [key: string]: unknown;
      };
      /**
       * Not wrong, but worth knowing.
       */
      notes?: Array<string>;
      code?: number;
      enhanced?: string;
      text?: string;
      /**
       * The reply of the server in one line.
       */
      reply?: string;
      diagnosis?: TestDiagnosis;
      at: number;
    }
  | {
      t: 'drop';
      id:
        | 'settings'
        | 'token'
        | 'dns'
        | 'connect'
        | 'greeting'
        | 'ehlo'
        | 'tls'
        | 'ehlo-tls'
        | 'auth'
        | 'mail-from'
        | 'rcpt-to'
        | 'data'
        | 'accepted';
      at: number;
    }
  | {
      t: 'line';
      at: number;
      dir: 'out' | 'in' | 'note';
      tls: boolean;
      text: string;
    }
  | {
      t: 'advice';
      at: number;
      rows: Array<AdviceRow>;
    }
  | {
      t: 'end';
      status: 'passed' | 'failed';
      failedStage?:
        | 'settings'
        | 'token'
        | 'dns'
        | 'connect'
        | 'greeting'
        | 'ehlo'
        | 'tls'
        | 'ehlo-tls'
        | 'auth'
        | 'mail-from'
        | 'rcpt-to'
        | 'data'
        | 'accepted';
      ended: 'finished' | 'cancelled' | 'timed_out' | 'interrupted';
      ms: number;
      fingerprint: string;
    };

export type ConnectionTestRequest = {
  /**
   * Id or name of a saved connection.
   */
  connection?: string;
  /**
   * Settings that are not saved: all of them, or what differs from `connection`. A stored secret is used only where it may go.
   */
  settings?: {
    type?: 'smtp' | 'graph' | 'pickup' | 'mailbox';
    name?: string | null;
    senders?: Array<string> | null;
    priority?: number | null;
    notes?: string | null;
    folder?: string | null;
    username?: string | null;
    tenantId?: string | null;
    clientId?: string | null;
    clientSecret?: string | null;
    tokenUrl?: string | null;
    scopes?: Array<string> | null;
    graphUrl?: string | null;
    ca?: string | null;
    timeouts?: {
      connectMs?: number | null;
      greetingMs?: number | null;
      commandMs?: number | null;
      dataMs?: number | null;
    } | null;
    pool?: {
      connections?: number | null;
      messages?: number | null;
      idleMs?: number | null;
    } | null;
    rate?: {
      perSecond?: number | null;
      perMinute?: number | null;
      perHour?: number | null;
      perDay?: number | null;
    } | null;
    secretExpiresOn?: string | null;
    host?: string | null;
    port?: number | null;
    security?: 'none' | 'auto' | 'implicit' | 'starttls' | 'starttls-when-available' | null;
    auth?:
      | 'anonymous'
      | 'password'
      | 'oauth2-client-credentials'
      | 'oauth2-refresh-token'
      | 'oauth2-jwt-bearer'
      | null;
    password?: string | null;
    authorizeUrl?: string | null;
    refreshToken?: string | null;
    serviceAccount?: string | null;
    allowPlaintextAuth?: boolean | null;
    ehloName?: string | null;
    minTls?: '1.2' | '1.3' | null;
    verify?: boolean | null;
    pin?: string | null;
    clientCert?: string | null;
    clientKey?: string | null;
    serverName?: string | null;
    ipVersion?: '4' | '6' | null;
    proxy?: string | null;
    proxyPassword?: string | null;
  };
  /**
   * Sends a test message there. Without it only a check: it ends after signing in.
   */
  to?: string;
  /**
   * Who the message is from; the default sender when absent.
   */
  from?: string;
};

export type ConnectionTestSummary = {
  id: string;
  status: 'running' | 'passed' | 'failed';
  /**
   * Id of the saved connection.
   */
  connection: string | null;
  /**
   * What was tested, as it was then.
   */
  target: {
    name: string | null;
    type: string;
    host: string | null;
    port: number | null;
    security: string | null;
    auth: string | null;
    /**
     * Whether the settings differed from those of the saved connection.
     */
    unsaved: boolean;
  };
  /**
   * The message; null for a check.
   */
  mail: {
    from: string;
    to: string;
  } | null;
  failedStage?:
    | 'settings'
    | 'token'
    | 'dns'
    | 'connect'
    | 'greeting'
    | 'ehlo'
    | 'tls'
    | 'ehlo-tls'
    | 'auth'
    | 'mail-from'
    | 'rcpt-to'
    | 'data'
    | 'accepted';
  /**
   * The same for the same settings and secrets.
   */
  fingerprint: string;
  startedAt: string;
  endedAt: string | null;
};

export type CreatedKey = {
  id: string;
  /**
   * Shown now and never again.
   */
  key: string;
};

/**
 * What a setting is, and where that comes from.
 */
export type EffectiveSetting = {
  value: unknown;
  origin: 'own' | 'inherited' | 'locked' | 'managed' | 'built-in';
  byFile: boolean;
  locked: boolean;
  /**
   * What would count without the own value.
   */
  inherited: unknown;
  /**
   * An own value that a lock keeps from counting.
   */
  setAside?: unknown;
};

export type Flow = 'activation' | 'password-reset' | 'one-time-code' | 'invitation' | 'email-change';

/**
 * What a mailbox that was connected in a browser allows.
 */
export type Grant = {
  /**
   * `ended`: the provider does not renew it; `none`: nobody has connected it.
   */
  state: 'connected' | 'ended' | 'none';
  /**
   * The mailbox that signed in, when the provider told.
   */
  account: string | null;
  /**
   * The account is another one than the `username`.
   */
  accountDiffers: boolean;
  scopes: Array<string>;
  /**
   * The API key.
   */
  connectedBy: {
    id: string;
    name: string;
  } | null;
  connectedAt: string | null;
  renewedAt: string | null;
  /**
   * When the provider ends it, if it said so.
   */
  endsAt: string | null;
  trouble: {
    about: 'connect' | 'renewal';
    at: string;
    errorId: string;
    title: string;
    detail: string;
  } | null;
};

export type Invitation = {
  id: string;
  email: string;
  role: Role;
  state: 'pending' | 'accepted' | 'revoked' | 'expired';
  /**
   * Whose settings carried the mail: the tenant's, or the instance's because the tenant has none that can; `nowhere` when none could.
   */
  sentIn: 'tenant' | 'instance' | 'nowhere';
  createdBy: string;
  createdAt: string;
  expiresAt: string;
};

export type Invited = {
  id: string;
  email: string;
  role: Role;
  state: 'pending' | 'accepted' | 'revoked' | 'expired';
  /**
   * Whose settings carried the mail: the tenant's, or the instance's because the tenant has none that can; `nowhere` when none could.
   */
  sentIn: 'tenant' | 'instance' | 'nowhere';
  createdBy: string;
  createdAt: string;
  expiresAt: string;
  /**
   * To hand over yourself: only where no mail can reach the address now. Shown this one time.
   */
  link?: string;
};

export type Member = {
  id: string;
  email: string;
  name: string;
  state: 'active' | 'disabled';
  createdAt: string;
  /**
   * Written at most once a minute.
   */
  lastSeenAt: string | null;
  role: Role;
};

export type Message = {
  id: string;
  state: RecipientState;
  class: MessageClass;
  from: {
    name: string | null;
    address: string;
  };
  subject: string;
  recipients: Array<Recipient>;
  tags: Array<string>;
  createdAt: string;
  sendAt: string | null;
  expiresAt: string;
  sizeBytes: number;
  /**
   * The `Message-ID` header's value.
   */
  messageId: string;
  connection: string | null;
  metadata: {
    [key: string]: string;
  };
  idempotencyKey: string | null;
  collapseKey: string | null;
  resendOf: string | null;
  attempts: Array<Attempt>;
  timeline: Array<{
    at: string;
    type: string;
    data: {
      [key: string]: unknown;
    };
  }>;
};

export type MessageClass = 'otp' | 'account' | 'notification' | 'bulk';

export type MessageSummary = {
  id: string;
  state: RecipientState;
  class: MessageClass;
  from: {
    name: string | null;
    address: string;
  };
  subject: string;
  recipients: Array<Recipient>;
  tags: Array<string>;
  createdAt: string;
  sendAt: string | null;
  expiresAt: string;
  sizeBytes: number;
};

export type NewTotp = {
  /**
   * Shown now and never again.
   */
  secret: string;
  uri: string;
};

/**
 * A notice that was accepted, and the message that carries it.
 */
export type Notice = {
  flow: 'security-notice';
  to: string;
  messageId: string;
};

export type Permission =
  | 'messages:read'
  | 'messages:body'
  | 'messages:write'
  | 'messages:act'
  | 'connections:read'
  | 'connections:write'
  | 'connections:test'
  | 'secrets:read'
  | 'mailbox:read'
  | 'mailbox:write'
  | 'settings:read'
  | 'settings:write'
  | 'tenants:read'
  | 'tenants:write'
  | 'keys:read'
  | 'keys:test'
  | 'keys:write'
  | 'people:read'
  | 'people:write'
  | 'audit:read'
  | 'queue:read'
  | 'queue:write';

export type Person = {
  id: string;
  email: string;
  name: string;
  state: 'active' | 'disabled';
  createdAt: string;
  /**
   * Written at most once a minute.
   */
  lastSeenAt: string | null;
};

/**
 * What is known about a provider.
 */
export type Preset = {
  id: string;
  name: string;
  host: string;
  port: number;
  security: 'none' | 'auto' | 'implicit' | 'starttls' | 'starttls-when-available';
  regions: Array<{
    id: string;
    name: string;
    host: string;
  }>;
  /**
   * The first is the one to use.
   */
  ports: Array<{
    port: number;
    security: 'none' | 'auto' | 'implicit' | 'starttls' | 'starttls-when-available';
  }>;
  /**
   * Ways to sign in, the best first.
   */
  auth: Array<
    'anonymous' | 'password' | 'oauth2-client-credentials' | 'oauth2-refresh-token' | 'oauth2-jwt-bearer'
  >;
  username: {
    fixed?: string;
    placeholder: string;
    pattern?: string;
    rule: string;
  };
  secret: {
    label: string;
    placeholder: string;
    pattern?: string;
    helpSteps: Array<string>;
  };
  oauth2?: {
    scopes: Array<string>;
    tokenUrl?: string;
  };
  limits: {
    perMinute?: number;
    perDay?: number;
    connections?: number;
    messagesPerConnection?: number;
    commandMs?: number;
    note?: string;
  };
  senders: 'account' | 'verified';
  docs: Array<{
    label: string;
    url: string;
  }>;
  notices: Array<{
    from: string | null;
    to: string | null;
    severity: 'info' | 'warn';
    text: string;
    auth?:
      'anonymous' | 'password' | 'oauth2-client-credentials' | 'oauth2-refresh-token' | 'oauth2-jwt-bearer';
  }>;
  reviewedOn: string;
  /**
   * Nobody compared these values with the provider for half a year.
   */
  stale: boolean;
};

/**
 * What was found at one port.
 */
export type ProbeRow = {
  port: number;
  state: 'open' | 'closed' | 'filtered' | 'unreachable' | 'refused';
  /**
   * SMTP in plain text, TLS from the first byte, nothing in time, or no mail server.
   */
  speaks: 'plain' | 'tls' | 'silent' | 'other' | null;
  startTls: boolean | null;
  ms: number;
  change: SettingsChange | null;
};

export type Recipient = {
  address: string;
  kind: 'to' | 'cc' | 'bcc';
  state: RecipientState;
  /**
   * Tries that counted.
   */
  attempts: number;
  errorId: string | null;
  /**
   * What `errorId` means, in one sentence; see docs/errors.md.
   */
  errorTitle: string | null;
  /**
   * The server's own words.
   */
  reply: string | null;
  nextAttemptAt: string | null;
  updatedAt: string;
};

export type RecipientState =
  | 'queued'
  | 'scheduled'
  | 'sending'
  | 'accepted'
  | 'deferred'
  | 'held'
  | 'in_doubt'
  | 'failed'
  | 'expired'
  | 'captured'
  | 'suppressed'
  | 'cancelled'
  | 'delivered'
  | 'bounced'
  | 'complaint';

export type RecoveryCodes = {
  /**
   * Shown now and never again.
   */
  recoveryCodes: Array<string>;
};

/**
 * Secrets of that time that are not kept any more.
 */
export type Restoration = {
  password?: string;
  clientSecret?: string;
  refreshToken?: string;
  serviceAccount?: string;
  clientKey?: string;
  proxyPassword?: string;
  /**
   * Number of the newest revision that you have seen; another one is answered with 409.
   */
  newest?: number;
};

export type Role =
  | 'instance_admin'
  | 'operator'
  | 'instance_developer'
  | 'auditor'
  | 'tenant_admin'
  | 'tenant_developer'
  | 'tenant_viewer';

export type RoleInTenant = {
  /**
   * Its slug; `instance` for the instance.
   */
  tenant: string;
  name: string;
  role: Role;
};

export type SecretEntry = {
  tenantId: string;
  connectionId: string;
  /**
   * Its name.
   */
  connection: string;
  field: 'password' | 'clientSecret' | 'refreshToken' | 'serviceAccount' | 'clientKey' | 'proxyPassword';
  set: boolean;
  /**
   * Given over the API, or where the configuration file says it is.
   */
  source: 'api' | 'file' | 'environment' | 'configuration';
  /**
   * The place that the configuration names, such as `env:RELAY_PASSWORD`.
   */
  reference?: string;
  /**
   * When it was given; null when the configuration names it.
   */
  rotatedAt: string | null;
  /**
   * Whole days since then.
   */
  ageDays: number | null;
  /**
   * Day on which it ends: `secretExpiresOn`, or the end of the client certificate.
   */
  expiresOn?: string;
  /**
   * Whole days until then, in UTC; negative when it is over.
   */
  expiresInDays?: number;
  /**
   * `expired`; `urgent`: ends within 7 days; `soon`: within 30; `old`: more than 180 days.
   */
  attention: 'expired' | 'urgent' | 'soon' | 'old' | 'none';
  detail: string | null;
};

/**
 * What is shown of a secret.
 */
export type SecretState = {
  set: boolean;
  /**
   * Given over the API, or where the configuration file says it is.
   */
  source: 'api' | 'file' | 'environment' | 'configuration';
  /**
   * The place that the configuration names, such as `env:RELAY_PASSWORD`.
   */
  reference?: string;
  /**
   * When it was given; null when the configuration names it.
   */
  rotatedAt: string | null;
  /**
   * Whole days since then.
   */
  ageDays: number | null;
  /**
   * Day on which it ends: `secretExpiresOn`, or the end of the client certificate.
   */
  expiresOn?: string;
  /**
   * Whole days until then, in UTC; negative when it is over.
   */
  expiresInDays?: number;
};

/**
 * An address or a domain that a tenant claims to send as.
 */
export type Sender = {
  id: string;
  /**
   * An address, or `@domain` for all addresses of it; not of its subdomains.
   */
  sender: string;
  state: 'pending' | 'verified';
  /**
   * Publish this in the DNS, and have it checked.
   */
  record: {
    type: 'TXT';
    name: string;
    value: string;
  };
  /**
   * What the last check found: the record, none at all, others, or no answer from the DNS.
   */
  found: 'proof' | 'nothing' | 'other' | 'no_answer' | null;
  checkedAt: string | null;
  verifiedAt: string | null;
  createdAt: string;
};

export type SenderInput = {
  sender: string;
  /**
   * Grant it without a proof: for people of the instance that act in the tenant.
   */
  verified?: boolean;
};

export type Session = {
  id: string;
  current: boolean;
  createdAt: string;
  seenAt: string;
  expiresAt: string;
  address: string;
  userAgent: string;
};

/**
 * Of a secret only `set`, `changed` or `not set`.
 */
export type SettingChange = {
  field: string;
  secret: boolean;
  before: unknown;
  after: unknown;
};

/**
 * What is set here and not inherited.
 */
export type Settings = {
  sender?: {
    name?: string;
    address?: string;
    replyTo?: string;
  };
  delivery?: {
    mode?: 'capture' | 'allow-list' | 'live';
    readonly allowList?: Array<string>;
  };
  locale?: 'en' | 'de';
  connections?: {
    own?: 'allowed' | 'refused';
  };
  senders?: {
    readonly allowed?: Array<string>;
  };
  limits?: {
    rate?: string;
    monthly?: number;
  };
  flows?: {
    activation?: {
      kind?: 'link' | 'code' | 'both';
      lifetimeSeconds?: number;
      codeLength?: number;
      codeAlphabet?: 'digits' | 'letters-and-digits';
      attempts?: number;
      blockSeconds?: number;
      resendSeconds?: number;
      perHour?: number;
      perDay?: number;
      perClientHour?: number;
      perTenantHour?: number;
      url?: string;
      returnUrl?: string;
    };
    'password-reset'?: {
      kind?: 'link' | 'code' | 'both';
      lifetimeSeconds?: number;
      codeLength?: number;
      codeAlphabet?: 'digits' | 'letters-and-digits';
      attempts?: number;
      blockSeconds?: number;
      resendSeconds?: number;
      perHour?: number;
      perDay?: number;
      perClientHour?: number;
      perTenantHour?: number;
      url?: string;
      returnUrl?: string;
    };
    'one-time-code'?: {
      kind?: 'link' | 'code' | 'both';
      lifetimeSeconds?: number;
      codeLength?: number;
      codeAlphabet?: 'digits' | 'letters-and-digits';
      attempts?: number;
      blockSeconds?: number;
      resendSeconds?: number;
      perHour?: number;
      perDay?: number;
      perClientHour?: number;
      perTenantHour?: number;
      url?: string;
      returnUrl?: string;
    };
    invitation?: {
      kind?: 'link' | 'code' | 'both';
      lifetimeSeconds?: number;
      codeLength?: number;
      codeAlphabet?: 'digits' | 'letters-and-digits';
      attempts?: number;
      blockSeconds?: number;
      resendSeconds?: number;
      perHour?: number;
      perDay?: number;
      perClientHour?: number;
      perTenantHour?: number;
      url?: string;
      returnUrl?: string;
    };
    'email-change'?: {
      kind?: 'link' | 'code' | 'both';
      lifetimeSeconds?: number;
      codeLength?: number;
      codeAlphabet?: 'digits' | 'letters-and-digits';
      attempts?: number;
      blockSeconds?: number;
      resendSeconds?: number;
      perHour?: number;
      perDay?: number;
      perClientHour?: number;
      perTenantHour?: number;
      url?: string;
      returnUrl?: string;
    };
    'security-notice'?: {
      resendSeconds?: number;
      perHour?: number;
      perDay?: number;
      perClientHour?: number;
      perTenantHour?: number;
    };
  };
  locks?: Array<string>;
};

/**
 * What a button says, and the patch of the settings it makes.
 */
export type SettingsChange = {
  label: string;
  change: {
    [key: string]:
      | string
      | number
      | boolean
      | {
          [key: string]: number;
        };
  };
};

/**
 * Settings of an SMTP connection, unfinished.
 */
export type SettingsDraft = {
  type?: string;
  host?: string;
  port?: number;
  security?: 'none' | 'auto' | 'implicit' | 'starttls' | 'starttls-when-available';
  auth?:
    'anonymous' | 'password' | 'oauth2-client-credentials' | 'oauth2-refresh-token' | 'oauth2-jwt-bearer';
  username?: string;
  password?: string;
  clientId?: string;
  clientSecret?: string;
  tenantId?: string;
  tokenUrl?: string;
  scopes?: Array<string>;
  allowPlaintextAuth?: boolean;
  verify?: boolean;
  serverName?: string;
  pin?: string;
  senders?: Array<string>;
  timeouts?: {
    commandMs?: number;
    [key: string]: unknown;
  };
  pool?: {
    connections?: number;
    messages?: number;
    [key: string]: unknown;
  };
  rate?: {
    perMinute?: number;
    perDay?: number;
    [key: string]: unknown;
  };
  [key: string]: unknown;
};

/**
 * What a rule says about one field of the settings.
 */
export type SettingsHint = {
  path: string;
  level: 'ok' | 'info' | 'warn' | 'error' | 'block';
  id: string;
  message: string;
  changes?: Array<SettingsChange>;
};

/**
 * Absent keeps, `null` clears, a value sets.
 */
export type SettingsPatch = {
  sender?: {
    name?: string | null;
    address?: string | null;
    replyTo?: string | null;
  };
  delivery?: {
    mode?: 'capture' | 'allow-list' | 'live' | null;
    allowList?: Array<string> | null;
  };
  locale?: 'en' | 'de' | null;
  connections?: {
    own?: 'allowed' | 'refused' | null;
  };
  senders?: {
    allowed?: Array<string> | null;
  };
  limits?: {
    rate?: string | null;
    monthly?: number | null;
  };
  flows?: {
    activation?: {
      kind?: 'link' | 'code' | 'both' | null;
      lifetimeSeconds?: number | null;
      codeLength?: number | null;
      codeAlphabet?: 'digits' | 'letters-and-digits' | null;
      attempts?: number | null;
      blockSeconds?: number | null;
      resendSeconds?: number | null;
      perHour?: number | null;
      perDay?: number | null;
      perClientHour?: number | null;
      perTenantHour?: number | null;
      url?: string | null;
      returnUrl?: string | null;
    };
    'password-reset'?: {
      kind?: 'link' | 'code' | 'both' | null;
      lifetimeSeconds?: number | null;
      codeLength?: number | null;
      codeAlphabet?: 'digits' | 'letters-and-digits' | null;
      attempts?: number | null;
      blockSeconds?: number | null;
      resendSeconds?: number | null;
      perHour?: number | null;
      perDay?: number | null;
      perClientHour?: number | null;
      perTenantHour?: number | null;
      url?: string | null;
      returnUrl?: string | null;
    };
    'one-time-code'?: {
      kind?: 'link' | 'code' | 'both' | null;
      lifetimeSeconds?: number | null;
      codeLength?: number | null;
      codeAlphabet?: 'digits' | 'letters-and-digits' | null;
      attempts?: number | null;
      blockSeconds?: number | null;
      resendSeconds?: number | null;
      perHour?: number | null;
      perDay?: number | null;
      perClientHour?: number | null;
      perTenantHour?: number | null;
      url?: string | null;
      returnUrl?: string | null;
    };
    invitation?: {
      kind?: 'link' | 'code' | 'both' | null;
      lifetimeSeconds?: number | null;
      codeLength?: number | null;
      codeAlphabet?: 'digits' | 'letters-and-digits' | null;
      attempts?: number | null;
      blockSeconds?: number | null;
      resendSeconds?: number | null;
      perHour?: number | null;
      perDay?: number | null;
      perClientHour?: number | null;
      perTenantHour?: number | null;
      url?: string | null;
      returnUrl?: string | null;
    };
    'email-change'?: {
      kind?: 'link' | 'code' | 'both' | null;
      lifetimeSeconds?: number | null;
      codeLength?: number | null;
      codeAlphabet?: 'digits' | 'letters-and-digits' | null;
      attempts?: number | null;
      blockSeconds?: number | null;
      resendSeconds?: number | null;
      perHour?: number | null;
      perDay?: number | null;
      perClientHour?: number | null;
      perTenantHour?: number | null;
      url?: string | null;
      returnUrl?: string | null;
    };
    'security-notice'?: {
      resendSeconds?: number | null;
      perHour?: number | null;
      perDay?: number | null;
      perClientHour?: number | null;
      perTenantHour?: number | null;
    };
  };
  locks?: Array<string>;
};

export type Setup = {
  needed: boolean;
};

export type SignIn =
  | SignedIn
  | {
      state: 'second_step';
      /**
       * Where the code comes from; a recovery code is taken too.
       */
      method: 'email' | 'totp';
      /**
       * Whether a code was mailed now; else ask for it after a minute.
       */
      codeMailed: boolean;
    };

export type SignedIn = {
  state: 'signed_in';
  person: Person;
  /**
   * Send it as `Posthorn-CSRF` with everything that changes something.
   */
  csrf: string;
  expiresAt: string;
};

export type StartedConnectionTest = {
  id: string;
  status: 'running' | 'passed' | 'failed';
  /**
   * Id of the saved connection.
   */
  connection: string | null;
  /**
   * What was tested, as it was then.
   */
  target: {
    name: string | null;
    type: string;
    host: string | null;
    port: number | null;
    security: string | null;
    auth: string | null;
    /**
     * Whether the settings differed from those of the saved connection.
     */
    unsaved: boolean;
  };
  /**
   * The message; null for a check.
   */
  mail: {
    from: string;
    to: string;
  } | null;
  failedStage?:
    | 'settings'
    | 'token'
    | 'dns'
    | 'connect'
    | 'greeting'
    | 'ehlo'
    | 'tls'
    | 'ehlo-tls'
    | 'auth'
    | 'mail-from'
    | 'rcpt-to'
    | 'data'
    | 'accepted';
  /**
   * The same for the same settings and secrets.
   */
  fingerprint: string;
  startedAt: string;
  endedAt: string | null;
  /**
   * How it came to its end: by itself, stopped, out of time, or with the process that ran it.
   */
  ended: 'finished' | 'cancelled' | 'timed_out' | 'interrupted' | null;
  ms: number | null;
  stages: Array<TestStage>;
  /**
   * What receivers find about the sender, once a message was accepted. It changes no outcome.
   */
  advice: Array<AdviceRow> | null;
  /**
   * The conversation, without secrets: `+ms marker text` a line.
   */
  transcript: string;
  /**
   * A test of this connection ran already; this is that one.
   */
  joined: boolean;
};

/**
 * Settings that a domain seems to use, and why.
 */
export type Suggestion = {
  name: string;
  preset: string | null;
  settings: {
    host: string;
    port: number;
    security: 'none' | 'auto' | 'implicit' | 'starttls' | 'starttls-when-available';
    auth:
      'anonymous' | 'password' | 'oauth2-client-credentials' | 'oauth2-refresh-token' | 'oauth2-jwt-bearer';
    username?: string;
  };
  /**
   * The weightiest evidence; the first kind weighs most.
   */
  source: 'known' | 'autoconfig' | 'srv' | 'mx' | 'spf' | 'guess';
  evidence: Array<{
    source: 'known' | 'autoconfig' | 'srv' | 'mx' | 'spf' | 'guess';
    text: string;
  }>;
  caution: string | null;
};

/**
 * One customer or organisation of the platform.
 */
export type Tenant = {
  id: string;
  slug: string;
  name: string;
  managedBy: 'api' | 'file';
  state: 'active' | 'suspended' | 'deleted';
  /**
   * Why it is suspended, in the words of who did it.
   */
  stateReason: string | null;
  deletedAt: string | null;
  /**
   * Until then a deleted tenant can be restored; then it is removed.
   */
  goneAt: string | null;
  createdAt: string;
};

/**
 * What a failure means and what to do about it.
 */
export type TestDiagnosis = {
  /**
   * Of the error catalogue.
   */
  id: string;
  title: string;
  cause: string;
  fixes: Array<{
    text: string;
    /**
     * A button: a `change` of settings, a text to `copy`, a page to `open`, or a `probe`.
     */
    action?: {
      kind: string;
      label: string;
      [key: string]: unknown;
    };
  }>;
  docs: Array<{
    label: string;
    url: string;
  }>;
  who?: string;
  retry?: string;
  confidence: 'certain' | 'likely' | 'unknown';
  params: {
    [key: string]: string;
  };
};

export type TestStage = {
  id:
    | 'settings'
    | 'token'
    | 'dns'
    | 'connect'
    | 'greeting'
    | 'ehlo'
    | 'tls'
    | 'ehlo-tls'
    | 'auth'
    | 'mail-from'
    | 'rcpt-to'
    | 'data'
    | 'accepted';
  status: 'waiting' | 'running' | 'ok' | 'warn' | 'failed' | 'not_reached';
  /**
   * How long it took; absent until it ends.
   */
  ms?: number;
  /**
   * One line.
   */
  fact?: string;
  /**
   * A few values; which ones depends on the stage.
   */
  summary?: {
    [key: string]: unknown;
  };
  /**
   * Everything that was learned; what depends on the stage.
   */
  details?: {
    [key: string]: unknown;
  };
  /**
   * Not wrong, but worth knowing.
   */
  notes?: Array<string>;
  code?: number;
  enhanced?: string;
  text?: string;
  /**
   * The reply of the server in one line.
   */
  reply?: string;
  diagnosis?: TestDiagnosis;
};

/**
 * What a tenant has sent over the connections of the instance.
 */
export type Usage = {
  /**
   * The calendar month (UTC) that is counted, such as `2026-11`.
   */
  month: string;
  endsAt: string;
  /**
   * Messages so far; counted while there is a monthly limit.
   */
  accepted: number | null;
  monthly: number | null;
  /**
   * Whether 80 % were reached in this month.
   */
  warned: boolean;
  rate: Array<{
    messages: number;
    seconds: number;
    accepted: number;
    resetsAt: string | null;
  }>;
};

export type Verification = {
  id: string;
  flow: Flow;
  to: string;
  subject: string | null;
  state: 'pending' | 'approved' | 'expired' | 'locked' | 'superseded' | 'revoked';
  /**
   * The latest message that carried it.
   */
  messageId: string | null;
  createdAt: string;
  expiresAt: string;
};

export type VerificationCheck = {
  /**
   * `expired` is the one answer to everything that cannot be approved.
   */
  status: 'approved' | 'pending' | 'expired' | 'locked';
  triesLeft?: number;
  verification?: {
    id: string;
    flow: Flow;
    to: string;
    subject: string | null;
    data: {
      [key: string]: string;
    };
  };
};

export type VerificationWithTimeline = {
  id: string;
  flow: Flow;
  to: string;
  subject: string | null;
  state: 'pending' | 'approved' | 'expired' | 'locked' | 'superseded' | 'revoked';
  /**
   * The latest message that carried it.
   */
  messageId: string | null;
  createdAt: string;
  expiresAt: string;
  /**
   * Codes that were tried.
   */
  tries: number;
  endedAt: string | null;
  timeline: Array<{
    at: string;
    type: string;
    data: {
      [key: string]: unknown;
    };
  }>;
};

export type WholeConnectionRevision = {
  id: string;
  revision: number;
  state: 'draft' | 'proved' | 'active' | 'superseded';
  origin: 'saved' | 'restored' | 'returned' | 'file';
  basedOn: number | null;
  createdAt: string;
  /**
   * Id of the key, or `file`, or `posthorn`.
   */
  createdBy: string;
  proof: {
    test: string;
    at: string;
  } | null;
  activatedAt: string | null;
  activatedBy: string | null;
  /**
   * The reason, when it was activated without a passing test.
   */
  forced: string | null;
  supersededAt: string | null;
  /**
   * Why it was given up by itself soon after it came in force.
   */
  returned: string | null;
  /**
   * In the revision that it was made from.
   */
  changes: Array<SettingChange>;
  /**
   * Without the secrets.
   */
  settings: {
    name: string;
    [key: string]: unknown;
  };
  secrets: {
    [key: string]: {
      rotatedAt: string;
      kept: boolean;
    };
  };
};

/**
 * What is set here and not inherited.
 */
export type SettingsWritable = {
  sender?: {
    name?: string;
    address?: string;
    replyTo?: string;
  };
  delivery?: {
    mode?: 'capture' | 'allow-list' | 'live';
  };
  locale?: 'en' | 'de';
  connections?: {
    own?: 'allowed' | 'refused';
  };
  senders?: {
    [key: string]: never;
  };
  limits?: {
    rate?: string;
    monthly?: number;
  };
  flows?: {
    activation?: {
      kind?: 'link' | 'code' | 'both';
      lifetimeSeconds?: number;
      codeLength?: number;
      codeAlphabet?: 'digits' | 'letters-and-digits';
      attempts?: number;
      blockSeconds?: number;
      resendSeconds?: number;
      perHour?: number;
      perDay?: number;
      perClientHour?: number;
      perTenantHour?: number;
      url?: string;
      returnUrl?: string;
    };
    'password-reset'?: {
      kind?: 'link' | 'code' | 'both';
      lifetimeSeconds?: number;
      codeLength?: number;
      codeAlphabet?: 'digits' | 'letters-and-digits';
      attempts?: number;
      blockSeconds?: number;
      resendSeconds?: number;
      perHour?: number;
      perDay?: number;
      perClientHour?: number;
      perTenantHour?: number;
      url?: string;
      returnUrl?: string;
    };
    'one-time-code'?: {
      kind?: 'link' | 'code' | 'both';
      lifetimeSeconds?: number;
      codeLength?: number;
      codeAlphabet?: 'digits' | 'letters-and-digits';
      attempts?: number;
      blockSeconds?: number;
      resendSeconds?: number;
      perHour?: number;
      perDay?: number;
      perClientHour?: number;
      perTenantHour?: number;
      url?: string;
      returnUrl?: string;
    };
    invitation?: {
      kind?: 'link' | 'code' | 'both';
      lifetimeSeconds?: number;
      codeLength?: number;
      codeAlphabet?: 'digits' | 'letters-and-digits';
      attempts?: number;
      blockSeconds?: number;
      resendSeconds?: number;
      perHour?: number;
      perDay?: number;
      perClientHour?: number;
      perTenantHour?: number;
      url?: string;
      returnUrl?: string;
    };
    'email-change'?: {
      kind?: 'link' | 'code' | 'both';
      lifetimeSeconds?: number;
      codeLength?: number;
      codeAlphabet?: 'digits' | 'letters-and-digits';
      attempts?: number;
      blockSeconds?: number;
      resendSeconds?: number;
      perHour?: number;
      perDay?: number;
      perClientHour?: number;
      perTenantHour?: number;
      url?: string;
      returnUrl?: string;
    };
    'security-notice'?: {
      resendSeconds?: number;
      perHour?: number;
      perDay?: number;
      perClientHour?: number;
      perTenantHour?: number;
    };
  };
  locks?: Array<string>;
};

/**
 * Absent keeps, `null` clears, a value sets.
 */
export type SettingsPatchWritable = {
  sender?: {
    name?: string | null;
    address?: string | null;
    replyTo?: string | null;
  };
  delivery?: {
    mode?: 'capture' | 'allow-list' | 'live' | null;
    allowList?: null;
  };
  locale?: 'en' | 'de' | null;
  connections?: {
    own?: 'allowed' | 'refused' | null;
  };
  senders?: {
    allowed?: null;
  };
  limits?: {
    rate?: string | null;
    monthly?: number | null;
  };
  flows?: {
    activation?: {
      kind?: 'link' | 'code' | 'both' | null;
      lifetimeSeconds?: number | null;
      codeLength?: number | null;
      codeAlphabet?: 'digits' | 'letters-and-digits' | null;
      attempts?: number | null;
      blockSeconds?: number | null;
      resendSeconds?: number | null;
      perHour?: number | null;
      perDay?: number | null;
      perClientHour?: number | null;
      perTenantHour?: number | null;
      url?: string | null;
      returnUrl?: string | null;
    };
    'password-reset'?: {
      kind?: 'link' | 'code' | 'both' | null;
      lifetimeSeconds?: number | null;
      codeLength?: number | null;
      codeAlphabet?: 'digits' | 'letters-and-digits' | null;
      attempts?: number | null;
      blockSeconds?: number | null;
      resendSeconds?: number | null;
      perHour?: number | null;
      perDay?: number | null;
      perClientHour?: number | null;
      perTenantHour?: number | null;
      url?: string | null;
      returnUrl?: string | null;
    };
    'one-time-code'?: {
      kind?: 'link' | 'code' | 'both' | null;
      lifetimeSeconds?: number | null;
      codeLength?: number | null;
      codeAlphabet?: 'digits' | 'letters-and-digits' | null;
      attempts?: number | null;
      blockSeconds?: number | null;
      resendSeconds?: number | null;
      perHour?: number | null;
      perDay?: number | null;
      perClientHour?: number | null;
      perTenantHour?: number | null;
      url?: string | null;
      returnUrl?: string | null;
    };
    invitation?: {
      kind?: 'link' | 'code' | 'both' | null;
      lifetimeSeconds?: number | null;
      codeLength?: number | null;
      codeAlphabet?: 'digits' | 'letters-and-digits' | null;
      attempts?: number | null;
      blockSeconds?: number | null;
      resendSeconds?: number | null;
      perHour?: number | null;
      perDay?: number | null;
      perClientHour?: number | null;
      perTenantHour?: number | null;
      url?: string | null;
      returnUrl?: string | null;
    };
    'email-change'?: {
      kind?: 'link' | 'code' | 'both' | null;
      lifetimeSeconds?: number | null;
      codeLength?: number | null;
      codeAlphabet?: 'digits' | 'letters-and-digits' | null;
      attempts?: number | null;
      blockSeconds?: number | null;
      resendSeconds?: number | null;
      perHour?: number | null;
      perDay?: number | null;
      perClientHour?: number | null;
      perTenantHour?: number | null;
      url?: string | null;
      returnUrl?: string | null;
    };
    'security-notice'?: {
      resendSeconds?: number | null;
      perHour?: number | null;
      perDay?: number | null;
      perClientHour?: number | null;
      perTenantHour?: number | null;
    };
  };
  locks?: Array<string>;
};

export type ListMessagesData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: {
    limit?: number;
    cursor?: string;
    q?: string;
  };
  url: '/api/v1/messages';
};

export type ListMessagesErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type ListMessagesError = ListMessagesErrors[keyof ListMessagesErrors];

export type ListMessagesResponses = {
  /**
   * Done
   */
  200: {
    items: Array<MessageSummary>;
    next: string | null;
  };
};

export type ListMessagesResponse = ListMessagesResponses[keyof ListMessagesResponses];

export type SendMessageData = {
  body: {
    to?: Array<
      | string
      | {
          name?: string;
          address: string;
        }
    >;
    cc?: Array<
      | string
      | {
          name?: string;
          address: string;
        }
    >;
    bcc?: Array<
      | string
      | {
          name?: string;
          address: string;
        }
    >;
    from?:
      | string
      | {
          name?: string;
          address: string;
        };
    replyTo?: Array<
      | string
      | {
          name?: string;
          address: string;
        }
    >;
    subject?: string;
    text?: string;
    html?: string;
    attachments?: Array<{
      filename: string;
      contentType: string;
      content: string;
      cid?: string;
    }>;
    headers?: {
      [key: string]: string;
    };
    class?: 'otp' | 'account' | 'notification' | 'bulk';
    connection?: string;
    sendAt?: string;
    expiresAt?: string;
    /**
     * A new message takes the place of an earlier one with the same key that is not sent yet.
     */
    collapseKey?: string;
    tags?: Array<string>;
    metadata?: {
      [key: string]: string;
    };
  };
  headers?: {
    'Idempotency-Key'?: string;
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: never;
  url: '/api/v1/messages';
};

export type SendMessageErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `sender_not_allowed`: The tenant may send as what `senders.allowed` names, as addresses and domains that it has proved to be its own, and as the sender that it inherits.
   *
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `idempotency_conflict`: The same `Idempotency-Key` came earlier with a different body; nothing was done.
   */
  409: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `rate_limited`: A limit of this key or tenant was reached. Try again after `Retry-After` seconds.
   *
   * `quota_reached`: The tenant has sent as many messages over the connections of the instance as it may in a calendar month (UTC). `Retry-After` leads to the next.
   */
  429: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `unavailable`: The database or another part this needs cannot be used now; nothing was stored. Try again.
   *
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
  /**
   * `storage_full`: There is too little disk space to accept a message safely; nothing was stored.
   */
  507: Problem;
};

export type SendMessageError = SendMessageErrors[keyof SendMessageErrors];

export type SendMessageResponses = {
  /**
   * Accepted
   */
  202: Accepted;
};

export type SendMessageResponse = SendMessageResponses[keyof SendMessageResponses];

export type SendBatchData = {
  body: {
    messages: Array<{
      to?: Array<
        | string
        | {
            name?: string;
            address: string;
          }
      >;
      cc?: Array<
        | string
        | {
            name?: string;
            address: string;
          }
      >;
      bcc?: Array<
        | string
        | {
            name?: string;
            address: string;
          }
      >;
      from?:
        | string
        | {
            name?: string;
            address: string;
          };
      replyTo?: Array<
        | string
        | {
            name?: string;
            address: string;
          }
      >;
      subject?: string;
      text?: string;
      html?: string;
      attachments?: Array<{
        filename: string;
        contentType: string;
        content: string;
        cid?: string;
      }>;
      headers?: {
        [key: string]: string;
      };
      class?: 'otp' | 'account' | 'notification' | 'bulk';
      connection?: string;
      sendAt?: string;
      expiresAt?: string;
      /**
       * A new message takes the place of an earlier one with the same key that is not sent yet.
       */
      collapseKey?: string;
      tags?: Array<string>;
      metadata?: {
        [key: string]: string;
      };
    }>;
  };
  headers?: {
    'Idempotency-Key'?: string;
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: never;
  url: '/api/v1/messages/batch';
};

export type SendBatchErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `sender_not_allowed`: The tenant may send as what `senders.allowed` names, as addresses and domains that it has proved to be its own, and as the sender that it inherits.
   *
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `idempotency_conflict`: The same `Idempotency-Key` came earlier with a different body; nothing was done.
   */
  409: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `rate_limited`: A limit of this key or tenant was reached. Try again after `Retry-After` seconds.
   *
   * `quota_reached`: The tenant has sent as many messages over the connections of the instance as it may in a calendar month (UTC). `Retry-After` leads to the next.
   */
  429: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `unavailable`: The database or another part this needs cannot be used now; nothing was stored. Try again.
   *
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
  /**
   * `storage_full`: There is too little disk space to accept a message safely; nothing was stored.
   */
  507: Problem;
};

export type SendBatchError = SendBatchErrors[keyof SendBatchErrors];

export type SendBatchResponses = {
  /**
   * Accepted
   */
  202: {
    messages: Array<Accepted>;
  };
};

export type SendBatchResponse = SendBatchResponses[keyof SendBatchResponses];

export type GetMessageData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    id: string;
  };
  query?: never;
  url: '/api/v1/messages/{id}';
};

export type GetMessageErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type GetMessageError = GetMessageErrors[keyof GetMessageErrors];

export type GetMessageResponses = {
  /**
   * Done
   */
  200: Message;
};

export type GetMessageResponse = GetMessageResponses[keyof GetMessageResponses];

export type GetMessageSourceData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    id: string;
  };
  query?: {
    reason?: string;
  };
  url: '/api/v1/messages/{id}/source';
};

export type GetMessageSourceErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type GetMessageSourceError = GetMessageSourceErrors[keyof GetMessageSourceErrors];

export type GetMessageSourceResponses = {
  /**
   * Done
   */
  200: string;
};

export type GetMessageSourceResponse = GetMessageSourceResponses[keyof GetMessageSourceResponses];

export type ExplainMessageData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    id: string;
  };
  query?: never;
  url: '/api/v1/messages/{id}/explain';
};

export type ExplainMessageErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type ExplainMessageError = ExplainMessageErrors[keyof ExplainMessageErrors];

export type ExplainMessageResponses = {
  /**
   * Done
   */
  200: {
    state: string;
    kept: string | null;
    route: {
      connection: string | null;
      reason: string | null;
      considered: Array<{
        connection: string;
        verdict: string;
        why: string;
      }>;
    };
  };
};

export type ExplainMessageResponse = ExplainMessageResponses[keyof ExplainMessageResponses];

export type CancelMessageData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    id: string;
  };
  query?: never;
  url: '/api/v1/messages/{id}/cancel';
};

export type CancelMessageErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `not_cancellable`: Every recipient of the message is already finished, or is being sent to at this moment.
   */
  409: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type CancelMessageError = CancelMessageErrors[keyof CancelMessageErrors];

export type CancelMessageResponses = {
  /**
   * Done
   */
  200: Message;
};

export type CancelMessageResponse = CancelMessageResponses[keyof CancelMessageResponses];

export type RetryMessageData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    id: string;
  };
  query?: never;
  url: '/api/v1/messages/{id}/retry';
};

export type RetryMessageErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `conflict`: The thing exists already or is in a state that does not allow this; `detail` names it.
   */
  409: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type RetryMessageError = RetryMessageErrors[keyof RetryMessageErrors];

export type RetryMessageResponses = {
  /**
   * Done
   */
  200: Message;
};

export type RetryMessageResponse = RetryMessageResponses[keyof RetryMessageResponses];

export type ResendMessageData = {
  body?: {
    to?: Array<
      | string
      | {
          name?: string;
          address: string;
        }
    >;
  };
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    id: string;
  };
  query?: never;
  url: '/api/v1/messages/{id}/resend';
};

export type ResendMessageErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `sender_not_allowed`: The tenant may send as what `senders.allowed` names, as addresses and domains that it has proved to be its own, and as the sender that it inherits.
   *
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `conflict`: The thing exists already or is in a state that does not allow this; `detail` names it.
   */
  409: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `rate_limited`: A limit of this key or tenant was reached. Try again after `Retry-After` seconds.
   *
   * `quota_reached`: The tenant has sent as many messages over the connections of the instance as it may in a calendar month (UTC). `Retry-After` leads to the next.
   */
  429: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `unavailable`: The database or another part this needs cannot be used now; nothing was stored. Try again.
   *
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
  /**
   * `storage_full`: There is too little disk space to accept a message safely; nothing was stored.
   */
  507: Problem;
};

export type ResendMessageError = ResendMessageErrors[keyof ResendMessageErrors];

export type ResendMessageResponses = {
  /**
   * Accepted
   */
  202: Accepted;
};

export type ResendMessageResponse = ResendMessageResponses[keyof ResendMessageResponses];

export type ListConnectionsData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: never;
  url: '/api/v1/connections';
};

export type ListConnectionsErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type ListConnectionsError = ListConnectionsErrors[keyof ListConnectionsErrors];

export type ListConnectionsResponses = {
  /**
   * Done
   */
  200: {
    items: Array<Connection>;
    next: string | null;
  };
};

export type ListConnectionsResponse = ListConnectionsResponses[keyof ListConnectionsResponses];

export type CreateConnectionData = {
  body: ConnectionInput;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: {
    /**
     * Puts it in force, if a test of exactly these values has passed; else nothing is saved.
     */
    activate?: 'true' | 'false';
    /**
     * Puts it in force without a passing test. Needs `reason`, which is recorded.
     */
    force?: 'true' | 'false';
    reason?: string;
  };
  url: '/api/v1/connections';
};

export type CreateConnectionErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `locked`: The instance keeps this setting the same for all tenants; its people can unlock it.
   *
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `conflict`: The thing exists already or is in a state that does not allow this; `detail` names it.
   *
   * `not_proved`: New settings come in force after a test of exactly these values has passed, or when they are forced with a reason.
   */
  409: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
};

export type CreateConnectionError = CreateConnectionErrors[keyof CreateConnectionErrors];

export type CreateConnectionResponses = {
  /**
   * Created
   */
  201: Connection;
};

export type CreateConnectionResponse = CreateConnectionResponses[keyof CreateConnectionResponses];

export type DeleteConnectionData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    id: string;
  };
  query?: never;
  url: '/api/v1/connections/{id}';
};

export type DeleteConnectionErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `managed_by_file`: This value comes from the configuration file and is changed there.
   */
  409: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type DeleteConnectionError = DeleteConnectionErrors[keyof DeleteConnectionErrors];

export type DeleteConnectionResponses = {
  /**
   * Done, no content
   */
  204: void;
};

export type DeleteConnectionResponse = DeleteConnectionResponses[keyof DeleteConnectionResponses];

export type GetConnectionData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    id: string;
  };
  query?: never;
  url: '/api/v1/connections/{id}';
};

export type GetConnectionErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type GetConnectionError = GetConnectionErrors[keyof GetConnectionErrors];

export type GetConnectionResponses = {
  /**
   * Done
   */
  200: Connection;
};

export type GetConnectionResponse = GetConnectionResponses[keyof GetConnectionResponses];

export type PatchConnectionData = {
  body: ConnectionPatch;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    id: string;
  };
  query?: {
    /**
     * Puts it in force, if a test of exactly these values has passed; else nothing is saved.
     */
    activate?: 'true' | 'false';
    /**
     * Puts it in force without a passing test. Needs `reason`, which is recorded.
     */
    force?: 'true' | 'false';
    reason?: string;
  };
  url: '/api/v1/connections/{id}';
};

export type PatchConnectionErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `locked`: The instance keeps this setting the same for all tenants; its people can unlock it.
   *
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `conflict`: The thing exists already or is in a state that does not allow this; `detail` names it.
   *
   * `not_proved`: New settings come in force after a test of exactly these values has passed, or when they are forced with a reason.
   *
   * `managed_by_file`: This value comes from the configuration file and is changed there.
   */
  409: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `secret_required`: A stored secret is bound to where it is sent. The destination changed, so the secret must be given again.
   *
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
};

export type PatchConnectionError = PatchConnectionErrors[keyof PatchConnectionErrors];

export type PatchConnectionResponses = {
  /**
   * Done
   */
  200: Connection;
};

export type PatchConnectionResponse = PatchConnectionResponses[keyof PatchConnectionResponses];

export type PauseConnectionData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    id: string;
  };
  query?: never;
  url: '/api/v1/connections/{id}/pause';
};

export type PauseConnectionErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type PauseConnectionError = PauseConnectionErrors[keyof PauseConnectionErrors];

export type PauseConnectionResponses = {
  /**
   * Done
   */
  200: Connection;
};

export type PauseConnectionResponse = PauseConnectionResponses[keyof PauseConnectionResponses];

export type ResumeConnectionData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    id: string;
  };
  query?: never;
  url: '/api/v1/connections/{id}/resume';
};

export type ResumeConnectionErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type ResumeConnectionError = ResumeConnectionErrors[keyof ResumeConnectionErrors];

export type ResumeConnectionResponses = {
  /**
   * Done
   */
  200: Connection;
};

export type ResumeConnectionResponse = ResumeConnectionResponses[keyof ResumeConnectionResponses];

export type DisconnectConnectionData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    id: string;
  };
  query?: never;
  url: '/api/v1/connections/{id}/connect';
};

export type DisconnectConnectionErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type DisconnectConnectionError = DisconnectConnectionErrors[keyof DisconnectConnectionErrors];

export type DisconnectConnectionResponses = {
  /**
   * Done, no content
   */
  204: void;
};

export type DisconnectConnectionResponse = DisconnectConnectionResponses[keyof DisconnectConnectionResponses];

export type ConnectConnectionData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    id: string;
  };
  query?: never;
  url: '/api/v1/connections/{id}/connect';
};

export type ConnectConnectionErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `rate_limited`: A limit of this key or tenant was reached. Try again after `Retry-After` seconds.
   */
  429: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type ConnectConnectionError = ConnectConnectionErrors[keyof ConnectConnectionErrors];

export type ConnectConnectionResponses = {
  /**
   * Done
   */
  200: ConnectBegun;
};

export type ConnectConnectionResponse = ConnectConnectionResponses[keyof ConnectConnectionResponses];

export type FinishConnectingData = {
  body?: never;
  path?: never;
  query?: {
    state?: string;
    code?: string;
    error?: string;
    error_description?: string;
    iss?: string;
  };
  url: '/oauth/callback';
};

export type FinishConnectingErrors = {
  /**
   * A page that says what is wrong
   */
  400: string;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type FinishConnectingError = FinishConnectingErrors[keyof FinishConnectingErrors];

export type FinishConnectingResponses = {
  /**
   * Done
   */
  200: string;
};

export type FinishConnectingResponse = FinishConnectingResponses[keyof FinishConnectingResponses];

export type ActivateConnectionData = {
  body?: Activation;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    id: string;
  };
  query?: never;
  url: '/api/v1/connections/{id}/activate';
};

export type ActivateConnectionErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `locked`: The instance keeps this setting the same for all tenants; its people can unlock it.
   *
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `conflict`: The thing exists already or is in a state that does not allow this; `detail` names it.
   *
   * `not_proved`: New settings come in force after a test of exactly these values has passed, or when they are forced with a reason.
   *
   * `managed_by_file`: This value comes from the configuration file and is changed there.
   */
  409: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
};

export type ActivateConnectionError = ActivateConnectionErrors[keyof ActivateConnectionErrors];

export type ActivateConnectionResponses = {
  /**
   * Done
   */
  200: Connection;
};

export type ActivateConnectionResponse = ActivateConnectionResponses[keyof ActivateConnectionResponses];

export type DeactivateConnectionData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    id: string;
  };
  query?: never;
  url: '/api/v1/connections/{id}/deactivate';
};

export type DeactivateConnectionErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `locked`: The instance keeps this setting the same for all tenants; its people can unlock it.
   *
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `conflict`: The thing exists already or is in a state that does not allow this; `detail` names it.
   *
   * `managed_by_file`: This value comes from the configuration file and is changed there.
   */
  409: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type DeactivateConnectionError = DeactivateConnectionErrors[keyof DeactivateConnectionErrors];

export type DeactivateConnectionResponses = {
  /**
   * Done
   */
  200: Connection;
};

export type DeactivateConnectionResponse = DeactivateConnectionResponses[keyof DeactivateConnectionResponses];

export type ListConnectionRevisionsData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    id: string;
  };
  query?: {
    limit?: number;
    cursor?: string;
  };
  url: '/api/v1/connections/{id}/revisions';
};

export type ListConnectionRevisionsErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type ListConnectionRevisionsError = ListConnectionRevisionsErrors[keyof ListConnectionRevisionsErrors];

export type ListConnectionRevisionsResponses = {
  /**
   * Done
   */
  200: {
    items: Array<ConnectionRevision>;
    next: string | null;
  };
};

export type ListConnectionRevisionsResponse =
  ListConnectionRevisionsResponses[keyof ListConnectionRevisionsResponses];

export type GetConnectionRevisionData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    id: string;
    revision: number;
  };
  query?: never;
  url: '/api/v1/connections/{id}/revisions/{revision}';
};

export type GetConnectionRevisionErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type GetConnectionRevisionError = GetConnectionRevisionErrors[keyof GetConnectionRevisionErrors];

export type GetConnectionRevisionResponses = {
  /**
   * Done
   */
  200: WholeConnectionRevision;
};

export type GetConnectionRevisionResponse =
  GetConnectionRevisionResponses[keyof GetConnectionRevisionResponses];

export type RestoreConnectionRevisionData = {
  body?: Restoration;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    id: string;
    revision: number;
  };
  query?: {
    /**
     * Puts it in force, if a test of exactly these values has passed; else nothing is saved.
     */
    activate?: 'true' | 'false';
    /**
     * Puts it in force without a passing test. Needs `reason`, which is recorded.
     */
    force?: 'true' | 'false';
    reason?: string;
  };
  url: '/api/v1/connections/{id}/revisions/{revision}/restore';
};

export type RestoreConnectionRevisionErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `locked`: The instance keeps this setting the same for all tenants; its people can unlock it.
   *
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `conflict`: The thing exists already or is in a state that does not allow this; `detail` names it.
   *
   * `not_proved`: New settings come in force after a test of exactly these values has passed, or when they are forced with a reason.
   *
   * `managed_by_file`: This value comes from the configuration file and is changed there.
   */
  409: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `secret_required`: A stored secret is bound to where it is sent. The destination changed, so the secret must be given again.
   *
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
};

export type RestoreConnectionRevisionError =
  RestoreConnectionRevisionErrors[keyof RestoreConnectionRevisionErrors];

export type RestoreConnectionRevisionResponses = {
  /**
   * Done
   */
  200: Connection;
};

export type RestoreConnectionRevisionResponse =
  RestoreConnectionRevisionResponses[keyof RestoreConnectionRevisionResponses];

export type ListSecretsData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: never;
  url: '/api/v1/secrets';
};

export type ListSecretsErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type ListSecretsError = ListSecretsErrors[keyof ListSecretsErrors];

export type ListSecretsResponses = {
  /**
   * Done
   */
  200: {
    items: Array<SecretEntry>;
    next: string | null;
  };
};

export type ListSecretsResponse = ListSecretsResponses[keyof ListSecretsResponses];

export type ListConnectionTestsData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: {
    limit?: number;
    cursor?: string;
    /**
     * Id of a connection.
     */
    connection?: string;
  };
  url: '/api/v1/connection-tests';
};

export type ListConnectionTestsErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type ListConnectionTestsError = ListConnectionTestsErrors[keyof ListConnectionTestsErrors];

export type ListConnectionTestsResponses = {
  /**
   * Done
   */
  200: {
    items: Array<ConnectionTestSummary>;
    next: string | null;
  };
};

export type ListConnectionTestsResponse = ListConnectionTestsResponses[keyof ListConnectionTestsResponses];

export type StartConnectionTestData = {
  body: ConnectionTestRequest;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: never;
  url: '/api/v1/connection-tests';
};

export type StartConnectionTestErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `sender_not_allowed`: The tenant may send as what `senders.allowed` names, as addresses and domains that it has proved to be its own, and as the sender that it inherits.
   *
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `secret_required`: A stored secret is bound to where it is sent. The destination changed, so the secret must be given again.
   *
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `rate_limited`: A limit of this key or tenant was reached. Try again after `Retry-After` seconds.
   */
  429: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
};

export type StartConnectionTestError = StartConnectionTestErrors[keyof StartConnectionTestErrors];

export type StartConnectionTestResponses = {
  /**
   * Accepted
   */
  202: StartedConnectionTest;
};

export type StartConnectionTestResponse = StartConnectionTestResponses[keyof StartConnectionTestResponses];

export type GetConnectionTestData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    id: string;
  };
  query?: never;
  url: '/api/v1/connection-tests/{id}';
};

export type GetConnectionTestErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type GetConnectionTestError = GetConnectionTestErrors[keyof GetConnectionTestErrors];

export type GetConnectionTestResponses = {
  /**
   * Done
   */
  200: ConnectionTest;
};

export type GetConnectionTestResponse = GetConnectionTestResponses[keyof GetConnectionTestResponses];

export type FollowConnectionTestData = {
  body?: never;
  headers?: {
    'Last-Event-Id'?: string;
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    id: string;
  };
  query?: never;
  url: '/api/v1/connection-tests/{id}/events';
};

export type FollowConnectionTestErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
};

export type FollowConnectionTestError = FollowConnectionTestErrors[keyof FollowConnectionTestErrors];

export type FollowConnectionTestResponses = {
  /**
   * Events, each with this as its `data`
   */
  200: ConnectionTestEvent;
};

export type FollowConnectionTestResponse = FollowConnectionTestResponses[keyof FollowConnectionTestResponses];

export type CancelConnectionTestData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    id: string;
  };
  query?: never;
  url: '/api/v1/connection-tests/{id}/cancel';
};

export type CancelConnectionTestErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type CancelConnectionTestError = CancelConnectionTestErrors[keyof CancelConnectionTestErrors];

export type CancelConnectionTestResponses = {
  /**
   * Done
   */
  200: ConnectionTest;
};

export type CancelConnectionTestResponse = CancelConnectionTestResponses[keyof CancelConnectionTestResponses];

export type ListPresetsData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: never;
  url: '/api/v1/presets';
};

export type ListPresetsErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type ListPresetsError = ListPresetsErrors[keyof ListPresetsErrors];

export type ListPresetsResponses = {
  /**
   * Done
   */
  200: {
    items: Array<Preset>;
  };
};

export type ListPresetsResponse = ListPresetsResponses[keyof ListPresetsResponses];

export type HintConnectionData = {
  body: {
    settings: SettingsDraft;
    destination?: 'private' | 'public' | 'unknown';
  };
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: never;
  url: '/api/v1/connection-hints';
};

export type HintConnectionErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
};

export type HintConnectionError = HintConnectionErrors[keyof HintConnectionErrors];

export type HintConnectionResponses = {
  /**
   * Done
   */
  200: {
    hints: Array<SettingsHint>;
  };
};

export type HintConnectionResponse = HintConnectionResponses[keyof HintConnectionResponses];

export type ListTenantsData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: {
    limit?: number;
    cursor?: string;
    state?: 'active' | 'suspended' | 'deleted';
  };
  url: '/api/v1/tenants';
};

export type ListTenantsErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type ListTenantsError = ListTenantsErrors[keyof ListTenantsErrors];

export type ListTenantsResponses = {
  /**
   * Done
   */
  200: {
    items: Array<Tenant>;
    next: string | null;
  };
};

export type ListTenantsResponse = ListTenantsResponses[keyof ListTenantsResponses];

export type CreateTenantData = {
  body: {
    slug: string;
    name: string;
  };
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: never;
  url: '/api/v1/tenants';
};

export type CreateTenantErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `conflict`: The thing exists already or is in a state that does not allow this; `detail` names it.
   */
  409: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
};

export type CreateTenantError = CreateTenantErrors[keyof CreateTenantErrors];

export type CreateTenantResponses = {
  /**
   * Created
   */
  201: Tenant;
};

export type CreateTenantResponse = CreateTenantResponses[keyof CreateTenantResponses];

export type DeleteTenantData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    slug: string;
  };
  query?: never;
  url: '/api/v1/tenants/{slug}';
};

export type DeleteTenantErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `conflict`: The thing exists already or is in a state that does not allow this; `detail` names it.
   *
   * `managed_by_file`: This value comes from the configuration file and is changed there.
   */
  409: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type DeleteTenantError = DeleteTenantErrors[keyof DeleteTenantErrors];

export type DeleteTenantResponses = {
  /**
   * Done
   */
  200: Tenant;
};

export type DeleteTenantResponse = DeleteTenantResponses[keyof DeleteTenantResponses];

export type GetTenantData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    slug: string;
  };
  query?: never;
  url: '/api/v1/tenants/{slug}';
};

export type GetTenantErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type GetTenantError = GetTenantErrors[keyof GetTenantErrors];

export type GetTenantResponses = {
  /**
   * Done
   */
  200: Tenant;
};

export type GetTenantResponse = GetTenantResponses[keyof GetTenantResponses];

export type PatchTenantData = {
  body: {
    name: string;
  };
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    slug: string;
  };
  query?: never;
  url: '/api/v1/tenants/{slug}';
};

export type PatchTenantErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `managed_by_file`: This value comes from the configuration file and is changed there.
   */
  409: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
};

export type PatchTenantError = PatchTenantErrors[keyof PatchTenantErrors];

export type PatchTenantResponses = {
  /**
   * Done
   */
  200: Tenant;
};

export type PatchTenantResponse = PatchTenantResponses[keyof PatchTenantResponses];

export type SuspendTenantData = {
  body: {
    reason: string;
  };
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    slug: string;
  };
  query?: never;
  url: '/api/v1/tenants/{slug}/suspend';
};

export type SuspendTenantErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `conflict`: The thing exists already or is in a state that does not allow this; `detail` names it.
   *
   * `managed_by_file`: This value comes from the configuration file and is changed there.
   */
  409: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
};

export type SuspendTenantError = SuspendTenantErrors[keyof SuspendTenantErrors];

export type SuspendTenantResponses = {
  /**
   * Done
   */
  200: Tenant;
};

export type SuspendTenantResponse = SuspendTenantResponses[keyof SuspendTenantResponses];

export type ResumeTenantData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    slug: string;
  };
  query?: never;
  url: '/api/v1/tenants/{slug}/resume';
};

export type ResumeTenantErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `conflict`: The thing exists already or is in a state that does not allow this; `detail` names it.
   */
  409: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type ResumeTenantError = ResumeTenantErrors[keyof ResumeTenantErrors];

export type ResumeTenantResponses = {
  /**
   * Done
   */
  200: Tenant;
};

export type ResumeTenantResponse = ResumeTenantResponses[keyof ResumeTenantResponses];

export type RestoreTenantData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    slug: string;
  };
  query?: never;
  url: '/api/v1/tenants/{slug}/restore';
};

export type RestoreTenantErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `conflict`: The thing exists already or is in a state that does not allow this; `detail` names it.
   */
  409: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type RestoreTenantError = RestoreTenantErrors[keyof RestoreTenantErrors];

export type RestoreTenantResponses = {
  /**
   * Done
   */
  200: Tenant;
};

export type RestoreTenantResponse = RestoreTenantResponses[keyof RestoreTenantResponses];

export type GetSettingsData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: never;
  url: '/api/v1/settings';
};

export type GetSettingsErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type GetSettingsError = GetSettingsErrors[keyof GetSettingsErrors];

export type GetSettingsResponses = {
  /**
   * Done
   */
  200: Settings;
};

export type GetSettingsResponse = GetSettingsResponses[keyof GetSettingsResponses];

export type PatchSettingsData = {
  body: SettingsPatchWritable;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: never;
  url: '/api/v1/settings';
};

export type PatchSettingsErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `locked`: The instance keeps this setting the same for all tenants; its people can unlock it.
   *
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `sender_not_allowed`: The tenant may send as what `senders.allowed` names, as addresses and domains that it has proved to be its own, and as the sender that it inherits.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `managed_by_file`: This value comes from the configuration file and is changed there.
   */
  409: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
};

export type PatchSettingsError = PatchSettingsErrors[keyof PatchSettingsErrors];

export type PatchSettingsResponses = {
  /**
   * Done
   */
  200: Settings;
};

export type PatchSettingsResponse = PatchSettingsResponses[keyof PatchSettingsResponses];

export type GetEffectiveSettingsData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: never;
  url: '/api/v1/settings/effective';
};

export type GetEffectiveSettingsErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type GetEffectiveSettingsError = GetEffectiveSettingsErrors[keyof GetEffectiveSettingsErrors];

export type GetEffectiveSettingsResponses = {
  /**
   * Done
   */
  200: {
    connections: ConnectionBlock;
    'sender.name': EffectiveSetting;
    'sender.address': EffectiveSetting;
    'sender.replyTo': EffectiveSetting;
    'delivery.mode': EffectiveSetting;
    'delivery.allowList': EffectiveSetting;
    locale: EffectiveSetting;
    'connections.own': EffectiveSetting;
    'senders.allowed': EffectiveSetting;
    'limits.rate': EffectiveSetting;
    'limits.monthly': EffectiveSetting;
    'flows.activation.kind': EffectiveSetting;
    'flows.activation.lifetimeSeconds': EffectiveSetting;
    'flows.activation.codeLength': EffectiveSetting;
    'flows.activation.codeAlphabet': EffectiveSetting;
    'flows.activation.attempts': EffectiveSetting;
    'flows.activation.blockSeconds': EffectiveSetting;
    'flows.activation.resendSeconds': EffectiveSetting;
    'flows.activation.perHour': EffectiveSetting;
    'flows.activation.perDay': EffectiveSetting;
    'flows.activation.perClientHour': EffectiveSetting;
    'flows.activation.perTenantHour': EffectiveSetting;
    'flows.activation.url': EffectiveSetting;
    'flows.activation.returnUrl': EffectiveSetting;
    'flows.password-reset.kind': EffectiveSetting;
    'flows.password-reset.lifetimeSeconds': EffectiveSetting;
    'flows.password-reset.codeLength': EffectiveSetting;
    'flows.password-reset.codeAlphabet': EffectiveSetting;
    'flows.password-reset.attempts': EffectiveSetting;
    'flows.password-reset.blockSeconds': EffectiveSetting;
    'flows.password-reset.resendSeconds': EffectiveSetting;
    'flows.password-reset.perHour': EffectiveSetting;
    'flows.password-reset.perDay': EffectiveSetting;
    'flows.password-reset.perClientHour': EffectiveSetting;
    'flows.password-reset.perTenantHour': EffectiveSetting;
    'flows.password-reset.url': EffectiveSetting;
    'flows.password-reset.returnUrl': EffectiveSetting;
    'flows.one-time-code.kind': EffectiveSetting;
    'flows.one-time-code.lifetimeSeconds': EffectiveSetting;
    'flows.one-time-code.codeLength': EffectiveSetting;
    'flows.one-time-code.codeAlphabet': EffectiveSetting;
    'flows.one-time-code.attempts': EffectiveSetting;
    'flows.one-time-code.blockSeconds': EffectiveSetting;
    'flows.one-time-code.resendSeconds': EffectiveSetting;
    'flows.one-time-code.perHour': EffectiveSetting;
    'flows.one-time-code.perDay': EffectiveSetting;
    'flows.one-time-code.perClientHour': EffectiveSetting;
    'flows.one-time-code.perTenantHour': EffectiveSetting;
    'flows.one-time-code.url': EffectiveSetting;
    'flows.one-time-code.returnUrl': EffectiveSetting;
    'flows.invitation.kind': EffectiveSetting;
    'flows.invitation.lifetimeSeconds': EffectiveSetting;
    'flows.invitation.codeLength': EffectiveSetting;
    'flows.invitation.codeAlphabet': EffectiveSetting;
    'flows.invitation.attempts': EffectiveSetting;
    'flows.invitation.blockSeconds': EffectiveSetting;
    'flows.invitation.resendSeconds': EffectiveSetting;
    'flows.invitation.perHour': EffectiveSetting;
    'flows.invitation.perDay': EffectiveSetting;
    'flows.invitation.perClientHour': EffectiveSetting;
    'flows.invitation.perTenantHour': EffectiveSetting;
    'flows.invitation.url': EffectiveSetting;
    'flows.invitation.returnUrl': EffectiveSetting;
    'flows.email-change.kind': EffectiveSetting;
    'flows.email-change.lifetimeSeconds': EffectiveSetting;
    'flows.email-change.codeLength': EffectiveSetting;
    'flows.email-change.codeAlphabet': EffectiveSetting;
    'flows.email-change.attempts': EffectiveSetting;
    'flows.email-change.blockSeconds': EffectiveSetting;
    'flows.email-change.resendSeconds': EffectiveSetting;
    'flows.email-change.perHour': EffectiveSetting;
    'flows.email-change.perDay': EffectiveSetting;
    'flows.email-change.perClientHour': EffectiveSetting;
    'flows.email-change.perTenantHour': EffectiveSetting;
    'flows.email-change.url': EffectiveSetting;
    'flows.email-change.returnUrl': EffectiveSetting;
    'flows.security-notice.resendSeconds': EffectiveSetting;
    'flows.security-notice.perHour': EffectiveSetting;
    'flows.security-notice.perDay': EffectiveSetting;
    'flows.security-notice.perClientHour': EffectiveSetting;
    'flows.security-notice.perTenantHour': EffectiveSetting;
  };
};

export type GetEffectiveSettingsResponse = GetEffectiveSettingsResponses[keyof GetEffectiveSettingsResponses];

export type ListSendersData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: never;
  url: '/api/v1/senders';
};

export type ListSendersErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type ListSendersError = ListSendersErrors[keyof ListSendersErrors];

export type ListSendersResponses = {
  /**
   * Done
   */
  200: {
    items: Array<Sender>;
  };
};

export type ListSendersResponse = ListSendersResponses[keyof ListSendersResponses];

export type CreateSenderData = {
  body: SenderInput;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: never;
  url: '/api/v1/senders';
};

export type CreateSenderErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `conflict`: The thing exists already or is in a state that does not allow this; `detail` names it.
   */
  409: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
};

export type CreateSenderError = CreateSenderErrors[keyof CreateSenderErrors];

export type CreateSenderResponses = {
  /**
   * Created
   */
  201: Sender;
};

export type CreateSenderResponse = CreateSenderResponses[keyof CreateSenderResponses];

export type DeleteSenderData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    id: string;
  };
  query?: never;
  url: '/api/v1/senders/{id}';
};

export type DeleteSenderErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type DeleteSenderError = DeleteSenderErrors[keyof DeleteSenderErrors];

export type DeleteSenderResponses = {
  /**
   * Done, no content
   */
  204: void;
};

export type DeleteSenderResponse = DeleteSenderResponses[keyof DeleteSenderResponses];

export type GetSenderData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    id: string;
  };
  query?: never;
  url: '/api/v1/senders/{id}';
};

export type GetSenderErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type GetSenderError = GetSenderErrors[keyof GetSenderErrors];

export type GetSenderResponses = {
  /**
   * Done
   */
  200: Sender;
};

export type GetSenderResponse = GetSenderResponses[keyof GetSenderResponses];

export type CheckSenderData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    id: string;
  };
  query?: never;
  url: '/api/v1/senders/{id}/check';
};

export type CheckSenderErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `conflict`: The thing exists already or is in a state that does not allow this; `detail` names it.
   */
  409: Problem;
  /**
   * `rate_limited`: A limit of this key or tenant was reached. Try again after `Retry-After` seconds.
   */
  429: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type CheckSenderError = CheckSenderErrors[keyof CheckSenderErrors];

export type CheckSenderResponses = {
  /**
   * Done
   */
  200: Sender;
};

export type CheckSenderResponse = CheckSenderResponses[keyof CheckSenderResponses];

export type GetUsageData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: never;
  url: '/api/v1/usage';
};

export type GetUsageErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type GetUsageError = GetUsageErrors[keyof GetUsageErrors];

export type GetUsageResponses = {
  /**
   * Done
   */
  200: Usage;
};

export type GetUsageResponse = GetUsageResponses[keyof GetUsageResponses];

export type ListKeysData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: {
    limit?: number;
    cursor?: string;
  };
  url: '/api/v1/keys';
};

export type ListKeysErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type ListKeysError = ListKeysErrors[keyof ListKeysErrors];

export type ListKeysResponses = {
  /**
   * Done
   */
  200: {
    items: Array<ApiKey>;
    next: string | null;
  };
};

export type ListKeysResponse = ListKeysResponses[keyof ListKeysResponses];

export type CreateKeyData = {
  body: {
    name: string;
    kind?: 'live' | 'test';
    role: Role;
    expiresAt?: string;
    /**
     * What is left of the permissions of the role. All of them, when absent.
     */
    permissions?: Array<Permission>;
    /**
     * Networks and addresses that it may be used from. Any, when there are none.
     */
    networks?: Array<string>;
    notes?: string;
  };
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: never;
  url: '/api/v1/keys';
};

export type CreateKeyErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
};

export type CreateKeyError = CreateKeyErrors[keyof CreateKeyErrors];

export type CreateKeyResponses = {
  /**
   * Created
   */
  201: CreatedKey;
};

export type CreateKeyResponse = CreateKeyResponses[keyof CreateKeyResponses];

export type RevokeKeyData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    id: string;
  };
  query?: never;
  url: '/api/v1/keys/{id}';
};

export type RevokeKeyErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type RevokeKeyError = RevokeKeyErrors[keyof RevokeKeyErrors];

export type RevokeKeyResponses = {
  /**
   * Done, no content
   */
  204: void;
};

export type RevokeKeyResponse = RevokeKeyResponses[keyof RevokeKeyResponses];

export type GetKeyData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    id: string;
  };
  query?: never;
  url: '/api/v1/keys/{id}';
};

export type GetKeyErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type GetKeyError = GetKeyErrors[keyof GetKeyErrors];

export type GetKeyResponses = {
  /**
   * Done
   */
  200: ApiKey;
};

export type GetKeyResponse = GetKeyResponses[keyof GetKeyResponses];

export type PatchKeyData = {
  body: ApiKeyPatch;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    id: string;
  };
  query?: never;
  url: '/api/v1/keys/{id}';
};

export type PatchKeyErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `conflict`: The thing exists already or is in a state that does not allow this; `detail` names it.
   */
  409: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
};

export type PatchKeyError = PatchKeyErrors[keyof PatchKeyErrors];

export type PatchKeyResponses = {
  /**
   * Done
   */
  200: ApiKey;
};

export type PatchKeyResponse = PatchKeyResponses[keyof PatchKeyResponses];

export type RollKeyData = {
  body?: {
    /**
     * How long the old key still works.
     */
    overlapHours?: number;
  };
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    id: string;
  };
  query?: never;
  url: '/api/v1/keys/{id}/roll';
};

export type RollKeyErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `conflict`: The thing exists already or is in a state that does not allow this; `detail` names it.
   */
  409: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
};

export type RollKeyError = RollKeyErrors[keyof RollKeyErrors];

export type RollKeyResponses = {
  /**
   * Created
   */
  201: CreatedKey;
};

export type RollKeyResponse = RollKeyResponses[keyof RollKeyResponses];

export type ListAuditData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: {
    limit?: number;
    cursor?: string;
    /**
     * Id of a key or a person.
     */
    actor?: string;
    operation?: string;
    /**
     * A kind of thing, such as `connection`, or the id of one.
     */
    thing?: string;
    since?: string;
    until?: string;
  };
  url: '/api/v1/audit';
};

export type ListAuditErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type ListAuditError = ListAuditErrors[keyof ListAuditErrors];

export type ListAuditResponses = {
  /**
   * Done
   */
  200: {
    items: Array<AuditEntry>;
    next: string | null;
  };
};

export type ListAuditResponse = ListAuditResponses[keyof ListAuditResponses];

export type ExportAuditData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: {
    /**
     * Id of a key or a person.
     */
    actor?: string;
    operation?: string;
    /**
     * A kind of thing, such as `connection`, or the id of one.
     */
    thing?: string;
    since?: string;
    until?: string;
  };
  url: '/api/v1/audit/export';
};

export type ExportAuditErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type ExportAuditError = ExportAuditErrors[keyof ExportAuditErrors];

export type ExportAuditResponses = {
  /**
   * Done
   */
  200: string;
};

export type ExportAuditResponse = ExportAuditResponses[keyof ExportAuditResponses];

export type GetAuditEntryData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    id: string;
  };
  query?: never;
  url: '/api/v1/audit/{id}';
};

export type GetAuditEntryErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type GetAuditEntryError = GetAuditEntryErrors[keyof GetAuditEntryErrors];

export type GetAuditEntryResponses = {
  /**
   * Done
   */
  200: AuditEntry;
};

export type GetAuditEntryResponse = GetAuditEntryResponses[keyof GetAuditEntryResponses];

export type VerifyAuditData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: never;
  url: '/api/v1/audit/verify';
};

export type VerifyAuditErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type VerifyAuditError = VerifyAuditErrors[keyof VerifyAuditErrors];

export type VerifyAuditResponses = {
  /**
   * Done
   */
  200: AuditVerification;
};

export type VerifyAuditResponse = VerifyAuditResponses[keyof VerifyAuditResponses];

export type ProbeHostData = {
  body: {
    host: string;
  };
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: never;
  url: '/api/v1/probe';
};

export type ProbeHostErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `rate_limited`: A limit of this key or tenant was reached. Try again after `Retry-After` seconds.
   */
  429: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
};

export type ProbeHostError = ProbeHostErrors[keyof ProbeHostErrors];

export type ProbeHostResponses = {
  /**
   * Done
   */
  200: {
    host: string;
    ports: Array<ProbeRow>;
    /**
     * Why nothing could be tried: the name leads nowhere.
     */
    trouble: string | null;
  };
};

export type ProbeHostResponse = ProbeHostResponses[keyof ProbeHostResponses];

export type DiscoverServersData = {
  body: {
    address?: string;
    domain?: string;
  };
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: never;
  url: '/api/v1/discover';
};

export type DiscoverServersErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `rate_limited`: A limit of this key or tenant was reached. Try again after `Retry-After` seconds.
   */
  429: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
};

export type DiscoverServersError = DiscoverServersErrors[keyof DiscoverServersErrors];

export type DiscoverServersResponses = {
  /**
   * Done
   */
  200: {
    domain: string;
    suggestions: Array<Suggestion>;
    steps: Array<{
      source: 'known' | 'autoconfig' | 'srv' | 'mx' | 'spf' | 'guess';
      asked: string;
      found: boolean;
    }>;
    ms: number;
  };
};

export type DiscoverServersResponse = DiscoverServersResponses[keyof DiscoverServersResponses];

export type AdviseOnSenderData = {
  body: {
    /**
     * The sender: an address, or its domain.
     */
    from: string;
    /**
     * Id or name of the connection in use.
     */
    connection?: string;
    /**
     * The relay in use, in place of a connection.
     */
    host?: string;
  };
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: never;
  url: '/api/v1/deliverability';
};

export type AdviseOnSenderErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `rate_limited`: A limit of this key or tenant was reached. Try again after `Retry-After` seconds.
   */
  429: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
};

export type AdviseOnSenderError = AdviseOnSenderErrors[keyof AdviseOnSenderErrors];

export type AdviseOnSenderResponses = {
  /**
   * Done
   */
  200: {
    domain: string;
    host: string;
    rows: Array<AdviceRow>;
  };
};

export type AdviseOnSenderResponse = AdviseOnSenderResponses[keyof AdviseOnSenderResponses];

export type CreateVerificationData = {
  body: {
    flow: Flow;
    to:
      | string
      | {
          name?: string;
          address: string;
        };
    /**
     * Whom the application means by it, such as a user id.
     */
    subject?: string;
    /**
     * Given back when it is approved. `name` greets the person in the mail.
     */
    data?: {
      [key: string]: string;
    };
    /**
     * Language of the mail; the nearest of those there are, else that of the setting `locale`.
     */
    locale?: string;
    /**
     * Where the request came to the application from, when a stranger set it off: limits per client and per mailbox hold then.
     */
    clientAddress?: string | string;
  };
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: never;
  url: '/api/v1/verifications';
};

export type CreateVerificationErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `rate_limited`: A limit of this key or tenant was reached. Try again after `Retry-After` seconds.
   */
  429: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `unavailable`: The database or another part this needs cannot be used now; nothing was stored. Try again.
   *
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
  /**
   * `storage_full`: There is too little disk space to accept a message safely; nothing was stored.
   */
  507: Problem;
};

export type CreateVerificationError = CreateVerificationErrors[keyof CreateVerificationErrors];

export type CreateVerificationResponses = {
  /**
   * Accepted
   */
  202: Verification;
};

export type CreateVerificationResponse = CreateVerificationResponses[keyof CreateVerificationResponses];

export type CheckVerificationData = {
  body:
    | {
        token: string;
        flow?: Flow;
      }
    | {
        id: string;
        code: string;
        flow?: Flow;
      };
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: never;
  url: '/api/v1/verifications/check';
};

export type CheckVerificationErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
};

export type CheckVerificationError = CheckVerificationErrors[keyof CheckVerificationErrors];

export type CheckVerificationResponses = {
  /**
   * Done
   */
  200: VerificationCheck;
};

export type CheckVerificationResponse = CheckVerificationResponses[keyof CheckVerificationResponses];

export type GetVerificationData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    id: string;
  };
  query?: never;
  url: '/api/v1/verifications/{id}';
};

export type GetVerificationErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type GetVerificationError = GetVerificationErrors[keyof GetVerificationErrors];

export type GetVerificationResponses = {
  /**
   * Done
   */
  200: VerificationWithTimeline;
};

export type GetVerificationResponse = GetVerificationResponses[keyof GetVerificationResponses];

export type ResendVerificationData = {
  body?: {
    /**
     * Where the request came to the application from, when a stranger set it off: limits per client and per mailbox hold then.
     */
    clientAddress?: string | string;
  };
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    id: string;
  };
  query?: never;
  url: '/api/v1/verifications/{id}/resend';
};

export type ResendVerificationErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `conflict`: The thing exists already or is in a state that does not allow this; `detail` names it.
   */
  409: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `rate_limited`: A limit of this key or tenant was reached. Try again after `Retry-After` seconds.
   */
  429: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `unavailable`: The database or another part this needs cannot be used now; nothing was stored. Try again.
   *
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
  /**
   * `storage_full`: There is too little disk space to accept a message safely; nothing was stored.
   */
  507: Problem;
};

export type ResendVerificationError = ResendVerificationErrors[keyof ResendVerificationErrors];

export type ResendVerificationResponses = {
  /**
   * Accepted
   */
  202: Verification;
};

export type ResendVerificationResponse = ResendVerificationResponses[keyof ResendVerificationResponses];

export type RevokeVerificationData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    id: string;
  };
  query?: never;
  url: '/api/v1/verifications/{id}/revoke';
};

export type RevokeVerificationErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `conflict`: The thing exists already or is in a state that does not allow this; `detail` names it.
   */
  409: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type RevokeVerificationError = RevokeVerificationErrors[keyof RevokeVerificationErrors];

export type RevokeVerificationResponses = {
  /**
   * Done
   */
  200: Verification;
};

export type RevokeVerificationResponse = RevokeVerificationResponses[keyof RevokeVerificationResponses];

export type CreateNoticeData = {
  body: {
    flow: 'security-notice';
    /**
     * What became of the account.
     */
    about: 'password-changed' | 'address-changed' | 'second-step-changed' | 'new-sign-in' | 'account-locked';
    to:
      | string
      | {
          name?: string;
          address: string;
        };
    /**
     * Lines of the mail, each cut to 100 characters and without links. `name` greets the person.
     */
    data?: {
      [key: string]: string;
    };
    /**
     * Language of the mail; the nearest of those there are, else that of the setting `locale`.
     */
    locale?: string;
    /**
     * Where the request came to the application from, when a stranger set it off: limits per client and per mailbox hold then.
     */
    clientAddress?: string | string;
  };
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: never;
  url: '/api/v1/notices';
};

export type CreateNoticeErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `rate_limited`: A limit of this key or tenant was reached. Try again after `Retry-After` seconds.
   */
  429: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `unavailable`: The database or another part this needs cannot be used now; nothing was stored. Try again.
   *
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
  /**
   * `storage_full`: There is too little disk space to accept a message safely; nothing was stored.
   */
  507: Problem;
};

export type CreateNoticeError = CreateNoticeErrors[keyof CreateNoticeErrors];

export type CreateNoticeResponses = {
  /**
   * Accepted
   */
  202: Notice;
};

export type CreateNoticeResponse = CreateNoticeResponses[keyof CreateNoticeResponses];

export type ShowLinkData = {
  body?: never;
  headers?: {
    'Accept-Language'?: string;
  };
  path: {
    token: string;
  };
  query?: never;
  url: '/l/{token}';
};

export type ShowLinkErrors = {
  /**
   * A page that says what is wrong
   */
  400: string;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `misdirected`: Pages for people are served under the host of `server.public_url` only.
   */
  421: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type ShowLinkError = ShowLinkErrors[keyof ShowLinkErrors];

export type ShowLinkResponses = {
  /**
   * Done
   */
  200: string;
};

export type ShowLinkResponse = ShowLinkResponses[keyof ShowLinkResponses];

export type FollowLinkData = {
  body?: {
    form: string;
  };
  headers?: {
    'Accept-Language'?: string;
  };
  path: {
    token: string;
  };
  query?: never;
  url: '/l/{token}';
};

export type FollowLinkErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `misdirected`: Pages for people are served under the host of `server.public_url` only.
   */
  421: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `rate_limited`: A limit of this key or tenant was reached. Try again after `Retry-After` seconds.
   */
  429: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
};

export type FollowLinkError = FollowLinkErrors[keyof FollowLinkErrors];

export type FollowLinkResponses = {
  /**
   * Done
   */
  200: string;
};

export type FollowLinkResponse = FollowLinkResponses[keyof FollowLinkResponses];

export type GetSetupData = {
  body?: never;
  path?: never;
  query?: never;
  url: '/api/v1/setup';
};

export type GetSetupErrors = {
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type GetSetupError = GetSetupErrors[keyof GetSetupErrors];

export type GetSetupResponses = {
  /**
   * Done
   */
  200: Setup;
};

export type GetSetupResponse = GetSetupResponses[keyof GetSetupResponses];

export type SetUpData = {
  body: {
    code: string;
    email: string;
    name: string;
    password: string;
  };
  path?: never;
  query?: never;
  url: '/api/v1/setup';
};

export type SetUpErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   */
  403: Problem;
  /**
   * `conflict`: The thing exists already or is in a state that does not allow this; `detail` names it.
   */
  409: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `rate_limited`: A limit of this key or tenant was reached. Try again after `Retry-After` seconds.
   */
  429: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
};

export type SetUpError = SetUpErrors[keyof SetUpErrors];

export type SetUpResponses = {
  /**
   * Created
   */
  201: SignedIn;
};

export type SetUpResponse = SetUpResponses[keyof SetUpResponses];

export type SignOutData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: never;
  url: '/api/v1/session';
};

export type SignOutErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type SignOutError = SignOutErrors[keyof SignOutErrors];

export type SignOutResponses = {
  /**
   * Done, no content
   */
  204: void;
};

export type SignOutResponse = SignOutResponses[keyof SignOutResponses];

export type SignInData = {
  body: {
    email: string;
    password: string;
  };
  path?: never;
  query?: never;
  url: '/api/v1/session';
};

export type SignInErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `sign_in_failed`: The address, the password or the code is not right, or this sign-in is over. Which of them is not told.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   */
  403: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `rate_limited`: A limit of this key or tenant was reached. Try again after `Retry-After` seconds.
   */
  429: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
};

export type SignInError = SignInErrors[keyof SignInErrors];

export type SignInResponses = {
  /**
   * Done
   */
  200: SignIn;
};

export type SignInResponse = SignInResponses[keyof SignInResponses];

export type FinishSignInData = {
  body:
    | {
        code: string;
      }
    | {
        recoveryCode: string;
      };
  path?: never;
  query?: never;
  url: '/api/v1/session/code';
};

export type FinishSignInErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `sign_in_failed`: The address, the password or the code is not right, or this sign-in is over. Which of them is not told.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   */
  403: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `rate_limited`: A limit of this key or tenant was reached. Try again after `Retry-After` seconds.
   */
  429: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
};

export type FinishSignInError = FinishSignInErrors[keyof FinishSignInErrors];

export type FinishSignInResponses = {
  /**
   * Done
   */
  200: SignedIn;
};

export type FinishSignInResponse = FinishSignInResponses[keyof FinishSignInResponses];

export type ResendSignInCodeData = {
  body?: never;
  path?: never;
  query?: never;
  url: '/api/v1/session/code/resend';
};

export type ResendSignInCodeErrors = {
  /**
   * `sign_in_failed`: The address, the password or the code is not right, or this sign-in is over. Which of them is not told.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   */
  403: Problem;
  /**
   * `conflict`: The thing exists already or is in a state that does not allow this; `detail` names it.
   */
  409: Problem;
  /**
   * `rate_limited`: A limit of this key or tenant was reached. Try again after `Retry-After` seconds.
   */
  429: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type ResendSignInCodeError = ResendSignInCodeErrors[keyof ResendSignInCodeErrors];

export type ResendSignInCodeResponses = {
  /**
   * Done, no content
   */
  204: void;
};

export type ResendSignInCodeResponse = ResendSignInCodeResponses[keyof ResendSignInCodeResponses];

export type RequestPasswordResetData = {
  body: {
    email: string;
  };
  path?: never;
  query?: never;
  url: '/api/v1/password-reset';
};

export type RequestPasswordResetErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   */
  403: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `rate_limited`: A limit of this key or tenant was reached. Try again after `Retry-After` seconds.
   */
  429: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
};

export type RequestPasswordResetError = RequestPasswordResetErrors[keyof RequestPasswordResetErrors];

export type RequestPasswordResetResponses = {
  /**
   * Accepted
   */
  202: unknown;
};

export type CompletePasswordResetData = {
  body: {
    token: string;
    password: string;
  };
  path?: never;
  query?: never;
  url: '/api/v1/password-reset/complete';
};

export type CompletePasswordResetErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   */
  403: Problem;
  /**
   * `link_over`: The link is unknown, was used, has expired or was replaced by a newer one. Which of them is not told.
   */
  410: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
};

export type CompletePasswordResetError = CompletePasswordResetErrors[keyof CompletePasswordResetErrors];

export type CompletePasswordResetResponses = {
  /**
   * Done, no content
   */
  204: void;
};

export type CompletePasswordResetResponse =
  CompletePasswordResetResponses[keyof CompletePasswordResetResponses];

export type GetAccountData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: never;
  url: '/api/v1/account';
};

export type GetAccountErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type GetAccountError = GetAccountErrors[keyof GetAccountErrors];

export type GetAccountResponses = {
  /**
   * Done
   */
  200: Account;
};

export type GetAccountResponse = GetAccountResponses[keyof GetAccountResponses];

export type ChangePasswordData = {
  body: {
    /**
     * The present password: whoever sits at this screen must know it.
     */
    password: string;
    newPassword: string;
  };
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: never;
  url: '/api/v1/account/password';
};

export type ChangePasswordErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `rate_limited`: A limit of this key or tenant was reached. Try again after `Retry-After` seconds.
   */
  429: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
};

export type ChangePasswordError = ChangePasswordErrors[keyof ChangePasswordErrors];

export type ChangePasswordResponses = {
  /**
   * Done, no content
   */
  204: void;
};

export type ChangePasswordResponse = ChangePasswordResponses[keyof ChangePasswordResponses];

export type ChangeEmailData = {
  body: {
    /**
     * The present password: whoever sits at this screen must know it.
     */
    password: string;
    email: string;
  };
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: never;
  url: '/api/v1/account/email';
};

export type ChangeEmailErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `rate_limited`: A limit of this key or tenant was reached. Try again after `Retry-After` seconds.
   */
  429: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
};

export type ChangeEmailError = ChangeEmailErrors[keyof ChangeEmailErrors];

export type ChangeEmailResponses = {
  /**
   * Accepted
   */
  202: unknown;
};

export type ConfirmEmailData = {
  body: {
    token: string;
  };
  path?: never;
  query?: never;
  url: '/api/v1/account/email/confirm';
};

export type ConfirmEmailErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   */
  403: Problem;
  /**
   * `link_over`: The link is unknown, was used, has expired or was replaced by a newer one. Which of them is not told.
   */
  410: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
};

export type ConfirmEmailError = ConfirmEmailErrors[keyof ConfirmEmailErrors];

export type ConfirmEmailResponses = {
  /**
   * Done, no content
   */
  204: void;
};

export type ConfirmEmailResponse = ConfirmEmailResponses[keyof ConfirmEmailResponses];

export type ChooseSecondStepData = {
  body: {
    /**
     * The present password: whoever sits at this screen must know it.
     */
    password: string;
    secondStep: 'none' | 'email';
  };
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: never;
  url: '/api/v1/account/second-step';
};

export type ChooseSecondStepErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `conflict`: The thing exists already or is in a state that does not allow this; `detail` names it.
   */
  409: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `rate_limited`: A limit of this key or tenant was reached. Try again after `Retry-After` seconds.
   */
  429: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
};

export type ChooseSecondStepError = ChooseSecondStepErrors[keyof ChooseSecondStepErrors];

export type ChooseSecondStepResponses = {
  /**
   * Done, no content
   */
  204: void;
};

export type ChooseSecondStepResponse = ChooseSecondStepResponses[keyof ChooseSecondStepResponses];

export type BeginTotpData = {
  body: {
    /**
     * The present password: whoever sits at this screen must know it.
     */
    password: string;
  };
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: never;
  url: '/api/v1/account/totp';
};

export type BeginTotpErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `rate_limited`: A limit of this key or tenant was reached. Try again after `Retry-After` seconds.
   */
  429: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
};

export type BeginTotpError = BeginTotpErrors[keyof BeginTotpErrors];

export type BeginTotpResponses = {
  /**
   * Done
   */
  200: NewTotp;
};

export type BeginTotpResponse = BeginTotpResponses[keyof BeginTotpResponses];

export type ConfirmTotpData = {
  body: {
    code: string;
  };
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: never;
  url: '/api/v1/account/totp/confirm';
};

export type ConfirmTotpErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `conflict`: The thing exists already or is in a state that does not allow this; `detail` names it.
   */
  409: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `rate_limited`: A limit of this key or tenant was reached. Try again after `Retry-After` seconds.
   */
  429: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
};

export type ConfirmTotpError = ConfirmTotpErrors[keyof ConfirmTotpErrors];

export type ConfirmTotpResponses = {
  /**
   * Done
   */
  200: RecoveryCodes;
};

export type ConfirmTotpResponse = ConfirmTotpResponses[keyof ConfirmTotpResponses];

export type RenewRecoveryCodesData = {
  body: {
    /**
     * The present password: whoever sits at this screen must know it.
     */
    password: string;
  };
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: never;
  url: '/api/v1/account/recovery-codes';
};

export type RenewRecoveryCodesErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `conflict`: The thing exists already or is in a state that does not allow this; `detail` names it.
   */
  409: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `rate_limited`: A limit of this key or tenant was reached. Try again after `Retry-After` seconds.
   */
  429: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
};

export type RenewRecoveryCodesError = RenewRecoveryCodesErrors[keyof RenewRecoveryCodesErrors];

export type RenewRecoveryCodesResponses = {
  /**
   * Done
   */
  200: RecoveryCodes;
};

export type RenewRecoveryCodesResponse = RenewRecoveryCodesResponses[keyof RenewRecoveryCodesResponses];

export type EndOtherSessionsData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: never;
  url: '/api/v1/account/sessions';
};

export type EndOtherSessionsErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type EndOtherSessionsError = EndOtherSessionsErrors[keyof EndOtherSessionsErrors];

export type EndOtherSessionsResponses = {
  /**
   * Done
   */
  200: {
    ended: number;
  };
};

export type EndOtherSessionsResponse = EndOtherSessionsResponses[keyof EndOtherSessionsResponses];

export type ListSessionsData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: never;
  url: '/api/v1/account/sessions';
};

export type ListSessionsErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type ListSessionsError = ListSessionsErrors[keyof ListSessionsErrors];

export type ListSessionsResponses = {
  /**
   * Done
   */
  200: {
    items: Array<Session>;
  };
};

export type ListSessionsResponse = ListSessionsResponses[keyof ListSessionsResponses];

export type EndSessionData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    id: string;
  };
  query?: never;
  url: '/api/v1/account/sessions/{id}';
};

export type EndSessionErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type EndSessionError = EndSessionErrors[keyof EndSessionErrors];

export type EndSessionResponses = {
  /**
   * Done, no content
   */
  204: void;
};

export type EndSessionResponse = EndSessionResponses[keyof EndSessionResponses];

export type ListUsersData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: {
    limit?: number;
    cursor?: string;
  };
  url: '/api/v1/users';
};

export type ListUsersErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type ListUsersError = ListUsersErrors[keyof ListUsersErrors];

export type ListUsersResponses = {
  /**
   * Done
   */
  200: {
    items: Array<Member>;
    next: string | null;
  };
};

export type ListUsersResponse = ListUsersResponses[keyof ListUsersResponses];

export type RemoveUserData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    id: string;
  };
  query?: never;
  url: '/api/v1/users/{id}';
};

export type RemoveUserErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `conflict`: The thing exists already or is in a state that does not allow this; `detail` names it.
   */
  409: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type RemoveUserError = RemoveUserErrors[keyof RemoveUserErrors];

export type RemoveUserResponses = {
  /**
   * Done, no content
   */
  204: void;
};

export type RemoveUserResponse = RemoveUserResponses[keyof RemoveUserResponses];

export type GetUserData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    id: string;
  };
  query?: never;
  url: '/api/v1/users/{id}';
};

export type GetUserErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type GetUserError = GetUserErrors[keyof GetUserErrors];

export type GetUserResponses = {
  /**
   * Done
   */
  200: Member;
};

export type GetUserResponse = GetUserResponses[keyof GetUserResponses];

export type PatchUserData = {
  body: {
    role?: Role;
    name?: string;
    state?: 'active' | 'disabled';
    secondStep?: 'none';
  };
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    id: string;
  };
  query?: never;
  url: '/api/v1/users/{id}';
};

export type PatchUserErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `conflict`: The thing exists already or is in a state that does not allow this; `detail` names it.
   */
  409: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
};

export type PatchUserError = PatchUserErrors[keyof PatchUserErrors];

export type PatchUserResponses = {
  /**
   * Done
   */
  200: Member;
};

export type PatchUserResponse = PatchUserResponses[keyof PatchUserResponses];

export type ListInvitationsData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: {
    limit?: number;
    cursor?: string;
  };
  url: '/api/v1/invitations';
};

export type ListInvitationsErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type ListInvitationsError = ListInvitationsErrors[keyof ListInvitationsErrors];

export type ListInvitationsResponses = {
  /**
   * Done
   */
  200: {
    items: Array<Invitation>;
    next: string | null;
  };
};

export type ListInvitationsResponse = ListInvitationsResponses[keyof ListInvitationsResponses];

export type CreateInvitationData = {
  body: {
    email: string;
    role: Role;
  };
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path?: never;
  query?: never;
  url: '/api/v1/invitations';
};

export type CreateInvitationErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `conflict`: The thing exists already or is in a state that does not allow this; `detail` names it.
   */
  409: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `rate_limited`: A limit of this key or tenant was reached. Try again after `Retry-After` seconds.
   */
  429: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
};

export type CreateInvitationError = CreateInvitationErrors[keyof CreateInvitationErrors];

export type CreateInvitationResponses = {
  /**
   * Created
   */
  201: Invited;
};

export type CreateInvitationResponse = CreateInvitationResponses[keyof CreateInvitationResponses];

export type ResendInvitationData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    id: string;
  };
  query?: never;
  url: '/api/v1/invitations/{id}/resend';
};

export type ResendInvitationErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `conflict`: The thing exists already or is in a state that does not allow this; `detail` names it.
   */
  409: Problem;
  /**
   * `rate_limited`: A limit of this key or tenant was reached. Try again after `Retry-After` seconds.
   */
  429: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type ResendInvitationError = ResendInvitationErrors[keyof ResendInvitationErrors];

export type ResendInvitationResponses = {
  /**
   * Done
   */
  200: Invited;
};

export type ResendInvitationResponse = ResendInvitationResponses[keyof ResendInvitationResponses];

export type RevokeInvitationData = {
  body?: never;
  headers?: {
    /**
     * The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.
     */
    'Posthorn-Tenant'?: string;
  };
  path: {
    id: string;
  };
  query?: never;
  url: '/api/v1/invitations/{id}/revoke';
};

export type RevokeInvitationErrors = {
  /**
   * `unauthorized`: There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   *
   * `tenant_suspended`: People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `conflict`: The thing exists already or is in a state that does not allow this; `detail` names it.
   */
  409: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type RevokeInvitationError = RevokeInvitationErrors[keyof RevokeInvitationErrors];

export type RevokeInvitationResponses = {
  /**
   * Done
   */
  200: Invitation;
};

export type RevokeInvitationResponse = RevokeInvitationResponses[keyof RevokeInvitationResponses];

export type AcceptInvitationData = {
  body: {
    token: string;
    name?: string;
    password: string;
  };
  path?: never;
  query?: never;
  url: '/api/v1/invitations/accept';
};

export type AcceptInvitationErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `sign_in_failed`: The address, the password or the code is not right, or this sign-in is over. Which of them is not told.
   */
  401: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   */
  403: Problem;
  /**
   * `link_over`: The link is unknown, was used, has expired or was replaced by a newer one. Which of them is not told.
   */
  410: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `rate_limited`: A limit of this key or tenant was reached. Try again after `Retry-After` seconds.
   */
  429: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
};

export type AcceptInvitationError = AcceptInvitationErrors[keyof AcceptInvitationErrors];

export type AcceptInvitationResponses = {
  /**
   * Created
   */
  201: Person;
};

export type AcceptInvitationResponse = AcceptInvitationResponses[keyof AcceptInvitationResponses];

export type ShowInvitationPageData = {
  body?: never;
  path: {
    token: string;
  };
  query?: never;
  url: '/invite/{token}';
};

export type ShowInvitationPageErrors = {
  /**
   * A page that says what is wrong
   */
  400: string;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `misdirected`: Pages for people are served under the host of `server.public_url` only.
   */
  421: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type ShowInvitationPageError = ShowInvitationPageErrors[keyof ShowInvitationPageErrors];

export type ShowInvitationPageResponses = {
  /**
   * Done
   */
  200: string;
};

export type ShowInvitationPageResponse = ShowInvitationPageResponses[keyof ShowInvitationPageResponses];

export type SubmitInvitationPageData = {
  body: {
    name?: string;
    password?: string;
  };
  path: {
    token: string;
  };
  query?: never;
  url: '/invite/{token}';
};

export type SubmitInvitationPageErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `misdirected`: Pages for people are served under the host of `server.public_url` only.
   */
  421: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
};

export type SubmitInvitationPageError = SubmitInvitationPageErrors[keyof SubmitInvitationPageErrors];

export type SubmitInvitationPageResponses = {
  /**
   * Done
   */
  200: string;
};

export type SubmitInvitationPageResponse = SubmitInvitationPageResponses[keyof SubmitInvitationPageResponses];

export type ShowResetPageData = {
  body?: never;
  path: {
    token: string;
  };
  query?: never;
  url: '/reset/{token}';
};

export type ShowResetPageErrors = {
  /**
   * A page that says what is wrong
   */
  400: string;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `misdirected`: Pages for people are served under the host of `server.public_url` only.
   */
  421: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type ShowResetPageError = ShowResetPageErrors[keyof ShowResetPageErrors];

export type ShowResetPageResponses = {
  /**
   * Done
   */
  200: string;
};

export type ShowResetPageResponse = ShowResetPageResponses[keyof ShowResetPageResponses];

export type SubmitResetPageData = {
  body: {
    name?: string;
    password?: string;
  };
  path: {
    token: string;
  };
  query?: never;
  url: '/reset/{token}';
};

export type SubmitResetPageErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `misdirected`: Pages for people are served under the host of `server.public_url` only.
   */
  421: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
};

export type SubmitResetPageError = SubmitResetPageErrors[keyof SubmitResetPageErrors];

export type SubmitResetPageResponses = {
  /**
   * Done
   */
  200: string;
};

export type SubmitResetPageResponse = SubmitResetPageResponses[keyof SubmitResetPageResponses];

export type ShowEmailPageData = {
  body?: never;
  path: {
    token: string;
  };
  query?: never;
  url: '/confirm-email/{token}';
};

export type ShowEmailPageErrors = {
  /**
   * A page that says what is wrong
   */
  400: string;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `misdirected`: Pages for people are served under the host of `server.public_url` only.
   */
  421: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type ShowEmailPageError = ShowEmailPageErrors[keyof ShowEmailPageErrors];

export type ShowEmailPageResponses = {
  /**
   * Done
   */
  200: string;
};

export type ShowEmailPageResponse = ShowEmailPageResponses[keyof ShowEmailPageResponses];

export type SubmitEmailPageData = {
  body: {
    name?: string;
    password?: string;
  };
  path: {
    token: string;
  };
  query?: never;
  url: '/confirm-email/{token}';
};

export type SubmitEmailPageErrors = {
  /**
   * `malformed_json`: The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.
   */
  400: Problem;
  /**
   * `forbidden`: The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.
   */
  403: Problem;
  /**
   * `not_found`: There is no such thing in this tenant; things of other tenants are answered the same way.
   */
  404: Problem;
  /**
   * `body_too_large`: The body is larger than `limits.request_bytes`; attachments count with their base64 size.
   */
  413: Problem;
  /**
   * `unsupported_media_type`: Bodies are `application/json` without a content encoding.
   */
  415: Problem;
  /**
   * `misdirected`: Pages for people are served under the host of `server.public_url` only.
   */
  421: Problem;
  /**
   * `invalid_request`: One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.
   */
  422: Problem;
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `overloaded`: A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.
   */
  503: Problem;
};

export type SubmitEmailPageError = SubmitEmailPageErrors[keyof SubmitEmailPageErrors];

export type SubmitEmailPageResponses = {
  /**
   * Done
   */
  200: string;
};

export type SubmitEmailPageResponse = SubmitEmailPageResponses[keyof SubmitEmailPageResponses];

export type GetLivenessData = {
  body?: never;
  path?: never;
  query?: never;
  url: '/healthz';
};

export type GetLivenessErrors = {
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type GetLivenessError = GetLivenessErrors[keyof GetLivenessErrors];

export type GetLivenessResponses = {
  /**
   * Done
   */
  200: {
    status: 'alive';
  };
};

export type GetLivenessResponse = GetLivenessResponses[keyof GetLivenessResponses];

export type GetReadinessData = {
  body?: never;
  path?: never;
  query?: never;
  url: '/readyz';
};

export type GetReadinessErrors = {
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
  /**
   * `unavailable`: The database or another part this needs cannot be used now; nothing was stored. Try again.
   */
  503: Problem;
};

export type GetReadinessError = GetReadinessErrors[keyof GetReadinessErrors];

export type GetReadinessResponses = {
  /**
   * Done
   */
  200: {
    status: 'ready';
  };
};

export type GetReadinessResponse = GetReadinessResponses[keyof GetReadinessResponses];

export type GetMetricsData = {
  body?: never;
  path?: never;
  query?: never;
  url: '/metrics';
};

export type GetMetricsErrors = {
  /**
   * `internal`: A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.
   */
  500: Problem;
};

export type GetMetricsError = GetMetricsErrors[keyof GetMetricsErrors];

export type GetMetricsResponses = {
  /**
   * Done
   */
  200: string;
};

export type GetMetricsResponse = GetMetricsResponses[keyof GetMetricsResponses];
