/**
 * What one errand writes down as it goes: phases with their times, the conversation, and in the end the report that
 * every way out answers with.
 * Next: content.ts
 */
import type { Clock } from '../base/clock.ts';
import type { Failure, Phase, Reply } from '../mail/mail.ts';
import {
  newTranscript,
  note,
  noteOurs,
  noteTheirs,
  renderTranscript,
  type OutgoingMail,
  type PhaseFacts,
  type PhaseRecord,
  type SendReport,
  type SessionWatch,
} from '../smtp/smtp.ts';

type Recipients = Pick<OutgoingMail, 'recipients'>;

export interface Record {
  begin(phase: Phase): void;
  /** Ends the phase under way, or one that took `ms`. */
  end(phase: Phase, ended?: { reply?: Reply; failure?: Failure; facts?: PhaseFacts; ms?: number }): void;
  note(text: string): void;
  /** Over TLS. */
  ours(text: string): void;
  theirs(reply: Reply): void;
  /** The next server's answer was yes, for everybody. */
  accepted(mail: Recipients, reply: Reply): SendReport;
  /** All went well and nothing was sent. */
  nothing(): SendReport;
  /** `about`: what the failure is about, the connection or this message. */
  failed(
    mail: Recipients,
    phase: Phase,
    failure: Failure,
    about: { readonly connection: boolean; readonly inDoubt?: boolean },
  ): SendReport;
}

export function startRecord(clock: Clock, watch: SessionWatch | undefined): Record {
  const phases: PhaseRecord[] = [];
  const transcript = newTranscript(watch?.onLine);
  let phaseAt = clock.monotonic();

  const report = (results: SendReport['results'], session?: SendReport['session']): SendReport => ({
    results,
    ...(session === undefined ? {} : { session }),
    phases,
    transcript: renderTranscript([transcript]),
  });

  const record: Record = {
    begin(phase) {
      phaseAt = clock.monotonic();
      watch?.onBegin?.(phase);
    },
    end(phase, ended = {}) {
      const now = clock.monotonic();
      const { ms = now - phaseAt, reply, failure, facts } = ended;
      phaseAt = now;
      const made: PhaseRecord = { phase, ms: Math.round(ms * 10) / 10, ...(reply && { reply }) };
      phases.push(made);
      watch?.onPhase?.({ ...made, ...(failure && { failure }), ...(facts && { facts }) });
    },
    note(text) {
      note(transcript, clock.monotonic(), text);
    },
    ours(text) {
      noteOurs(transcript, clock.monotonic(), true, text);
    },
    theirs(reply) {
      noteTheirs(transcript, clock.monotonic(), true, reply);
    },
    accepted(mail, reply) {
      record.end('accepted', { reply });
      return report(mail.recipients.map(() => ({ kind: 'replied', phase: 'accepted', reply })));
    },
    nothing: () => report([]),
    failed(mail, phase, failure, { connection, inDoubt = false }) {
      record.end(phase, { failure });
      record.note(failure.message);
      return report(
        mail.recipients.map(() => ({ kind: 'failed', phase, failure, inDoubt })),
        connection ? { phase, failure } : undefined,
      );
    },
  };
  return record;
}
