/**
 * What a send is told in the end: results per recipient, phases, who the peer was, and the conversation, whose text is
 * made only when it is read.
 * Next: pool.ts
 */
import { assert } from '../base/assert.ts';
import type { Failure, Phase } from '../mail/mail.ts';
import type { OpenedSession, Session } from './session.ts';
import type { OutgoingMail, PhaseRecord, RecipientResult, SendReport } from './smtp.ts';
import { phaseOf, type Transaction } from './transaction.ts';
import { note, renderTranscript, type Transcript } from './transcript.ts';

type SessionEnd = NonNullable<SendReport['session']>;
type Peer = NonNullable<SendReport['peer']>;

export const STOPPED: Failure = {
  kind: 'stopped',
  code: 'STOPPED',
  message: 'Sending was stopped before the server was asked.',
};

/** The report of a message whose transaction is over. `first`: it opened the session, whose phases are part of it. */
export function reportTransaction(
  tx: Transaction,
  session: Session,
  context: { first: boolean; prelude: Transcript | undefined; end?: SessionEnd | undefined },
): SendReport {
  const results = tx.results.map((result) => {
    assert(result !== undefined, 'a transaction that is over has a result for every recipient');
    return result;
  });
  return makeReport({
    results,
    end: context.end,
    phases: context.first ? [...session.phases, ...tx.phases] : tx.phases,
    transcripts: transcriptParts(session, context, tx.transcript),
    peer: peerOf(session, !context.first),
  });
}

/** The report of a message that this server cannot take (RFC 6531, RFC 1870 …): nothing was said about it. */
export function reportUnfit(
  mail: OutgoingMail,
  session: Session,
  failure: Failure,
  context: { first: boolean; prelude: Transcript | undefined },
): SendReport {
  const why: Transcript = [];
  note(why, session.line.touch(), failure.message);
  return makeReport({
    results: failAll(mail, 'mail-from', failure),
    end: undefined,
    phases: context.first ? session.phases : [],
    transcripts: transcriptParts(session, context, why),
    peer: peerOf(session, !context.first),
  });
}

/** The report of a message whose connection could not be made. */
export function reportUnopened(
  mail: OutgoingMail,
  opened: Extract<OpenedSession, { ok: false }>,
  prelude: Transcript | undefined,
): SendReport {
  const { phase, reply, failure, address, tls } = opened;
  const end = reply === undefined ? { phase, failure: failure ?? STOPPED } : { phase, reply };
  const results =
    reply === undefined
      ? failAll(mail, phase, failure ?? STOPPED)
      : mail.recipients.map((): RecipientResult => ({ kind: 'replied', phase, reply }));
  return makeReport({
    results,
    end,
    phases: opened.phases,
    transcripts: prelude === undefined ? [opened.transcript] : [prelude, opened.transcript],
    peer:
      address === undefined ? undefined : { address, reused: false, ...(tls === undefined ? {} : { tls }) },
  });
}

/** The report of a message that never got a connection because the pool stopped. */
export function reportStopped(mail: OutgoingMail): SendReport {
  const end = { phase: 'connect', failure: STOPPED } as const;
  return makeReport({
    results: failAll(mail, 'connect', STOPPED),
    end,
    phases: [],
    transcripts: [],
    peer: undefined,
  });
}

/**
 * What a failure says about the connection: everything until the server has answered MAIL. Later, the message may have
 * been the reason.
 */
export function sessionEnd(tx: Transaction, failure: Failure): SessionEnd | undefined {
  return tx.stage === 'envelope' && tx.answered === 0 ? { phase: phaseOf(tx), failure } : undefined;
}

function failAll(mail: OutgoingMail, phase: Phase, failure: Failure): readonly RecipientResult[] {
  return mail.recipients.map(() => ({ kind: 'failed', phase, failure, inDoubt: false }));
}

function transcriptParts(
  session: Session,
  context: { first: boolean; prelude: Transcript | undefined },
  own: Transcript,
): readonly Transcript[] {
  const parts = context.first ? [session.transcript, own] : [own];
  return context.prelude === undefined ? parts : [context.prelude, ...parts];
}

function peerOf(session: Session, reused: boolean): Peer {
  const { address, tls } = session;
  return tls === undefined ? { address, reused } : { address, reused, tls };
}

function makeReport(init: {
  results: readonly RecipientResult[];
  end: SessionEnd | undefined;
  phases: readonly PhaseRecord[];
  transcripts: readonly Transcript[];
  peer: Peer | undefined;
}): SendReport {
  let text: string | undefined;
  return {
    results: init.results,
    ...(init.end === undefined ? {} : { session: init.end }),
    phases: init.phases,
    get transcript() {
      text ??= renderTranscript(init.transcripts);
      return text;
    },
    ...(init.peer === undefined ? {} : { peer: init.peer }),
  };
}
