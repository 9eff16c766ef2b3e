/**
 * Every setting of the server, once: type, default, unit, what it does, whether it is secret, whether a running server
 * takes a change. The file, the environment, the documentation and the type `Config` all come from here.
 * Names are camelCase here and snake_case in the file; `paths.ts` has the rule.
 * Next: load.ts
 */
import { z } from 'zod';
import { SENDER_PATTERN } from './connection-fields.ts';
import { declaredConnection } from './connection-settings.ts';
import {
  choice,
  duration,
  field,
  flag,
  integer,
  listenAddress,
  listOf,
  size,
  table,
  text,
} from './fields.ts';
import { isInside } from './inside.ts';
import { formatDuration } from './units.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const URL_HTTP = /^https?:\/\/[^\s/?#]+(?:\/[^\s?#]*)?$/;
const DATABASE_URL = /^(?:sqlite:.+|postgres(?:ql)?:\/\/.+)$/;
const ADDRESS = /^[^\s@<>",;\u0000-\u001f\u007f]+@[^\s@<>",;\u0000-\u001f\u007f]+$/;
const DISPLAY_NAME = /^[^\u0000-\u001f\u007f]{1,200}$/;
const SLUG = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
// What `net/` reads as an exception: an address, a network, or one port of an address or name.
const NETWORK =
  /^(?:(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|(?=\/|:|$))){4}|(?=.*:.*:)[\da-fA-F:.]+)(?:\/\d{1,3})?$|^(?:\[[\da-fA-F:.]+\]|[A-Za-z\d_](?:[A-Za-z\d._-]*[A-Za-z\d_])?):[1-9]\d{0,4}$/;
const PATH = /^[^\0]+$/;
const ABSOLUTE_PATH = /^(?:\/|[A-Za-z]:[\\/])[^\0\r\n]*$/;

const server = table({
  http: field(listenAddress().prefault('127.0.0.1:8025'), {
    doc: 'Where the API listens, `host:port`.',
    live: false,
  }),
  publicUrl: field(z.exactOptional(text(URL_HTTP, 'a URL such as "https://mail.example.com"')), {
    doc: 'The address people and programs reach this server at, for links in mail.',
  }),
});

const log = table({
  level: field(choice(['debug', 'info', 'warn', 'error']).default('info'), {
    doc: 'The least severe lines to write.',
  }),
});

/** `dataFolder` is where the embedded database lives when no other is named. */
const database = (dataFolder: string) =>
  table({
    url: field(
      text(DATABASE_URL, '"sqlite:PATH" or "postgres://…"').default(`sqlite:${dataFolder}/posthorn.db`),
      {
        doc: 'The database: `sqlite:PATH` or `postgres://…`.',
        live: false,
        role: 'secret',
        shownDefault: 'sqlite:DATA/posthorn.db',
      },
    ),
  });

const secrets = table({
  keyFile: field(z.exactOptional(text(PATH, 'a path')), {
    doc: 'File with the master key; made in the data folder on first start when not named.',
  }),
  previousKeyFiles: field(listOf(text(PATH, 'a path')).max(15).default([]), {
    doc: 'Files with master keys that still open what they wrapped, while a rotation is under way.',
  }),
});

/** One setting per class of message. */
const perClass = <S extends z.ZodType>(setting: (kind: 'otp' | 'account' | 'notification' | 'bulk') => S) =>
  table({
    otp: setting('otp'),
    account: setting('account'),
    notification: setting('notification'),
    bulk: setting('bulk'),
  });

const LIFETIME = { otp: 10 * MINUTE, account: HOUR, notification: 72 * HOUR, bulk: 72 * HOUR };

