/**
 * What is shown of a grant: who allowed it, when, for which mailbox, when it was last renewed, and what is wrong with it.
 * Never the token. Next: grants.ts
 */
import { z } from 'zod';
import { toRfc3339 } from '../base/clock.ts';
import { errorTitle } from '../mail/mail.ts';
import type { Db } from '../store/store.ts';
import { newestOf } from './candidate.ts';
import type { Connection } from './connection.ts';
import { readGrants, type GrantRow } from './grant-queries.ts';
import { grantKey } from './grants.ts';

/** Kept as text in the row of the grant. */
export interface GrantTrouble {
  /** A sign-in in a browser that came to nothing, or the provider refusing to renew. */
  readonly about: 'connect' | 'renewal';
  /** Epoch ms. */
  readonly at: number;
  readonly errorId: string;
  readonly detail: string;
}

export interface GrantView {
  /** `ended`: the provider does not renew it any more. `none`: nobody has connected it yet. */
  readonly state: 'connected' | 'ended' | 'none';
  /** The mailbox that signed in, when the provider told. */
  readonly account: string | null;
  readonly scopes: readonly string[];
  readonly connectedBy: { readonly id: string; readonly name: string } | null;
  /** Epoch ms. */
  readonly connectedAt: number | null;
  readonly renewedAt: number | null;
  /** When the provider will end it, if it said so. */
  readonly endsAt: number | null;
  readonly trouble: GrantTrouble | null;
}

export function writeTroubleText(trouble: GrantTrouble): string {
  return JSON.stringify(trouble);
}

/** Whether the provider refused to renew it after that time. */
export function troubledSince(row: GrantRow, time: number): boolean {
  const trouble = readTroubleText(row.trouble);
  return trouble?.about === 'renewal' && trouble.at > time;
}

/** The grants of these connections, by connection id; those without one are not in it. */
export async function viewGrants(
  db: Db,
  connections: readonly Connection[],
): Promise<ReadonlyMap<string, GrantView>> {
  const able = connections.filter(
    ({ settings }) => settings.type === 'smtp' && settings.auth === 'oauth2-refresh-token',
  );
  const views = new Map<string, GrantView>();
  if (able.length === 0) return views;
  const rows = await readGrants(
    db,
    able.map(({ id }) => id),
  );
  for (const connection of able) {
    const rowOf = (owner: Connection) => {
      const { destination } = grantKey(owner);
      return rows.find((one) => one.connection_id === owner.id && one.destination === destination);
    };
    // Of the draft, which is what is connected next, and else of what is in force.
    const view = viewGrant(rowOf(newestOf(connection))) ?? viewGrant(rowOf(connection));
    if (view !== undefined) views.set(connection.id, view);
  }
  return views;
}

/** `undefined` when the row tells nothing: then the token is one that was configured and works. */
function viewGrant(row: GrantRow | undefined): GrantView | undefined {
  if (row === undefined) return undefined;
  const trouble = readTroubleText(row.trouble);
  if (row.connected === 0 && trouble === null) return undefined;
  const { connected_by: by } = row;
  const state = row.connected === 0 ? 'none' : trouble?.about === 'renewal' ? 'ended' : 'connected';
  return {
    state,
    account: row.account,
    scopes: (row.scopes ?? '').split(' ').filter((scope) => scope !== ''),
    connectedBy: by === null ? null : { id: by, name: row.connected_by_name ?? '' },
    connectedAt: row.connected_at,
    renewedAt: row.renewed_at,
    endsAt: row.ends_at,
    trouble,
  };
}

function readTroubleText(text: string | null): GrantTrouble | null {
  if (text === null) return null;
  return JSON.parse(text) as GrantTrouble; // written by this file alone
}

/** As the API shows it. */
export const grantView = z
  .object({
    state: z
      .enum(['connected', 'ended', 'none'])
      .describe('`ended`: the provider does not renew it; `none`: nobody has connected it.'),
    account: z.string().nullable().describe('The mailbox that signed in, when the provider told.'),
    accountDiffers: z.boolean().describe('The account is another one than the `username`.'),
    scopes: z.array(z.string()),
    connectedBy: z.object({ id: z.string(), name: z.string() }).nullable().describe('The API key.'),
    connectedAt: z.string().nullable(),
    renewedAt: z.string().nullable(),
    endsAt: z.string().nullable().describe('When the provider ends it, if it said so.'),
    trouble: z
      .object({
        about: z.enum(['connect', 'renewal']),
        at: z.string(),
        errorId: z.string(),
        title: z.string(),
        detail: z.string(),
      })
      .nullable(),
  })
  .meta({ id: 'Grant', description: 'What a mailbox that was connected in a browser allows.' });

/** As the API shows it; `null` when there is nothing to show. */
export function shownGrant(
  connection: Connection,
  grant: GrantView | undefined,
): z.input<typeof grantView> | null {
  if (grant === undefined) return null;
  const { connectedAt, renewedAt, endsAt, trouble, scopes, connectedBy } = grant;
  const { settings } = connection;
  const username = settings.type === 'smtp' ? (settings.username ?? '') : '';
  return {
    ...grant,
    accountDiffers: differs(grant.account, username),
    scopes: [...scopes],
    connectedBy: connectedBy === null ? null : { ...connectedBy },
    connectedAt: timeOf(connectedAt),
    renewedAt: timeOf(renewedAt),
    endsAt: timeOf(endsAt),
    trouble:
      trouble === null
        ? null
        : { ...trouble, title: errorTitle(trouble.errorId) ?? '', at: toRfc3339(trouble.at) },
  };
}

function timeOf(at: number | null): string | null {
  return at === null ? null : toRfc3339(at);
}

/** Mailboxes that differ in case only are the same one everywhere that matters. */
export function differs(account: string | null | undefined, username: string): boolean {
  return account != null && account.toLowerCase() !== username.toLowerCase();
}
