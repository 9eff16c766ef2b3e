import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Clock } from '../base/clock.ts';
import { followSecretFiles } from './secret-files.ts';

/** A clock whose only timer is run by hand, and that says when the next one is set: one look after the other. */
function steppingClock() {
  let run: (() => void) | undefined;
  let armed = Promise.withResolvers<void>();
  const clock: Clock = {
    now: () => 0,
    monotonic: () => 0,
    after(_delayMs, next) {
      run = next;
      armed.resolve();
      return () => (run = undefined);
    },
  };
  return {
    clock,
    pending: () => run !== undefined,
    async look(): Promise<void> {
      await armed.promise;
      armed = Promise.withResolvers();
      const next = run;
      run = undefined;
      next?.();
      await armed.promise;
    },
  };
}

function start(t: TestContext, names: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-secret-files-'));
  const changes: string[] = [];
  const { clock, look, pending } = steppingClock();
  const path = (name: string): string => join(folder, name);
  let stop = (): void => undefined;
  t.after(() => {
    stop();
    rmSync(folder, { recursive: true });
  });
  return {
    ...{ path, changes, look, pending },
    async follow() {
      stop = followSecretFiles({
        clock,
        paths: () => names.map(path),
        changed: (paths) => changes.push(...paths.map((one) => one.slice(folder.length + 1))),
      });
      await look();
      return stop;
    },
  };
}

test('a changed file is told at the second look that finds it so, once', async (t) => {
  const { path, changes, look, follow } = start(t, ['a', 'b']);
  writeFileSync(path('a'), 'one');
  writeFileSync(path('b'), 'one');
  await follow();
  writeFileSync(path('a'), 'two');
  await look();
  assert.deepEqual(changes, [], 'somebody may be in the middle of writing');
  await look();
  await look();
  assert.deepEqual(changes, ['a']);
});

test('a link that is moved to another folder, as Kubernetes does with mounted secrets', async (t) => {
  const { path, changes, look, follow } = start(t, ['password']);
  for (const [folder, text] of [
    ['..1', 'one'],
    ['..2', 'two'],
  ] as const) {
    mkdirSync(path(folder));
    writeFileSync(path(`${folder}/password`), text);
  }
  symlinkSync('..1', path('..data'));
  symlinkSync('..data/password', path('password'));
  await follow();
  symlinkSync('..2', path('..data_tmp'));
  renameSync(path('..data_tmp'), path('..data'));
  await look();
  await look();
  assert.deepEqual(changes, ['password']);
});

test('what is no other secret is no change: touched, emptied, gone for a moment, written back', async (t) => {
  const { path, changes, look, follow } = start(t, ['a', 'later']);
  writeFileSync(path('a'), 'one');
  await follow();
  utimesSync(path('a'), 1, 1);
  await look();
  await look();
  writeFileSync(path('a'), '');
  await look();
  rmSync(path('a'));
  await look();
  writeFileSync(path('a'), 'tw');
  await look();
  writeFileSync(path('a'), 'one');
  await look();
  await look();
  assert.deepEqual(changes, []);
  writeFileSync(path('later'), 'here');
  await look();
  await look();
  assert.deepEqual(changes, ['later'], 'a secret that was missing');
});

test('after its end it looks no more', async (t) => {
  const { path, changes, follow, pending } = start(t, ['a']);
  writeFileSync(path('a'), 'one');
  const stop = await follow();
  writeFileSync(path('a'), 'two');
  stop();
  assert.equal(pending(), false);
  assert.deepEqual(changes, []);
});
