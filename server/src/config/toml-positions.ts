/**
 * Where in a TOML file each key and value stands. The parser gives positions for syntax errors only; this walk gives
 * them for everything else. It expects a file that the parser accepted and reads no values itself.
 * TOML 1.0: https://toml.io/en/v1.0.0
 */
import type { Path } from './paths.ts';

/** One-based, columns counted in UTF-16 units like editors do. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface Place {
  /** Offset of the key, or of the header `[…]` for a table. */
  readonly keyAt: number;
  /** Offsets of the value's first character and of the one after its last. Equal to the header's for a table. */
  readonly valueAt: number;
  readonly valueEnd: number;
}

export interface TomlPositions {
  /** The place of a key path in the file's own spelling; undefined when the file does not hold it. */
  find(path: Path): Place | undefined;
  position(offset: number): Position;
}

/** Walks the text once. */
export function locateToml(source: string): TomlPositions {
  const walk = new Walk(source);
  walk.document();
  const lineStarts = [0, ...[...source.matchAll(/\n/g)].map((match) => match.index + 1)];
  return {
    find: (path) => walk.places.get(JSON.stringify(path)),
    position(offset) {
      const line = lineStarts.findLastIndex((start) => start <= offset);
      return { line: line + 1, column: offset - (lineStarts[line] ?? 0) + 1 };
    },
  };
}

class Walk {
  readonly places = new Map<string, Place>();
  readonly #source: string;
  /** How many tables each `[[array]]` has so far. */
  readonly #counts = new Map<string, number>();
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  document(): void {
    let table: Path = [];
    for (;;) {
      this.#skipBlank();
      if (this.#at >= this.#source.length) return;
      if (this.#source[this.#at] === '[') table = this.#header();
      else this.#keyValue(table);
    }
  }

  /** `[a.b]` or `[[a.b]]`: answers the path that the following keys belong to. */
  #header(): Path {
    const start = this.#at;
    const isArray = this.#source.startsWith('[[', start);
    this.#at += isArray ? 2 : 1;
    const names = this.#key();
    this.#skipTo(']');
    this.#at += isArray ? 2 : 1;
    const path = this.#throughArrays(names, isArray);
    this.#note(path, start, start, this.#at);
    return path;
  }

  /** The path of a header: a step into an array of tables goes to its last table; `[[…]]` adds one. */
  #throughArrays(names: readonly string[], isArray: boolean): Path {
    const path: (string | number)[] = [];
    for (const [index, name] of names.entries()) {
      path.push(name);
      const key = JSON.stringify(path);
      const count = this.#counts.get(key);
      if (isArray && index === names.length - 1) {
        path.push(count ?? 0);
        this.#counts.set(key, (count ?? 0) + 1);
      } else if (count !== undefined) path.push(count - 1);
    }
    return path;
  }

  #keyValue(table: Path): void {
    const keyAt = this.#at;
    const path = [...table, ...this.#key()];
    this.#skipTo('=');
    this.#at += 1;
    this.#skipSpace();
    const valueAt = this.#at;
    this.#value(path);
    this.#note(path, keyAt, valueAt, this.#at);
  }

