/**
 * The mail of a verification. The subject never holds the code: subjects are shown in lists and on locked screens.
 * Next: verifications.ts
 */
import { createHash } from 'node:crypto';
import { problem } from '../http/http.ts';
import { submissionSchema, type Submission } from '../messages/messages.ts';
import type { FlowName } from '../tenants/tenants.ts';
import type { FlowSettings } from './flow-settings.ts';
import type { Verification } from './queries.ts';

interface Words {
  readonly subject: string;
  readonly opening: string;
  /** Above the link. */
  readonly link: string;
  readonly ignore: string;
}

const WORDS: Readonly<Record<FlowName, Words>> = {
  activation: {
    subject: 'Activate your account',
    opening: 'An account was made for this address.',
    link: 'To activate it, open this link:',
    ignore: 'If you do not know about this, ignore this mail. Nothing will happen.',
  },
  'password-reset': {
    subject: 'Reset your password',
    opening: 'A new password was asked for.',
    link: 'To choose one, open this link:',
    ignore: 'If you did not ask for it, ignore this mail. Your password stays as it is.',
  },
  'one-time-code': {
    subject: 'Your code',
    opening: 'A code was asked for with this address.',
    link: 'To go on, open this link:',
    ignore: 'If you did not ask for it, ignore this mail and tell nobody the code.',
  },
  invitation: {
    subject: 'You are invited',
    opening: 'You were invited.',
    link: 'To accept, open this link:',
    ignore: 'If you do not want to, ignore this mail.',
  },
  'email-change': {
    subject: 'Confirm your new address',
    opening: 'This address is to become the new address of an account.',
    link: 'To confirm it, open this link:',
    ignore: 'If you did not ask for it, ignore this mail. Nothing will change.',
  },
};

/** Throws `invalid_request` when there is nowhere that the link could lead. */
export function writeFlowMail(
  made: Verification,
  proof: { readonly token: string | undefined; readonly code: string | undefined },
  own: FlowSettings,
): Submission {
  const words = WORDS[made.flow];
  const lines = [words.opening, ''];
  if (proof.token !== undefined) lines.push(words.link, linkTo(made, proof.token, own), '');
  if (proof.code !== undefined) lines.push(`Your code: ${proof.code}`, '');
  lines.push(`This is good for ${spanOf(own.lifetimeSeconds)}.`, words.ignore);
  return {
    ...submissionSchema.parse({ to: [made.address], subject: words.subject, text: lines.join('\n') }),
    class: proof.code === undefined ? 'account' : 'otp',
    expiresAt: made.expiresAt,
    // One address, one flow, one subject: whatever still waits of an earlier proof is withdrawn.
    collapseKey: `verification:${made.flow}:${keyOf(made)}`,
  };
}

function keyOf({ addressKey, subject }: Verification): string {
  return createHash('sha256').update(`${addressKey}\n${subject}`).digest('base64url');
}

function linkTo({ flow }: Verification, token: string, { url }: FlowSettings): string {
  if (url !== undefined) return url.replaceAll('{token}', token);
  throw problem('invalid_request', {
    detail: `The flow ${flow} mails a link, but flows.${flow}.url is not set.`,
    errors: [{ path: 'flow', message: `needs the setting flows.${flow}.url` }],
  });
}

function spanOf(seconds: number): string {
  const units = [
    ['day', 86_400],
    ['hour', 3_600],
    ['minute', 60],
  ] as const;
  for (const [name, size] of units) {
    const count = seconds / size;
    if (Number.isInteger(count)) return count === 1 ? `one ${name}` : `${String(count)} ${name}s`;
  }
  return `${String(seconds)} seconds`;
}
