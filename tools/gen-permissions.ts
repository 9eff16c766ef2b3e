/**
 * `docs/permissions.md`: which role may which operation. Whoever changes the table of roles or an operation's permission
 * sees here what that means; `access/permissions.test.ts` holds the server to it.
 */
import { ROLES, roleMay, type Permission } from '../server/src/access/access.ts';
import { code, generatedFrom, markdownTable } from './gen-table.ts';

type Paths = Readonly<Record<string, Readonly<Record<string, { readonly 'x-permission'?: Permission }>>>>;

/** `document` is `openapi.json`. */
export function permissionsPage(document: string): string {
  const { paths } = JSON.parse(document) as { readonly paths: Paths }; // our own writing
  const rows = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const permission = operation['x-permission'];
      const may = ROLES.map((role) => (permission === undefined || roleMay(role, permission) ? '✓' : '–'));
      return [code(`${method.toUpperCase()} ${path}`), permission ?? 'public', ...may];
    }),
  );
  return `# Who may what

${generatedFrom('server/src/access/roles.ts and the operations')}

The first four roles are of the instance and may act in any tenant; the others are of one tenant. A key may have fewer permissions
than its role. \`public\` needs no key. \`account\` is for people who are signed in, whatever their role.

Some operations ask for more as they run: with \`keys:test\` only test keys are made, changed and ended, and what carries a link or a
code for its recipient is shown to an admin or operator only, with a reason that is recorded.

${markdownTable(['Operation', 'Permission', ...ROLES.map(code)], rows)}
`;
}
