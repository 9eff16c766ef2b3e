/**
 * A connection test in a terminal: a line per stage, and what to do where it ended.
 * Next: test-connection.ts
 */
import type { ConnectionTest, TestStage } from '@posthorn/sdk';
import { adviceRowLines } from './advice-lines.ts';
import { pasteLines } from './explain.ts';
import { clean, type Mark, type Terminal } from './terminal.ts';

type StageId = TestStage['id'];

const NAMES: Readonly<Record<StageId, string>> = {
  settings: 'Settings',
  token: 'Access token',
  dns: 'DNS',
  connect: 'TCP',
  greeting: 'Greeting',
  ehlo: 'EHLO',
  tls: 'TLS',
  'ehlo-tls': 'EHLO after TLS',
  auth: 'Sign in',
  'mail-from': 'MAIL FROM',
  'rcpt-to': 'RCPT TO',
  data: 'DATA',
  accepted: 'Accepted',
};

const SECURITY_WORDS: Readonly<Record<string, string>> = {
  none: 'not encrypted',
  auto: 'security auto',
  implicit: 'SSL/TLS on connect',
  starttls: 'STARTTLS required',
  'starttls-when-available': 'STARTTLS when available',
};

const NAME_WIDTH = 20;
const FACT_LEAST = 30;
const FACT_MOST = 60;
const MS_WIDTH = 8;
const MARGIN = 4;

export function stageName(id: StageId): string {
  return NAMES[id];
}

/** Which connection, and how it is reached. */
export function headLine({ target }: ConnectionTest, terminal: Terminal): string {
  const { name, type, host, port, security, auth, unsaved } = target;
  const title = name === null ? 'Unsaved settings' : unsaved ? `${clean(name)} (changed)` : clean(name);
  const where = host === null ? type : `${clean(host)}:${String(port ?? '')}`;
  const how = [
    ...(security === null ? [] : [SECURITY_WORDS[security] ?? security]),
    ...(auth === null ? [] : [auth === 'anonymous' ? 'no sign-in' : auth]),
  ];
  return `  ${terminal.style('bold', title)}  ${terminal.style('dim', [where, ...how].join(' · '))}`;
}

/** A stage that has ended. `columns` is the width to fit in; a stage's own words are cut, never its time. */
export function stageLine(stage: TestStage, terminal: Terminal, columns: number): string {
  const { id, status, ms } = stage;
  const width = factWidth(columns);
  const text = clipped(clean(factOf(stage)), width).padEnd(width);
  const failed = status === 'failed';
  const name = stageName(id).padEnd(NAME_WIDTH);
  const time = ms === undefined ? '' : `${String(Math.round(ms))} ms`.padStart(MS_WIDTH);
  return [
    `  ${terminal.mark(markOf(status))} `,
    failed ? terminal.style('bold', name) : name,
    failed ? terminal.style('red', text) : text,
    `  ${terminal.style('dim', time)}`,
  ].join('');
}

function factWidth(columns: number): number {
  return Math.min(FACT_MOST, Math.max(FACT_LEAST, columns - MARGIN - NAME_WIDTH - MS_WIDTH - 2));
}

function factOf({ status, reply, fact, diagnosis }: TestStage): string {
  return status === 'failed'
    ? (reply ?? diagnosis?.params['answer'] ?? diagnosis?.cause ?? '')
    : (fact ?? '');
}

function clipped(text: string, room: number): string {
  return text.length > room ? `${text.slice(0, room - 1)}…` : text;
}

function markOf(status: TestStage['status']): Mark {
  if (status === 'ok') return 'ok';
  if (status === 'warn') return 'warning';
  return status === 'failed' ? 'problem' : 'idle';
}

/** What a stage has to remark, under its line. */
export function noteLines({ notes = [] }: TestStage, terminal: Terminal): string[] {
  const indent = ' '.repeat(MARGIN + NAME_WIDTH);
  return notes.map((note) => indent + terminal.style('yellow', clean(note)));
}

