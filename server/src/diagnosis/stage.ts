/**
 * The words of a connection test: stages, and the events that tell of them as they happen. What a test found is the
 * list of its events; stages and transcript are read from that list, live and afterwards alike.
 * Next: recorder.ts
 */
import type { Phase } from '../mail/mail.ts';
import type { AdviceRow } from './advice-row.ts';

export const STAGE_STATUSES = ['waiting', 'running', 'ok', 'warn', 'failed', 'not_reached'] as const;
export type StageStatus = (typeof STAGE_STATUSES)[number];

/** How a test came to its end. */
export const ENDINGS = ['finished', 'cancelled', 'timed_out', 'interrupted'] as const;
export type Ending = (typeof ENDINGS)[number];

/** One thing to do, with at most one button for it. */
export interface Fix {
  readonly text: string;
  readonly action?: Readonly<Record<string, unknown>> & { readonly kind: string; readonly label: string };
}

/** What went wrong at a stage, in words of the catalogue. */
export interface Diagnosis {
  readonly id: string;
  readonly title: string;
  readonly cause: string;
  /** What to do, best first. */
  readonly fixes: readonly Fix[];
  readonly docs: readonly { readonly label: string; readonly url: string }[];
  readonly who?: string;
  readonly retry?: string;
  readonly confidence: 'certain' | 'likely' | 'unknown';
  readonly params: Readonly<Record<string, string>>;
}

/** Plain JSON. */
export type Facts = Readonly<Record<string, unknown>>;

/** What a stage shows beside its status. */
export interface StageFindings {
  /** One line for a row. */
  readonly fact?: string;
  /** A few values, for programs. */
  readonly summary?: Facts;
  /** Everything that was learned. */
  readonly details?: Facts;
  /** What is not wrong but worth knowing. */
  readonly notes?: readonly string[];
  /** The server's reply: code, enhanced status, its text, and all in one line. */
  readonly code?: number;
  readonly enhanced?: string;
  readonly text?: string;
  readonly reply?: string;
  readonly diagnosis?: Diagnosis;
}

export interface StageEvent extends StageFindings {
  readonly t: 'stage';
  readonly id: Phase;
  readonly status: StageStatus;
  /** Ms from the start of the test. */
  readonly at: number;
  /** How long the stage took. */
  readonly ms?: number;
}

/** The stage turned out not to apply. */
export interface DropEvent {
  readonly t: 'drop';
  readonly id: Phase;
  readonly at: number;
}

export interface LineEvent {
  readonly t: 'line';
  readonly at: number;
  readonly dir: 'out' | 'in' | 'note';
  readonly tls: boolean;
  readonly text: string;
}

/** After the message was accepted: what receivers will find about its sender. It changes nothing of the outcome. */
export interface AdviceEvent {
  readonly t: 'advice';
  readonly at: number;
  readonly rows: readonly AdviceRow[];
}

export interface EndEvent {
  readonly t: 'end';
  readonly status: 'passed' | 'failed';
  readonly failedStage?: Phase;
  readonly ended: Ending;
  readonly ms: number;
  readonly fingerprint: string;
}

export type TestEvent = StageEvent | DropEvent | LineEvent | AdviceEvent | EndEvent;

export type Stage = Omit<StageEvent, 't' | 'at'>;

/** The stages as the events so far leave them, in order. */
export function stagesOf(events: readonly TestEvent[]): Stage[] {
  const stages = new Map<Phase, Stage>();
  for (const event of events) {
    if (event.t === 'drop') stages.delete(event.id);
    if (event.t !== 'stage') continue;
    const { t: _kind, at: _at, ...stage } = event;
    stages.set(event.id, stage);
  }
  return [...stages.values()];
}

/** The conversation: `+ms marker text` a line. */
export function transcriptOf(events: readonly TestEvent[]): string {
  const lines = events.filter((event) => event.t === 'line');
  return lines.map((line) => `+${String(line.at)} ${markOf(line)} ${line.text}`).join('\n');
}

function markOf({ dir, tls }: LineEvent): string {
  if (dir === 'note') return '**';
  if (dir === 'out') return tls ? '~>' : '->';
  return tls ? '<~' : '<-';
}
