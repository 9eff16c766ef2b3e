/**
 * Saving, proving, activating and restoring revisions. Each change is one transaction that takes the connection at the
 * version it was read at: who comes second reads again. Switching is one row's state, so that mail meets either the old
 * settings or the new ones.
 * Next: trial.ts
 */
import type { Clock } from '../base/clock.ts';
import { newId } from '../base/id.ts';
import type { Log } from '../base/log.ts';
import {
  applyConnectionPatch,
  connectionSettings,
  SECRET_FIELDS,
  type ConnectionPatch,
  type ConnectionSettings,
  type SecretField,
} from '../config/config.ts';
import { appendEvents } from '../events/events.ts';
import { problem } from '../http/http.ts';
import type { KeyRing } from '../secrets/secrets.ts';
import { transaction, type Db, type Tx } from '../store/store.ts';
import { refuseForbidden, type AllowedPlaces } from './allowed.ts';
import type { Connection } from './connection.ts';
import { invalidSettings, openSecrets, prepare, type Prepared } from './draft.ts';
import { fingerprintOf } from './fingerprint.ts';
import { insertConnection, takeConnection, touchConnection } from './queries.ts';
import {
  insertRevision,
  moveRevision,
  readDraftsLike,
  readFailed,
  readKept,
  readNumbered,
  readRevision,
  readSecrets,
  supersede,
} from './revision-queries.ts';
import type { Revision, SecretRow } from './revision.ts';
import { NO_TRIAL, trialAfter } from './trial.ts';

/** A test that passed. */
export interface Proof {
  readonly testId: string;
  /** Epoch ms. */
  readonly at: number;
}

export interface RevisionDeps extends AllowedPlaces {
  readonly db: Db;
  readonly keyRing: KeyRing;
  readonly clock: Clock;
  readonly log: Log;
  /** The last passing test of values with this fingerprint. */
  readonly proofOf: (tenantId: string, fingerprint: string) => Promise<Proof | undefined>;
  /** How long new settings are on trial, ms; 0 switches it off. */
  readonly trialMs: () => number;
}

/** Asks for activation: by proof, or without one for this reason. */
export interface Activate {
  readonly force?: string | undefined;
}

export interface Saving {
  /** Id of the key that asks. */
  readonly by: string;
  /** Number of the newest revision that the caller has seen: another one means that somebody was quicker. */
  readonly revision?: number | undefined;
  readonly activate?: Activate | undefined;
}

export type GivenSecrets = { readonly [Field in SecretField]?: string | undefined };

/** What lets a revision come in force. */
interface Permit extends Pick<Revision, 'provedAt' | 'provedBy' | 'forceReason'> {
  readonly sameConversation: boolean;
}

/** Makes a connection with its first revision; answers its id. */
export async function create(
  deps: RevisionDeps,
  tenantId: string,
  input: ConnectionSettings,
  { by, activate: asked }: Saving,
): Promise<string> {
  const { db, keyRing, clock } = deps;
  await refuseForbidden(tenantId, input, deps);
  const now = clock.now();
  const connection = { id: newId('con'), tenantId };
  const wanted = { settings: input, stored: [], origin: 'saved', basedOn: null } as const;
  const made = await prepare(keyRing, { ...wanted, connection, number: 1, by, now });
  const proof = await proofFor(deps, tenantId, made.revision);
  const permit = asked && permitFor(made.revision, proof, false, asked, input.name);
  await transaction(db, async (tx) => {
    await insertConnection(tx, {
      ...connection,
      ...{ name: input.name, status: permit === undefined ? 'draft' : 'active', managedBy: 'api' },
      ...{ createdAt: now, updatedAt: now },
    });
    await put(tx, { deps, connection, made, proof, permit, active: undefined, by });
  });
  return connection.id;
}

/** Saves a change of what is newest. `false` when somebody else was quicker: then it must be made anew of what they left. */
export async function patch(
  deps: RevisionDeps,
  current: Connection,
  change: ConnectionPatch,
  saving: Saving,
): Promise<boolean> {
  const base = await mustRead(deps.db, current.draft?.id ?? current.revisionId);
  refuseStale(saving.revision, base.number);
  const next = connectionSettings.safeParse(applyConnectionPatch(base.settings, change));
  if (!next.success) throw invalidSettings(next.error.issues);
  const cleared = SECRET_FIELDS.filter((field) => change[field] === null);
  const stored = (await readSecrets(deps.db, base.id)).filter(({ field }) => !cleared.includes(field));
  return save(deps, current, { settings: next.data, stored, origin: 'saved', basedOn: base.number }, saving);
}