const delivery = table({
  mode: field(choice(['capture', 'allow-list', 'live']).default('capture'), {
    doc: 'Who gets mail: nobody (everything is kept in the mailbox), the allow list, or everybody.',
  }),
  allowList: field(listOf(text(SENDER_PATTERN, 'an address or "@domain"')).default([]), {
    doc: 'Addresses and `@domain`s that get mail in the mode `allow-list`.',
  }),
  // RFC 5321 §4.5.4.1: the schedule must be configurable. The first tries come sooner than its 30 minutes because they
  // go to one known relay, not to the world.
  retry: field(
    listOf(duration(SECOND))
      .min(1, { error: 'must not be empty: there would be no second try' })
      .prefault(['1m', '5m', '15m', '30m', '1h', '2h', '4h', '6h']),
    { doc: 'Waits between tries; the last one repeats until the message expires.' },
  ),
  lifetime: perClass((kind) =>
    field(duration(SECOND).prefault(formatDuration(LIFETIME[kind])), {
      doc: `How long a message of class \`${kind}\` may wait before it expires.`,
    }),
  ).prefault({}),
  inDoubt: perClass((kind) =>
    field(choice(['retry', 'hold']).default(kind === 'bulk' ? 'hold' : 'retry'), {
      doc: `What to do when nobody knows whether a message of class \`${kind}\` was taken: send again or wait for a person.`,
    }),
  ).prefault({}),
  inDoubtWait: perClass((kind) =>
    field(duration(0).prefault(kind === 'otp' ? '1m' : '10m'), {
      doc: `Wait before such a second try, class \`${kind}\`.`,
    }),
  ).prefault({}),
  activeMax: field(integer(1, 100_000).default(1_000), {
    doc: 'Most messages in work at one time.',
    live: false,
  }),
  lease: field(duration(SECOND).prefault('60s'), {
    doc: 'How long a message belongs to a process that no longer says it is alive.',
    live: false,
  }),
  stopGrace: field(duration(0).prefault('30s'), {
    doc: 'How long running sends may take when the server stops.',
  }),
  returnWindow: field(duration(0).prefault('15m'), {
    doc: 'How long after new settings of a connection came in force its last ones come back by themselves when sign-in, TLS or the settings fail; 0 switches it off.',
  }),
});

const limits = table({
  messageBytes: field(size(1_000).prefault('25MB'), {
    doc: 'Largest message: bodies and decoded attachments together.',
  }),
  recipients: field(integer(1, 10_000).default(100), { doc: 'Most recipients of one message.' }),
  attachments: field(integer(0, 10_000).default(100), { doc: 'Most attachments of one message.' }),
  batch: field(integer(1, 10_000).default(100), { doc: 'Most messages in one batch request.' }),
  requestBytes: field(size(1_000).prefault('40MB'), { doc: 'Largest request body.' }),
  requestMemoryBytes: field(size(1_000).prefault('160MB'), {
    doc: 'Most memory for large request bodies at one time.',
  }),
});

const storage = table({
  minFreeBytes: field(size(0).prefault('1GB'), {
    doc: 'New mail is refused while less disk space than this is free.',
  }),
  minFreePercent: field(integer(0, 90).default(1), {
    doc: 'New mail is refused while a smaller part of the disk than this is free, in percent.',
  }),
});

const retention = table({
  deletedTenants: field(duration(0).prefault('720h'), {
    doc: 'How long a deleted tenant can be restored; after that everything of it is removed.',
  }),
});

const egress = table({
  instancePrivate: field(flag().default(true), {
    doc: 'Whether connections of the instance may go to private and loopback addresses.',
  }),
  tenantAllow: field(
    listOf(
      text(NETWORK, 'an address, a network such as "10.0.0.0/8", or a place such as "relay.example:25"'),
    ).default([]),
    {
      doc: "Private addresses, networks and places such as `relay.example:25` that tenants' connections may reach, and proxies on other ports.",
    },
  ),
});

const pickup = table({
  folders: field(listOf(text(ABSOLUTE_PATH, 'an absolute path')).default([]), {
    doc: 'Folders that connections of type `pickup` may write into; none when empty.',
  }),
});

const displayName = field(z.exactOptional(text(DISPLAY_NAME, 'a name without control characters')), {
  doc: 'Display name of the sender.',
});
const replyTo = field(z.exactOptional(text(ADDRESS, 'an address such as "help@example.com"')), {
  doc: 'Where answers go.',
});
const senderAddress = text(ADDRESS, 'an address such as "no-reply@example.com"');

const sender = table({
  name: displayName,
  address: field(senderAddress, { doc: 'Address that mail comes from when a message names none.' }),
  replyTo,
});

const tenant = table({
  slug: field(text(SLUG, 'lower-case letters, digits and hyphens, 1 to 63 of them'), {
    doc: 'Name of the tenant in URLs and headers.',
  }),
  name: field(z.exactOptional(text(DISPLAY_NAME, 'a name without control characters')), {
    doc: 'Name for people.',
  }),
  sender: field(
    z.exactOptional(
      table({
        name: displayName,
        address: field(z.exactOptional(senderAddress), {
          doc: 'Address that mail of this tenant comes from.',
        }),
        replyTo,
      }),
    ),
    { doc: "The tenant's own sender; what it leaves out comes from `[sender]`." },
  ),
});

