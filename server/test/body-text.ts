/**
 * A message of one part with its transfer encoding undone (RFC 2045 §6.7), for tests that look for a link or a code. What
 * is not encoded is left alone: a token may begin with what looks like an escape.
 */
export function bodyText(content: string): string {
  if (!/^content-transfer-encoding: quoted-printable\r?$/im.test(content)) return content;
  const octets = content
    .replaceAll(/=\r?\n/g, '')
    .replace(/=([\dA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(octets, 'latin1').toString('utf8');
}
