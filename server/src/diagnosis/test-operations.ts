/**
 * The API of connection tests: start, read, follow, stop.
 */
import { z } from 'zod';
import { connectionPatch } from '../config/config.ts';
import {
  eventAnswer,
  operation,
  pageAnswer,
  pageOf,
  pageQuery,
  readCursor,
  type Operation,
} from '../http/http.ts';
import type { ConnectionTests } from './runs.ts';
import {
  eventView,
  startedView,
  testSummaryView,
  testView,
  viewEvent,
  viewSummary,
  viewTest,
} from './view.ts';

const tags = ['Connection tests'] as const;
const idParams = z.strictObject({ id: z.string() });

const startBody = z
  .strictObject({
    connection: z.string().min(1).max(100).optional().describe('Id or name of a saved connection.'),
    settings: connectionPatch
      .optional()
      .describe(
        'Settings that are not saved: all of them, or what differs from `connection`. A stored secret is used only where it may go.',
      ),
    to: z
      .string()
      .max(1000)
      .optional()
      .describe('Sends a test message there. Without it only a check: it ends after signing in.'),
    from: z
      .string()
      .max(1000)
      .optional()
      .describe('Who the message is from; the default sender when absent.'),
  })
  .refine((body) => body.connection !== undefined || body.settings !== undefined, {
    error: 'missing: name a connection, or give settings',
    path: ['connection'],
  })
  .refine((body) => body.from === undefined || body.to !== undefined, {
    error: 'missing: from is for a test message, which needs a recipient',
    path: ['to'],
  })
  .meta({ id: 'ConnectionTestRequest' });

export function testOperations(tests: ConnectionTests): Operation[] {
  return [
    operation({
      method: 'POST',
      path: '/connection-tests',
      operationId: 'startConnectionTest',
      summary: 'Test a connection, saved or not, stage by stage',
      description:
        'Answers at once; follow it with `GET /connection-tests/{id}/events`, or read it until it is over. A connection ' +
        'has one test at a time: a second start answers the one that runs. With `to` a message is really sent, ' +
        'whatever the delivery mode. At most 5 test messages in a minute with one key, and 20 in an hour in a tenant.',
      tags,
      permission: 'connections:test',
      audit: 'none', // the test is the record, and changes no settings
      body: startBody,
      answers: { 202: startedView },
      refusals: ['not_found', 'secret_required', 'sender_not_allowed', 'rate_limited', 'overloaded'],
      async run({ principal, body }) {
        const { test, joined } = await tests.start(principal, body);
        return { status: 202, body: { ...viewTest(test), joined } };
      },
    }),
    operation({
      method: 'GET',
      path: '/connection-tests',
      operationId: 'listConnectionTests',
      summary: 'List connection tests of the last 30 days, newest first',
      tags,
      permission: 'connections:test',
      query: z.strictObject({
        ...pageQuery,
        connection: z.string().max(100).optional().describe('Id of a connection.'),
      }),
      answers: { 200: pageAnswer(testSummaryView) },
      refusals: [],
      async run({ principal, query }) {
        const before = readCursor(query.cursor, 'tst');
        const rows = await tests.list(principal.tenantId, {
          connectionId: query.connection,
          before,
          limit: query.limit + 1,
        });
        const { items, next } = pageOf(rows, query.limit, (row) => row.id);
        return { status: 200, body: { items: items.map(viewSummary), next } };
      },
    }),
    operation({
      method: 'GET',
      path: '/connection-tests/{id}',
      operationId: 'getConnectionTest',
      summary: 'Show one connection test with its stages and transcript',
      tags,
      permission: 'connections:test',
      params: idParams,
      answers: { 200: testView },
      refusals: ['not_found'],
      run: async ({ principal, params }) => ({
        status: 200,
        body: viewTest(await tests.get(principal.tenantId, params.id)),
      }),
    }),
    followOperation(tests),
    operation({
      method: 'POST',
      path: '/connection-tests/{id}/cancel',
      operationId: 'cancelConnectionTest',
      summary: 'Stop a connection test; one that is over stays as it is',
      tags,
      permission: 'connections:test',
      audit: 'none', // the test is the record, and changes no settings
      params: idParams,
      answers: { 200: testView },
      refusals: ['not_found'],
      run: async ({ principal, params }) => ({
        status: 200,
        body: viewTest(await tests.cancel(principal.tenantId, params.id)),
      }),
    }),
  ];
}

function followOperation(tests: ConnectionTests): Operation {
  return operation({
    method: 'GET',
    path: '/connection-tests/{id}/events',
    operationId: 'followConnectionTest',
    summary: 'Follow a connection test: everything so far, then live, until it is over',
    description:
      'Server-sent events. `Last-Event-ID` goes on behind that event. A client that leaves does not stop the test.',
    tags,
    permission: 'connections:test',
    params: idParams,
    headers: z.object({ 'last-event-id': z.string().max(20).optional() }),
    answers: { 200: eventAnswer(eventView) },
    refusals: ['not_found', 'overloaded'],
    async run({ principal, params, headers }) {
      const found = await tests.get(principal.tenantId, params.id);
      const from = nextAfter(headers['last-event-id']);
      return {
        status: 200,
        body: ({ send, end }) =>
          tests.follow(
            found,
            from,
            (event, index) => {
              send({ id: String(index), data: viewEvent(event) });
            },
            end,
          ),
      };
    },
  });
}

/** The event after the last one seen; from the beginning for an id that is none of ours. */
function nextAfter(lastId: string | undefined): number {
  return lastId !== undefined && /^\d{1,6}$/.test(lastId) ? Number(lastId) + 1 : 0;
}
