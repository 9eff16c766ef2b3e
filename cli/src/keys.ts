/**
 * `posthorn key`: made, listed and revoked on the data folder, also while servers run.
 * Next: operator.ts
 */
import type { Command } from 'commander';
import { UsageError } from './failure.ts';
import { local, placeOf, type LocalOptions } from './local.ts';
import type { ListedKey, Role } from './operator.ts';
import { examples, several, type Context } from './remote.ts';
import { clean, table } from './terminal.ts';

const ROLES: readonly Role[] = [
  'instance_admin',
  'operator',
  'instance_developer',
  'auditor',
  'tenant_admin',
  'tenant_developer',
  'tenant_viewer',
];

interface KeyOptions extends LocalOptions {
  readonly name: string;
  readonly tenant?: string;
  readonly kind: string;
  readonly role?: string;
  readonly permission?: readonly string[];
  readonly network?: readonly string[];
  readonly expires?: string;
}

export function addKey(program: Command, context: Context): void {
  const key = program.command('key').alias('keys').description('API keys');
  addCreate(key, context);
  local(key.command('list'))
    .description('list the keys, never their secrets')
    .option('--tenant <slug>', "a tenant's keys; without it the instance's")
    .option('--json', 'print one JSON document')
    .addHelpText('before', examples('posthorn key list', 'posthorn key list --tenant acme'))
    .action((options: LocalOptions & { tenant?: string }) => listKeys(options, context));
  local(key.command('revoke <id>'))
    .description('end a key for good; a running server takes notice within a second')
    .option('--tenant <slug>', "a tenant's key; without it the instance's")
    .addHelpText('before', examples('posthorn key revoke key_…'))
    .action(async (id: string, options: LocalOptions & { tenant?: string }) => {
      const operator = await context.world.loadOperator();
      await operator.revokeKeyLocally({ ...placeOf(options, context), ...tenantIn(options), id });
      context.terminal.note(`Revoked ${id}.`);
    });
}

function addCreate(key: Command, context: Context): void {
  local(key.command('create'))
    .description('make an API key, also while the server runs; it is shown once')
    .requiredOption('--name <name>', 'what it is for')
    .option('--tenant <slug>', 'for this tenant; without it for the instance')
    .option('--kind <kind>', 'live, or test: everything is captured, nothing is sent', 'live')
    .option('--role <role>', ROLES.join(', '))
    .option(
      '--permission <permission>',
      'only this of what the role may; may be given several times, as messages:write',
      several,
    )
    .option(
      '--network <network>',
      'only from there, as 192.0.2.0/24 or 2001:db8::1; may be given several times',
      several,
    )
    .option('--expires <when>', 'a time in the future, as 90d, 1y or 2027-01-31 (UTC); never without it')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'before',
      examples(
        'posthorn key create --name shop --tenant acme',
        'posthorn key create --name shop --tenant acme --permission messages:write --network 192.0.2.0/24 --expires 1y',
        'posthorn key create --name ci --kind test --json',
      ),
    )
    .action((options: KeyOptions) => createKey(options, context));
}

function tenantIn({ tenant }: { tenant?: string }): { tenant?: string } {
  return tenant === undefined ? {} : { tenant };
}

async function listKeys(options: LocalOptions & { tenant?: string }, context: Context): Promise<void> {
  const { terminal } = context;
  const operator = await context.world.loadOperator();
  const keys = await operator.listKeysLocally({ ...placeOf(options, context), ...tenantIn(options) });
  if (options.json === true) {
    terminal.json({ items: keys });
    return;
  }
  if (keys.length === 0) {
    terminal.note('There is none. Make one: posthorn key create --name NAME');
    return;
  }
  const heads = ['ID', 'NAME', 'KIND', 'ROLE', 'MAY', 'FROM', 'STATE', 'LAST USED'];
  for (const line of table(heads, keys.map(rowOf), terminal)) terminal.line(line);
}

function rowOf(key: ListedKey): string[] {
  const { revokedAt, expiresAt, lastUse } = key;
  const over = expiresAt !== null && expiresAt <= Date.now();
  const place = lastUse?.address ?? '';
  return [
    key.id,
    clean(key.name),
    key.kind,
    key.role,
    key.permissions === null ? 'all' : key.permissions.join(' '),
    key.networks === null ? 'anywhere' : key.networks.join(' '),
    revokedAt !== null ? 'revoked' : over ? 'expired' : 'active',
    lastUse === null ? 'never' : `${new Date(lastUse.at).toISOString()} ${place}`.trim(),
  ];
}

async function createKey(options: KeyOptions, context: Context): Promise<void> {
  const { name, tenant, kind, permission, network, expires } = options;
  const { terminal } = context;
  if (kind !== 'live' && kind !== 'test') throw new UsageError('--kind must be live or test');
  const role = ROLES.find((one) => one === options.role);
  if (options.role !== undefined && role === undefined)
    throw new UsageError(`--role must be one of ${ROLES.join(', ')}`);
  const expiresAt = expires === undefined ? undefined : timeOf(expires, Date.now());
  const operator = await context.world.loadOperator();
  const made = await operator.createKeyLocally({
    ...placeOf(options, context),
    name,
    kind,
    ...(tenant === undefined ? {} : { tenant }),
    ...(role === undefined ? {} : { role }),
    ...(permission === undefined ? {} : { permissions: permission }),
    ...(network === undefined ? {} : { networks: network }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  });
  if (options.json === true) {
    terminal.json(made);
    return;
  }
  terminal.line(made.key);
  terminal.note(`Made ${made.id}. The key is shown once; keep it somewhere safe.`);
  terminal.note(
    'Next: POSTHORN_API_KEY=… posthorn send --to you@example.com --subject Hello --text "It works" --wait',
  );
}

const UNITS_MS = { h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000, y: 365 * 86_400_000 };

/** `90d` from now, or a day or time that RFC 3339 writes. */
function timeOf(text: string, now: number): number {
  const [, count, unit] = /^(\d{1,4})([hdwy])$/.exec(text) ?? [];
  if (count !== undefined && unit !== undefined)
    return now + Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS]; // one of the four, by the pattern
  const at = /^\d{4}-\d{2}-\d{2}(?:T\S+)?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at) || at <= now)
    throw new UsageError('--expires must be a time in the future, such as 90d, 1y or 2027-01-31');
  return at;
}
