/**
 * The settings of one flow for one tenant, gathered.
 * Next: flow-mail.ts
 */
import type { FlowName, NoticeName, Settings, SettingValue } from '../tenants/tenants.ts';

/** How much mail of one flow there may be. */
export interface FlowLimits {
  readonly resendSeconds: number;
  readonly blockSeconds: number;
  /** To one address. */
  readonly perHour: number;
  readonly perDay: number;
  readonly perClientHour: number;
  readonly perTenantHour: number;
}

export interface FlowSettings extends FlowLimits {
  readonly kind: 'link' | 'code' | 'both';
  readonly lifetimeSeconds: number;
  readonly codeLength: number;
  readonly codeAlphabet: 'digits' | 'letters-and-digits';
  /** Wrong codes until it is locked. */
  readonly attempts: number;
  /** With `{token}` in it; `undefined` when the application has set none. */
  readonly url: string | undefined;
}

/** However long a link counts, a code that is typed counts ten minutes at most (OWASP ASVS 5.0 6.5.5). */
export const CODE_SECONDS_MAX = 600;
/** And nobody is sent more codes in an hour than this, whatever is set (F7). */
export const CODES_PER_HOUR = 5;

const number = (value: SettingValue | undefined): number => (typeof value === 'number' ? value : 0);

export function flowSettings(
  settings: Pick<Settings, 'get'>,
  tenantId: string,
  flow: FlowName,
): FlowSettings {
  return {
    ...limitSettings(settings, tenantId, flow),
    kind: settings.get(tenantId, `flows.${flow}.kind`) ?? 'link',
    lifetimeSeconds: number(settings.get(tenantId, `flows.${flow}.lifetimeSeconds`)),
    codeLength: number(settings.get(tenantId, `flows.${flow}.codeLength`)),
    codeAlphabet: settings.get(tenantId, `flows.${flow}.codeAlphabet`) ?? 'digits',
    attempts: number(settings.get(tenantId, `flows.${flow}.attempts`)),
    blockSeconds: number(settings.get(tenantId, `flows.${flow}.blockSeconds`)),
    url: settings.get(tenantId, `flows.${flow}.url`),
  };
}

/** What flows with a proof and notices have in common; a notice is never locked, so nothing blocks it. */
export function limitSettings(
  settings: Pick<Settings, 'get'>,
  tenantId: string,
  flow: FlowName | NoticeName,
): FlowLimits {
  return {
    resendSeconds: number(settings.get(tenantId, `flows.${flow}.resendSeconds`)),
    blockSeconds: 0,
    perHour: number(settings.get(tenantId, `flows.${flow}.perHour`)),
    perDay: number(settings.get(tenantId, `flows.${flow}.perDay`)),
    perClientHour: number(settings.get(tenantId, `flows.${flow}.perClientHour`)),
    perTenantHour: number(settings.get(tenantId, `flows.${flow}.perTenantHour`)),
  };
}

/** For how long link and code of such a proof count. */
export function lifetimesOf({ kind, lifetimeSeconds }: Pick<FlowSettings, 'kind' | 'lifetimeSeconds'>): {
  readonly seconds: number;
  readonly codeSeconds: number | undefined;
} {
  const codeSeconds = kind === 'link' ? undefined : Math.min(lifetimeSeconds, CODE_SECONDS_MAX);
  return {
    seconds: kind === 'code' && codeSeconds !== undefined ? codeSeconds : lifetimeSeconds,
    codeSeconds,
  };
}
