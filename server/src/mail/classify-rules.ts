/**
 * The rules in the order they are tried: the first that fits decides. Each area has its own file; within a file and
 * across files the specific comes before the general, and the last file catches what nothing else knew.
 * Next: rule.ts
 */
import type { Rule } from './rule.ts';
export type { Rule } from './rule.ts';
import { FALLBACK_RULES } from './rules-fallback.ts';
import { GRAPH_RULES } from './rules-graph.ts';
import { LIMIT_RULES } from './rules-limits.ts';
import { NETWORK_RULES } from './rules-network.ts';
import { PICKUP_RULES } from './rules-pickup.ts';
import { POLICY_RULES } from './rules-policy.ts';
import { PROXY_RULES } from './rules-proxy.ts';
import { RECIPIENT_RULES, RESTRICTED_RULES } from './rules-recipient.ts';
import { SENDER_RULES } from './rules-sender.ts';
import { SIGN_IN_RULES } from './rules-sign-in.ts';
import { TOKEN_RULES } from './rules-token.ts';

export const RULES: readonly Rule[] = [
  ...PROXY_RULES,
  ...TOKEN_RULES,
  ...NETWORK_RULES,
  ...GRAPH_RULES,
  ...PICKUP_RULES,
  ...RESTRICTED_RULES,
  ...SIGN_IN_RULES,
  ...LIMIT_RULES,
  ...SENDER_RULES,
  ...POLICY_RULES,
  ...RECIPIENT_RULES,
  ...FALLBACK_RULES,
];
