/**
 * Tests of connections as the API takes and gives them. The fields are those of `openapi.json`.
 * Next: sdk.ts
 */
import type * as api from './gen/types.gen.ts';
import type { Given, Told } from './given.ts';

/**
 * What to test: a saved `connection` (id or name), `settings` that are not saved, or both: then `settings` are changes on
 * top of the saved ones. With `to` a message is really sent, whatever the delivery mode.
 */
export interface ConnectionTestRequest extends Given<api.ConnectionTestRequest> {}

/** `joined`: a test of this connection ran already, and this is that one. */
export interface StartedConnectionTest extends Told<api.StartedConnectionTest> {}

export interface ConnectionTest extends Told<api.ConnectionTest> {}

/** A test as lists show it. */
export interface ConnectionTestSummary extends Told<api.ConnectionTestSummary> {}

export interface TestStage extends Told<api.TestStage> {}

/** What happens in a test, in its order; the last has `t: 'end'`. */
export type ConnectionTestEvent = Told<api.ConnectionTestEvent>;
