/**
 * Settings of the flows, one set per flow: what is mailed, how long it counts, how often. The bounds keep a setting
 * from making a flow unsafe; within them everything that the applications we know use can be reached.
 * Next: setting-list.ts
 */
import { z } from 'zod';

export const FLOW_NAMES = [
  'activation',
  'password-reset',
  'one-time-code',
  'invitation',
  'email-change',
] as const;
export type FlowName = (typeof FLOW_NAMES)[number];

/** Flows that prove nothing: a mail that tells somebody what became of an account. */
export const NOTICE_NAMES = ['security-notice'] as const;
export type NoticeName = (typeof NOTICE_NAMES)[number];

/** Languages that mails and pages of flows are written in. */
export const LOCALES = ['en', 'de'] as const;
export type Locale = (typeof LOCALES)[number];

export const ALPHABETS = ['digits', 'letters-and-digits'] as const;

/** Where the link leads; `{token}` stands for the token. Plain http only for a machine's own name: development. */
const LINK =
  /^(?:https:\/\/[^\s/?#@\\]+|http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?)(?:[/?#][^\s\\]*)?\{token\}[^\s\\]*$/;

/** The same without a place for the token. */
const RETURN =
  /^(?:https:\/\/[^\s/?#@\\{}]+|http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?)(?:[/?][^\s\\#{}]*)?$/;

const HOUR_S = 3_600;
const DAY_S = 24 * HOUR_S;

interface FlowDefaults {
  readonly kind: 'link' | 'code' | 'both';
  readonly lifetimeSeconds: number;
  readonly lifetimeSecondsMax: number;
}

const DEFAULTS: Readonly<Record<FlowName, FlowDefaults>> = {
  activation: { kind: 'link', lifetimeSeconds: DAY_S, lifetimeSecondsMax: 14 * DAY_S },
  'password-reset': { kind: 'link', lifetimeSeconds: HOUR_S / 2, lifetimeSecondsMax: DAY_S },
  // OWASP ASVS 5.0 6.5: a code that is typed lives ten minutes at most
  'one-time-code': { kind: 'code', lifetimeSeconds: 600, lifetimeSecondsMax: 600 },
  invitation: { kind: 'link', lifetimeSeconds: 7 * DAY_S, lifetimeSecondsMax: 30 * DAY_S },
  'email-change': { kind: 'link', lifetimeSeconds: HOUR_S / 2, lifetimeSecondsMax: DAY_S },
};

const whole = (least: number, most: number) => z.int().min(least).max(most);

/** How much mail there may be, with what it is when nobody says. */
function limitFields(builtIn: {
  readonly resendSeconds: number;
  readonly perHour: number;
  readonly perDay: number;
}) {
  return {
    resendSeconds: {
      schema: whole(0, HOUR_S),
      doc: 'Wait between two mails to one address.',
      builtIn: builtIn.resendSeconds,
    },
    perHour: {
      schema: whole(1, 100),
      doc: 'Most mails to one address in an hour; of mails with a code never more than 5.',
      builtIn: builtIn.perHour,
    },
    perDay: { schema: whole(1, 1_000), doc: 'Most mails to one address in a day.', builtIn: builtIn.perDay },
    perClientHour: {
      schema: whole(1, 10_000),
      doc: 'Most mails in an hour that one client address may set off, as `clientAddress` names it.',
      builtIn: 20,
    },
    perTenantHour: {
      schema: whole(1, 1_000_000),
      doc: 'Most mails of this flow in an hour, to all addresses together.',
      builtIn: 1_000,
    },
  } as const;
}

/** The settings of a notice. A person can have several in a row, each about something else. */
export function noticeFields() {
  return limitFields({ resendSeconds: 0, perHour: 20, perDay: 100 });
}

/** Schema, sentence and default of each setting of one flow. */
export function flowFields(flow: FlowName) {
  const { kind, lifetimeSeconds, lifetimeSecondsMax } = DEFAULTS[flow];
  return {
    kind: {
      schema: z.enum(['link', 'code', 'both']),
      doc: 'Whether a link, a code to type, or both are mailed.',
      builtIn: kind,
    },
    lifetimeSeconds: {
      schema: whole(60, lifetimeSecondsMax),
      doc: 'How long the link counts, and the code, which counts ten minutes at most.',
      builtIn: lifetimeSeconds,
    },
    codeLength: { schema: whole(6, 10), doc: 'Characters of a code.', builtIn: 6 },
    codeAlphabet: {
      schema: z.enum(ALPHABETS),
      doc: 'Characters that a code is made of.',
      builtIn: 'digits' as const,
    },
    attempts: { schema: whole(1, 5), doc: 'Wrong codes until the verification is locked.', builtIn: 5 },
    blockSeconds: {
      schema: whole(0, DAY_S),
      doc: 'How long an address gets no new code after a lock.',
      builtIn: 0,
    },
    ...limitFields({ resendSeconds: 60, perHour: 5, perDay: 20 }),
    url: {
      schema: z.string().max(2_000).regex(LINK, {
        error: 'must be an https:// address that holds {token}',
      }),
      doc: 'Address of the application that the link leads to; `{token}` stands for the token. Without it the link leads to a page of this server.',
      builtIn: undefined,
    },
    returnUrl: {
      schema: z.string().max(2_000).regex(RETURN, { error: 'must be an https:// address' }),
      doc: 'Where the page of this server leads on to; `verification` with the id is added to it.',
      builtIn: undefined,
    },
  } as const;
}

export type FlowField = keyof ReturnType<typeof flowFields>;
export type NoticeField = keyof ReturnType<typeof noticeFields>;
export type FlowSettingName = `flows.${FlowName}.${FlowField}` | `flows.${NoticeName}.${NoticeField}`;
