/**
 * The content of mail that holds a code or a link is stored sealed, so that who reads the database, or a backup of it,
 * gets nothing that opens an account (F1). It is opened when it is sent, and in memory only.
 * Next: queries.ts
 */
import { assert } from '../base/assert.ts';
import type { KeyRing, SecretBinding } from '../secrets/secrets.ts';
import type { Db } from '../store/store.ts';
import { readContent } from './queries.ts';

interface Whose {
  readonly tenantId: string;
  readonly id: string;
}

export async function sealContent(
  keyRing: Pick<KeyRing, 'seal'>,
  of: Whose,
  content: Buffer,
): Promise<Buffer> {
  return Buffer.from(await keyRing.seal(bindingOf(of), content.toString('base64')));
}

/** The content part by part; what is sealed is small and comes as one. Fails when it cannot be opened: nothing is sent then. */
export async function* openedContent(
  db: Db,
  keyRing: Pick<KeyRing, 'open'>,
  letter: Whose & { readonly sealed?: boolean },
): AsyncGenerator<Buffer> {
  if (letter.sealed !== true) {
    yield* readContent(db, letter.id);
    return;
  }
  const parts: Buffer[] = [];
  for await (const part of readContent(db, letter.id)) parts.push(part);
  const opened = await keyRing.open(bindingOf(letter), Buffer.concat(parts).toString('utf8'));
  assert(opened.ok, `the content of ${letter.id} cannot be opened`);
  yield Buffer.from(opened.plaintext, 'base64');
}

function bindingOf({ tenantId, id }: Whose): SecretBinding {
  return { tenantId, ownerId: id, field: 'content', destination: {} };
}
