/**
 * The words of SASL (RFC 4422) that all mechanisms share.
 * Next: mechanisms.ts
 */
export type MechanismName = 'PLAIN' | 'LOGIN' | 'CRAM-MD5' | 'SCRAM-SHA-256' | 'XOAUTH2' | 'OAUTHBEARER';

/** What we say to a challenge, in octets before base64; or why the server must not be answered. */
export type Say =
  | {
      readonly ok: true;
      readonly data: Buffer;
      /** The server's words, decoded, when the challenge explained a refusal. */
      readonly heard?: string;
    }
  | { readonly ok: false; readonly code: 'BAD_CHALLENGE' | 'SERVER_NOT_PROVED'; readonly message: string };

export interface Mechanism {
  readonly name: MechanismName;
  /** Sent with AUTH itself when it fits (RFC 4954 §4), else in answer to the first empty challenge. */
  readonly initial: Buffer | undefined;
  /** Answer to a 334 challenge, decoded. */
  answer(challenge: Buffer): Say | Promise<Say>;
  /** Whether a 235 may be believed now: SCRAM wants the server's own proof first. */
  mayBelieve(): boolean;
}

/** RFC 5802 §5.1: a comma and an equals sign are written as their codes. */
export function saslName(name: string): string {
  return name.replace(/=/g, '=3D').replace(/,/g, '=2C');
}

export function refuse(code: 'BAD_CHALLENGE' | 'SERVER_NOT_PROVED', message: string): Say {
  return { ok: false, code, message };
}