/** Saves the values of an earlier revision; its name and secrets that were forgotten excepted. */
export async function restore(
  deps: RevisionDeps,
  current: Connection,
  number: number,
  given: GivenSecrets,
  saving: Saving,
): Promise<boolean> {
  const old = await readNumbered(deps.db, current.id, number);
  if (old === undefined) throw noRevision(number);
  const basedOn = current.draft?.number ?? current.revision;
  refuseStale(saving.revision, basedOn);
  const stored: SecretRow[] = [];
  for (const row of await readSecrets(deps.db, old.id)) {
    if (given[row.field] !== undefined) continue;
    const sealed = row.sealed ?? (await readKept(deps.db, current.id, row.field, row.since)) ?? null;
    stored.push({ ...row, sealed });
  }
  const settings = { ...old.settings, ...given, name: current.name };
  const parsed = connectionSettings.safeParse(settings);
  if (!parsed.success) throw invalidSettings(parsed.error.issues);
  return save(deps, current, { settings: parsed.data, stored, origin: 'restored', basedOn }, saving);
}

async function save(
  deps: RevisionDeps,
  current: Connection,
  wanted: Pick<Parameters<typeof prepare>[1], 'settings' | 'stored' | 'origin' | 'basedOn'>,
  { by, activate: wish }: Saving,
): Promise<boolean> {
  const { db, keyRing, clock } = deps;
  await refuseForbidden(current.tenantId, wanted.settings, deps);
  const number = current.latest + 1;
  const made = await prepare(keyRing, { ...wanted, connection: current, number, by, now: clock.now() });
  const active = await activeOf(deps, current);
  const same = active !== undefined && active.fingerprint === made.revision.fingerprint;
  const proof = await proofFor(deps, current.tenantId, made.revision);
  // What does not concern the conversation with the server needs no test and no second step.
  const asked = wish ?? (same && current.status === 'active' ? {} : undefined);
  const permit = asked && permitFor(made.revision, proof, same, asked, current.name);
  const { name } = made.revision.settings;
  const inForce = permit !== undefined || current.status === 'draft';
  return transaction(db, async (tx) => {
    const taken = await takeConnection(tx, current.id, current.version, {
      updatedAt: clock.now(),
      ...(inForce && { name }),
      ...(permit !== undefined && { status: 'active' as const }),
    });
    if (!taken) return false;
    await supersede(tx, current.id, ['draft', 'proved'], clock.now());
    await put(tx, { deps, connection: current, made, proof, permit, active, by });
    return true;
  });
}

/** Puts a saved revision in force: the draft, or the one that is switched off, or the one with this number. */
export async function activate(
  deps: RevisionDeps,
  current: Connection,
  number: number | undefined,
  asked: Activate,
  by: string,
): Promise<boolean> {
  const { db, clock } = deps;
  const target = await mustRead(db, current.draft?.id ?? current.revisionId, current.id, number);
  if (target.state === 'superseded') {
    const detail = `Revision ${String(target.number)} was replaced. Restore it first: that makes a new draft of it.`;
    throw problem('conflict', { detail });
  }
  if (target.state === 'active' && current.status === 'active') return true;
  const now = clock.now();
  const take = { name: target.settings.name, status: 'active' as const, updatedAt: now };
  if (target.state === 'active') {
    return transaction(db, async (tx) => {
      if (!(await takeConnection(tx, current.id, current.version, take))) return false;
      await tell(tx, current, now, 'activated', { revision: target.number, by });
      return true;
    });
  }
  const active = await activeOf(deps, current);
  const same = active !== undefined && active.fingerprint === target.fingerprint;
  const permit = permitFor(target, await proofFor(deps, current.tenantId, target), same, asked, current.name);
  return transaction(db, async (tx) => {
    if (!(await takeConnection(tx, current.id, current.version, take))) return false;
    const trial = await trialAfter(tx, active, {
      ...{ now, windowMs: deps.trialMs(), sameConversation: permit.sameConversation },
    });
    await supersede(tx, current.id, ['active'], now);
    const { provedAt, provedBy, forceReason } = permit;
    const change = { provedAt, provedBy, forceReason, activatedAt: now, activatedBy: by, ...trial };
    await moveRevision(tx, target.id, ['draft', 'proved'], 'active', change);
    await tell(tx, current, now, 'activated', { revision: target.number, by, forced: forceReason });
    return true;
  });
}

/** Marks drafts of tested values as proved; answers whether there were any. */
export async function prove(
  { db, clock }: RevisionDeps,
  fingerprint: string,
  proof: Proof,
): Promise<boolean> {
  const drafts = await readDraftsLike(db, fingerprint);
  for (const { id, connectionId } of drafts) {
    await transaction(db, async (tx) => {
      await touchConnection(tx, connectionId, clock.now()); // first, as everybody does: it is the lock
      const proved = { provedAt: proof.at, provedBy: proof.testId };
      await moveRevision(tx, id, ['draft'], 'proved', proved);
    });
  }
  return drafts.length > 0;
}

/** Takes a connection out of use, without forgetting what was in force. */
export async function deactivate(deps: RevisionDeps, current: Connection, by: string): Promise<boolean> {
  if (current.status !== 'active') return true;
  const now = deps.clock.now();
  return transaction(deps.db, async (tx) => {
    const change = { status: 'off', updatedAt: now } as const;
    if (!(await takeConnection(tx, current.id, current.version, change))) return false;
    await tell(tx, current, now, 'deactivated', { by });
    return true;
  });
}

