/**
 * Holds the house in shape. First that the rules bite: each is broken on purpose in files that exist only here.
 * Then that the repository keeps them all.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseModule, readModules } from './arch-read.ts';
import { findViolations, ROOMS } from './arch-rules.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** A check that sees nothing finds nothing: fewer modules than this means that it looks in the wrong place. */
const MODULES_LEAST = 100;

const OPENING = '/** About this file. */\n';

/** What the rules say about files that are given as text. */
function check(files: Readonly<Record<string, string>>): string[] {
  const modules = Object.entries(files).map(([path, text]) => parseModule(path, OPENING + text));
  return findViolations(modules).map(
    ({ rule, file, line, message }) => `${rule} ${file}:${String(line)} ${message}`,
  );
}

test('each rule finds what breaks it', () => {
  const long = 'const x = 1;\n'.repeat(401);
  const cases: [string, Record<string, string>, RegExp][] = [
    [
      'another folder is entered by its face',
      { 'server/src/smtp/pool.ts': "import { a } from '../net/dial.ts';" },
      /^import .*net\/dial\.ts is private: import net\/net\.ts$/,
    ],
    [
      'types come by the face too',
      { 'server/src/smtp/pool.ts': "import type { A } from '../net/dial.ts';" },
      /is private/,
    ],
    [
      'a re-export is an import',
      { 'server/src/smtp/smtp.ts': "export { a } from '../net/dial.ts';" },
      /is private/,
    ],
    [
      'an import() is an import',
      { 'server/src/smtp/smtp.ts': "const a = await import('../net/dial.ts');" },
      /is private/,
    ],
    [
      'an import type is an import',
      { 'server/src/smtp/smtp.ts': "type A = import('../net/dial.ts').A;" },
      /is private/,
    ],
    [
      'routes are for app.ts',
      { 'server/src/operator/serve.ts': "import { a } from '../access/routes.ts';" },
      /is private/,
    ],
    [
      'no import goes up',
      { 'server/src/queue/worker.ts': "import { a } from '../delivery/delivery.ts';" },
      /queue\/ may not import delivery\//,
    ],
    [
      'none goes sideways unless named',
      { 'server/src/mail/reply.ts': "import { a } from '../store/store.ts';" },
      /mail\/ may not import store\//,
    ],
    [
      'types only means types only',
      { 'server/src/net/dial.ts': "import { a } from '../mail/mail.ts';" },
      /net\/ may not import mail\/ \(types only\)/,
    ],
    [
      'nothing imports the roof',
      { 'server/src/http/http.ts': "import { a } from '../app.ts';" },
      /stands above every folder/,
    ],
    [
      'tests keep to faces',
      { 'server/src/smtp/pool.test.ts': "import { a } from '../net/dial.ts';" },
      /is private/,
    ],
    ['a folder is in the table', { 'server/src/stuff/stuff.ts': '' }, /^place .*stuff\/ is not in the table/],
    ['there is no third level', { 'server/src/mail/deep/x.ts': '' }, /two levels/],
    ['base/ is closed', { 'server/src/base/more.ts': '' }, /closed list/],
    [
      'the network has one door',
      { 'server/src/smtp/line.ts': "import { connect } from 'node:net';" },
      /node:net outside net\//,
    ],
    [
      'also without the prefix',
      { 'server/src/smtp/line.ts': "import dns from 'dns/promises';" },
      /outside net\//,
    ],
    [
      'fetch is network',
      { 'server/src/events/hook.ts': 'await fetch(url);' },
      /^use .*fetch\(\) outside net\//,
    ],
    [
      'also through globalThis',
      { 'server/src/events/hook.ts': 'await globalThis.fetch(url);' },
      /fetch\(\) outside net\//,
    ],
    [
      'MIME has one importer',
      { 'server/src/mail/dsn.ts': "import nodemailer from 'nodemailer';" },
      /nodemailer has one importer/,
    ],
    [
      'SQL is in queries.ts',
      { 'server/src/queue/worker.ts': "import { sql } from 'kysely';" },
      /SQL belongs in queries\.ts/,
    ],
    [
      'query builders are SQL',
      { 'server/src/queue/worker.ts': "db.selectFrom('jobs');" },
      /\.selectFrom\(\): SQL belongs/,
    ],
    [
      'the environment is read in config/',
      { 'server/src/log/log.ts': '', 'server/src/http/http.ts': 'process.env.X;' },
      /process\.env outside config\//,
    ],
    [
      'time comes from a clock',
      { 'server/src/queue/worker.ts': 'const now = Date.now();' },
      /Date\.now outside base\//,
    ],
    [
      'also by new Date()',
      { 'server/src/queue/worker.ts': 'const now = new Date();' },
      /new Date\(\) outside base\//,
    ],
    [
      'chance comes from outside',
      { 'server/src/queue/worker.ts': 'Math.random();' },
      /Math\.random outside base\//,
    ],
    ['files end', { 'server/src/queue/worker.ts': long }, /^size .*402 lines; 400 at most/],
    [
      'functions end',
      { 'server/src/queue/worker.ts': `const f = () => {\n${'g();\n'.repeat(70)}};` },
      /f has 72 lines; 70 at most/,
    ],
    ['names say something', { 'cli/src/utils.ts': '' }, /^name .*"utils" says nothing/],
    [
      'so do suffixes',
      { 'server/src/queue/worker.ts': 'class QueueManager {}' },
      /QueueManager: the suffix says nothing/,
    ],
    [
      'faces name what they show',
      { 'server/src/queue/queue.ts': "export * from './worker.ts';" },
      /export \*/,
    ],
    [
      'the SDK stands alone',
      { 'sdk/src/sdk.ts': "import { z } from 'zod';" },
      /the SDK has no dependencies, not even zod/,
    ],
    [
      'the command line uses packages',
      { 'cli/src/send.ts': "import { a } from '../../server/src/main.ts';" },
      /name the package/,
    ],
    ['and only its own', { 'cli/src/send.ts': "import { z } from 'zod';" }, /the command line imports/],
    [
      'folders make no cycle',
      {
        'server/src/net/net.ts': "import type { A } from '../mail/mail.ts';",
        'server/src/mail/mail.ts': "import type { B } from '../net/net.ts';",
      },
      /^folder-cycle .*net → mail → net/,
    ],
    [
      'files make no cycle that runs',
      {
        'server/src/mail/a.ts': "import { b } from './b.ts';",
        'server/src/mail/b.ts': "import { a } from './a.ts';",
      },
      /^file-cycle .*a\.ts → .*b\.ts → .*a\.ts/,
    ],
  ];
  for (const [name, files, expected] of cases) {
    const found = check(files);
    assert.ok(
      found.some((line) => expected.test(line)),
      `${name}: ${found.join('\n') || 'nothing found'}`,
    );
  }
});