  /** A dotted key; stops before what follows it. */
  #key(): string[] {
    const names: string[] = [];
    for (;;) {
      this.#skipSpace();
      names.push(this.#keyPart());
      this.#skipSpace();
      if (this.#source[this.#at] !== '.') return names;
      this.#at += 1;
    }
  }

  #keyPart(): string {
    const start = this.#at;
    const quote = this.#source[start];
    if (quote === '"' || quote === "'") {
      this.#string();
      const inner = this.#source.slice(start + 1, this.#at - 1);
      return quote === "'" ? inner : unescapeKey(inner);
    }
    const [bare = ''] = /^[A-Za-z0-9_-]+/.exec(this.#source.slice(start, start + 500)) ?? [];
    this.#at += bare.length;
    return bare;
  }

  #value(path: Path): void {
    switch (this.#source[this.#at]) {
      case '"':
      case "'":
        this.#string();
        return;
      case '[':
        this.#array(path);
        return;
      case '{':
        this.#inlineTable(path);
        return;
      default:
        while (this.#at < this.#source.length && !/[,\]}#\r\n]/.test(this.#source[this.#at] ?? ''))
          this.#at += 1;
        while (this.#source[this.#at - 1] === ' ' || this.#source[this.#at - 1] === '\t') this.#at -= 1;
    }
  }

  #array(path: Path): void {
    this.#at += 1;
    for (let index = 0; ; index += 1) {
      this.#skipBlank();
      if (this.#atClosing(']')) return;
      const start = this.#at;
      this.#value([...path, index]);
      this.#note([...path, index], start, start, this.#at);
      this.#skipBlank();
      if (this.#source[this.#at] === ',') this.#at += 1;
    }
  }

  #inlineTable(path: Path): void {
    this.#at += 1;
    for (;;) {
      this.#skipBlank();
      if (this.#atClosing('}')) return;
      this.#keyValue(path);
      this.#skipBlank();
      if (this.#source[this.#at] === ',') this.#at += 1;
    }
  }

  /** A string of any of the four kinds. */
  #string(): void {
    const quote = this.#source[this.#at] ?? '';
    const triple = this.#source.startsWith(quote.repeat(3), this.#at);
    const closing = triple ? quote.repeat(3) : quote;
    this.#at += closing.length;
    while (this.#at < this.#source.length && !this.#source.startsWith(closing, this.#at)) {
      this.#at += quote === '"' && this.#source[this.#at] === '\\' ? 2 : 1;
    }
    this.#at += closing.length;
    // Up to two quotes may stand right before the closing three: """"quoted""""" ends at the last of them.
    for (let extra = 0; triple && extra < 2 && this.#source[this.#at] === quote; extra += 1) this.#at += 1;
  }

  #atClosing(bracket: string): boolean {
    const closed = this.#at >= this.#source.length || this.#source[this.#at] === bracket;
    if (closed) this.#at += 1;
    return closed;
  }

  #skipSpace(): void {
    while (this.#source[this.#at] === ' ' || this.#source[this.#at] === '\t') this.#at += 1;
  }

  /** Spaces, line ends, comments, and a byte order mark. */
  #skipBlank(): void {
    for (;;) {
      const [blank = ''] = /^[\s\uFEFF]+/.exec(this.#source.slice(this.#at, this.#at + 500)) ?? [];
      this.#at += blank.length;
      if (this.#source[this.#at] === '#') this.#skipTo('\n');
      else if (blank === '') return;
    }
  }

  #skipTo(mark: string): void {
    const found = this.#source.indexOf(mark, this.#at);
    this.#at = found === -1 ? this.#source.length : found;
  }

  /** Dotted keys and headers make their parent tables: the first mention is where a parent stands. */
  #note(path: Path, keyAt: number, valueAt: number, valueEnd: number): void {
    for (let length = 1; length < path.length; length += 1) {
      const parent = JSON.stringify(path.slice(0, length));
      if (!this.places.has(parent)) this.places.set(parent, { keyAt, valueAt: keyAt, valueEnd: keyAt });
    }
    this.places.set(JSON.stringify(path), { keyAt, valueAt, valueEnd });
  }
}

function unescapeKey(inner: string): string {
  const known: Readonly<Record<string, string>> = {
    b: '\b',
    t: '\t',
    n: '\n',
    f: '\f',
    r: '\r',
    e: '\u001b',
  };
  return inner.replace(
    /\\(?:u([\da-fA-F]{4})|U([\da-fA-F]{8})|x([\da-fA-F]{2})|(.))/g,
    (_, short, long, byte, one: string) => {
      const hex = String(short ?? long ?? byte ?? '');
      return hex === '' ? (known[one] ?? one) : String.fromCodePoint(Number.parseInt(hex, 16));
    },
  );
}
