/**
 * `openapi.json`: what the server itself answers on `GET /openapi.json`. A real one is started for it, in a folder that
 * is gone afterwards; it listens on loopback, holds no mail and sends none.
 * Next: gen-sdk.ts
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../server/src/base/clock.ts';
import { createLog } from '../server/src/base/log.ts';
import { systemRandom } from '../server/src/base/random.ts';
import { formatConfigProblem, loadConfig, type LoadedConfig } from '../server/src/config/config.ts';
import { startServer } from '../server/src/wire.ts';

/** The document as JSON text. Its order is that of the operations in the code, so the same code gives the same text. */
export async function openApiText(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'posthorn-gen-'));
  try {
    return await served(loadIn(folder));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Defaults only: neither this machine's environment nor a `posthorn.toml` has a say. */
function loadIn(folder: string): LoadedConfig {
  const flags = { data: folder, http: '127.0.0.1:0' };
  const result = loadConfig({ env: {}, flags, cwd: folder });
  if (!result.ok) throw new Error(result.errors.map(formatConfigProblem).join('\n'));
  return result.loaded;
}

async function served(loaded: LoadedConfig): Promise<string> {
  const broken = Promise.withResolvers<never>();
  const server = await startServer({
    loaded,
    log: createLog('silent'),
    clock: systemClock,
    random: systemRandom,
    onBroken: broken.reject,
  });
  try {
    const response = await fetch(`${server.url}/openapi.json`);
    if (!response.ok) throw new Error(`GET /openapi.json answered ${String(response.status)}`);
    return await Promise.race([response.text(), broken.promise]);
  } finally {
    await server.stop();
  }
}
