/**
 * Names of settings: camelCase inside, snake_case in the file, `POSTHORN_A__B` in the environment.
 */

/** A setting's place: field names as in `Config`, and indexes of lists. */
export type Path = readonly (string | number)[];

export const ENV_PREFIX = 'POSTHORN_';

/** `allowList` → `allow_list`. */
export function toFileName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** `['connections', 0, 'ehloName']` → `connections[0].ehlo_name`. */
export function showPath(path: Path): string {
  return path
    .map((step, index) =>
      typeof step === 'number' ? `[${String(step)}]` : `${index === 0 ? '' : '.'}${toFileName(step)}`,
    )
    .join('');
}

/** `['delivery', 'inDoubt', 'otp']` → `POSTHORN_DELIVERY__IN_DOUBT__OTP`. */
export function envName(path: Path): string {
  return ENV_PREFIX + path.map((step) => toFileName(String(step)).toUpperCase()).join('__');
}
