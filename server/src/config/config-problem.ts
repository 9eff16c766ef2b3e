/**
 * What is wrong, or merely doubtful, in the configuration: where, what, and what would be right.
 */
export interface ConfigProblem {
  /** The setting in the file's spelling, such as `delivery.retry[2]`; empty when it concerns the whole file. */
  readonly path: string;
  readonly message: string;
  readonly hint?: string;
  readonly file?: string;
  /** One-based; with `file` only. */
  readonly line?: number;
  readonly column?: number;
  /** The variable or the flag, when the value did not come from a file. */
  readonly where?: string;
}

/** Who set a setting. */
export interface Origin {
  readonly source: 'flag' | 'environment' | 'file' | 'default';
  /** `--http`, `POSTHORN_SERVER__HTTP`, `posthorn.toml:3:8`. */
  readonly where?: string;
}

/** One line: `posthorn.toml:12:8 delivery.mode: expected one of …; did you mean "live"?` */
export function formatConfigProblem(problem: ConfigProblem): string {
  const place =
    problem.file === undefined
      ? problem.where
      : [problem.file, problem.line, problem.column].filter((part) => part !== undefined).join(':');
  const subject = [place, problem.path].filter((part) => part !== undefined && part !== '').join(' ');
  const hint = problem.hint === undefined ? '' : `; ${problem.hint}`;
  return `${subject === '' ? '' : `${subject}: `}${problem.message}${hint}`;
}

const MEANT = /(?:: | \()(did you mean "[^"]*"\?)\)?$/;

/** Moves a trailing "did you mean" from the message into the hint. */
export function splitHint(message: string): Pick<ConfigProblem, 'message' | 'hint'> {
  const hint = MEANT.exec(message)?.[1];
  return hint === undefined ? { message } : { message: message.replace(MEANT, ''), hint };
}