/** Everything behind the stages. */
export function endLines(test: ConnectionTest, terminal: Terminal, columns: number): string[] {
  const missed = test.stages.filter(({ status }) => status === 'not_reached').map(({ id }) => stageName(id));
  const rest =
    missed.length === 0
      ? []
      : [`  ${terminal.mark('idle')} ${terminal.style('dim', `${missed.join(', ')} not reached`)}`];
  const failed = test.stages.find(({ status }) => status === 'failed');
  const diagnosis = failed?.diagnosis;
  // The row has no room for a long reply, and the server's own words are what a search finds.
  const reply = clean(failed?.reply ?? '');
  const said = reply.length > factWidth(columns) ? [`  ${terminal.style('bold', 'Said')}  ${reply}`, ''] : [];
  return [
    ...rest,
    '',
    ...said,
    ...(diagnosis === undefined ? [`  ${summary(test, terminal)}`] : failureLines(diagnosis, terminal)),
    ...adviceLines(test, terminal),
    `  ${terminal.style('bold', 'Run')}   ${test.id}`,
  ];
}

/** What receivers will find wrong with the sender; it is said, and changes no outcome. */
function adviceLines({ advice }: ConnectionTest, terminal: Terminal): string[] {
  const rows = (advice ?? []).filter(({ status }) => status === 'warn' || status === 'fail');
  if (rows.length === 0) return [];
  return [
    '',
    `  ${terminal.style('bold', 'Advice')}  about the sender`,
    ...rows.flatMap((row) => adviceRowLines(row, terminal)),
    '',
  ];
}

function failureLines(diagnosis: NonNullable<TestStage['diagnosis']>, terminal: Terminal): string[] {
  const { title, cause, fixes, docs, id } = diagnosis;
  const page = docs.find(({ url }) => url.startsWith('https://')) ?? docs[0];
  return [
    `  ${terminal.style('red', clean(title))}`,
    ...(cause === '' || cause === title ? [] : [`  ${clean(cause)}`]),
    '',
    ...fixes.flatMap((fix, at) => {
      const lead = at === 0 ? terminal.style('bold', 'Fix') : '   ';
      return [
        `  ${lead}   ${String(at + 1)}  ${clean(fix.text)}`,
        ...pasteLines(fix, terminal).map((line) => ' '.repeat(11) + line),
      ];
    }),
    ...(page === undefined ? [] : [`  ${terminal.style('bold', 'Docs')}  ${clean(page.url)}`]),
    `  ${terminal.style('bold', 'Error')} ${id}   ${terminal.style('dim', `(posthorn explain ${id})`)}`,
  ];
}

function summary({ status, ended, mail, ms, stages }: ConnectionTest, terminal: Terminal): string {
  const time = ms === null ? '' : ` in ${(ms / 1000).toFixed(1)} s`;
  if (status === 'passed') {
    const queueId = stages.find(({ id }) => id === 'accepted')?.summary?.['queueId'];
    const known = typeof queueId === 'string' ? `, where it is known as ${clean(queueId)}` : '';
    const what = mail === null ? 'nothing was sent' : `a message to ${clean(mail.to)} was accepted${known}`;
    return terminal.style('green', `Passed${time}: ${what}`);
  }
  const words = {
    cancelled: 'Stopped',
    timed_out: 'Out of time',
    interrupted: 'Interrupted: the server stopped',
  };
  return terminal.style(
    'yellow',
    ended === null || ended === 'finished' ? 'Failed' : `${words[ended]}${time}`,
  );
}

/** The conversation, when it was asked for. */
export function transcriptLines({ transcript }: ConnectionTest, terminal: Terminal): string[] {
  const lines = transcript === '' ? [] : transcript.split('\n');
  return [
    '',
    `  ${terminal.style('bold', 'Transcript')}  ${terminal.style('dim', 'secrets removed')}`,
    ...lines.map((line) => `  ${clean(line)}`),
  ];
}
