/**
 * The few pages that this server shows by itself: plain HTML that runs nothing and loads nothing. All that came from
 * outside is escaped, and the policy in the header would stop what is not (CSP Level 3).
 */
import { createHash } from 'node:crypto';

export interface PageField {
  readonly name: string;
  readonly label: string;
  readonly type: 'text' | 'password' | 'hidden';
  readonly value?: string;
  /** HTML's `autocomplete`, which password managers follow. */
  readonly autocomplete?: string;
  readonly hint?: string;
  /** What was wrong with it the last time. */
  readonly error?: string;
}

export interface HtmlPage {
  /** Language tag of its texts (RFC 5646); English without it. */
  readonly lang?: string;
  readonly title: string;
  readonly paragraphs: readonly string[];
  readonly form?: {
    /** A path of this server. */
    readonly action: string;
    readonly fields: readonly PageField[];
    readonly button: string;
  };
  /** A link at the end, to an address from the configuration. */
  readonly link?: { readonly href: string; readonly text: string };
}

const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:4rem auto;padding:0 1rem;color:#1d2329;background:#fff}' +
  'h1{font-size:1.3rem}code{overflow-wrap:anywhere}label{display:block;font-weight:600;margin-top:1rem}' +
  'input{font:inherit;width:100%;box-sizing:border-box;padding:.5rem;border:1px solid #6b7785;border-radius:4px}' +
  'button{font:inherit;font-weight:600;margin-top:1.25rem;padding:.6rem 1.2rem;border:0;border-radius:4px;background:#1f4fd8;color:#fff;cursor:pointer}' +
  'button:focus-visible,input:focus-visible{outline:3px solid #f2a900;outline-offset:2px}' +
  '.hint{margin:.25rem 0;color:#4a5560}.error{margin:.25rem 0;color:#b3261e}' +
  '@media (prefers-color-scheme:dark){body{color:#e8eaed;background:#16191d}.hint{color:#b7c0c9}.error{color:#ff8a80}' +
  'input{background:#20252b;color:inherit}button{background:#8ab0ff;color:#10131a}a{color:#8ab0ff}}';

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/**
 * The headers of a page. Its address may hold a secret, so nobody is told where the person came from. `leadsTo` is the
 * origin that the answer to the page's form may lead on to.
 */
export function pageHeaders(forms: 'none' | { readonly leadsTo?: string }): Readonly<Record<string, string>> {
  const action = forms === 'none' ? "'none'" : ["'self'", forms.leadsTo ?? ''].join(' ').trim();
  return {
    'content-security-policy':
      `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; ` +
      `base-uri 'none'; form-action ${action}; frame-ancestors 'none'`,
    'referrer-policy': 'no-referrer',
    'x-frame-options': 'DENY',
    'cross-origin-opener-policy': 'same-origin-allow-popups',
  };
}

export function htmlPage({ lang = 'en', title, paragraphs, form, link }: HtmlPage): string {
  const parts = [
    `<h1>${escapeHtml(title)}</h1>`,
    ...paragraphs.map((text) => `<p>${escapeHtml(text)}</p>`),
    ...(form === undefined
      ? []
      : [
          `<form method="post" action="${escapeHtml(form.action)}">`,
          ...form.fields.map(fieldHtml),
          `<button type="submit">${escapeHtml(form.button)}</button>`,
          '</form>',
        ]),
    ...(link === undefined ? [] : [`<p><a href="${escapeHtml(link.href)}">${escapeHtml(link.text)}</a></p>`]),
  ];
  return `<!doctype html>
<html lang="${escapeHtml(lang)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${parts.join('\n')}
</main>
</body>
</html>
`;
}

function fieldHtml({ name, label, type, value = '', autocomplete, hint, error }: PageField): string {
  const attributes = [
    `name="${escapeHtml(name)}"`,
    `type="${type}"`,
    `value="${escapeHtml(value)}"`,
    ...(autocomplete === undefined ? [] : [`autocomplete="${escapeHtml(autocomplete)}"`]),
  ];
  if (type === 'hidden') return `<input ${attributes.join(' ')}>`;
  const notes = [
    ...(hint === undefined ? [] : [{ id: `${name}-hint`, kind: 'hint', text: hint }]),
    ...(error === undefined ? [] : [{ id: `${name}-error`, kind: 'error', text: error }]),
  ];
  const described = notes.length === 0 ? [] : [`aria-describedby="${notes.map(({ id }) => id).join(' ')}"`];
  const invalid = error === undefined ? [] : ['aria-invalid="true"'];
  return [
    `<label for="${escapeHtml(name)}">${escapeHtml(label)}</label>`,
    `<input id="${escapeHtml(name)}" ${[...attributes, ...described, ...invalid, 'required'].join(' ')}>`,
    ...notes.map(({ id, kind, text }) => `<p class="${kind}" id="${id}">${escapeHtml(text)}</p>`),
  ].join('\n');
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
