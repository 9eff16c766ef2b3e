/**
 * An error in the words of the catalogue, with what is known filled in. Nothing is made up: a sentence that names what
 * nobody knows is left out, and where the classifier does not know the reason, the server's own words stand alone.
 * What comes from outside is cleaned and shortened; into a command that somebody may paste goes only what cannot be
 * anything but a name. Next: read-line.ts
 */
import { peerText } from '../base/log.ts';
import { ERRORS, isErrorId, type ErrorId } from './error-catalogue.ts';
import { DOCS, type Change, type DocLink, type FixAction, type ParamName } from './error-entry.ts';
import type { ErrorEntry, Fix, Retry, Who } from './error-entry.ts';
import type { OutcomeKind, Scope, Verdict } from './outcome.ts';

/** What is known about the case. Absent, null and empty are the same: not known. */
export type ExplainParams = Readonly<Partial<Record<ParamName, string | number | null | undefined>>>;

/** A verdict, or as much of one as was stored. */
export type Explainable = { readonly errorId: string } & Partial<
  Pick<Verdict, 'confidence' | 'outcome' | 'scope'>
>;

export interface Explanation {
  readonly id: ErrorId;
  /** What happened, one sentence. */
  readonly title: string;
  /** The same in at most 28 characters. */
  readonly short: string;
  /** Why. Empty when nobody knows. */
  readonly cause: string;
  /** What to do, best first. */
  readonly fixes: readonly Fix[];
  readonly who: Who;
  readonly retry: Retry;
  readonly scope: Scope;
  /** The own page first. */
  readonly docs: readonly DocLink[];
  readonly confidence: Verdict['confidence'];
}

