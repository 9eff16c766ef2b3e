/**
 * Accepting over the API: one message, or a batch that is stored as a whole or not at all.
 * Next: accept.ts
 */
import { z } from 'zod';
import { assert } from '../base/assert.ts';
import { Problem, type FieldError } from '../base/problem.ts';
import { idempotencyHeaders, operation, problem, type Operation, type Principal } from '../http/http.ts';
import type { AcceptDeps, Acceptor } from './accept.ts';
import { hashSubmissions, invalidFields, type Accepted, type Prepared } from './prepare.ts';
import { batchSchema, submissionSchema, type Submission } from './submission.ts';
import { acceptedView, viewAccepted } from './view.ts';

const tags = ['Messages'] as const;
const REFUSALS = [
  'idempotency_conflict',
  'storage_full',
  'body_too_large',
  'unavailable',
  'sender_not_allowed',
  'rate_limited',
  'quota_reached',
] as const;

export function sendOne(acceptor: Acceptor): Operation {
  return operation({
    method: 'POST',
    path: '/messages',
    operationId: 'sendMessage',
    summary: 'Accept one message for delivery',
    description:
      'Answers after the message is on the disk. From then on it is sent, or its failure is recorded; it is never gone.',
    tags,
    permission: 'messages:write',
    audit: 'none', // the message is the record
    headers: idempotencyHeaders,
    body: submissionSchema,
    answers: { 202: acceptedView },
    refusals: REFUSALS,
    async run({ principal, body, headers }) {
      const key = headers['idempotency-key'];
      const [accepted] = await once(acceptor, principal, [body], key, async () => [
        await acceptor.prepare(principal, body, key),
      ]);
      assert(accepted, 'one message has one answer');
      return { status: 202, body: viewAccepted(accepted) };
    },
  });
}

export function sendBatch(deps: Pick<AcceptDeps, 'config'>, acceptor: Acceptor): Operation {
  return operation({
    method: 'POST',
    path: '/messages/batch',
    operationId: 'sendBatch',
    summary: 'Accept several messages, all or none',
    tags,
    permission: 'messages:write',
    audit: 'none', // the messages are the record
    headers: idempotencyHeaders,
    body: batchSchema,
    answers: { 202: z.object({ messages: z.array(acceptedView) }) },
    refusals: REFUSALS,
    async run({ principal, body, headers }) {
      const { batch } = deps.config().limits;
      if (body.messages.length > batch) {
        const message = `has ${String(body.messages.length)} items; at most ${String(batch)} are allowed`;
        throw problem('invalid_request', {
          detail: `messages ${message}.`,
          errors: [{ path: 'messages', message }],
        });
      }
      const key = headers['idempotency-key'];
      const accepted = await once(acceptor, principal, body.messages, key, () =>
        prepareAll(acceptor, principal, body.messages, key),
      );
      return { status: 202, body: { messages: accepted.map(viewAccepted) } };
    },
  });
}

/**
 * Prepares and accepts. What was accepted before under this key stays accepted (D9), although by now it may have expired,
 * its connection may be gone or the disk full; or another node may have been quicker by a moment.
 */
async function once(
  acceptor: Acceptor,
  principal: Principal,
  submissions: readonly Submission[],
  key: string | undefined,
  prepare: () => Promise<Prepared[]>,
): Promise<readonly Accepted[]> {
  if (key === undefined) return acceptor.accept(principal, await prepare(), undefined);
  const idempotency = { key, bodyHash: hashSubmissions(submissions) };
  try {
    return await acceptor.accept(principal, await prepare(), idempotency);
  } catch (error) {
    const earlier = await acceptor.recall(principal, idempotency);
    if (earlier === undefined) throw error;
    return earlier;
  }
}

/** Every message of a batch, or a refusal that names what is wrong in all of them. */
async function prepareAll(
  acceptor: Acceptor,
  principal: Principal,
  submissions: readonly Submission[],
  key: string | undefined,
): Promise<Prepared[]> {
  const prepared: Prepared[] = [];
  const refused: Problem[] = [];
  for (const [index, submission] of submissions.entries()) {
    try {
      prepared.push(await acceptor.prepare(principal, submission, key, `messages[${String(index)}].`));
    } catch (error) {
      if (!(error instanceof Problem) || error.errors.length === 0) throw error;
      refused.push(error);
    }
  }
  const [first] = refused;
  if (first === undefined) return prepared;
  if (refused.every(({ code }) => code === first.code && code === 'sender_not_allowed'))
    throw problem('sender_not_allowed', { detail: first.detail, errors: errorsOf(refused) });
  throw invalidFields(errorsOf(refused));
}

function errorsOf(refused: readonly Problem[]): FieldError[] {
  return refused.flatMap(({ errors }) => errors);
}