test('a file without an opening paragraph is found', () => {
  const bare = parseModule('server/src/mail/x.ts', "import { a } from './y.ts';\n");
  assert.deepEqual(
    findViolations([bare]).map(({ message }) => message),
    ['opens without a paragraph about itself'],
  );
});

test('what is allowed is not found', () => {
  const fine: Record<string, string>[] = [
    {
      'server/src/smtp/pool.ts':
        "import { a } from '../net/net.ts';\nimport { b } from '../base/clock.ts';\nimport './line.ts';",
    },
    {
      'server/src/net/dial.ts':
        "import type { A } from '../mail/mail.ts';\nimport { connect } from 'node:net';",
    },
    { 'server/src/app.ts': "import { a } from './access/routes.ts';\nimport { b } from './http/http.ts';" },
    {
      'server/src/http/create-app.ts':
        "import fastify from 'fastify';\nimport type { Server } from 'node:http';",
    },
    { 'server/src/queue/queries.ts': "import { sql } from 'kysely';\ndb.selectFrom('jobs');" },
    {
      'server/src/queue/worker.ts':
        "// Date.now() in a comment\nconst text = 'process.env fetch()';\nconst at = new Date(0);",
    },
    { 'server/src/queue/worker.test.ts': "import { createServer } from 'node:net';\nDate.now();" },
    {
      'server/src/mail/a.ts': "import type { B } from './b.ts';",
      'server/src/mail/b.ts': "import { a } from './a.ts';",
    },
    {
      'cli/src/send.ts':
        "import { a } from '@posthorn/sdk';\nimport { b } from '@posthorn/server/operator';\nprocess.env.X;",
    },
    { 'sdk/src/sdk.ts': "import { a } from './request.ts';\nawait fetch(url);" },
  ];
  for (const files of fine) assert.deepEqual(check(files), [], JSON.stringify(files));
});

test('the table itself has no way up', () => {
  for (const [name, room] of Object.entries(ROOMS)) {
    for (const allowed of [...room.may, ...(room.types ?? [])]) {
      if (typeof allowed === 'number') {
        assert.ok(allowed < room.level || name === 'operator', `${name} may import its own level`);
        continue;
      }
      const other = ROOMS[allowed];
      assert.ok(other !== undefined && other.level <= room.level, `${name} may import ${allowed}`);
    }
  }
});

test('the repository keeps every rule', (t) => {
  const modules = readModules(ROOT, ['server', 'cli', 'sdk', 'tools', 'e2e', 'bench']);
  t.diagnostic(`${String(modules.length)} modules seen`);
  assert.ok(modules.length >= MODULES_LEAST, `only ${String(modules.length)} modules seen`);
  const faces = modules.filter(({ path }) => /^server\/src\/([a-z]+)\/\1\.ts$/.test(path));
  assert.ok(faces.length >= 6, `only ${String(faces.length)} faces seen`);
  const found = findViolations(modules);
  const told = found.map(({ rule, file, line, message }) => `${file}:${String(line)} ${rule}: ${message}`);
  assert.equal(told.length, 0, `\n${told.join('\n')}\n`);
});
