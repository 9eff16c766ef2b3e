/**
 * The settings that each tenant may have of its own, in one list: what they hold, what they are without any, where the
 * configuration file says them, and whether a tenant's own people may set them.
 * Next: resolve.ts
 */
import { z } from 'zod';
import type { Config } from '../config/config.ts';
import { parseListEntry } from '../mail/mail.ts';
import {
  FLOW_NAMES,
  flowFields,
  LOCALES,
  NOTICE_NAMES,
  noticeFields,
  type FlowField,
  type FlowSettingName,
} from './flow-settings.ts';
import { parseRate } from './limits.ts';

const ADDRESS = /^[^\s@<>",;\u0000-\u001f\u007f]+@[^\s@<>",;\u0000-\u001f\u007f]+$/;
const ALLOWED = /^[^\s@<>",;\u0000-\u001f\u007f]*@[^\s@<>",;\u0000-\u001f\u007f]+$/;
const DISPLAY_NAME = /^[^\u0000-\u001f\u007f]{1,200}$/;

const address = z
  .string()
  .max(320)
  .regex(ADDRESS, { error: 'must be an address such as "no-reply@example.com"' });

type TenantConfig = Config['tenants'][number];

interface SettingSpec<S extends z.ZodType> {
  readonly schema: S;
  /** One sentence for a person. */
  readonly doc: string;
  /** Who may set it for a tenant: its own people too, or only those of the instance. */
  readonly tenantMay: boolean;
  /** What it is when nobody sets it; of a setting that the file knows, the file's default. */
  readonly builtIn?: z.output<S> | undefined;
  /** Where the configuration file says it; absent for what is set over the API only. */
  readonly ofInstance?: (config: Config) => z.output<S> | undefined;
  readonly ofTenant?: (tenant: TenantConfig) => z.output<S> | undefined;
}

const setting = <S extends z.ZodType>(spec: SettingSpec<S>): SettingSpec<S> => spec;

const GENERAL = {
  'sender.name': setting({
    schema: z.string().regex(DISPLAY_NAME, { error: 'must be a name without control characters' }),
    doc: 'Display name that mail comes from.',
    tenantMay: true,
    ofInstance: ({ sender }) => sender?.name,
    ofTenant: ({ sender }) => sender?.name,
  }),
  'sender.address': setting({
    schema: address,
    doc: 'Address that mail comes from when a message names none.',
    tenantMay: true,
    ofInstance: ({ sender }) => sender?.address,
    ofTenant: ({ sender }) => sender?.address,
  }),
  'sender.replyTo': setting({
    schema: address,
    doc: 'Where answers go.',
    tenantMay: true,
    ofInstance: ({ sender }) => sender?.replyTo,
    ofTenant: ({ sender }) => sender?.replyTo,
  }),
  'delivery.mode': setting({
    schema: z.enum(['capture', 'allow-list', 'live']),
    doc: 'Who gets mail: nobody (everything is kept in the mailbox), the allow list, or everybody.',
    tenantMay: false, // going live is the platform's decision
    ofInstance: ({ delivery }) => delivery.mode,
  }),
  'delivery.allowList': setting({
    schema: z
      .array(z.string().max(320).regex(ALLOWED, { error: 'must be an address or "@domain"' }))
      .max(1_000)
      .readonly(),
    doc: 'Addresses and `@domain`s that get mail in the mode `allow-list`.',
    tenantMay: true,
    ofInstance: ({ delivery }) => delivery.allowList,
  }),
};

const LANGUAGE = {
  locale: setting({
    schema: z.enum(LOCALES),
    doc: 'Language of mails and pages of flows when nobody asks for another.',
    tenantMay: true,
    builtIn: 'en',
  }),
};

/** What the people of the instance decide for one tenant, or for all. */
const GRANTED = {
  'connections.own': setting({
    schema: z.enum(['allowed', 'refused']),
    doc: 'Whether the tenant may have connections of its own; when refused, those that it has are not used.',
    tenantMay: false,
    builtIn: 'allowed',
  }),
  'senders.allowed': setting({
    schema: z
      .array(
        z
          .string()
          .max(320)
          .refine((text) => text === '*' || parseListEntry(text).ok, {
            error: 'must be an address, "@domain", or "*" for any',
          }),
      )
      .max(200)
      .readonly(),
    doc: 'Addresses and `@domain`s that the tenant may send as, beside those that it has proved; `*` for any.',
    tenantMay: false,
  }),
  'limits.rate': setting({
    schema: z
      .string()
      .max(100)
      .refine((text) => parseRate(text) !== undefined, {
        error: 'must be pairs of messages and seconds such as "1000:60,10000:3600", at most 5',
      }),
    doc: 'Most messages over the connections of the instance in a span of time: `messages:seconds`, by comma.',
    tenantMay: false,
  }),
  'limits.monthly': setting({
    schema: z.int().min(0).max(1_000_000_000),
    doc: 'Most messages over the connections of the instance in a calendar month (UTC).',
    tenantMay: false,
  }),
};

type FlowSettings = { [N in FlowSettingName]: SettingSpec<FlowFieldSchema<FieldOf<N>>> };
type FieldOf<N extends FlowSettingName> = N extends `flows.${string}.${infer F extends FlowField}`
  ? F
  : never;
type FlowFieldSchema<F extends FlowField> = ReturnType<typeof flowFields>[F]['schema'];

const FLOWS = Object.fromEntries(
  [
    ...FLOW_NAMES.map((flow) => [flow, flowFields(flow)] as const),
    ...NOTICE_NAMES.map((flow) => [flow, noticeFields()] as const),
  ].flatMap(([flow, fields]) =>
    Object.entries(fields).map(([name, about]) => [`flows.${flow}.${name}`, { ...about, tenantMay: true }]),
  ),
) as unknown as FlowSettings; // one entry per name of the type, by construction

export const SETTINGS = { ...GENERAL, ...LANGUAGE, ...GRANTED, ...FLOWS };

export type SettingName = keyof typeof SETTINGS;
export type SettingValue<N extends SettingName = SettingName> = z.output<(typeof SETTINGS)[N]['schema']>;

export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[];

export function isSettingName(text: string): text is SettingName {
  return Object.hasOwn(SETTINGS, text);
}
