/**
 * `docs/states.md`: where a recipient, a job, a revision and a tenant can be, and how they get from one state to another.
 */
import { isPending, RECIPIENT_MOVES, RECIPIENT_STATES, SEVERITY } from '../server/src/delivery/states.ts';
import { REVISION_MOVES, REVISION_STATES } from '../server/src/connections/revision.ts';
import { TENANT_MOVES, TENANT_STATES } from '../server/src/tenants/tenants.ts';
import { JOB_MOVES, JOB_STATES } from '../server/src/queue/queue.ts';
import { code, generatedFrom, markdownTable } from './gen-table.ts';

export function statesPage(): string {
  const recipients = Object.entries(RECIPIENT_MOVES).map(([state, next]) => {
    const doc = Object.entries(RECIPIENT_STATES).find(([name]) => name === state)?.[1] ?? '';
    return [code(state), doc, next.length === 0 ? '–' : next.map(code).join(' ')];
  });
  const jobs = Object.entries(JOB_STATES).map(([state, doc]) => [code(state), doc]);
  const moves = JOB_MOVES.map(({ from, to, by, when }) => [`${from} → ${to}`, code(`${by}()`), when]);
  const revisions = Object.entries(REVISION_STATES).map(([state, doc]) => [code(state), doc]);
  const revisionMoves = REVISION_MOVES.map(({ from, to, by, when }) => [
    `${from} → ${to}`,
    code(`${by}()`),
    when,
  ]);
  const tenants = Object.entries(TENANT_STATES).map(([state, doc]) => [code(state), doc]);
  const tenantMoves = TENANT_MOVES.map(({ from, to, by, when }) => [
    `${from} → ${to}`,
    code(`${by}()`),
    when,
  ]);
  return `# States

${generatedFrom('server/src/delivery/states.ts, server/src/queue/states.ts, server/src/connections/revision.ts and server/src/tenants/states.ts')}

## A recipient of a message

Each recipient has its own state. After birth only \`delivery/settle.ts\` writes it.

${recipientDiagram()}

${markdownTable(['State', 'What it means', 'What may follow'], recipients)}

A message shows the worst of its recipients' states, worst first: ${SEVERITY.map(code).join(', ')}.

## A job of the queue

A job exists while there is work left. It knows nothing of mail.

${markdownTable(['State', 'What it means'], jobs)}

${markdownTable(['Move', 'Made by', 'When'], moves)}

${diagram(JOB_MOVES)}

## A revision of a connection

Only what is \`active\` is used; one revision of a connection is. A connection itself is a draft (never active yet),
active, or off; an active one may be paused, and is shown as failing while it cannot send.

${markdownTable(['State', 'What it means'], revisions)}

${markdownTable(['Move', 'Made by', 'When'], revisionMoves)}

${diagram(REVISION_MOVES)}

## A tenant

${markdownTable(['State', 'What it means'], tenants)}

${markdownTable(['Move', 'Made by', 'When'], tenantMoves)}

${diagram(TENANT_MOVES)}
`;
}

/** Those with work left as one box: the table tells which of them may follow each other. */
function recipientDiagram(): string {
  const moves = Object.entries(RECIPIENT_MOVES).flatMap(([from, next]) => next.map((to) => ({ from, to })));
  const waiting = Object.keys(RECIPIENT_STATES).filter((name) => waits(name));
  const lines = moves
    .filter(({ from, to }) => !(waits(from) && waits(to)))
    .map(({ from, to }) => `  ${waits(from) ? 'waiting' : from} --> ${to}`);
  const box = ['  state waiting {', ...waiting.map((name) => `    ${name}`), '  }', '  [*] --> waiting'];
  return ['```mermaid', 'stateDiagram-v2', ...box, ...new Set(lines), '```'].join('\n');
}

function waits(name: string): boolean {
  const state = SEVERITY.find((known) => known === name);
  return state !== undefined && isPending(state);
}

/** A state diagram in Mermaid; before birth and after the end there is only the dot. */
function diagram(
  moves: readonly { readonly from: string; readonly to: string; readonly by: string }[],
): string {
  const dot = (name: string) => (name === 'none' || name === 'gone' ? '[*]' : name);
  const lines = moves.map(({ from, to, by }) => `  ${dot(from)} --> ${dot(to)}: ${by}`);
  return ['```mermaid', 'stateDiagram-v2', ...lines, '```'].join('\n');
}
