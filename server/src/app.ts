/**
 * Every operation of the API in one visible list, mounted on one HTTP server.
 * Next: main.ts
 */
import type { FastifyInstance } from 'fastify';
import { createAudit, createAuthenticate, mayI } from './access/access.ts';
import { createAccounts, sessionTimesOf, type Accounts } from './accounts/accounts.ts';
import { accountsOperations } from './accounts/routes.ts';
import { auditOperations, keyOperations } from './access/routes.ts';
import type { Clock } from './base/clock.ts';
import type { Log } from './base/log.ts';
import type { Config } from './config/config.ts';
import type { Connections } from './connections/connections.ts';
import { connectionOperations } from './connections/routes.ts';
import type { ConnectionTests, DiscoveryDeps } from './diagnosis/diagnosis.ts';
import { discoveryOperations, setupOperations, testOperations } from './diagnosis/routes.ts';
import type { VerificationDeps, Verifications } from './flows/flows.ts';
import { flowOperations } from './flows/routes.ts';
import type { Delivery } from './delivery/delivery.ts';
import { createHttpApp, mountOperations } from './http/http.ts';
import { parseAddress } from './mail/mail.ts';
import type { AcceptDeps, Acceptor } from './messages/messages.ts';
import { messageOperations } from './messages/routes.ts';
import { operatorOperations, type ReadinessDeps } from './operator/routes.ts';
import type { KeyRing } from './secrets/secrets.ts';
import { problemForStoreError, type Db } from './store/store.ts';
import type { Senders } from './tenants/tenants.ts';
import { tenantOperations, type TenantDeps } from './tenants/routes.ts';
import { VERSION } from './base/version.ts';

export interface AppDeps
  extends AcceptDeps, ReadinessDeps, Omit<TenantDeps, 'connectionBlock' | 'graceMs'>, VerificationDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly config: () => Config;
  readonly connections: Connections;
  readonly tests: ConnectionTests;
  readonly discovery: DiscoveryDeps;
  readonly delivery: Delivery;
  readonly acceptor: Acceptor;
  readonly verifications: Verifications;
  readonly keyRing: KeyRing;
  /** `http://HOST:PORT` as this server listens: where links lead when no public address is set. */
  readonly localUrl: () => string;
  readonly senders: Senders;
}

export function createApp(deps: AppDeps): FastifyInstance {
  const { limits, server } = deps.config();
  const { requestBytes, requestMemoryBytes } = limits;
  const app = createHttpApp({
    log: deps.log,
    bodyLimitBytes: requestBytes,
    requestMemoryBytes,
    trustProxy: server.trustedProxies.length > 0 && server.trustedProxies,
    version: VERSION,
    clock: deps.clock,
    meaning: (error) => problemForStoreError(deps.db, error),
  });
  const accounts = accountsOf(deps);
  const operations = [
    ...messageOperations({
      ...deps,
      ownsConnection: (tenantId, id) => deps.connections.find(tenantId, id) !== undefined,
    }),
    ...connectionOperations(deps.connections, deps.config),
    ...testOperations(deps.tests),
    ...setupOperations(deps),
    ...tenantOperations({
      ...deps,
      connectionBlock: (tenantId) => connectionBlock(deps, tenantId),
      graceMs: () => deps.config().retention.deletedTenants,
    }),
    ...keyOperations(deps),
    ...auditOperations(deps),
    ...discoveryOperations(deps.discovery),
    ...flowOperations(deps),
    ...accountsOperations(accounts),
    ...operatorOperations(deps),
  ];
  mountOperations(app, operations, {
    authenticate: createAuthenticate(accounts),
    mayI,
    audit: accounts.record,
  });
  return app;
}

function accountsOf(deps: AppDeps): Accounts {
  const { config, delivery, senderFor } = deps;
  return createAccounts({
    ...deps,
    record: createAudit(deps),
    sessionTimes: () => sessionTimesOf(config()),
    secondStepRequired: () => config().accounts.secondStep === 'required',
    ownUrl: () => config().server.publicUrl,
    publicUrl: () => (config().server.publicUrl ?? deps.localUrl()).replace(/\/$/, ''),
    canMail: (tenantId, address) => {
      const from = senderFor(tenantId)?.address;
      const [sender, recipient] = [parseAddress(from ?? ''), parseAddress(address)];
      return sender.ok && recipient.ok && delivery.reaches(tenantId, sender.address, recipient.address);
    },
  });
}

/** What a tenant sends over now, in as few words as anybody may see. */
function connectionBlock(
  { connections, delivery, senderFor }: Pick<AppDeps, 'connections' | 'delivery' | 'senderFor'>,
  tenantId: string,
) {
  const block = connections.blockOf(tenantId);
  const sender = parseAddress(senderFor(tenantId)?.address ?? '');
  const choice = delivery.choose(tenantId, sender.ok ? sender.address : undefined);
  return {
    from: block.from,
    uses: choice.kind === 'chosen' ? choice.candidate.name : null,
    items: block.connections.map(connections.brief),
  };
}
