/**
 * What the local verbs ask of the server's operator face. Local means: on the data folder, without a running server.
 * Next: serve.ts
 */

export interface Place {
  /** The configuration file; `./posthorn.toml` if it is there. */
  readonly config?: string;
  /** The data folder; `./data`. */
  readonly data?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface Signals {
  on(name: 'SIGTERM' | 'SIGINT' | 'SIGHUP', heard: () => void): unknown;
}

export type Role =
  | 'instance_admin'
  | 'operator'
  | 'instance_developer'
  | 'auditor'
  | 'tenant_admin'
  | 'tenant_developer'
  | 'tenant_viewer';

export interface LocalKey {
  readonly id: string;
  readonly key: string;
}

/** What can be shown of a key. Times are epoch ms. */
export interface ListedKey {
  readonly id: string;
  readonly name: string;
  readonly kind: 'live' | 'test';
  readonly role: Role;
  readonly permissions: readonly string[] | null;
  readonly networks: readonly string[] | null;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly lastUse: {
    readonly at: number;
    readonly address: string | null;
    readonly userAgent: string | null;
  } | null;
  readonly revokedAt: number | null;
}

/** What became of checking one tenant's audit log. */
export interface VerifiedChain {
  /** Its slug. */
  readonly tenant: string;
  readonly ok: boolean;
  readonly checked: number;
  readonly head: { readonly seq: number; readonly hash: string } | null;
  readonly brokenAt?: number;
}

export interface DoctorCheck {
  readonly name: string;
  readonly status: 'ok' | 'warning' | 'problem';
  readonly detail: string;
  /** The next command, or what to change. */
  readonly fix?: string;
}

export interface DoctorReport {
  readonly groups: readonly { readonly title: string; readonly checks: readonly DoctorCheck[] }[];
}

export interface ConfigReport {
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  /** The file that was read, if any. */
  readonly file?: string;
}

export interface ConfigValue {
  readonly key: string;
  readonly value: string;
  /** Who set it, for a person: `posthorn.toml:3`, `POSTHORN_SERVER__HTTP`, `default`. */
  readonly origin: string;
}

export interface SecretsStatus {
  readonly keyFile: string;
  readonly keys: readonly {
    readonly id: string;
    readonly current: boolean;
    readonly dataKeys: number;
    readonly inFile: boolean;
  }[];
  readonly complete: boolean;
}

export interface Rotation {
  readonly from: string;
  readonly to: string;
  readonly rewrapped: number;
  readonly verified: number;
  readonly failed: readonly string[];
  readonly keyFile: string;
  readonly unused: readonly string[];
}

/** What an error id or a line means. */
export interface ErrorWords {
  readonly id: string;
  readonly title: string;
  readonly cause: string;
  readonly fixes: readonly {
    readonly text: string;
    readonly action?: { readonly kind: string; readonly label: string };
  }[];
  readonly who: string;
  readonly retry: string;
  readonly scope: string;
  readonly docs: readonly { readonly label: string; readonly url: string }[];
  readonly confidence: 'certain' | 'likely' | 'unknown';
}

export type ErrorExplained =
  | {
      readonly ok: true;
      readonly explanation: ErrorWords;
      readonly phase?: string;
      readonly others: readonly { readonly id: string; readonly title: string; readonly phase: string }[];
    }
  | {
      readonly ok: false;
      readonly why: 'taken' | 'unknown_id' | 'unreadable' | 'unknown_phase';
      readonly near: readonly string[];
    };

export interface Operator {
  /** Pure: no data folder, no server. */
  explainText(text: string, about?: { readonly host?: string; readonly phase?: string }): ErrorExplained;
  /** A code for the first administrator. Throws when there is one already. */
  makeSetupCodeLocally(place: Place): Promise<{ readonly code: string; readonly expiresAt: number }>;
  /** Runs until a signal; answers the exit code. */
  serve(
    options: Place & {
      /** `HOST:PORT` */
      readonly http?: string;
      readonly stdout: { write(text: string): unknown };
      readonly stderr: { write(text: string): unknown };
      readonly signals: Signals;
    },
  ): Promise<number>;
  createKeyLocally(
    options: Place & {
      readonly name: string;
      readonly tenant?: string;
      readonly kind: 'live' | 'test';
      readonly role?: Role;
      readonly permissions?: readonly string[];
      readonly networks?: readonly string[];
      /** Epoch ms. */
      readonly expiresAt?: number;
    },
  ): Promise<LocalKey>;
  listKeysLocally(options: Place & { readonly tenant?: string }): Promise<readonly ListedKey[]>;
  revokeKeyLocally(options: Place & { readonly tenant?: string; readonly id: string }): Promise<void>;
  verifyAuditLocally(options: Place & { readonly tenant?: string }): Promise<readonly VerifiedChain[]>;
  rotateLocally(
    options: Place & { readonly newKeyFile?: string; readonly onlyServer?: boolean },
  ): Promise<Rotation>;
  secretsStatusLocally(options: Place): Promise<SecretsStatus>;
  forgetOldKeysLocally(options: Place): Promise<{ readonly keyFile: string; readonly forgotten: string[] }>;
  doctor(options: Place): Promise<DoctorReport>;
  checkConfig(options: Place): Promise<ConfigReport>;
  explainConfig(options: Place): Promise<readonly ConfigValue[]>;
}
