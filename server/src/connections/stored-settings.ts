/**
 * Settings as a row holds them, read back.
 * Next: revision-queries.ts
 */
import { connectionSettings, type ConnectionSettings } from '../config/config.ts';

/**
 * Settings were checked when they were stored. An earlier version may have stored less (defaults fill it in), a later
 * one more: what this version does not know it cannot obey, and one such row must not stop every connection.
 */
export function parseSettings(id: string, text: string): ConnectionSettings {
  const written: unknown = JSON.parse(text);
  const parsed = connectionSettings.safeParse(written);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    if (issue.code === 'unrecognized_keys') forget(written, issue.path, issue.keys);
  }
  const known = connectionSettings.safeParse(written);
  if (known.success) return known.data;
  const [issue] = known.error.issues;
  throw new Error(
    `the stored settings of ${id} cannot be read: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`,
  );
}

function forget(written: unknown, path: readonly PropertyKey[], keys: readonly string[]): void {
  const table: unknown = path.reduce<unknown>(
    (inner, name) => (isTable(inner) ? inner[String(name)] : undefined),
    written,
  );
  if (isTable(table)) for (const key of keys) delete table[key];
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
