/**
 * One session by hand, phase by phase, for diagnosis: the same code as the pool's, with somebody watching.
 * Next: session.ts
 */
import { Carrier, type Job } from './carrier.ts';
import type { Session } from './session.ts';
import type { OutgoingMail, PhaseRecord, SendReport } from './smtp.ts';

/**
 * Sends one message over a session that was opened by `openSession`. The connection stays open if the conversation
 * left it usable. `onPhase` hears of each phase as it ends. Never rejects.
 */
export function sendOver(
  session: Session,
  mail: OutgoingMail,
  onPhase?: (record: PhaseRecord) => void,
): Promise<SendReport> {
  return new Promise((resolve) => {
    let report: SendReport | undefined;
    const finish = (): void => {
      if (report !== undefined) resolve(report);
    };
    const done = (made: SendReport): void => {
      report = made;
    };
    const job: Job = onPhase === undefined ? { mail, done } : { mail, done, onPhase };
    const carrier = new Carrier(session, {
      next: () => undefined,
      idle: finish,
      retry: () => false,
      gone: finish,
    });
    carrier.take(job);
  });
}

/** Says goodbye and closes. Resolves when the connection is closed, whatever the server answered. */
export function quitSession(session: Session): Promise<void> {
  if (session.line.failure !== undefined) return Promise.resolve();
  return new Promise((resolve) => {
    const carrier = new Carrier(session, {
      next: () => undefined,
      idle: () => undefined,
      retry: () => false,
      gone: () => {
        resolve();
      },
    });
    carrier.quit();
  });
}
