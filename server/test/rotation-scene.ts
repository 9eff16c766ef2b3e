/**
 * A place with many sealed secrets, whose master key is rotated by processes that are killed on the way while this one
 * goes on sealing and opening, as a server does. For K7 in `operator/rotate.test.ts` and in `npm run prove -- secrets`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CrashPoint } from '../src/base/crash-point.ts';
import { systemClock as clock } from '../src/base/clock.ts';
import {
  createKeyRing,
  createMasterKey,
  loadMasterKey,
  masterKeyUse,
  type KeyRing,
  type SecretBinding,
} from '../src/secrets/secrets.ts';
import { openStore, transaction, type Db } from '../src/store/store.ts';

const CHILD = fileURLToPath(new URL('rotating-child.ts', import.meta.url));

export interface RotationScene extends AsyncDisposable {
  readonly place: { readonly config: string; readonly data: string; readonly env: Record<string, never> };
  readonly keyFile: string;
  readonly db: Db;
  /** A key ring as a server has it: it follows a rotation by reading the file anew. */
  ring(): Promise<KeyRing>;
  /** Seals one secret for each of so many new tenants. */
  fill(ring: KeyRing, secrets: number): Promise<void>;
  /** Opens every secret there is, by a key ring that has read nothing yet; answers how many were right. */
  openAll(): Promise<{ right: number; all: number }>;
  /** Rotates in a process of its own; `undefined` when it was killed. */
  rotate(death?: { point: CrashPoint; pass: number } | { afterMs: number }): Promise<Rotated | undefined>;
  /** Takes old keys out of the key file, in a process of its own. */
  forgetOld(): Promise<void>;
}

export interface Rotated {
  readonly from: string;
  readonly to: string;
  readonly verified: number;
  readonly failed: readonly string[];
}

/** `url` names an empty database; one in the scene's own folder without it. */
export async function makeRotationScene(url?: string): Promise<RotationScene> {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-rotation-'));
  const data = join(folder, 'data');
  mkdirSync(data);
  const database = url ?? `sqlite:${join(data, 'posthorn.db')}`;
  const config = join(folder, 'posthorn.toml');
  writeFileSync(config, `[database]\nurl = ${JSON.stringify(database)}\n`, { mode: 0o600 });
  const keyFile = join(data, 'master.key');
  await createMasterKey(keyFile);
  const store = await openStore({ url: database, serve: false, onBroken: () => undefined });
  const { db } = store;
  const sealed = new Map<string, { binding: SecretBinding; text: string; plaintext: string }>();

  const ring = async (): Promise<KeyRing> => {
    const read = async () => {
      const found = await loadMasterKey(keyFile);
      if (!found.ok) throw new Error(found.message);
      return found;
    };
    const reread = async () => {
      const { masterKey, previous } = await read();
      return [masterKey, ...previous];
    };
    return createKeyRing({ db, ...(await read()), reread, clock });
  };
  return {
    ...{ db, ring, keyFile, place: { config, data, env: {} } },
    async fill(keyRing, secrets) {
      const first = sealed.size;
      const ids = Array.from({ length: secrets }, (_, n) => `ten_${String(first + n)}`);
      await addTenants(db, ids);
      for (const tenantId of ids) {
        const binding = { tenantId, ownerId: 'con_1', field: 'password', destination: { host: 'a.example' } };
        const plaintext = `secret of ${tenantId}`;
        sealed.set(tenantId, { binding, plaintext, text: await keyRing.seal(binding, plaintext) });
      }
    },
    async openAll() {
      const fresh = await ring();
      let right = 0;
      for (const { binding, text, plaintext } of sealed.values()) {
        const opened = await fresh.open(binding, text);
        if (opened.ok && opened.plaintext === plaintext) right += 1;
      }
      return { right, all: sealed.size };
    },
    async rotate(death) {
      const armed = death !== undefined && 'point' in death ? [death.point, String(death.pass)] : [];
      const said = await inChild(
        config,
        data,
        armed,
        death !== undefined && 'afterMs' in death ? death.afterMs : undefined,
      );
      return said === undefined ? undefined : (JSON.parse(said) as Rotated);
    },
    async forgetOld() {
      await inChild(config, data, ['forget'], undefined);
    },
    async [Symbol.asyncDispose]() {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What the process said; `undefined` when it was killed. */
async function inChild(
  config: string,
  data: string,
  args: readonly string[],
  killAfterMs: number | undefined,
): Promise<string | undefined> {
  const child = spawn(process.execPath, [CHILD, config, data, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  let wrong = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (wrong += chunk.toString()));
  const timer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  await once(child, 'close');
  clearTimeout(timer);
  if (child.signalCode === 'SIGKILL') return undefined;
  if (child.exitCode !== 0)
    throw new Error(`${args.join(' ')} ended with ${String(child.exitCode)}: ${wrong}`);
  return said;
}

async function addTenants(db: Db, ids: readonly string[]): Promise<void> {
  await transaction(db, (tx) =>
    tx.dialect.insertRows(
      tx,
      'tenants',
      ids.map((id) => ({ id, slug: id.replace('_', '-'), name: id, created_at: 0 })),
    ),
  );
}

export interface Rehearsal {
  readonly kills: number;
  readonly rotations: number;
  readonly right: number;
  readonly all: number;
  /** Master keys that wrap something at the end: one, if all went well. */
  readonly masterKeys: number;
  /** What a key ring that went on working all the time could not do. */
  readonly troubles: readonly string[];
}

const POINTS = ['rotation-after-key-file', 'rotation-before-commit', 'rotation-after-commit'] as const;

/** Rotates again and again, killed `kills` times, beside a process that seals and opens all the time. */
export async function rehearseRotation(
  scene: RotationScene,
  wanted: { secrets: number; kills: number; random: () => number },
): Promise<Rehearsal> {
  const serving = await scene.ring();
  await scene.fill(serving, wanted.secrets);
  const troubles: string[] = [];
  let working = true;
  const load = (async () => {
    while (working) {
      try {
        await scene.fill(working ? serving : await scene.ring(), 1);
        const { right, all } = await sample(scene);
        if (right !== all) troubles.push(`only ${String(right)} of ${String(all)} opened`);
      } catch (error) {
        troubles.push(String(error));
      }
      await new Promise((resolve) => setTimeout(resolve, 5)); // a load, not a flood
    }
  })();
  let rotations = 0;
  let kills = 0;
  let round = 0;
  try {
    while (kills < wanted.kills) {
      const point = POINTS[round % POINTS.length] ?? POINTS[0];
      const pass = point === 'rotation-after-key-file' ? 1 : 1 + Math.floor(wanted.random() * 3);
      const death = round % 4 === 3 ? { afterMs: 250 + wanted.random() * 500 } : { point, pass };
      const done = await scene.rotate(death);
      round += 1;
      if (done === undefined) kills += 1;
      else {
        rotations += 1;
        await scene.forgetOld(); // as an operator does: a key file holds so many and no more
      }
    }
    await scene.rotate();
    rotations += 1;
  } finally {
    working = false;
    await load;
  }
  const uses = await masterKeyUse(scene.db);
  return {
    ...{ kills, rotations, troubles },
    ...(await scene.openAll()),
    masterKeys: uses.filter(({ dataKeys }) => dataKeys > 0).length,
  };

  async function sample(of: RotationScene) {
    return wanted.random() < 0.05 ? of.openAll() : { right: 0, all: 0 };
  }
}