interface Put {
  readonly deps: RevisionDeps;
  readonly connection: { readonly id: string; readonly tenantId: string };
  readonly made: Prepared;
  readonly proof: Proof | undefined;
  readonly permit: Permit | undefined;
  readonly active: Revision | undefined;
  readonly by: string;
}

/** Writes a new revision, in force when there is a permit. */
async function put(tx: Tx, { deps, connection, made, proof, permit, active, by }: Put): Promise<void> {
  const { revision, secrets } = made;
  const now = revision.createdAt;
  const { number } = revision;
  if (permit === undefined) {
    const proved = { provedAt: proof?.at ?? null, provedBy: proof?.testId ?? null };
    const state = proof === undefined ? 'draft' : 'proved';
    await insertRevision(tx, { ...revision, ...proved, state }, secrets);
    await tell(tx, connection, now, 'saved', { revision: number, by });
    return;
  }
  const { sameConversation, ...permitted } = permit;
  const window = { now, windowMs: deps.trialMs(), sameConversation };
  const trial = active === undefined ? NO_TRIAL : await trialAfter(tx, active, window);
  await supersede(tx, connection.id, ['active'], now);
  const inForce = { state: 'active', activatedAt: now, activatedBy: by } as const;
  await insertRevision(tx, { ...revision, ...permitted, ...inForce, ...trial }, secrets);
  await tell(tx, connection, now, 'activated', { revision: number, by, forced: permit.forceReason });
}

async function tell(
  tx: Tx,
  { id, tenantId }: { id: string; tenantId: string },
  at: number,
  what: string,
  data: Readonly<Record<string, unknown>>,
): Promise<void> {
  await appendEvents(tx, [{ tenantId, subjectId: id, at, type: `connection.${what}`, data }]);
}

/** The revision in force; its fingerprint is made now when it comes from a time without. */
async function activeOf({ db, keyRing }: RevisionDeps, current: Connection): Promise<Revision | undefined> {
  const found = await readRevision(db, current.revisionId);
  if (found?.state !== 'active') return undefined;
  if (found.fingerprint !== null) return found;
  const opened = await openSecrets(keyRing, current, await readSecrets(db, found.id));
  if (!opened.ok) return found;
  const fingerprint = await fingerprintOf(keyRing, current.tenantId, found.settings, opened.secrets);
  return { ...found, fingerprint };
}

/** A passing test of exactly these values, made after they last failed in force. */
async function proofFor(
  deps: RevisionDeps,
  tenantId: string,
  revision: Revision,
): Promise<Proof | undefined> {
  const { fingerprint, connectionId, provedAt, provedBy } = revision;
  const own = provedAt === null ? undefined : { testId: provedBy ?? '', at: provedAt };
  if (fingerprint === null) return own;
  const found = await deps.proofOf(tenantId, fingerprint);
  const proof = own === undefined || (found !== undefined && found.at > own.at) ? found : own;
  const failed = await readFailed(deps.db, connectionId, fingerprint);
  return proof !== undefined && failed !== undefined && proof.at <= failed ? undefined : proof;
}

/** Throws `not_proved` when nothing lets it come in force. */
function permitFor(
  revision: Revision,
  proof: Proof | undefined,
  sameConversation: boolean,
  { force }: Activate,
  name: string,
): Permit {
  const proved = { provedAt: proof?.at ?? null, provedBy: proof?.testId ?? null };
  // A mailbox keeps mail here: there is nothing to test.
  const needsNone = sameConversation || revision.settings.type === 'mailbox';
  if (proof !== undefined || needsNone) return { ...proved, forceReason: null, sameConversation };
  if (force !== undefined) return { ...proved, forceReason: force, sameConversation };
  throw problem('not_proved', {
    detail:
      `No test of exactly these values of “${name}” has passed. Test them (POST /connection-tests, or ` +
      '`posthorn test`), or activate with force and a reason.',
  });
}

async function mustRead(db: Db, id: string, connectionId = '', number?: number): Promise<Revision> {
  const found =
    number === undefined ? await readRevision(db, id) : await readNumbered(db, connectionId, number);
  if (found !== undefined) return found;
  throw number === undefined
    ? problem('conflict', { detail: 'The connection is being changed.' })
    : noRevision(number);
}

function noRevision(number: number) {
  return problem('not_found', { detail: `The connection has no revision ${String(number)}.` });
}

function refuseStale(seen: number | undefined, newest: number): void {
  if (seen === undefined || seen === newest) return;
  throw problem('conflict', {
    detail: `Somebody else saved revision ${String(newest)} meanwhile; the change was made for ${String(seen)}.`,
    errors: [{ path: 'revision', message: `is not the newest, which is ${String(newest)}` }],
  });
}
