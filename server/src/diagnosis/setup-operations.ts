/**
 * The API for setting a connection up without connecting anywhere: what is known of providers, and what settings look like
 * to somebody who has seen them all. Nothing that is sent here is kept or logged.
 * Next: settings-rules.ts
 */
import { z } from 'zod';
import type { Clock } from '../base/clock.ts';
import { AUTH_KINDS, SECURITIES } from '../config/config.ts';
import { operation, type Operation } from '../http/http.ts';
import type { Preset } from './preset.ts';
import { isStale, noticesAt, PRESETS } from './presets.ts';
import { settingsHints } from './settings-rules.ts';

const tags = ['Diagnosis'] as const;

export const security = z.enum(SECURITIES);
export const authKind = z.enum(AUTH_KINDS);

const presetView = z
  .object({
    id: z.string(),
    name: z.string(),
    host: z.string(),
    port: z.number(),
    security,
    regions: z.array(z.object({ id: z.string(), name: z.string(), host: z.string() })),
    ports: z.array(z.object({ port: z.number(), security })).describe('The first is the one to use.'),
    auth: z.array(authKind).describe('Ways to sign in, the best first.'),
    username: z.object({
      fixed: z.string().optional(),
      placeholder: z.string(),
      pattern: z.string().optional(),
      rule: z.string(),
    }),
    secret: z.object({
      label: z.string(),
      placeholder: z.string(),
      pattern: z.string().optional(),
      helpSteps: z.array(z.string()),
    }),
    oauth2: z.object({ scopes: z.array(z.string()), tokenUrl: z.string().optional() }).optional(),
    limits: z.object({
      perMinute: z.number().optional(),
      perDay: z.number().optional(),
      connections: z.number().optional(),
      messagesPerConnection: z.number().optional(),
      commandMs: z.number().optional(),
      note: z.string().optional(),
    }),
    senders: z.enum(['account', 'verified']),
    docs: z.array(z.object({ label: z.string(), url: z.string() })),
    notices: z.array(
      z.object({
        from: z.string().nullable(),
        to: z.string().nullable(),
        severity: z.enum(['info', 'warn']),
        text: z.string(),
        auth: authKind.optional(),
      }),
    ),
    reviewedOn: z.string(),
    stale: z.boolean().describe('Nobody compared these values with the provider for half a year.'),
  })
  .meta({ id: 'Preset', description: 'What is known about a provider.' });

/** A change that one click makes; a patch of the settings. */
export const settingsChange = z
  .object({
    label: z.string(),
    change: z.record(
      z.string(),
      z.union([z.string(), z.number(), z.boolean(), z.record(z.string(), z.number())]),
    ),
  })
  .meta({ id: 'SettingsChange', description: 'What a button says, and the patch of the settings it makes.' });

const hintView = z
  .object({
    path: z.string(),
    level: z.enum(['ok', 'info', 'warn', 'error', 'block']),
    id: z.string(),
    message: z.string(),
    changes: z.array(settingsChange).optional(),
  })
  .meta({ id: 'SettingsHint', description: 'What a rule says about one field of the settings.' });

const typed = z.string().max(10_000).optional();
const count = z.number().optional();

/** Settings while they are typed: what is there must have its type, nothing has to be there. */
const draft = z
  .looseObject({
    type: z.string().max(100).optional(),
    host: typed,
    port: count,
    security: security.optional(),
    auth: authKind.optional(),
    username: typed,
    password: typed,
    clientId: typed,
    clientSecret: typed,
    tenantId: typed,
    tokenUrl: typed,
    scopes: z.array(z.string().max(500)).max(20).optional(),
    allowPlaintextAuth: z.boolean().optional(),
    verify: z.boolean().optional(),
    serverName: typed,
    pin: typed,
    senders: z.array(z.string().max(500)).max(1_000).optional(),
    timeouts: z.looseObject({ commandMs: count }).optional(),
    pool: z.looseObject({ connections: count, messages: count }).optional(),
    rate: z.looseObject({ perMinute: count, perDay: count }).optional(),
  })
  .meta({ id: 'SettingsDraft', description: 'Settings of an SMTP connection, unfinished.' });

export function setupOperations({ clock }: { readonly clock: Clock }): Operation[] {
  return [
    operation({
      method: 'GET',
      path: '/presets',
      operationId: 'listPresets',
      summary: 'List the providers whose settings are known',
      tags,
      permission: 'connections:read',
      answers: { 200: z.object({ items: z.array(presetView) }) },
      refusals: [],
      run: () =>
        Promise.resolve({
          status: 200,
          body: { items: PRESETS.map((preset) => viewPreset(preset, clock.now())) },
        }),
    }),
    operation({
      method: 'POST',
      path: '/connection-hints',
      operationId: 'hintConnection',
      summary: 'Judge settings of an SMTP connection as they are typed',
      description:
        'Connects nowhere. Secrets may be given, so that their shape can be judged; they are not kept, logged or repeated.',
      tags,
      permission: 'connections:read',
      audit: 'none', // judges settings, and keeps nothing
      body: z.strictObject({
        settings: draft,
        destination: z.enum(['private', 'public', 'unknown']).optional(),
      }),
      answers: { 200: z.object({ hints: z.array(hintView) }) },
      refusals: [],
      run({ body: { settings, destination } }) {
        const facts = { now: clock.now(), ...(destination !== undefined && { destination }) };
        const hints = (settings.type ?? 'smtp') === 'smtp' ? settingsHints(settings, facts) : [];
        return Promise.resolve({
          status: 200,
          body: { hints: hints.map((one) => hintView.parse(one)) },
        });
      },
    }),
  ];
}

/** What people are shown; the schema leaves out what only discovery and advice read. */
function viewPreset(preset: Preset, now: number): z.output<typeof presetView> {
  const [best] = preset.ports;
  return presetView.parse({
    ...preset,
    ...best,
    notices: noticesAt(preset, now),
    stale: isStale(preset, now),
  });
}
