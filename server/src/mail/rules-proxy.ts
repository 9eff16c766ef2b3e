/**
 * What can go wrong with a proxy on the way. Whoever speaks to the proxy names it in the failure's code, whatever its kind
 * is: `PROXY_NOT_FOUND` (its name), `PROXY_UNREACHABLE` (its address), `PROXY_AUTH` (407, or SOCKS asks for a sign-in we
 * lack or refuses ours), `PROXY_REFUSED` (403, SOCKS reply 2), `PROXY_TARGET_UNREACHABLE` (502 to 504, SOCKS replies 3
 * to 6), `PROXY_PROTOCOL` (not a proxy of this kind). Next: rules-network.ts
 */
import { FAILURE_KINDS } from './reply.ts';
import type { Finding, Rule } from './rule.ts';
import { hold } from './rule.ts';

function later(errorId: Finding['errorId']): Finding {
  return { errorId, outcome: 'deferred', category: 'network', scope: 'connection', confidence: 'certain' };
}

function coded(finding: Finding, code: string): Rule {
  return { ...finding, failure: { kinds: FAILURE_KINDS, codes: [code] } };
}

export const PROXY_RULES: readonly Rule[] = [
  coded(hold('proxy.not_found', 'configuration'), 'PROXY_NOT_FOUND'),
  coded(later('proxy.unreachable'), 'PROXY_UNREACHABLE'),
  coded(hold('proxy.auth', 'authentication'), 'PROXY_AUTH'),
  coded(hold('proxy.refused', 'configuration'), 'PROXY_REFUSED'),
  coded(later('proxy.target_unreachable'), 'PROXY_TARGET_UNREACHABLE'),
  coded(hold('proxy.not_a_proxy', 'configuration'), 'PROXY_PROTOCOL'),
  {
    ...later('proxy.failed'),
    failure: { kinds: ['tcp', 'tls', 'dropped', 'timeout', 'protocol'], text: /^(?:E?PROXY|SOCKS)/ },
  },
];
