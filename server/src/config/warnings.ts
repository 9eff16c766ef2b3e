/**
 * What is allowed but probably not meant.
 */
import type { ConfigProblem, Origin } from './config-problem.ts';
import { SECRET_FIELDS } from './connection-settings.ts';
import type { SecretReference } from './secret-reference.ts';
import type { Config } from './schema.ts';

/** `openFile` is the configuration file, if others than its owner may read it. */
export function findWarnings(
  config: Config,
  origin: (path: string) => Origin,
  openFile: string | undefined,
): ConfigProblem[] {
  const warnings: ConfigProblem[] = [];
  const warn = (path: string, message: string, hint?: string) => {
    warnings.push({ path, message, ...placeOf(origin(path)), ...(hint === undefined ? {} : { hint }) });
  };
  const { mode, allowList } = config.delivery;
  if (mode === 'live' && config.connections.every((connection) => connection.type === 'mailbox')) {
    warn(
      'delivery.mode',
      'mail is sent for real, but no connection is declared here that sends',
      'declare one under [[connections]] or make one in the console',
    );
  }
  if (mode === 'allow-list' && allowList.length === 0) {
    warn(
      'delivery.mode',
      'the allow list is empty: nobody gets mail',
      'name addresses or "@domain"s in delivery.allow_list',
    );
  }
  for (const [index, connection] of config.connections.entries()) {
    if (connection.type !== 'smtp') continue;
    const path = `connections[${String(index)}]`;
    if (connection.auth === 'anonymous' && (connection.username ?? connection.password) !== undefined) {
      warn(
        `${path}.username`,
        'is not used: a user name alone does not make the server sign in',
        'set auth = "password"',
      );
    }
    if (connection.auth === 'password' && !connection.verify) {
      warn(
        `${path}.verify`,
        'the password may go to anyone who answers in the name of the server',
        'trust the certificate by ca instead',
      );
    }
  }
  if (openFile !== undefined) {
    for (const path of literalSecrets(config)) {
      if (origin(path).source === 'file')
        warn(
          path,
          `others than the owner may read ${openFile}, which holds a secret`,
          `chmod 600 ${openFile}, or name the secret by env: or file:`,
        );
    }
  }
  return warnings;
}

function literalSecrets(config: Config): string[] {
  const found = /^postgres.*:\/\/[^/@]*:[^/@]+@/.test(config.database.url) ? ['database.url'] : [];
  for (const [index, connection] of config.connections.entries()) {
    for (const name of SECRET_FIELDS) {
      const reference = Reflect.get(connection, name) as SecretReference | undefined; // each kind has its own
      if (reference?.kind === 'literal') found.push(`connections[${String(index)}].${name}`);
    }
  }
  return found;
}

/** `posthorn.toml:3:8` apart again, for the printed form. */
function placeOf({ source, where }: Origin): Pick<ConfigProblem, 'file' | 'line' | 'column' | 'where'> {
  const [, file, line, column] = (source === 'file' && /^(.*):(\d+):(\d+)$/.exec(where ?? '')) || [];
  if (file !== undefined) return { file, line: Number(line), column: Number(column) };
  return where === undefined ? {} : { where };
}
