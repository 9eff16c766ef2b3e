/** Every way of being set up wrong that the scenario tries. Next: ways-early.ts */
import { PIN_WAYS, PROXY_WAYS } from './ways-detours.ts';
import { DOOR_WAYS, NAME_WAYS, PORT_WAYS, TLS_WAYS } from './ways-early.ts';
import { CONTENT_WAYS, ENVELOPE_WAYS, LIMIT_WAYS, SIGN_IN_WAYS } from './ways-late.ts';
import { TOKEN_WAYS } from './ways-tokens.ts';
import type { Way } from './way.ts';

export const WAYS: readonly Way[] = [
  ...NAME_WAYS,
  ...PORT_WAYS,
  ...DOOR_WAYS,
  ...PROXY_WAYS,
  ...TLS_WAYS,
  ...PIN_WAYS,
  ...TOKEN_WAYS,
  ...SIGN_IN_WAYS,
  ...ENVELOPE_WAYS,
  ...LIMIT_WAYS,
  ...CONTENT_WAYS,
];
