/** What is to be said about the certificates that are served, and who says it. */

/** A line and what it is to the reader. */
export interface Note {
  readonly kind: 'line' | 'warning' | 'hint';
  readonly text: string;
  /** The next step, said after a warning. */
  readonly hint?: string;
}

/** Where this room's lines go: the master's log. */
export interface ServingLog {
  line(text: string): void;
  warning(text: string): void;
  hint(text: string): void;
  error(text: string): void;
  /** What went wrong and what to do about it. @param describe makes the line of the reason */
  failure(error: unknown, describe: (reason: string) => string): void;
  notes(notes: readonly Note[]): void;
}
