/**
 * Secrets that need attention, read without a running server: for the doctor.
 * Next: secret-ages.ts
 */
import type { Config, SecretField } from '../config/config.ts';
import type { Db } from '../store/store.ts';
import { splitDeclared } from './declared.ts';
import { readConnections } from './queries.ts';
import { attentionOf, attentionText, secretStates, type Attention } from './secret-ages.ts';

export interface SecretAttention {
  /** Name of the connection. */
  readonly connection: string;
  readonly field: SecretField;
  readonly attention: Exclude<Attention, 'none'>;
  /** For a person. */
  readonly text: string;
}

/** What is stored, and what the file declares as of now. */
export async function readSecretAttention(
  db: Db,
  declared: Config['connections'],
  now: number,
): Promise<SecretAttention[]> {
  const stored = (await readConnections(db))
    .filter(({ managedBy }) => managedBy === 'api')
    .map((connection) => ({ name: connection.name, states: secretStates(connection, () => undefined, now) }));
  const named = declared.map((entry) => {
    const { settings, references } = splitDeclared(entry);
    const connection = { settings, managedBy: 'file', secrets: {} } as const;
    return { name: entry.name, states: secretStates(connection, (field) => references.get(field), now) };
  });
  return [...stored, ...named].flatMap(({ name, states }) =>
    [...states].flatMap(([field, state]) => {
      const attention = attentionOf(state);
      const text = attentionText(state);
      return attention === 'none' || text === undefined ? [] : [{ connection: name, field, attention, text }];
    }),
  );
}
