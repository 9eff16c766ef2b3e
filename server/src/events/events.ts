/**
 * What happened, as rows written in the transaction in which it happened. Everything that tells the outside
 * (timeline now; webhooks and the live feed later) reads these rows and is never called from the send path.
 * Next: queries.ts
 */
export { appendEvents, readEvents, type EventRow, type NewEvent } from './queries.ts';
