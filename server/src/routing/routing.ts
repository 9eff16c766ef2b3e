/**
 * Which connection a message takes, and why. Pure: everything it knows is in its arguments, so that the same function
 * answers for delivery, for `explain` and for a dry run.
 * Next: choose-connection.ts
 */
export {
  chooseConnection,
  type Candidate,
  type Choice,
  type Consideration,
  type RouteRequest,
} from './choose-connection.ts';
