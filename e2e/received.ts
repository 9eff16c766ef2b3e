/**
 * A delivered message as Python's `email` package reads it: a second opinion that shares no code with our composer.
 */
import { must } from './child.ts';

export interface ReceivedPart {
  readonly type: string;
  readonly charset: string | null;
  readonly disposition: string | null;
  readonly filename: string | null;
  /** Without the angle brackets. */
  readonly contentId: string | null;
  /** Decoded from its transfer encoding. */
  readonly content: Buffer;
  /** `content` decoded with its charset; `null` for what is not text. */
  readonly text: string | null;
}

export interface ReceivedMail {
  /** Headers in order, values unfolded and decoded (RFC 2047). */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Leaf parts in order. */
  readonly parts: readonly ReceivedPart[];
  /** What Python's parser complained about; empty for a well-formed message. */
  readonly defects: readonly string[];
}

const READ = `
import sys, json, base64, email, email.policy
message = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
defects = [type(d).__name__ for d in message.defects]
headers = []
for name, value in message.items():
    defects += [name + ': ' + type(d).__name__ for d in getattr(value, 'defects', [])]
    headers.append([name, str(value)])
parts = []
for part in message.walk():
    if part.is_multipart(): continue
    defects += [type(d).__name__ for d in part.defects]
    content = part.get_payload(decode=True) or b''
    is_text = part.get_content_maintype() == 'text'
    cid = part['Content-ID']
    parts.append({
        'type': part.get_content_type(), 'charset': part.get_content_charset(),
        'disposition': part.get_content_disposition(), 'filename': part.get_filename(),
        'contentId': None if cid is None else str(cid).strip().strip('<>'),
        'content': base64.b64encode(content).decode(),
        'text': content.decode(part.get_content_charset() or 'ascii', 'replace') if is_text else None})
json.dump({'headers': headers, 'parts': parts, 'defects': defects}, sys.stdout)
`;

interface Wire extends Omit<ReceivedMail, 'parts'> {
  readonly parts: readonly (Omit<ReceivedPart, 'content'> & { readonly content: string })[];
}

/** Reads one message. */
export async function readReceived(raw: Buffer): Promise<ReceivedMail> {
  const wire = JSON.parse(await must('python3', ['-c', READ], { input: raw })) as Wire;
  return {
    ...wire,
    parts: wire.parts.map((part) => ({ ...part, content: Buffer.from(part.content, 'base64') })),
  };
}

/** The value of the first header of this name, whatever the case. */
export function headerOf(mail: ReceivedMail, name: string): string | undefined {
  return mail.headers.find(([found]) => found.toLowerCase() === name.toLowerCase())?.[1];
}

/** The raw, folded text of a header in the message's own bytes; `undefined` when it has none. */
export function rawHeader(raw: Buffer, name: string): string | undefined {
  const text = raw.toString('latin1').replaceAll('\r\n', '\n');
  const end = text.indexOf('\n\n');
  const found = new RegExp(`^${name}:((?:.*)(?:\\n[ \\t].*)*)`, 'im').exec(
    end === -1 ? text : text.slice(0, end + 1),
  );
  return found?.[1]?.trim();
}
