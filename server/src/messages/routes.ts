/**
 * The API of messages, as a list.
 * Next: send-operations.ts, read-operations.ts, act-operations.ts
 */
import type { Operation } from '../http/http.ts';
import type { AcceptDeps, Acceptor } from './accept.ts';
import { cancelOperation, resendOperation, retryOperation } from './act-operations.ts';
import {
  explainOperation,
  getOperation,
  listOperation,
  sourceOperation,
  type SourceDeps,
} from './read-operations.ts';
import type { OwnsConnection } from './of-the-instance.ts';
import { sendBatch, sendOne } from './send-operations.ts';

export function messageOperations(
  deps: AcceptDeps & SourceDeps & { readonly acceptor: Acceptor; readonly ownsConnection: OwnsConnection },
): Operation[] {
  const { acceptor, delivery } = deps;
  return [
    sendOne(acceptor),
    sendBatch(deps, acceptor),
    listOperation(deps),
    getOperation(deps, deps.ownsConnection),
    sourceOperation(deps),
    explainOperation(deps, delivery),
    cancelOperation(deps),
    retryOperation(deps),
    resendOperation(deps, acceptor),
  ];
}
