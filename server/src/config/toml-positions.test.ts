import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse } from 'smol-toml';
import type { Path } from './paths.ts';
import { locateToml } from './toml-positions.ts';

function place(source: string, path: Path): string | undefined {
  const positions = locateToml(source);
  const found = positions.find(path);
  if (found === undefined) return undefined;
  const key = positions.position(found.keyAt);
  const value = positions.position(found.valueAt);
  return `${String(key.line)}:${String(key.column)} ${String(value.line)}:${String(value.column)}`;
}

const SAMPLE = `# a comment with [brackets] and = signs
top = 1
"quoted key" . 'sub' = "a # no comment" # one

[delivery]
  mode = "live"
in_doubt_wait.otp = "1m"
retry = [ "1m", # first
  "x]",
  '''y
''',
]
[[connections]]
name = "a"
pool = { connections = 5, idle.ms = 3 }
[connections.timeouts]
data_ms = 1
[[connections]]
name = """b \\""" """""
[[connections.extra]]
deep = true
[ 'x y' . z ]
list = [[1, 2], [{ a = 1979-05-27 07:32:00, b = [] }]]
`;

test('every way to write a key has a place', () => {
  assert.ok(parse(SAMPLE));
  const expected: [Path, string | undefined][] = [
    [['top'], '2:1 2:7'],
    [['quoted key', 'sub'], '3:1 3:24'],
    [['delivery'], '5:1 5:1'],
    [['delivery', 'mode'], '6:3 6:10'],
    [['delivery', 'in_doubt_wait', 'otp'], '7:1 7:21'],
    [['delivery', 'in_doubt_wait'], '7:1 7:1'],
    [['delivery', 'retry', 0], '8:11 8:11'],
    [['delivery', 'retry', 1], '9:3 9:3'],
    [['delivery', 'retry', 2], '10:3 10:3'],
    [['connections', 0], '13:1 13:1'],
    [['connections', 0, 'pool', 'connections'], '15:10 15:24'],
    [['connections', 0, 'pool', 'idle', 'ms'], '15:27 15:37'],
    [['connections', 0, 'timeouts', 'data_ms'], '17:1 17:11'],
    [['connections', 1], '18:1 18:1'],
    [['connections', 1, 'name'], '19:1 19:8'],
    [['connections', 1, 'extra', 0, 'deep'], '21:1 21:8'],
    [['x y', 'z', 'list', 1, 0, 'b'], '23:45 23:49'],
    [['nothing'], undefined],
    [['connections', 2], undefined],
  ];
  for (const [path, at] of expected) assert.equal(place(SAMPLE, path), at, JSON.stringify(path));
});

test('lines are counted alike with LF and CRLF, and after a byte order mark', () => {
  assert.equal(place('\uFEFFa = 1\r\n[b]\r\nc = "x"\r\n', ['b', 'c']), '3:1 3:5');
});

test('in any document, the text at a place is the value of its path', () => {
  fc.assert(
    fc.property(documents(), (source) => {
      const positions = locateToml(source);
      for (const [path, value] of leaves(parse(source), [])) {
        const found = positions.find(path);
        assert.ok(found, `${JSON.stringify(path)} has no place in\n${source}`);
        const written = source.slice(found.valueAt, found.valueEnd);
        assert.deepEqual(parse(`v = ${written}`)['v'], value, source);
      }
    }),
    { numRuns: 400 },
  );
});

function* leaves(value: unknown, path: Path): Generator<[Path, unknown]> {
  if (Array.isArray(value))
    for (const [index, entry] of value.entries()) yield* leaves(entry, [...path, index]);
  else if (typeof value !== 'object' || value === null || value instanceof Date) yield [path, value];
  else for (const [key, entry] of Object.entries(value)) yield* leaves(entry, [...path, key]);
}

/** Documents of tables, arrays of tables, inline tables and all kinds of strings, with odd spacing and comments. */
function documents(): fc.Arbitrary<string> {
  const space = fc.constantFrom('', ' ', '\t', '  ');
  const end = fc.constantFrom('\n', '\r\n', ' # [x] = "y"\n', '\n\n  ');
  const body = fc.string({
    unit: fc.constantFrom('a', '"', "'", '\\', '#', ']', '}', ',', '=', ' ', 'é', '🙂'),
  });
  const scalar = fc.oneof(
    fc.constantFrom('1', 'true', '-1.5e3', '1979-05-27', '0xff', 'inf', "''", '""', "''''a''''", '"""a"""""'),
    body.map((content) => JSON.stringify(content)),
    body.filter((content) => !content.includes("'")).map((content) => `'${content}'`),
    body.filter((content) => !content.includes("'")).map((content) => `'''\n${content}\n'''`),
    body.map((content) => `"""${content.replace(/[\\"]/g, '\\$&')}\n"""`),
  );
  const { value } = fc.letrec<{ value: string }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      scalar,
      fc
        .tuple(
          fc.array(tie('value'), { maxLength: 3 }),
          fc.constantFrom(', ', ',\n # ]\n', ' ,'),
          fc.constantFrom('', '\n'),
        )
        .map(([items, comma, gap]) => `[${gap}${items.join(comma)}${gap}]`),
      fc
        .array(tie('value'), { maxLength: 3 })
        .map((items) => `{ ${items.map((item, index) => `k${String(index)}.'x y' = ${item}`).join(', ')} }`),
    ),
  }));
  const pair = (index: number) =>
    fc
      .tuple(
        fc.constantFrom(`k${String(index)}`, `"q \\" ${String(index)}"`, `d${String(index)} . 'e.f'`),
        space,
        space,
        value,
        end,
      )
      .map(([key, a, b, text, eol]) => `${a}${key}${a}=${b}${text}${eol}`);
  const pairs = fc.tuple(pair(0), pair(1)).map((lines) => lines.join(''));
  const block = fc
    .tuple(fc.constantFrom('[[list]]', '[[ list . inner ]]'), end, pairs)
    .map((parts) => parts.join(''));
  return fc
    .tuple(pairs, end, pairs, fc.array(block, { maxLength: 4 }))
    .map(
      ([root, eol, inTable, blocks]) =>
        `${root}[ table . "sub" ]${eol}${inTable}[[list]]\n${blocks.join('')}`,
    );
}
