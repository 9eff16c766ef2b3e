/**
 * How the operator names a secret in the file or the environment: the value itself, or where to read it.
 * A reference is read at every use, so a rotated secret needs no restart. References never come from the API:
 * no user may make this process read a variable or a file.
 */
import { readFile } from 'node:fs/promises';

export type SecretReference =
  | { readonly kind: 'literal'; readonly value: string }
  | { readonly kind: 'environment'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string };

export type ResolvedSecret =
  { readonly ok: true; readonly value: string } | { readonly ok: false; readonly message: string };

/** `env:NAME`, `file:/path`, `literal:…` (for a value that begins like one of these), or the value itself. */
export function parseSecretReference(written: string): SecretReference | { readonly error: string } {
  const [, scheme, rest = ''] = /^(env|file|literal):(.*)$/s.exec(written) ?? [];
  switch (scheme) {
    case 'env':
      if (/^[A-Za-z_]\w*$/.test(rest)) return { kind: 'environment', name: rest };
      return { error: 'expected the name of an environment variable after "env:"' };
    case 'file':
      if (rest.startsWith('/') || /^[A-Za-z]:[\\/]/.test(rest)) return { kind: 'file', path: rest };
      return { error: 'expected an absolute path after "file:"' };
    case 'literal':
      return { kind: 'literal', value: rest };
    default:
      return { kind: 'literal', value: written };
  }
}

/**
 * Reads the secret now. One line end at the end of a file is not part of it. The message names the place, never the value.
 */
export async function resolveSecret(
  reference: SecretReference,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<ResolvedSecret> {
  switch (reference.kind) {
    case 'literal':
      return { ok: true, value: reference.value };
    case 'environment': {
      const value = env[reference.name];
      if (value !== undefined && value !== '') return { ok: true, value };
      return { ok: false, message: `the environment variable ${reference.name} is not set` };
    }
    case 'file':
      try {
        const value = withoutLineEnd(await readFile(reference.path, 'utf8'));
        return value === '' ? { ok: false, message: `${reference.path} is empty` } : { ok: true, value };
      } catch (error) {
        return { ok: false, message: `${reference.path} cannot be read: ${errorCode(error)}` };
      }
  }
}

/** The reference as text that shows where the secret is but not what it is. */
export function describeSecretReference(reference: SecretReference): string {
  switch (reference.kind) {
    case 'literal':
      return '(set)';
    case 'environment':
      return `env:${reference.name}`;
    case 'file':
      return `file:${reference.path}`;
  }
}

export function withoutLineEnd(content: string): string {
  return content.replace(/\r?\n$/, '');
}

/** The system's word for why a file could not be read, such as `ENOENT`. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
