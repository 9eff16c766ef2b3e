/**
 * `docs/config.md`: every setting, from the schema, after an example that the loader itself has read.
 * Next: gen-errors.ts
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  describeConfig,
  formatConfigProblem,
  loadConfig,
  type SectionDescription,
} from '../server/src/config/config.ts';
import { code, generatedFrom, markdownTable } from './gen-table.ts';

const EXAMPLE = `[sender]
name = "Example"
address = "hello@example.com"

[delivery]
mode = "live"

[[connections]]
name = "relay"
host = "smtp.example.com"
auth = "password"
username = "app"
password = "env:RELAY_PASSWORD"
`;

const INTRODUCTION = `# Configuration

${generatedFrom('server/src/config/schema.ts')}

Nothing needs to be set: without a file, Posthorn keeps every message in its mailbox and sends none. A file to send with:

\`\`\`toml
${EXAMPLE}\`\`\`

Strongest first: options of the command line, environment variables, the file, defaults. The file is \`./posthorn.toml\`
if it is there, or the one named by \`--config\` or \`POSTHORN_CONFIG\`. An unknown name in the file is an error, so a
slip of the fingers cannot pass for a setting; \`posthorn config check\` lists everything that is wrong, with line and column,
and \`posthorn config explain\` shows what runs and who set it.

- **Variables**: \`delivery.mode\` in the file is \`POSTHORN_DELIVERY__MODE\` in the environment, with two underscores for
  each dot; the first of \`[[connections]]\` begins with \`POSTHORN_CONNECTIONS__0__\`. Lists are separated by commas. An
  empty variable counts as not set, except for a list. Every variable also exists with \`_FILE\` at its end: it names a
  file that holds the value.
- **Durations** are text such as \`"90s"\`, \`"10m"\`, \`"1h30m"\`, \`"72h"\`, \`"500ms"\`, or whole milliseconds.
- **Sizes** are text such as \`"25MB"\` (decimal) or \`"64MiB"\` (binary), or whole bytes.
- **Secrets of connections** are the text itself, \`env:NAME\` or \`file:/path\`; text that really begins so is written
  \`literal:env:…\`. A changed \`file:\` is
  used within seconds; a variable cannot change while the server runs ([secrets.md](secrets.md)).
- **Changes** of the file are taken over by a running server, except of settings that say *needs a restart*; the server
  names them. A file with an error changes nothing.
`;

export function configPage(): string {
  readExample();
  return [INTRODUCTION, ...describeConfig().map(section)].join('\n');
}

/** Throws when the example is not what the loader takes. */
function readExample(): void {
  const cwd = mkdtempSync(join(tmpdir(), 'posthorn-gen-'));
  try {
    writeFileSync(join(cwd, 'posthorn.toml'), EXAMPLE);
    const read = loadConfig({ env: { RELAY_PASSWORD: 'x' }, flags: { data: cwd }, cwd });
    const complaints = read.ok ? read.loaded.warnings : read.errors;
    if (complaints.length > 0) throw new Error(complaints.map(formatConfigProblem).join('\n'));
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}

function section({ header, doc, settings }: SectionDescription): string {
  const rows = settings.map((setting) => [
    code(shortKey(setting.key, setting.env)),
    setting.type,
    setting.required ? 'required' : code(setting.default ?? ''),
    [
      setting.doc,
      ...(setting.secret ? ['Secret: never shown.'] : []),
      ...(setting.live ? [] : ['*Needs a restart.*']),
    ].join(' '),
  ]);
  return `## ${code(header)}\n\n${doc}\n\n${markdownTable(['Key', 'Type', 'Default', 'What it does'], rows)}\n`;
}

/** The key inside its section. Throws when its variable is not named as the page says. */
function shortKey(key: string, variable: string): string {
  const expected = `POSTHORN_${key.replaceAll('[]', '__N').replaceAll('.', '__').toUpperCase()}`;
  if (variable !== expected) throw new Error(`${key}: its variable is ${variable}, not ${expected}`);
  return key.slice(key.indexOf('.') + 1);
}
