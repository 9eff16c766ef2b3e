/**
 * `posthorn config check` and `config explain`: what is wrong, and where each value comes from.
 * Next: doctor.ts
 */
import { explainConfig as explainSettings, formatConfigProblem } from '../config/config.ts';
import { loadPlace, OperatorRefused, type Place } from './place.ts';

export interface ConfigReport {
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  readonly file?: string;
}

export function checkConfig(place: Place): Promise<ConfigReport> {
  const found = loadPlace(place);
  if (!found.ok) return Promise.resolve({ problems: found.errors.map(formatConfigProblem), warnings: [] });
  const { warnings, file } = found.loaded;
  return Promise.resolve({
    problems: [],
    warnings: warnings.map(formatConfigProblem),
    ...(file !== undefined && { file }),
  });
}

export function explainConfig(
  place: Place,
): Promise<readonly { key: string; value: string; origin: string }[]> {
  const found = loadPlace(place);
  if (!found.ok) throw new OperatorRefused(found.errors.map(formatConfigProblem).join('\n'));
  return Promise.resolve(
    explainSettings(found.loaded).map(({ key, value, origin }) => ({
      key,
      value,
      origin: origin.where ?? origin.source,
    })),
  );
}
