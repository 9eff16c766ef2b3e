/**
 * What somebody pasted, explained without a server: an id of the catalogue, a reply of a mail server, or the code of a
 * failure. Where in the conversation it was seen is not in the text, so the likely places are tried in order, and an
 * answer that is certain in one of them is taken before one that is not.
 */
import { classify, decidingRule, type Observation } from './classify.ts';
import { isErrorId } from './error-catalogue.ts';
import { explain, type Explanation } from './explain.ts';
import { FAILURE_KINDS, PHASES, parseReplyLines, type Phase, type Reply } from './reply.ts';

/** More is not one reply. */
const TEXT_MAX = 20_000;
/** RFC 5321 §4.2: three digits, then a hyphen before all lines but the last. */
const REPLY_LINE = /^([2345]\d\d)(?:[ -](.*))?$/;
const CODE = /\b(?:E[A-Z]{3,}|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|AADSTS\d{4,9})\b/;

const SIGN_IN_CODES = new Set([334, 432, 454, 523, 530, 534, 535, 538]);
const SIGN_IN_FIRST: readonly Phase[] = ['auth', 'mail-from', 'rcpt-to', 'accepted', 'greeting'];
const MAIL_FIRST: readonly Phase[] = ['rcpt-to', 'mail-from', 'accepted', 'greeting', 'auth', 'ehlo'];

/** `undefined` when the text is neither an id, nor a reply, nor a failure that is known. `host` tells providers apart. */
export function explainText(text: string, host?: string): Explanation | undefined {
  const given = text.slice(0, TEXT_MAX).trim();
  if (isErrorId(given)) return explain(given);
  const where = host === undefined ? {} : { host };
  const reply = readReply(given);
  if (reply !== undefined) {
    const phases = SIGN_IN_CODES.has(reply.code) ? SIGN_IN_FIRST : MAIL_FIRST;
    const seen = phases.map((phase) => ({ phase, reply, ...where }));
    const telling = seen.filter((one, place) => place === 0 || isTelling(one));
    return best(telling, given);
  }
  const code = CODE.exec(given)?.[0];
  const failures = FAILURE_KINDS.flatMap((kind) =>
    PHASES.map((phase) => ({ phase, failure: { kind, code: code ?? given, message: given }, ...where })),
  ).filter((seen) => namesIt(seen, code));
  return failures.length === 0 ? undefined : best(failures, given);
}

/** A rule for a whole kind of failure says nothing about this text. */
function namesIt(seen: Observation, code: string | undefined): boolean {
  const match = decidingRule(seen)?.failure;
  return match?.text !== undefined || (code !== undefined && match?.codes?.includes(code) === true);
}

/** A rule for every refusal in one place says nothing of a reply that may have come elsewhere. */
function isTelling(seen: Observation): boolean {
  const match = decidingRule(seen)?.reply;
  return match?.text !== undefined || match?.enhanced !== undefined;
}

function best(seen: readonly Observation[], answer: string): Explanation | undefined {
  const verdicts = seen.map(classify).filter(({ errorId }) => errorId !== undefined);
  const order = ['certain', 'likely', 'unknown'];
  const [first] = verdicts.toSorted((a, b) => order.indexOf(a.confidence) - order.indexOf(b.confidence));
  return first?.errorId === undefined ? undefined : explain({ ...first, errorId: first.errorId }, { answer });
}

function readReply(text: string): Reply | undefined {
  const lines = text.split(/\r?\n/).map((line) => REPLY_LINE.exec(line.trim()));
  const code = lines[0]?.[1];
  if (code === undefined || lines.some((line) => line?.[1] !== code)) return undefined;
  return parseReplyLines(
    Number(code),
    lines.map((line) => line?.[2] ?? ''),
  );
}
