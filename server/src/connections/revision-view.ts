/**
 * Revisions and drafts as the API shows them.
 * Next: revision-routes.ts
 */
import { z } from 'zod';
import { toRfc3339 } from '../base/clock.ts';
import type { Connection } from './connection.ts';
import type { Past } from './history.ts';
import { REVISION_STATES, type Change } from './revision.ts';

const change = z
  .object({ field: z.string(), secret: z.boolean(), before: z.unknown(), after: z.unknown() })
  .meta({ id: 'SettingChange', description: 'Of a secret only `set`, `changed` or `not set`.' });

const states = Object.keys(REVISION_STATES) as [keyof typeof REVISION_STATES]; // one at least

export const draftView = z
  .object({
    revision: z.number(),
    state: z.enum(['draft', 'proved']),
    createdAt: z.string(),
    createdBy: z.string(),
    changes: z.array(change),
  })
  .meta({ id: 'ConnectionDraft', description: 'Saved, and not in force yet.' });

export const revisionView = z
  .object({
    id: z.string(),
    revision: z.number(),
    state: z.enum(states),
    origin: z.enum(['saved', 'restored', 'returned', 'file']),
    basedOn: z.number().nullable(),
    createdAt: z.string(),
    createdBy: z.string().describe('Id of the key, or `file`, or `posthorn`.'),
    proof: z.object({ test: z.string(), at: z.string() }).nullable(),
    activatedAt: z.string().nullable(),
    activatedBy: z.string().nullable(),
    forced: z.string().nullable().describe('The reason, when it was activated without a passing test.'),
    supersededAt: z.string().nullable(),
    returned: z.string().nullable().describe('Why it was given up by itself soon after it came in force.'),
    changes: z.array(change).describe('In the revision that it was made from.'),
  })
  .meta({ id: 'ConnectionRevision' });

export const wholeRevisionView = revisionView
  .extend({
    settings: z.looseObject({ name: z.string() }).describe('Without the secrets.'),
    secrets: z.record(z.string(), z.object({ rotatedAt: z.string(), kept: z.boolean() })),
  })
  .meta({ id: 'WholeConnectionRevision' });

export function viewDraft(draft: Connection['draft']): z.input<typeof draftView> | null {
  if (draft === undefined) return null;
  const { number: revision, state, createdAt, createdBy, changes } = draft;
  return { revision, state, createdAt: toRfc3339(createdAt), createdBy, changes: changes.map(viewChange) };
}

function viewChange({ field, secret, before, after }: Change): z.input<typeof change> {
  return { field, secret, before, after };
}

export function viewPast({ revision, changes }: Past): z.input<typeof revisionView> {
  const { id, state, origin, basedOn, createdBy, provedAt, provedBy, activatedBy, returned } = revision;
  const time = (at: number | null): string | null => (at === null ? null : toRfc3339(at));
  return {
    ...{ id, revision: revision.number, state, origin, basedOn, createdBy, activatedBy, returned },
    createdAt: toRfc3339(revision.createdAt),
    proof: provedAt === null ? null : { test: provedBy ?? '', at: toRfc3339(provedAt) },
    activatedAt: time(revision.activatedAt),
    forced: revision.forceReason,
    supersededAt: time(revision.supersededAt),
    changes: changes.map(viewChange),
  };
}

export function viewWhole(past: Past): z.input<typeof wholeRevisionView> {
  const secrets: Record<string, { rotatedAt: string; kept: boolean }> = {};
  for (const { field, rotatedAt, kept } of past.secrets)
    secrets[field] = { rotatedAt: toRfc3339(rotatedAt), kept };
  return { ...viewPast(past), settings: { ...past.revision.settings }, secrets };
}
