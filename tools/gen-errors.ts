/**
 * `docs/errors.md`: what the API answers instead of a result, and what servers' replies lead to. The examples are those
 * of the golden file that the classifier is tested with, so they are true.
 * Next: gen-table.ts
 */
import { readFileSync } from 'node:fs';
import { PROBLEMS } from '../server/src/http/http.ts';
import { RULES } from '../server/src/mail/classify-rules.ts';
import { ERRORS, explain, type ErrorId, type Explanation } from '../server/src/mail/mail.ts';
import type { OutcomeKind, Retry, Scope, Who } from '../server/src/mail/mail.ts';
import { code, generatedFrom, markdownTable } from './gen-table.ts';

/** One line of the golden file. */
interface Example {
  readonly phase: string;
  readonly seen: string;
  readonly outcome: string;
  readonly category: string;
  readonly scope: string;
  readonly errorId: string;
}

const EXAMPLE_MAX = 150;
const HOUR_MS = 3_600_000;

const WHAT_HAPPENS: Readonly<Record<OutcomeKind, string>> = {
  accepted: 'Taken',
  deferred: 'Tried again later',
  rejected: 'Given up',
  in_doubt: 'In doubt: it may have arrived, so its class decides',
  connection_unusable: 'Held until somebody repairs it',
};
const WHO_WORDS: Readonly<Record<Who, string>> = {
  you: 'You can set it right here.',
  provider_admin: 'An admin at the provider can set it right.',
  server_owner: 'The owner of the server can set it right.',
  network: 'Whoever runs the network or this machine can set it right.',
  recipient: 'It is up to the recipient or their address.',
  instance_admin: 'Whoever runs this Posthorn can set it right.',
  wait: 'Nobody needs to do anything.',
};
const RETRY_WORDS: Readonly<Record<Retry, string>> = {
  retry: 'The mail is tried again by itself.',
  hold: 'The mail waits until then.',
  fail: 'This mail is given up.',
  config: 'Nothing was sent; the mail waits until the settings are changed.',
  captured: 'The mail is kept here.',
  suppressed: 'The mail is not sent.',
  none: 'No mail is concerned yet.',
};
const CONCERNS: Readonly<Record<Scope, string>> = {
  recipient: 'this recipient',
  message: 'this message',
  sender: 'everything from this sender',
  connection: 'everything on this connection',
};

export function errorsPage(): string {
  const problems = Object.entries(PROBLEMS).map(([name, kind]) => [
    code(name),
    String(kind.status),
    kind.title,
    kind.doc,
  ]);
  const examples = readGolden();
  const ids = Object.keys(ERRORS) as ErrorId[]; // its keys are the ids
  const families = Map.groupBy(ids, (id) => id.split('.')[0] ?? id);
  return `# Errors

${generatedFrom('server/src/http/problems.ts, server/src/mail/errors-*.ts and server/src/mail/golden/replies.tsv')}

## What the API answers

Every refusal is \`application/problem+json\` (RFC 9457) with one of these codes; a code never changes its meaning.

${markdownTable(['Code', 'Status', 'Title', 'When'], problems)}

## What goes wrong with mail

Attempts, connections, tests and alerts name one of these ids; an id never changes its meaning. What no rule knows is
tried again: only a proven refusal is given up. Each says what happened and why, what to do in order, who can do it, and
what becomes of the mail meanwhile. \`posthorn explain ID\` and \`posthorn explain 'REPLY'\` say the same without a server.
Under it stands, for every way it can end, what happens, whom it concerns, its category in brackets, and an example: the
phase of the conversation with the reply as a server sent it, or with the failure as this machine saw it.

Ids: ${[...families.keys()].map((name) => `[${name}](#${name})`).join(' · ')}

${[...families].map(([name, members]) => family(name, members, examples)).join('\n')}`;
}

function family(name: string, members: readonly ErrorId[], examples: readonly Example[]): string {
  return `### ${name}\n\n${members.map((id) => entry(explain(id), examples)).join('\n')}`;
}

function entry(words: Explanation, examples: readonly Example[]): string {
  const { id, title, cause, fixes, who, retry, docs } = words;
  const own = examples.filter(({ errorId }) => errorId === id);
  const ways = Map.groupBy(own, ({ outcome, scope, category }) => `${outcome} ${scope} ${category}`);
  const seen = [...ways.values()].flatMap(([first]) => (first === undefined ? [] : [way(first)]));
  const pages = docs.slice(1).map(({ label, url }) => `[${label}](${url})`);
  return [
    `<a id="${id}"></a>`,
    `#### ${code(id)}`,
    `**${title}** ${cause}`.trim(),
    fixes.map((fix, at) => `${String(at + 1)}. ${fixLine(fix)}`).join('\n'),
    `${WHO_WORDS[who]} ${RETRY_WORDS[retry]}${pages.length === 0 ? '' : ` See ${pages.join(', ')}.`}`,
    seen.length === 0 ? 'Posthorn says this itself; no server does.' : seen.join('\n'),
  ]
    .filter((part) => part !== '')
    .map((part) => `${part}\n`)
    .join('\n');
}

function fixLine({ text, action }: Explanation['fixes'][number]): string {
  if (action?.kind === 'change') {
    const fields = Object.entries(action.change).map(([name, value]) => code(`${name} = ${String(value)}`));
    return `${text} (${fields.join(', ')})`;
  }
  if (action?.kind === 'open' && action.page === 'web') return `[${text}](${action.url})`;
  if (action?.kind !== 'copy') return text;
  const lines = action.text.split('\n').map((line) => code(line));
  return `${text}\n   ${lines.join('\\\n   ')}`;
}

/** One way an error can end, with its first example. */
function way(example: Example): string {
  const { outcome, scope, category, phase, seen } = example;
  const limits = RULES.filter((rule) => rule.errorId === example.errorId && rule.outcome === outcome)
    .map(({ giveUpAfterMs }) => giveUpAfterMs)
    .filter((ms) => ms !== undefined);
  const until = limits.length === 0 ? '' : `, for ${String(Math.max(...limits) / HOUR_MS)} hours at most`;
  const happens = `${named(WHAT_HAPPENS, outcome)}${until}: ${named(CONCERNS, scope)} (${category}).`;
  return `- ${happens}\n  ${code(phase)}: ${code(shown(seen))}`;
}

function named(words: Readonly<Record<string, string>>, name: string): string {
  const found = words[name];
  if (found === undefined) throw new Error(`the golden file says "${name}", which has no words here`);
  return found;
}

/** A reply on one line with its code once; a failure as kind, code and message. */
function shown(seen: string): string {
  const [first = '', ...more] = seen.replace(/^!/, '').split('\\n');
  const text = [first, ...more.map((line) => line.replace(/^\d{3}[ -](?:\d\.\d+\.\d+ +)?/, ''))].join(' ');
  return text.length <= EXAMPLE_MAX ? text : `${text.slice(0, EXAMPLE_MAX).trimEnd()}…`;
}

function readGolden(): readonly Example[] {
  const text = readFileSync(new URL('../server/src/mail/golden/replies.tsv', import.meta.url), 'utf8');
  return text.split('\n').flatMap((row) => {
    if (row === '' || row.startsWith('#')) return [];
    const [phase = '', , seen = '', outcome = '', category = '', scope = '', errorId = ''] = row.split('\t');
    return [{ phase, seen, outcome, category, scope, errorId }];
  });
}
