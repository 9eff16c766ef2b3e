/**
 * The conversation as a person reads it: `+ms marker text`, markers `->` `<-` plain, `~>` `<~` encrypted, `**` ours.
 * Collecting costs next to nothing; the text is made when somebody asks for it, and never exceeds 16 KB.
 * It holds no credentials because nobody hands it any: `sign-in.ts` passes placeholders, bodies are counted only.
 * Next: report.ts
 */
import { formatEnhanced, type Reply } from '../mail/mail.ts';

const TEXT_MAX = 16 * 1024;
/** Characters of one line; an address list or a reply can be longer. */
const LINE_MAX = 600;

type Mark = '->' | '<-' | '~>' | '<~' | '**';

interface Entry {
  readonly at: number;
  readonly mark: Mark;
  readonly what: string | readonly string[] | Reply;
}

/** Entries in the order they happened; `at` is the clock's monotonic time. */
export interface Transcript extends Array<Entry> {
  /** Hears each line as it is written. */
  heard?: ((line: TranscriptLine) => void) | undefined;
}

/** An empty one. */
export function newTranscript(heard?: (line: TranscriptLine) => void): Transcript {
  const transcript: Transcript = [];
  if (heard !== undefined) transcript.heard = heard;
  return transcript;
}

/** One line of the conversation; `at` is the clock's monotonic time. */
export interface TranscriptLine {
  readonly at: number;
  readonly mark: Mark;
  readonly text: string;
}

/** What we sent: one command, or a group of them. Without credentials and line ends. */
export function noteOurs(
  transcript: Transcript,
  at: number,
  secure: boolean,
  what: string | readonly string[],
): void {
  add(transcript, { at, mark: secure ? '~>' : '->', what });
}

export function noteTheirs(transcript: Transcript, at: number, secure: boolean, reply: Reply): void {
  add(transcript, { at, mark: secure ? '<~' : '<-', what: reply });
}

export function note(transcript: Transcript, at: number, text: string): void {
  add(transcript, { at, mark: '**', what: text });
}

function add(transcript: Transcript, entry: Entry): void {
  transcript.push(entry);
  const { heard } = transcript;
  if (heard === undefined) return;
  for (const text of entryLines(entry.what)) heard({ at: entry.at, mark: entry.mark, text: shorten(text) });
}

/** The parts one after another as text, times counted from the first entry; the middle is left out when too long. */
export function renderTranscript(parts: readonly Transcript[]): string {
  const start = parts.find((part) => part.length > 0)?.[0]?.at ?? 0;
  const lines: string[] = [];
  for (const part of parts) {
    for (const entry of part) {
      const head = `+${String(Math.max(0, Math.round(entry.at - start)))} ${entry.mark} `;
      for (const text of entryLines(entry.what)) lines.push(head + shorten(text));
    }
  }
  return joinBounded(lines);
}

function entryLines(what: Entry['what']): readonly string[] {
  if (typeof what === 'string') return [what];
  return 'code' in what ? replyLines(what) : what;
}

function replyLines(reply: Reply): readonly string[] {
  const enhanced = reply.enhanced === undefined ? '' : `${formatEnhanced(reply.enhanced)} `;
  const last = reply.lines.length - 1;
  return reply.lines.map((line, index) =>
    `${String(reply.code)}${index === last ? ' ' : '-'}${enhanced}${line}`.trimEnd(),
  );
}

function shorten(text: string): string {
  return text.length > LINE_MAX ? `${text.slice(0, LINE_MAX)}…` : text;
}

/** Half of the room for the beginning, half for the end: both ends matter when a conversation is long. */
function joinBounded(lines: readonly string[]): string {
  const whole = lines.join('\n');
  if (Buffer.byteLength(whole) <= TEXT_MAX) return whole;
  const head: string[] = [];
  const tail: string[] = [];
  let from = 0;
  let to = lines.length;
  let room = TEXT_MAX / 2 - 50;
  for (; from < to; from += 1) {
    const line = lines[from] ?? '';
    room -= Buffer.byteLength(line) + 1;
    if (room < 0) break;
    head.push(line);
  }
  room = TEXT_MAX / 2 - 50;
  for (; to > from; to -= 1) {
    const line = lines[to - 1] ?? '';
    room -= Buffer.byteLength(line) + 1;
    if (room < 0) break;
    tail.unshift(line);
  }
  return [...head, `** ${String(to - from)} lines left out`, ...tail].join('\n');
}
