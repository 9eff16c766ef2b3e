import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { systemClock } from '../base/clock.ts';
import { loadConfig, watchConfig, type ConfigChange, type ConfigProblem } from './config.ts';

/** A folder with a file, its watch, and what the watch said; everything ends with the test. */
function watched(t: TestContext, toml: string, { told = true } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-watch-'));
  const file = join(folder, 'posthorn.toml');
  writeFileSync(file, toml);
  const load = () => loadConfig({ cwd: folder, env: {}, flags: {} });
  const first = load();
  assert.ok(first.ok);
  const changes: ConfigChange[] = [];
  const refusals: (readonly ConfigProblem[])[] = [];
  let wake = () => {};
  const watch = watchConfig({
    loaded: first.loaded,
    load,
    cwd: folder,
    clock: systemClock,
    settleMs: 5,
    pollMs: told ? 20 : 3_600_000,
    onChange: (change) => {
      changes.push(change);
      wake();
    },
    onRefused: (errors) => {
      refusals.push(errors);
      wake();
    },
  });
  t.after(() => {
    watch.stop();
    rmSync(folder, { recursive: true });
  });
  const next = async (act: () => void) => {
    const said = new Promise<void>((resolve) => (wake = resolve));
    const keepAlive = setInterval(() => {}, 1_000); // the watch itself keeps no process alive
    act();
    await said;
    clearInterval(keepAlive);
  };
  return { file, watch, changes, refusals, next };
}

test('an edited file takes effect, in place or replaced', { timeout: 20_000 }, async (t) => {
  const { file, watch, changes, next } = watched(t, '[delivery]\nmode = "capture"\n');
  await next(() => {
    writeFileSync(file, '[delivery]\nmode = "allow-list"\nallow_list = ["@x"]\n');
  });
  assert.equal(watch.current().config.delivery.mode, 'allow-list');
  assert.deepEqual(changes[0]?.changed, ['delivery.mode', 'delivery.allow_list']);
  assert.deepEqual(changes[0].needRestart, []);
  await next(() => {
    writeFileSync(`${file}~`, '[delivery]\nmode = "live"\n');
    renameSync(`${file}~`, file);
  });
  assert.equal(watch.current().config.delivery.mode, 'live');
});

test('a change is heard from the file system before any poll', { timeout: 20_000 }, async (t) => {
  const { file, watch, next } = watched(t, '', { told: false });
  await next(() => {
    writeFileSync(file, '[log]\nlevel = "debug"\n');
  });
  assert.equal(watch.current().config.log.level, 'debug');
});

test(
  'a broken file changes nothing and is told with its place; the repaired one takes effect',
  { timeout: 20_000 },
  async (t) => {
    const { file, watch, changes, refusals, next } = watched(t, '[delivery]\nmode = "live"\n');
    await next(() => {
      writeFileSync(file, '[delivery]\nmode = "liv"\n');
    });
    assert.deepEqual([refusals[0]?.[0]?.line, refusals[0]?.[0]?.column], [2, 8]);
    assert.equal(changes.length, 0);
    assert.equal(watch.current().config.delivery.mode, 'live');
    await next(() => {
      writeFileSync(file, '[delivery]\nmode = "capture"\n');
    });
    assert.equal(watch.current().config.delivery.mode, 'capture');
  },
);

test('a reload that was asked for answers at once and names what needs a restart', (t) => {
  const { file, watch, changes } = watched(t, '', { told: false });
  assert.deepEqual(watch.reload(), { kind: 'unchanged' });
  writeFileSync(file, '[server]\nhttp = "127.0.0.1:1"\npublic_url = "http://x"\n[[tenants]]\nslug = "a"\n');
  const outcome = watch.reload();
  assert.ok(outcome.kind === 'changed');
  assert.deepEqual(outcome.changed, ['server.http', 'server.public_url', 'tenants']);
  assert.deepEqual(outcome.needRestart, ['server.http']);
  assert.equal(changes.length, 1);
  writeFileSync(file, '[server]\nhttp = "127.0.0.1:1"\n');
  const again = watch.reload();
  assert.ok(again.kind === 'changed');
  assert.deepEqual(again.needRestart, ['server.http'], 'it still waits for the restart');
  writeFileSync(file, '');
  const back = watch.reload();
  assert.ok(back.kind === 'changed');
  assert.deepEqual(back.needRestart, []);
});

test('a file that vanished is not a wish for the defaults', (t) => {
  const { file, watch, refusals } = watched(t, '[delivery]\nmode = "live"\n', { told: false });
  rmSync(file);
  const outcome = watch.reload();
  assert.equal(outcome.kind, 'refused');
  assert.equal(watch.current().config.delivery.mode, 'live');
  assert.match(refusals[0]?.[0]?.message ?? '', /the file is gone/);
});
