/**
 * The API of diagnosis: what is known of providers, and what is wrong with settings.
 * Next: setup-operations.ts
 */
export { setupOperations } from './setup-operations.ts';
