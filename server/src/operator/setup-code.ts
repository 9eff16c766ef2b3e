/**
 * Another setup code, straight in the database: the one that the server showed at its start is good for half an hour.
 * Next: doctor.ts
 */
import { makeSetupCode, type SetupCode } from '../accounts/accounts.ts';
import { systemClock } from '../base/clock.ts';
import { mustLoadPlace, OperatorRefused, withStore, type Place } from './place.ts';

/** Throws `OperatorRefused` when there is an administrator already. */
export async function makeSetupCodeLocally(place: Place): Promise<SetupCode> {
  const made = await withStore(mustLoadPlace(place), (db) => makeSetupCode(db, systemClock));
  if (made !== undefined) return made;
  throw new OperatorRefused(
    'There is an administrator already. Who forgot the password asks for a new one by mail.',
  );
}
