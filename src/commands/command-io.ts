/** What a subcommand may do to the terminal; tests pass their own. */

/** Where a subcommand writes. */
export interface CommandIo {
  /** Results, for people and pipes. */
  readonly out: (text: string) => void;
  /** Errors, warnings and hints. */
  readonly err: (text: string) => void;
  /** Colour results: a terminal, and NO_COLOR not set (https://no-color.org). */
  readonly color: boolean;
}

/** The process's own streams. */
export function processIo(): CommandIo {
  const { NO_COLOR } = process.env;
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    color: process.stdout.isTTY === true && (NO_COLOR === undefined || NO_COLOR === ''),
  };
}

/** Prints `error: …` and `hint: …`. */
export function printError(io: CommandIo, message: string, hint: string | undefined): void {
  io.err(`error: ${message}\n`);
  if (hint !== undefined) io.err(`hint: ${hint}\n`);
}
