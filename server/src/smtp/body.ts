/**
 * A message's octets as they go over the wire: CRLF line ends only, no NUL, a dot doubled at the start of a line
 * (RFC 5321 §4.5.2), the end marked by CRLF.CRLF. A body that is already in that form is passed on untouched.
 * Next: body-writer.ts
 */
const NUL = 0;
const LF = 10;
const CR = 13;
const DOT = 46;

/** Where the encoder stands between two chunks of one body. */
export interface BodyState {
  lineStart: boolean;
  /** A CR was read and not written yet: what follows decides nothing but whether an LF is swallowed. */
  pendingCr: boolean;
  octets: number;
}

export function newBodyState(): BodyState {
  return { lineStart: true, pendingCr: false, octets: 0 };
}

/** Encodes the next chunk. Answers the chunk itself when nothing has to change. */
export function encodeBody(state: BodyState, chunk: Buffer): Buffer {
  if (chunk.length === 0) return chunk;
  const wire = state.pendingCr ? rewrite(state, chunk, 0) : encodeFrom(state, chunk);
  state.octets += wire.length;
  return wire;
}

/** What follows the last chunk: closes an open line and ends the message. */
export function endBody(state: BodyState): '.\r\n' | '\r\n.\r\n' {
  return state.lineStart && !state.pendingCr ? '.\r\n' : '\r\n.\r\n';
}

function encodeFrom(state: BodyState, chunk: Buffer): Buffer {
  const clean = cleanLength(chunk, state.lineStart);
  if (clean < chunk.length) return rewrite(state, chunk, clean);
  state.lineStart = chunk[chunk.length - 1] === LF;
  return chunk;
}

/** How many octets from the start can go out as they are. */
function cleanLength(chunk: Buffer, lineStart: boolean): number {
  const length = chunk.length;
  if (lineStart && chunk[0] === DOT) return 0;
  for (let index = 0; index < length; index += 1) {
    const byte = chunk[index] ?? 0;
    if (byte > CR) continue;
    if (byte === CR) {
      if (index + 1 >= length || chunk[index + 1] !== LF) return index;
      if (index + 2 < length && chunk[index + 2] === DOT) return index + 2;
      index += 1;
    } else if (byte === LF || byte === NUL) {
      return index;
    }
  }
  return length;
}

/** Rewrites the chunk from `clean` on; what is before it is copied. */
function rewrite(state: BodyState, chunk: Buffer, clean: number): Buffer {
  // No octet becomes more than two, and one held CR may come before.
  const wire = Buffer.allocUnsafe(clean + 2 * (chunk.length - clean) + 2);
  chunk.copy(wire, 0, 0, clean);
  let at = clean;
  let lineStart = clean === 0 ? state.lineStart : chunk[clean - 1] === LF;
  let pendingCr = state.pendingCr;
  for (let index = clean; index < chunk.length; index += 1) {
    const byte = chunk[index] ?? 0;
    if (byte === NUL) continue;
    if (pendingCr || byte === LF) {
      wire[at++] = CR;
      wire[at++] = LF;
      lineStart = true;
      const swallowed = byte === LF;
      pendingCr = false;
      if (swallowed) continue;
    }
    if (byte === CR) {
      pendingCr = true;
      continue;
    }
    if (lineStart && byte === DOT) wire[at++] = DOT;
    wire[at++] = byte;
    lineStart = false;
  }
  state.lineStart = lineStart;
  state.pendingCr = pendingCr;
  return wire.subarray(0, at);
}
