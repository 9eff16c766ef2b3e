/**
 * The mail of a verification. The subject never holds the code: subjects are shown in lists and on locked screens.
 * Next: issue.ts
 */
import { submissionSchema, type Submission } from '../messages/messages.ts';
import { lifetimesOf, type FlowSettings } from './flow-settings.ts';
import { harmless } from './harmless.ts';
import type { Verification } from './queries.ts';
import { FLOW_WORDS, FRAME, spanOf, type FlowWords } from './words.ts';

export interface FlowMail {
  readonly made: Verification;
  readonly href: string | undefined;
  readonly code: string | undefined;
  readonly terms: Pick<FlowSettings, 'kind' | 'lifetimeSeconds'>;
  /** In place of those of the flow. */
  readonly words: FlowWords | undefined;
  /** Of one address, one flow, one subject: whatever still waits of an earlier proof is withdrawn. */
  readonly collapseKey: string;
}

export function writeFlowMail({ made, href, code, terms, words, collapseKey }: FlowMail): Submission {
  const own = words ?? FLOW_WORDS[made.locale][made.flow];
  const frame = FRAME[made.locale];
  const name = harmless(made.data['name'] ?? '');
  const lines = [...(name === '' ? [] : [frame.hello(name), '']), own.opening, ''];
  if (href !== undefined) lines.push(own.link, href, '');
  if (code !== undefined) lines.push(frame.code(code), '');
  lines.push(...goodFor(made, terms), own.ignore);
  return {
    ...submissionSchema.parse({ to: [made.address], subject: own.subject, text: lines.join('\n') }),
    class: code === undefined ? 'account' : 'otp',
    expiresAt: made.expiresAt,
    collapseKey,
  };
}

function goodFor({ locale }: Verification, terms: FlowMail['terms']): string[] {
  const { seconds, codeSeconds } = lifetimesOf(terms);
  const frame = FRAME[locale];
  if (codeSeconds === undefined || codeSeconds === seconds) return [frame.goodFor(spanOf(seconds, locale))];
  return [frame.linkGoodFor(spanOf(seconds, locale)), frame.codeGoodFor(spanOf(codeSeconds, locale))];
}
