/**
 * The API of diagnosis: tests of connections, what is known of providers, and what is wrong with settings.
 * Next: test-operations.ts
 */
export { discoveryOperations } from './discovery-operations.ts';
export { setupOperations } from './setup-operations.ts';
export { testOperations } from './test-operations.ts';