/** The whole schema. `dataFolder` only decides the default of `database.url`. */
export function configSchema(dataFolder: string) {
  return table({
    server: field(server.prefault({}), { doc: 'The server itself.' }),
    log: field(log.prefault({}), { doc: 'Logging.' }),
    database: field(database(dataFolder).prefault({}), { doc: 'Storage of everything.' }),
    secrets: field(secrets.prefault({}), { doc: 'How stored secrets are sealed.' }),
    delivery: field(delivery.prefault({}), { doc: 'Sending: who gets mail, tries, lifetimes.' }),
    limits: field(limits.prefault({}), { doc: 'What one request may ask for.' }),
    storage: field(storage.prefault({}), { doc: 'Disk space held in reserve.' }),
    retention: field(retention.prefault({}), { doc: 'How long things are kept.' }),
    egress: field(egress.prefault({}), { doc: 'Where this server may connect to.' }),
    pickup: field(pickup.prefault({}), { doc: 'Pickup folders.' }),
    sender: field(z.exactOptional(sender), { doc: 'Who mail comes from by default.' }),
    connections: field(uniqueBy('name', listOf(declaredConnection)).default([]), {
      doc: 'Ways out, one table each.',
    }),
    tenants: field(uniqueBy('slug', listOf(tenant)).default([]), { doc: 'Tenants, one table each.' }),
  })
    .superRefine(oneRequestFits, { when: () => true })
    .superRefine(foldersAreOpened, { when: () => true });
}

export type ConfigSchema = ReturnType<typeof configSchema>;

/** Everything the server is told, parsed once and frozen. Durations are ms, sizes bytes. */
export type Config = Frozen<z.output<ConfigSchema>>;

type Frozen<T> = T extends readonly (infer E)[]
  ? readonly Frozen<E>[]
  : T extends object
    ? { readonly [K in keyof T]: Frozen<T[K]> }
    : T;

function uniqueBy<S extends z.ZodArray>(key: string, list: S): S {
  return list.superRefine((entries, context) => {
    const seen = new Set<unknown>();
    for (const [index, entry] of entries.entries()) {
      const value: unknown =
        typeof entry === 'object' && entry !== null ? Reflect.get(entry, key) : undefined;
      if (typeof value === 'string' && seen.has(value)) {
        context.addIssue({
          code: 'custom',
          path: [index, key],
          message: `"${value}" is there twice`,
        });
      }
      seen.add(value);
    }
  });
}

/** A declared pickup folder must be one that the same file opens; links are looked at when it is used. */
function foldersAreOpened(value: unknown, context: z.core.$RefinementCtx): void {
  const read = foldersOf.safeParse(value);
  if (!read.success) return;
  for (const [index, connection] of (read.data.connections ?? []).entries()) {
    if (connection.type !== 'pickup' || typeof connection.folder !== 'string') continue;
    if (isInside(connection.folder, read.data.pickup?.folders ?? [])) continue;
    context.addIssue({
      code: 'custom',
      path: ['connections', index, 'folder'],
      message: 'is not in a folder that pickup.folders names, by its absolute path',
    });
  }
}

const foldersOf = z.object({
  pickup: z.object({ folders: z.array(z.string()) }).optional(),
  connections: z.array(z.object({ type: z.unknown(), folder: z.unknown() })).optional(),
});

/** A request that may carry a message must be larger than the message: attachments grow by a third in base64 (RFC 4648 §4). */
function oneRequestFits(value: unknown, context: z.core.$RefinementCtx): void {
  const parsed = limits.safeParse(
    typeof value === 'object' && value !== null ? Reflect.get(value, 'limits') : undefined,
  );
  if (!parsed.success) return;
  const { messageBytes, requestBytes, requestMemoryBytes } = parsed.data;
  if (requestBytes < (messageBytes * 4) / 3) {
    context.addIssue({
      code: 'custom',
      path: ['limits', 'requestBytes'],
      message: 'must be at least 4/3 of limits.message_bytes: attachments travel in base64',
    });
  }
  if (requestMemoryBytes < requestBytes) {
    context.addIssue({
      code: 'custom',
      path: ['limits', 'requestMemoryBytes'],
      message: 'must be at least limits.request_bytes: the largest request would never be taken',
    });
  }
}
