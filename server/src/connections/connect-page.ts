/**
 * The page that a person sees after signing in at the provider. It runs nothing, loads nothing and links nowhere; all
 * that came from outside is escaped, and the policy in its header would stop what is not (CSP Level 3).
 * Next: connect-operations.ts
 */
import { createHash } from 'node:crypto';
import type { Finished } from './connect.ts';

const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:4rem auto;padding:0 1rem;color:#1d2329;background:#fff}' +
  'h1{font-size:1.3rem}code{overflow-wrap:anywhere}' +
  '@media (prefers-color-scheme:dark){body{color:#e8eaed;background:#16191d}}';

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** The address of the page holds the code, so nobody is told where the person came from. */
export const PAGE_HEADERS = {
  'content-security-policy':
    `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; ` +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin-allow-popups',
} as const;

export function connectPage(finished: Finished): string {
  switch (finished.kind) {
    case 'connected':
      return page(`Connected${finished.account === undefined ? '' : ` as ${finished.account}`}`, [
        `The connection “${finished.connection}” can now sign in. You can close this window.`,
        ...(finished.accountDiffers
          ? [
              `You signed in as ${finished.account ?? ''}, but the user name of the connection is ${finished.username}. ` +
                'Change the user name, or sign in again with the other account.',
            ]
          : []),
        ...finished.notes,
      ]);
    case 'failed':
      return page(`“${finished.connection}” was not connected`, [
        finished.title,
        finished.detail,
        `Error: ${finished.errorId}`,
      ]);
    case 'unknown':
      return page('This sign-in is not known any more', [
        'It was used already, it is older than ten minutes, or it was begun somewhere else.',
        'Begin again where you chose to connect the mailbox.',
      ]);
  }
}

function page(title: string, paragraphs: readonly string[]): string {
  const body = paragraphs.map((text) => `<p>${escapeHtml(text)}</p>`).join('\n');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
${body}
</body>
</html>
`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? '');
}
