/** The master's own lines: plain text to stderr or the log file, one line each, colour only on a terminal. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import type { Note, ServingLog } from '../serving/notes.js';
import { FrontError } from '../shared/errors.js';
import { systemCode } from '../shared/system-error.js';

const STDERR = 2;

/** Where boot lines, warnings and child output go. */
export class MasterLog implements ServingLog {
  private descriptor: number;
  private readonly coloured: boolean;

  /**
   * @param file path that takes every line (uWSGI's --logto), opened for appending; null: stderr
   * @param quiet leave out everything but warnings, errors and the ready line
   * @throws FrontError config_invalid when the file cannot be opened
   */
  constructor(
    private readonly file: string | null,
    private readonly quiet: boolean,
    noColour: boolean,
  ) {
    this.descriptor = file === null ? STDERR : openLog(file);
    this.coloured = !noColour && isatty(this.descriptor);
  }

  /** For the children's stdout and stderr; 'inherit' keeps ours. */
  get childOutput(): number | 'inherit' {
    return this.file === null ? 'inherit' : this.descriptor;
  }

  /** Opens the log file anew, for log rotation. */
  reopen(): void {
    if (this.file === null) return;
    const old = this.descriptor;
    this.descriptor = openLog(this.file);
    closeSync(old);
  }

  /** An ordinary line. */
  line(text: string): void {
    if (!this.quiet) this.write(text);
  }

  /** What was asked for: --quiet does not hide it, and nothing stands before it. */
  answer(text: string): void {
    this.write(text);
  }

  warning(text: string): void {
    this.write(`${this.paint('warning:', 33)} ${text}`);
  }

  hint(text: string): void {
    this.write(`${this.paint('hint:', 36)} ${text}`);
  }

  error(text: string): void {
    this.write(`${this.paint('error:', 31)} ${text}`);
  }

  /** What went wrong and what to do about it. @param describe makes the line of the reason */
  failure(error: unknown, describe: (reason: string) => string): void {
    this.error(describe(error instanceof Error ? error.message : String(error)));
    if (error instanceof FrontError && error.hint !== undefined) this.hint(error.hint);
  }

  /** Lines, each as what it is. */
  notes(notes: readonly Note[]): void {
    for (const { kind, text, hint } of notes) {
      this[kind](text);
      if (hint !== undefined) this.hint(hint);
    }
  }

  /** The one line everybody looks for. */
  ready(text: string): void {
    this.write(this.paint(text, '1;32'));
  }

  private paint(text: string, style: number | string): string {
    return this.coloured ? `\u001b[${style}m${text}\u001b[0m` : text;
  }

  private write(text: string): void {
    try {
      writeSync(this.descriptor, `${text}\n`);
    } catch {
      // A closed terminal or a full disk must not end the service.
    }
  }
}

function openLog(file: string): number {
  try {
    return openSync(file, 'a', 0o640);
  } catch (cause) {
    const reason = systemCode(cause) ?? String(cause);
    throw new FrontError('config_invalid', `cannot write to the log file ${file}: ${reason}`, {
      hint: 'give --logto a path in an existing folder that you may write to',
      cause,
    });
  }
}
