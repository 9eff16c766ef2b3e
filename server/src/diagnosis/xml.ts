/**
 * Reads small XML documents from strangers into a tree. It knows elements, attributes, text, CDATA, comments and the five
 * entities of XML; a document type is refused, so there is nothing to expand and nothing to fetch. Depth and size are
 * bounded. Anything else that is not well-formed makes the whole unreadable.
 * Next: autoconfig.ts
 */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** Text directly inside, trimmed. */
  readonly text: string;
}

const LENGTH_MAX = 65_536;
const DEPTH_MAX = 16;
const ELEMENTS_MAX = 2_000;
// Each alternative begins with another character or ends at a fixed mark, so there is one way to read a document.
const TOKEN =
  /<!--(?:[^-]|-(?!->))*-->|<!\[CDATA\[(?:[^\]]|\](?!\]>))*\]\]>|<\?[^>]*\?>|<\/[\w:.-]+\s*>|<[\w:.-]+(?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*\s*\/?>|[^<]+/y;
const ATTRIBUTE = /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

interface Building {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: XmlElement[];
  text: string;
}

/** The root element; `undefined` for anything that is not a small, well-formed document without document type. */
export function readXml(source: string): XmlElement | undefined {
  const text = source.startsWith('\ufeff') ? source.slice(1) : source;
  if (text.length > LENGTH_MAX) return undefined;
  const root: Building = { name: '', attributes: new Map(), children: [], text: '' };
  const path: Building[] = [root];
  let elements = 0;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const token = TOKEN.exec(text)?.[0];
    const here = path.at(-1);
    if (token === undefined || here === undefined) return undefined;
    if (token.startsWith('<?') || token.startsWith('<!--')) continue;
    if (token.startsWith('<![CDATA[')) {
      here.text += token.slice(9, -3);
    } else if (token.startsWith('</')) {
      if (path.length < 2 || token.slice(2, -1).trim() !== here.name) return undefined;
      path.pop();
      path.at(-1)?.children.push({ ...here, text: here.text.trim() });
    } else if (token.startsWith('<')) {
      const opened = openElement(token);
      elements += 1;
      if (opened === undefined || elements > ELEMENTS_MAX || path.length > DEPTH_MAX) return undefined;
      if (token.endsWith('/>')) here.children.push(opened);
      else path.push(opened);
    } else {
      const plain = decode(token);
      if (plain === undefined) return undefined;
      here.text += plain;
    }
  }
  const [only, more] = root.children;
  return path.length === 1 && more === undefined && root.text.trim() === '' ? only : undefined;
}

function openElement(token: string): Building | undefined {
  const name = /^<([\w:.-]+)/.exec(token)?.[1] ?? '';
  const attributes = new Map<string, string>();
  for (const [, key = '', double, single] of token.slice(name.length + 1).matchAll(ATTRIBUTE)) {
    const value = decode(double ?? single ?? '');
    if (value === undefined || attributes.has(key)) return undefined;
    attributes.set(key, value);
  }
  return { name, attributes, children: [], text: '' };
}

/** The text with its entities replaced; `undefined` when it holds one that XML itself does not define. */
function decode(text: string): string | undefined {
  let unknown = false;
  const plain = text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w{1,20}));|&/gi, (_, hex, decimal, name) => {
    const code = hex === undefined ? Number(decimal) : Number.parseInt(String(hex), 16);
    const value =
      name === undefined
        ? codePoint(code)
        : Object.hasOwn(ENTITIES, String(name))
          ? ENTITIES[String(name)]
          : undefined;
    if (value === undefined) unknown = true;
    return value ?? '';
  });
  return unknown ? undefined : plain;
}

function codePoint(code: number): string | undefined {
  const usable = code === 9 || code === 10 || code === 13 || (code >= 32 && code <= 0x10_ff_ff);
  return usable && !(code >= 0xd8_00 && code <= 0xdf_ff) ? String.fromCodePoint(code) : undefined;
}
