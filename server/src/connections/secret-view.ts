/**
 * A secret as the API shows it: that it is there, where it is kept, how old it is, when it ends. Never more.
 * Next: secret-routes.ts
 */
import { z } from 'zod';
import { toRfc3339 } from '../base/clock.ts';
import type { SecretState } from './secret-ages.ts';

export const secretView = z
  .object({
    set: z.boolean(),
    source: z
      .enum(['api', 'file', 'environment', 'configuration'])
      .describe('Given over the API, or where the configuration file says it is.'),
    reference: z
      .string()
      .optional()
      .describe('The place that the configuration names, such as `env:RELAY_PASSWORD`.'),
    rotatedAt: z.string().nullable().describe('When it was given; null when the configuration names it.'),
    ageDays: z.number().nullable().describe('Whole days since then.'),
    expiresOn: z
      .string()
      .optional()
      .describe('Day on which it ends: `secretExpiresOn`, or the end of the client certificate.'),
    expiresInDays: z.number().optional().describe('Whole days until then, in UTC; negative when it is over.'),
  })
  .meta({ id: 'SecretState', description: 'What is shown of a secret.' });

export function viewSecret(state: SecretState): z.input<typeof secretView> {
  const { rotatedAt, ageDays, ...rest } = state;
  return {
    ...rest,
    rotatedAt: rotatedAt === undefined ? null : toRfc3339(rotatedAt),
    ageDays: ageDays ?? null,
  };
}
