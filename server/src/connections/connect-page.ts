/**
 * The page that a person sees after signing in at the provider. It links nowhere.
 * Next: connect-operations.ts
 */
import { htmlPage } from '../http/http.ts';
import type { Finished } from './connect.ts';

export function connectPage(finished: Finished): string {
  switch (finished.kind) {
    case 'connected':
      return page(`Connected${finished.account === undefined ? '' : ` as ${finished.account}`}`, [
        `The connection “${finished.connection}” can now sign in. You can close this window.`,
        ...(finished.accountDiffers
          ? [
              `You signed in as ${finished.account ?? ''}, but the user name of the connection is ${finished.username}. ` +
                'Change the user name, or sign in again with the other account.',
            ]
          : []),
        ...finished.notes,
      ]);
    case 'failed':
      return page(`“${finished.connection}” was not connected`, [
        finished.title,
        finished.detail,
        `Error: ${finished.errorId}`,
      ]);
    case 'unknown':
      return page('This sign-in is not known any more', [
        'It was used already, it is older than ten minutes, or it was begun somewhere else.',
        'Begin again where you chose to connect the mailbox.',
      ]);
  }
}

function page(title: string, paragraphs: readonly string[]): string {
  return htmlPage({ title, paragraphs });
}
