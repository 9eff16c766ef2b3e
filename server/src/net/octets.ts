/**
 * Reads the few octets of a proxy's answer off a socket, exactly, within one deadline, and gives back what follows
 * them: the destination may speak in the same segment.
 * Next: proxy.ts
 */
import type { Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';
import type { Failure } from '../mail/mail.ts';

export interface Octets {
  write(data: Buffer): void;
  /** Exactly `count` octets. */
  take(count: number): Promise<Buffer | Failure>;
  /** Everything up to and with `end`, at most `max` octets. */
  takeUntil(end: string, max: number): Promise<Buffer | Failure>;
  /** Gives the socket back, with what was read too much. */
  release(): void;
  destroy(): void;
}

const TOO_LONG: Failure = {
  kind: 'protocol',
  code: 'PROXY_PROTOCOL',
  message: 'The proxy answered with more than an answer has.',
};

export function readOctets(socket: Socket, clock: Clock, withinMs: number): Octets {
  let held: Buffer = Buffer.alloc(0);
  let ended: Failure | undefined;
  let check: (() => void) | undefined;

  const end = (failure: Failure): void => {
    ended ??= failure;
    check?.();
  };
  const onReadable = (): void => {
    for (let part: unknown = socket.read(); Buffer.isBuffer(part); part = socket.read())
      held = Buffer.concat([held, part]);
    check?.();
  };
  const onGone = (): void => {
    end({ kind: 'dropped', code: 'PROXY_DROPPED', message: 'The proxy closed the line.' });
  };
  const cancel = clock.after(withinMs, () => {
    const message = 'The proxy did not answer in time.';
    end({ kind: 'timeout', code: 'PROXY_TIMEOUT', message });
  });
  socket.on('readable', onReadable).on('end', onGone).on('close', onGone).on('error', onGone);

  function wanted(find: () => number | Failure): Promise<Buffer | Failure> {
    return new Promise((done) => {
      check = () => {
        const count = find();
        if (typeof count === 'number' && count < 0 && ended === undefined) return;
        check = undefined;
        if (typeof count === 'number' && count >= 0) {
          const taken = held.subarray(0, count);
          held = held.subarray(count);
          done(taken);
        } else done(typeof count === 'number' ? (ended ?? TOO_LONG) : count);
      };
      check();
    });
  }

  function stop(): void {
    cancel();
    socket.off('readable', onReadable).off('end', onGone).off('close', onGone).off('error', onGone);
  }

  return {
    write(data) {
      socket.write(data);
    },
    take: (count) => wanted(() => (held.length >= count ? count : -1)),
    takeUntil: (mark, max) =>
      wanted(() => {
        const at = held.indexOf(mark);
        if (at >= 0 && at + mark.length <= max) return at + mark.length;
        return at >= 0 || held.length >= max ? TOO_LONG : -1;
      }),
    release() {
      stop();
      if (held.length > 0) socket.unshift(held);
    },
    destroy() {
      stop();
      socket.on('error', () => undefined).destroy();
    },
  };
}
