/**
 * Every operation of accounts, for `app.ts`.
 */
import type { Operation } from '../http/http.ts';
import { accountOperations } from './account-operations.ts';
import type { Accounts } from './accounts.ts';
import { pageOperations } from './pages.ts';
import { peopleOperations } from './people-operations.ts';
import { signInOperations } from './sign-in-operations.ts';

export function accountsOperations(accounts: Accounts): Operation[] {
  return [
    ...signInOperations(accounts),
    ...accountOperations(accounts),
    ...peopleOperations(accounts),
    ...pageOperations(accounts),
  ];
}
