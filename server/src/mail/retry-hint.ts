/**
 * When a server says in words how long to wait (R6): “try again in 5 minutes”, “retry after 300 s”, “come back in
 * 00:04:51”. SMTP has no field for it, so this reads the few spellings in use and ignores the rest.
 * Next: classify.ts
 */

const DAY_MS = 86_400_000;
const SPOKEN =
  /(?:try|retry|resend|come back|wait|resubmit)(?: \w{1,12}){0,3} (?:after|in|for|least) (\d{1,5}) ?(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?)\b/i;
const LISTED =
  /list(?:ed|ing)(?: \w{1,12}){0,2} for (\d{1,5}) ?(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?)\b/i;
const CLOCK = /(?:try|retry|come back|wait)(?: \w{1,12}){0,3} (?:after|in|for) (\d{1,2}):(\d{2}):(\d{2})\b/i;

/** Milliseconds the text asks to wait, from 1 second to a day; undefined when it does not say. */
export function retryHintMs(text: string): number | undefined {
  const clock = CLOCK.exec(text);
  if (clock !== null) {
    return bound((Number(clock[1]) * 3600 + Number(clock[2]) * 60 + Number(clock[3])) * 1000);
  }
  const spoken = SPOKEN.exec(text) ?? LISTED.exec(text);
  if (spoken === null) return undefined;
  const unit = (spoken[2] ?? 's').charAt(0).toLowerCase();
  return bound(Number(spoken[1]) * (unit === 's' ? 1000 : unit === 'm' ? 60_000 : 3_600_000));
}

function bound(ms: number): number | undefined {
  return ms < 1000 ? undefined : Math.min(ms, DAY_MS);
}
