/**
 * A `posthorn.toml` for a scenario: live delivery to the given connections, waits short enough to be watched.
 */

export interface ConnectionTable {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly security?: string;
  readonly [field: string]: string | number | boolean | undefined;
}

export interface TomlOptions {
  readonly mode?: 'capture' | 'allow-list' | 'live';
  readonly connections?: readonly ConnectionTable[];
  readonly logLevel?: 'debug' | 'info' | 'warn';
  /** Seconds between tries; 1 by default. */
  readonly retrySeconds?: number;
  /** Seconds before a message in doubt is tried again; 1 by default. */
  readonly inDoubtSeconds?: number;
  readonly minFreeBytes?: number;
  readonly leaseSeconds?: number;
  /** Whole tables to put at the end. */
  readonly more?: string;
}

/** Writes the file's text. Connections have no TLS unless they say so: most talk to a sink on this machine. */
export function toml(options: TomlOptions = {}): string {
  const tables = (options.connections ?? []).map((connection) => {
    const fields = Object.entries({ security: 'none', ...connection }).filter(
      ([, value]) => value !== undefined,
    );
    // A JSON string is a TOML basic string (toml.io: the escapes are the same).
    return `[[connections]]\n${fields.map(([name, value]) => `${name} = ${JSON.stringify(value)}\n`).join('')}`;
  });
  return `
[log]
level = "${options.logLevel ?? 'info'}"

[delivery]
mode = "${options.mode ?? 'live'}"
retry = ["${String(options.retrySeconds ?? 1)}s"]
lease = "${String(options.leaseSeconds ?? 5)}s"

[delivery.in_doubt_wait]
notification = "${String(options.inDoubtSeconds ?? 1)}s"

[storage]
min_free_bytes = ${String(options.minFreeBytes ?? 0)}
min_free_percent = 0

[sender]
address = "app@example.com"

${tables.join('\n')}
${options.more ?? ''}`;
}
