/**
 * Listens on a line for text up to a pattern, a size or a time, whichever comes first; for peers of whom nothing is known.
 * Next: probe.ts
 */
import type { Duplex } from 'node:stream';
import type { Clock } from '../base/clock.ts';

export interface Ear {
  /** What came since the last time, when `end` fits, the line ends, too much came or the time is over. Never rejects. */
  until(end: RegExp, ms: number): Promise<string>;
  /** Whether the line is still up. */
  open(): boolean;
  /** Listens no longer; the line stays. */
  stop(): void;
}

/** More than this no mail server says before it is asked anything. */
const HEARD_MAX = 8_192;

export function listen(socket: Duplex, clock: Clock): Ear {
  let heard = '';
  let open = true;
  let wake = (): void => undefined;
  const onData = (chunk: Buffer): void => {
    if (heard.length < HEARD_MAX) heard += chunk.toString('latin1');
    wake();
  };
  const onEnd = (): void => {
    open = false;
    wake();
  };
  socket.on('data', onData).on('end', onEnd).on('close', onEnd).on('error', onEnd);
  return {
    until(end, ms) {
      return new Promise((done) => {
        const finish = (): void => {
          cancel();
          wake = () => undefined;
          const text = heard;
          heard = '';
          done(text);
        };
        const cancel = clock.after(ms, finish);
        wake = () => {
          if (!open || heard.length >= HEARD_MAX || end.test(heard)) finish();
        };
        wake();
      });
    },
    open: () => open,
    stop() {
      socket.pause();
      socket.off('data', onData).off('end', onEnd).off('close', onEnd);
    },
  };
}
