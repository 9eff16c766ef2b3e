/**
 * Writes a message's body: a short one whole, in one write with its dot; a long one piece by piece at the speed of the
 * network, the dot only when everything before it has been handed over.
 * The right to send is asked for again at the last moment before the dot.
 * Next: body.ts
 */
import { crashPoint } from '../base/crash-point.ts';
import type { Failure } from '../mail/mail.ts';
import { encodeBody, endBody, newBodyState } from './body.ts';
import type { Line } from './line.ts';

/** Octets up to which a body goes out in one write. In a longer one a lost line should not put the message in doubt. */
export const WHOLE_MAX = 64 * 1024;

export interface BodySink {
  readonly line: Line;
  readonly mayCommit: () => boolean;
  /** Whether the server still waits for this body. */
  wanted(): boolean;
  /** Writes `rest` (wire form), then `tail`, which ends the message. `octets` is the size of the body on the wire. */
  end(rest: Buffer | undefined, tail: string, octets: number): void;
}

export const LEASE_LOST: Failure = {
  kind: 'lease',
  code: 'LEASE_LOST',
  message: 'The right to send this message was lost before its final dot, so the connection was dropped.',
};

/** A body of at most `WHOLE_MAX` octets. */
export function wholeBody(sink: BodySink, content: Buffer): void {
  crashPoint('mid-body');
  const state = newBodyState();
  const wire = encodeBody(state, content);
  if (sink.mayCommit()) sink.end(wire, endBody(state), state.octets);
  else sink.line.fail(LEASE_LOST);
}

/** A body of any size. Resolves when the dot is written or the body is not wanted any more; never rejects. */
export async function streamBody(
  sink: BodySink,
  content: Buffer | (() => AsyncIterable<Buffer>),
): Promise<void> {
  const { line } = sink;
  const state = newBodyState();
  let begun = false;
  try {
    for await (const chunk of Buffer.isBuffer(content) ? slices(content) : content()) {
      if (!sink.wanted()) return;
      if (begun) crashPoint('mid-body');
      begun = true;
      if (!line.write(encodeBody(state, chunk))) await line.drained();
    }
  } catch (error) {
    // Only the source can throw here. Without the rest of the message there is nothing to do but to hang up.
    const why = error instanceof Error ? error.message : String(error);
    line.fail({
      kind: 'stopped',
      code: 'CONTENT_UNREADABLE',
      message: `The message could not be read: ${why}`,
    });
    return;
  }
  if (!sink.wanted()) return;
  if (sink.mayCommit()) sink.end(undefined, endBody(state), state.octets);
  else line.fail(LEASE_LOST);
}

async function* slices(content: Buffer): AsyncGenerator<Buffer> {
  for (let from = 0; from < content.length; from += WHOLE_MAX) yield content.subarray(from, from + WHOLE_MAX);
}
