/**
 * A process that rotates the master key of a place and dies at a named point, for the tests of K7:
 * `node rotating-child.ts CONFIG DATA [POINT PASS]`, or takes old keys away: `… CONFIG DATA forget`. Prints the result
 * as JSON if it lives to see it.
 */
import { armCrashPoint, CRASH_POINTS } from '../src/base/crash-point.ts';
// not the face, which brings the metrics along: many of these are started
import { forgetOldKeysLocally, rotateLocally } from '../src/operator/rotate.ts';

const [config = '', data = '', name, pass = '1'] = process.argv.slice(2);
const point = CRASH_POINTS.find((known) => known === name);
if (point !== undefined) armCrashPoint(point, Number(pass));
const place = { config, data, env: {} };
const done =
  name === 'forget' ? await forgetOldKeysLocally(place) : await rotateLocally({ ...place, onlyServer: true });
process.stdout.write(JSON.stringify(done));
