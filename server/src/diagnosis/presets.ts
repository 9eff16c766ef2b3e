/**
 * The list of presets, and which of them a host, a mail domain, a receiving server or an SPF include speaks of.
 * Next: settings-hint.ts
 */
import { MAILBOX_PRESETS } from './presets-mailbox.ts';
import { REGIONAL_PRESETS } from './presets-regional.ts';
import { SENDING_PRESETS } from './presets-sending.ts';
import type { Preset } from './preset.ts';

export const PRESETS: readonly Preset[] = [...MAILBOX_PRESETS, ...REGIONAL_PRESETS, ...SENDING_PRESETS];

const DAY_MS = 86_400_000;
const STALE_DAYS = 180;

/** Whether nobody compared the preset with the provider's pages for half a year. */
export function isStale(preset: Pick<Preset, 'reviewedOn'>, now: number): boolean {
  return now - Date.parse(preset.reviewedOn) > STALE_DAYS * DAY_MS;
}

/** The notices that matter on this day. */
export function noticesAt(preset: Preset, now: number): Preset['notices'] {
  return preset.notices.filter(
    ({ from, to }) =>
      (from === null || now >= Date.parse(from)) && (to === null || now < Date.parse(to) + DAY_MS),
  );
}

/** Every host name that a preset stands for. */
export function hostsOf(preset: Preset): readonly string[] {
  return preset.regions.length === 0 ? [preset.host] : preset.regions.map(({ host }) => host);
}

const byHost = new Map(PRESETS.flatMap((preset) => hostsOf(preset).map((host) => [host, preset] as const)));
const patterns = PRESETS.flatMap((preset) =>
  preset.hostPattern === undefined ? [] : [{ preset, pattern: new RegExp(preset.hostPattern) }],
);

/** The preset that this host belongs to. */
export function presetOfHost(host: string): Preset | undefined {
  const name = host.toLowerCase().replace(/\.$/, '');
  return byHost.get(name) ?? patterns.find(({ pattern }) => pattern.test(name))?.preset;
}

/** The preset for addresses of this domain, such as `gmail.com`. */
export function presetOfMailDomain(domain: string): Preset | undefined {
  return PRESETS.find(({ dns }) => dns.domains.includes(domain));
}

/** The preset whose receiving server this is. */
export function presetOfMx(exchange: string): Preset | undefined {
  const name = exchange.toLowerCase().replace(/\.$/, '');
  return PRESETS.find(({ dns }) =>
    dns.mx.some((end) => name === end || name.endsWith(`.${end}`) || fits(name, end)),
  );
}

/** Whether the name is `inbound.*.example` with one label for the star. */
function fits(name: string, wild: string): boolean {
  const [before = '', after] = wild.split('*');
  if (after === undefined || name.length <= wild.length - 1) return false;
  const middle = name.slice(before.length, name.length - after.length);
  return name.startsWith(before) && name.endsWith(after) && !middle.includes('.');
}

/** The preset that an `include:` of an SPF record allows to send. Google's two presets share one; the mailbox is meant. */
export function presetOfSpfInclude(name: string): Preset | undefined {
  const wanted = name.toLowerCase().replace(/\.$/, '');
  return PRESETS.find(({ dns }) => dns.spf.includes(wanted));
}

/** The host of the region that a receiving server or an include tells: of `mxa.eu.mailgun.org` the one in the EU. */
export function hostForRegion(preset: Preset, evidence: string): string {
  const name = evidence.toLowerCase().replace(/\.$/, '');
  const home = (host: string): string => host.slice(host.indexOf('.'));
  const fitting = hostsOf(preset).filter((host) => `.${name}`.endsWith(home(host)));
  return fitting.sort((a, b) => home(b).length - home(a).length)[0] ?? preset.host;
}
