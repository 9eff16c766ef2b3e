/**
 * What a person may do with a message over the API: withdraw it, hasten it, send it again.
 * Next: resend.ts
 */
import type { z } from 'zod';
import { operation, problem, type Operation, type Principal } from '../http/http.ts';
import { transaction } from '../store/store.ts';
import type { AcceptDeps, Acceptor } from './accept.ts';
import { messageParams, mustRead, readWhole } from './reader.ts';
import { prepareResend } from './resend.ts';
import { resendSchema } from './submission.ts';
import { acceptedView, messageView, viewAccepted } from './view.ts';

type ActDeps = Pick<AcceptDeps, 'db' | 'clock' | 'config' | 'delivery' | 'senders'>;

const tags = ['Messages'] as const;

export function cancelOperation(deps: ActDeps): Operation {
  return operation({
    method: 'POST',
    path: '/messages/{id}/cancel',
    operationId: 'cancelMessage',
    summary: 'Withdraw a message that is not sent yet',
    tags,
    permission: 'messages:act',
    audit: 'none', // the message's timeline says who did it
    params: messageParams,
    answers: { 200: messageView },
    refusals: ['not_found', 'not_cancellable'],
    run: async ({ principal, params }) => ({
      status: 200,
      body: await act(deps, principal, params.id, 'cancel'),
    }),
  });
}

export function retryOperation(deps: ActDeps): Operation {
  return operation({
    method: 'POST',
    path: '/messages/{id}/retry',
    operationId: 'retryMessage',
    summary: 'Try a waiting message now',
    tags,
    permission: 'messages:act',
    audit: 'none', // the message's timeline says who did it
    params: messageParams,
    answers: { 200: messageView },
    refusals: ['not_found', 'conflict'],
    run: async ({ principal, params }) => ({
      status: 200,
      body: await act(deps, principal, params.id, 'retry'),
    }),
  });
}

export function resendOperation(deps: ActDeps, acceptor: Acceptor): Operation {
  return operation({
    method: 'POST',
    path: '/messages/{id}/resend',
    operationId: 'resendMessage',
    summary: 'Send the content again as a new message, linked to this one',
    tags,
    permission: 'messages:act',
    audit: 'none', // the new message is the record, and names the old one
    params: messageParams,
    body: resendSchema,
    answers: { 202: acceptedView },
    refusals: [
      'not_found',
      'conflict',
      'storage_full',
      'unavailable',
      'sender_not_allowed',
      'rate_limited',
      'quota_reached',
    ],
    async run({ principal, params, body }) {
      const prepared = await prepareResend(deps, principal, params.id, body.to);
      const [accepted] = await acceptor.accept(principal, [prepared], undefined);
      return { status: 202, body: viewAccepted(accepted ?? prepared.answer) };
    },
  });
}

/** Cancel and retry: allowed only while the message waits. */
async function act(
  { db, delivery }: ActDeps,
  principal: Principal,
  id: string,
  verb: 'cancel' | 'retry',
): Promise<z.input<typeof messageView>> {
  const { tenantId, actorId } = principal;
  await mustRead(db, tenantId, id);
  const done = await transaction(db, (tx) => delivery[verb](tx, { tenantId, messageId: id, by: actorId }));
  if (done && verb === 'retry') delivery.wake();
  const now = await readWhole(db, tenantId, id);
  if (!done) throw notWaiting(now.state, verb);
  return now;
}

function notWaiting(state: string, verb: 'cancel' | 'retry') {
  const why = state === 'sending' ? 'is being sent right now' : `is ${state}`;
  const hint = verb === 'retry' ? ' Use resend to send it as a new message.' : '';
  return problem(verb === 'cancel' ? 'not_cancellable' : 'conflict', {
    detail: `The message ${why}.${hint}`,
  });
}
