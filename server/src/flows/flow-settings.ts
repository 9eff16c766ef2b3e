/**
 * The settings of one flow for one tenant, gathered.
 * Next: flow-mail.ts
 */
import type { FlowName, Settings, SettingValue } from '../tenants/tenants.ts';

export interface FlowSettings {
  readonly kind: 'link' | 'code' | 'both';
  readonly lifetimeSeconds: number;
  readonly codeLength: number;
  readonly codeAlphabet: 'digits' | 'letters-and-digits';
  /** Wrong codes until it is locked. */
  readonly attempts: number;
  readonly resendSeconds: number;
  readonly blockSeconds: number;
  readonly perHour: number;
  readonly perDay: number;
  /** With `{token}` in it; `undefined` when the application has set none. */
  readonly url: string | undefined;
}

export function flowSettings(
  settings: Pick<Settings, 'get'>,
  tenantId: string,
  flow: FlowName,
): FlowSettings {
  const number = (value: SettingValue | undefined): number => (typeof value === 'number' ? value : 0);
  return {
    kind: settings.get(tenantId, `flows.${flow}.kind`) ?? 'link',
    lifetimeSeconds: number(settings.get(tenantId, `flows.${flow}.lifetimeSeconds`)),
    codeLength: number(settings.get(tenantId, `flows.${flow}.codeLength`)),
    codeAlphabet: settings.get(tenantId, `flows.${flow}.codeAlphabet`) ?? 'digits',
    attempts: number(settings.get(tenantId, `flows.${flow}.attempts`)),
    resendSeconds: number(settings.get(tenantId, `flows.${flow}.resendSeconds`)),
    blockSeconds: number(settings.get(tenantId, `flows.${flow}.blockSeconds`)),
    perHour: number(settings.get(tenantId, `flows.${flow}.perHour`)),
    perDay: number(settings.get(tenantId, `flows.${flow}.perDay`)),
    url: settings.get(tenantId, `flows.${flow}.url`),
  };
}
