/**
 * A bound on the memory that request bodies take (Q13). A large body is read only when its declared size fits beside
 * those being handled; until then its octets wait in the sender's socket. First come, first served, so that a large
 * one is not overtaken for ever by smaller ones.
 * Next: mount.ts
 */
import type { Clock } from '../base/clock.ts';

export interface RequestMemory {
  /**
   * Asks for `bytes`. `go('fits')` is called when they are there (at once if they fit now), `go('busy')` when that
   * took too long or too many wait already. The answer gives back the bytes or the place in the line, once, at any time.
   */
  take(bytes: number, go: (outcome: 'fits' | 'busy') => void): () => void;
  /** Bytes taken and requests waiting now. */
  load(): { readonly usedBytes: number; readonly waiting: number };
}

/** Waiting longer than this is worse for the caller than being told to come back. */
const WAIT_MAX_MS = 30_000;
const WAITING_MAX = 1_000;

interface Place {
  readonly bytes: number;
  readonly enter: () => void;
}

export function createRequestMemory(capacityBytes: number, clock: Clock): RequestMemory {
  const line = new Set<Place>();
  let usedBytes = 0;

  function admit(): void {
    for (const place of line) {
      if (usedBytes + place.bytes > capacityBytes) return;
      line.delete(place);
      usedBytes += place.bytes;
      place.enter();
    }
  }

  function take(wanted: number, go: (outcome: 'fits' | 'busy') => void): () => void {
    const bytes = Math.min(wanted, capacityBytes); // a body larger than the whole is handled alone
    if (line.size === 0 && usedBytes + bytes <= capacityBytes) {
      usedBytes += bytes;
      go('fits');
      return once(() => {
        usedBytes -= bytes;
        admit();
      });
    }
    if (line.size >= WAITING_MAX) {
      go('busy');
      return () => undefined;
    }
    let entered = false;
    const place: Place = {
      bytes,
      enter() {
        entered = true;
        stopTimer();
        go('fits');
      },
    };
    const stopTimer = clock.after(WAIT_MAX_MS, () => {
      if (!line.delete(place)) return;
      go('busy');
      admit(); // the one behind may be smaller
    });
    line.add(place);
    return once(() => {
      stopTimer();
      line.delete(place);
      if (entered) usedBytes -= bytes;
      admit();
    });
  }

  return { take, load: () => ({ usedBytes, waiting: line.size }) };
}

function once(run: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    run();
  };
}