const VALUE_MAX = 200;
const PLACEHOLDER = /\{(\w+)(?:\|([^{}]*))?\}/g;
/** A part of a sentence that is left out when it names what is not known. */
const OPTIONAL = /\[([^[\]]*)\]/g;
/** Where one sentence ends and the next begins, in the catalogue's own texts. */
const BETWEEN_SENTENCES = /(?<=[.!?]) (?=[A-Z{])/;
/** A name or number that no shell and no address reads as anything else. */
const HARMLESS = /^[A-Za-z0-9_/][\w.+@:/-]{0,253}$/;
/** Bidirectional and invisible characters, which make a text look like another. */
const UNSEEN = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

/** The error with what is known about this case. Pure; never throws. An id that is not in the catalogue is not known. */
export function explain(subject: ErrorId | Explainable, params: ExplainParams = {}): Explanation {
  const { errorId, ...verdict } = typeof subject === 'string' ? { errorId: subject } : subject;
  const id = isErrorId(errorId) ? errorId : 'unknown.failure';
  const entry = ERRORS[id];
  const confidence = id.startsWith('unknown.') ? 'unknown' : (verdict.confidence ?? 'certain');
  const values = readValues(params);
  return {
    id,
    title: fillText(entry.title, values),
    short: entry.short,
    cause: confidence === 'unknown' ? (values.get('answer') ?? '') : fillText(entry.cause ?? '', values),
    fixes: entry.fixes.flatMap((fix) => fillFix(fix, values)),
    who: entry.who,
    retry: retryOf(entry, verdict.outcome),
    scope: verdict.scope ?? entry.scope,
    docs: [ownPage(id), ...(entry.docs ?? []).map((key) => DOCS[key])],
    confidence,
  };
}

/** The title alone, for lists; undefined for what is no error of the catalogue. */
export function errorTitle(
  errorId: string | null | undefined,
  params: ExplainParams = {},
): string | undefined {
  if (errorId === null || errorId === undefined || !isErrorId(errorId)) return undefined;
  return fillText(ERRORS[errorId].title, readValues(params));
}

/** The place of an id on `docs/errors.md`, relative to the repository. */
export function ownPage(id: ErrorId): DocLink {
  return { label: 'Posthorn', url: `docs/errors.md#${id}` };
}

type Values = ReadonlyMap<string, string>;

function readValues(params: ExplainParams): Values {
  const values = new Map<string, string>();
  for (const [name, given] of Object.entries(params)) {
    if (given === undefined || given === null) continue;
    const text = peerText(
      String(given)
        .slice(0, 4 * VALUE_MAX)
        .toWellFormed()
        .replace(UNSEEN, ''),
    );
    const max = name === 'answer' ? text.length : VALUE_MAX;
    const value = text.length > max ? `${text.slice(0, max).toWellFormed().trimEnd()}…` : text;
    if (value !== '') values.set(name, value);
  }
  return values;
}

/** What became of this very mail; the entry's own word where there is no verdict or it says no more. */
function retryOf(entry: ErrorEntry, outcome: OutcomeKind | undefined): Retry {
  if (outcome === undefined || !['retry', 'hold', 'fail'].includes(entry.retry)) return entry.retry;
  if (outcome === 'connection_unusable') return 'hold';
  if (outcome === 'rejected') return 'fail';
  return outcome === 'deferred' ? 'retry' : entry.retry;
}

/** The text with its sentences filled; those that name what is not known are left out. */
function fillText(template: string, values: Values): string {
  return template
    .split(BETWEEN_SENTENCES)
    .map((sentence) => fill(trim(sentence, values), (name) => values.get(name)))
    .filter((sentence) => sentence !== undefined)
    .map((sentence) =>
      sentence
        .replace(/ {2,}/g, ' ')
        .replace(/ (?=[.,])/g, '')
        .replace(/\.\.$/, '.'),
    )
    .join(' ')
    .trim();
}

/** Takes out of a sentence the parts in brackets that name what is not known. */
function trim(sentence: string, values: Values): string {
  return sentence.replace(OPTIONAL, (_, part: string) => {
    const names = [...part.matchAll(PLACEHOLDER)].map(([, name = '']) => name);
    return names.every((name) => values.has(name)) ? part : '';
  });
}

/** One pass, so that a value that looks like a placeholder stays what it is. Undefined when something is missing. */
function fill(template: string, valueOf: (name: string) => string | undefined): string | undefined {
  let missing = false;
  const filled = template.replace(PLACEHOLDER, (_, name: string, neutral: string | undefined) => {
    const value = valueOf(name) ?? neutral;
    missing ||= value === undefined;
    return value ?? '';
  });
  return missing ? undefined : filled;
}

function fillFix(fix: Fix, values: Values): Fix[] {
  const text = fillText(fix.text, values);
  if (text === '') return [];
  const action = fix.action === undefined ? undefined : fillAction(fix.action, values);
  return [action === undefined ? { text } : { text, action }];
}

/** Undefined when it would need what is not known. */
function fillAction(action: FixAction, values: Values): FixAction | undefined {
  const plain = (name: string): string | undefined => values.get(name);
  const harmless = (name: string): string | undefined => {
    const value = values.get(name);
    return value !== undefined && HARMLESS.test(value) ? value : undefined;
  };
  const label = fill(action.label, plain);
  if (label === undefined) return undefined;
  switch (action.kind) {
    case 'change': {
      const change = fillChange(action.change, harmless);
      return change === undefined ? undefined : { ...action, label, change };
    }
    case 'copy': {
      const text = fill(action.text, harmless);
      return text === undefined ? undefined : { ...action, label, text };
    }
    case 'open': {
      if (action.page !== 'web') return { ...action, label };
      const url = fill(action.url, harmless);
      return url === undefined ? undefined : { ...action, label, url };
    }
    case 'probe':
      return { ...action, label };
  }
}

function fillChange(change: Change, valueOf: (name: string) => string | undefined): Change | undefined {
  const filled = Object.entries(change).map(
    ([field, value]) => [field, typeof value === 'string' ? fill(value, valueOf) : value] as const,
  );
  if (filled.some(([, value]) => value === undefined)) return undefined;
  return Object.fromEntries(filled);
}
