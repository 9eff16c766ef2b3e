/**
 * What is known about the case of one test, for the texts of the catalogue: whose server, which account, what was met on
 * the way. Names and words only; never a secret.
 * Next: explain-fault.ts
 */
import { toRfc3339 } from '../base/clock.ts';
import { connectionPort, type ConnectionSettings } from '../config/config.ts';
import { formatReply } from '../mail/mail.ts';
import type { PhaseRecord } from '../smtp/smtp.ts';
import type { Fault } from './recorder.ts';

export type CaseFacts = Readonly<Record<string, string>>;

const NAMES_MAX = 10;

/** What the settings say. */
export function settingsCase(
  settings: ConnectionSettings,
  people: { readonly from: string | null; readonly to: string | null },
): CaseFacts {
  const values: Readonly<Record<string, unknown>> = { ...settings };
  const domain = people.from?.split('@').at(-1);
  return known({
    host: values['host'],
    port: settings.type === 'smtp' ? connectionPort(settings) : undefined,
    username: values['username'],
    clientId: values['clientId'],
    tenantId: values['tenantId'],
    folder: values['folder'],
    proxy:
      typeof values['proxy'] === 'string' ? values['proxy'].replace(/^.*(?:@|\/\/)|\/$/g, '') : undefined,
    from: people.from,
    recipient: people.to,
    domain,
  });
}

/** What a phase taught. */
export function phaseCase({ facts }: PhaseRecord): CaseFacts {
  switch (facts?.about) {
    case 'connect':
      return known({ ip: facts.address ?? facts.tried[0]?.address });
    case 'tls': {
      const names = facts.details?.altNames.slice(0, NAMES_MAX);
      return known({
        issuer: facts.issuer,
        date: Number.isFinite(facts.validTo) ? toRfc3339(facts.validTo).slice(0, 10) : undefined,
        names: names?.join(', '),
        bestName: names?.find((name) => !name.includes('*')),
      });
    }
    case 'auth':
      return known({ offered: facts.offered.join(', '), wanted: facts.mechanism });
    default:
      return {};
  }
}

/** What ended the test says itself. */
export function faultCase({ phase, reply, failure }: Fault, people: CaseFacts): CaseFacts {
  const answer = reply === undefined ? failure?.message : formatReply(reply);
  const address =
    phase === 'rcpt-to' ? people['recipient'] : phase === 'mail-from' ? people['from'] : undefined;
  return known({
    answer,
    reason: failure?.message,
    address,
    aadsts: /AADSTS(\d{4,8})/.exec(answer ?? '')?.[1],
  });
}

function known(values: Readonly<Record<string, unknown>>): CaseFacts {
  const facts: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) {
    if ((typeof value === 'string' && value !== '') || typeof value === 'number') facts[name] = String(value);
  }
  return facts;
}
