/**
 * How a connection test looks in the API.
 * Next: routes.ts
 */
import { z } from 'zod';
import { toRfc3339 } from '../base/clock.ts';
import { PHASES } from '../mail/mail.ts';
import { adviceRow } from './advice-row.ts';
import type { StoredTest } from './queries.ts';
import {
  ENDINGS,
  STAGE_STATUSES,
  stagesOf,
  transcriptOf,
  type StageFindings,
  type TestEvent,
} from './stage.ts';

const facts = z.record(z.string(), z.unknown());

const diagnosisView = z
  .object({
    id: z.string().describe('Of the error catalogue.'),
    title: z.string(),
    cause: z.string(),
    fixes: z.array(
      z.object({
        text: z.string(),
        action: z
          .looseObject({ kind: z.string(), label: z.string() })
          .optional()
          .describe('A button: a `change` of settings, a text to `copy`, a page to `open`, or a `probe`.'),
      }),
    ),
    docs: z.array(z.object({ label: z.string(), url: z.string() })),
    who: z.string().optional(),
    retry: z.string().optional(),
    confidence: z.enum(['certain', 'likely', 'unknown']),
    params: z.record(z.string(), z.string()),
  })
  .meta({ id: 'TestDiagnosis', description: 'What a failure means and what to do about it.' });

const stageShape = {
  id: z.enum(PHASES),
  status: z.enum(STAGE_STATUSES),
  ms: z.number().optional().describe('How long it took; absent until it ends.'),
  fact: z.string().optional().describe('One line.'),
  summary: facts.optional().describe('A few values; which ones depends on the stage.'),
  details: facts.optional().describe('Everything that was learned; what depends on the stage.'),
  notes: z.array(z.string()).optional().describe('Not wrong, but worth knowing.'),
  code: z.number().optional(),
  enhanced: z.string().optional(),
  text: z.string().optional(),
  reply: z.string().optional().describe('The reply of the server in one line.'),
  diagnosis: diagnosisView.optional(),
};

const stageView = z.object(stageShape).meta({ id: 'TestStage' });

const targetView = z.object({
  name: z.string().nullable(),
  type: z.string(),
  host: z.string().nullable(),
  port: z.number().nullable(),
  security: z.string().nullable(),
  auth: z.string().nullable(),
  unsaved: z.boolean().describe('Whether the settings differed from those of the saved connection.'),
});

const summaryShape = {
  id: z.string(),
  status: z.enum(['running', 'passed', 'failed']),
  connection: z.string().nullable().describe('Id of the saved connection.'),
  target: targetView.describe('What was tested, as it was then.'),
  mail: z.object({ from: z.string(), to: z.string() }).nullable().describe('The message; null for a check.'),
  failedStage: z.enum(PHASES).optional(),
  fingerprint: z.string().describe('The same for the same settings and secrets.'),
  startedAt: z.string(),
  endedAt: z.string().nullable(),
};

export const testSummaryView = z.object(summaryShape).meta({ id: 'ConnectionTestSummary' });

export const testView = z
  .object({
    ...summaryShape,
    ended: z
      .enum(ENDINGS)
      .nullable()
      .describe('How it came to its end: by itself, stopped, out of time, or with the process that ran it.'),
    ms: z.number().nullable(),
    stages: z.array(stageView),
    advice: z
      .array(adviceRow)
      .nullable()
      .describe('What receivers find about the sender, once a message was accepted. It changes no outcome.'),
    transcript: z.string().describe('The conversation, without secrets: `+ms marker text` a line.'),
  })
  .meta({ id: 'ConnectionTest' });

export const startedView = testView
  .extend({ joined: z.boolean().describe('A test of this connection ran already; this is that one.') })
  .meta({ id: 'StartedConnectionTest' });

export const eventView = z
  .discriminatedUnion('t', [
    z.object({ t: z.literal('stage'), ...stageShape, at: z.number() }),
    z.object({ t: z.literal('drop'), id: z.enum(PHASES), at: z.number() }),
    z.object({
      t: z.literal('line'),
      at: z.number(),
      dir: z.enum(['out', 'in', 'note']),
      tls: z.boolean(),
      text: z.string(),
    }),
    z.object({ t: z.literal('advice'), at: z.number(), rows: z.array(adviceRow) }),
    z.object({
      t: z.literal('end'),
      status: z.enum(['passed', 'failed']),
      failedStage: z.enum(PHASES).optional(),
      ended: z.enum(ENDINGS),
      ms: z.number(),
      fingerprint: z.string(),
    }),
  ])
  .meta({
    id: 'ConnectionTestEvent',
    description:
      'What happens in a test; `at` is in ms from its start. A stage is told anew whenever it changes, and `drop` takes ' +
      'one away that does not apply. `advice` comes after a message was accepted, and changes no outcome. `end` is the last.',
  });

export function viewSummary(test: StoredTest): z.input<typeof testSummaryView> {
  const { subject, failedStage } = test;
  const { from, to, ...target } = subject;
  return {
    id: test.id,
    status: test.status,
    connection: test.connectionId,
    target,
    mail: from === null || to === null ? null : { from, to },
    ...(failedStage === null ? {} : { failedStage }),
    fingerprint: test.fingerprint,
    startedAt: toRfc3339(test.startedAt),
    endedAt: test.endedAt === null ? null : toRfc3339(test.endedAt),
  };
}

export function viewTest(test: StoredTest): z.input<typeof testView> {
  const end = test.events.find((event) => event.t === 'end');
  return {
    ...viewSummary(test),
    ended: end?.ended ?? null,
    ms: end?.ms ?? null,
    stages: stagesOf(test.events).map(viewStage),
    advice: adviceOf(test),
    transcript: transcriptOf(test.events),
  };
}

function viewStage<S extends StageFindings>({ notes, diagnosis, ...stage }: S) {
  return {
    ...stage,
    ...(notes === undefined ? {} : { notes: [...notes] }),
    ...(diagnosis === undefined
      ? {}
      : { diagnosis: { ...diagnosis, fixes: [...diagnosis.fixes], docs: [...diagnosis.docs] } }),
  };
}

export function viewEvent(event: TestEvent): z.input<typeof eventView> {
  if (event.t === 'advice') return { ...event, rows: [...event.rows] };
  return event.t === 'stage' ? viewStage(event) : event;
}

function adviceOf({ events }: StoredTest): z.input<typeof adviceRow>[] | null {
  const found = events.find((event) => event.t === 'advice');
  return found === undefined ? null : [...found.rows];
}
