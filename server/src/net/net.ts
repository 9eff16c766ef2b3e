/**
 * The way out: one dialer for everything that leaves this process.
 * A name is resolved once, every address is held against the egress policy, and the connection goes to the address
 * that was checked; the name stays for SNI and the certificate's identity. No other folder opens a socket.
 * Next: dial.ts
 */
export type { DialFailure, Dialed, Dialer, DialTarget, DialTrace } from './dial.ts';
export type { TriedAddress } from './race.ts';
export { createDialer } from './dial.ts';
export type { Https, HttpsAnswer, HttpsRequest } from './https.ts';
export { createHttps } from './https.ts';
export type { StartTlsOptions, TlsFacts, TlsOptions, TlsRefused, TlsStarted } from './start-tls.ts';
export { reasonOf, startTls } from './start-tls.ts';
export type { AllowEntry, EgressCode, EgressPolicy, EgressRules } from './egress.ts';
export {
  checkAddress,
  checkHost,
  instanceEgress,
  parseAllowEntry,
  proxyEgress,
  SMTP_PORTS,
  tenantEgress,
} from './egress.ts';
export type { Host } from './host.ts';
export { parseHost } from './host.ts';
export type { Proxy } from './proxy.ts';
export { parseProxy, proxyPlace } from './proxy.ts';
export type { Lookup, LookupOptions, Lookups, MxRecord, SrvRecord } from './lookup.ts';
export { createLookups } from './lookup.ts';
export { holdsAddress, isNetwork } from './network.ts';
