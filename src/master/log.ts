/** The master's own lines: plain text to stderr or the log file, one line each, colour only on a terminal. */
import { fchownSync, fstatSync } from 'node:fs';
import { isatty } from 'node:tty';
import type { Note, ServingLog } from '../serving/notes.js';
import { FrontError } from '../shared/errors.js';
import type { Identity } from '../shared/router-messages.js';
import { systemCode } from '../shared/system-error.js';
import { leaveProcess } from '../system/descriptor-writer.js';
import { LogOutput } from '../system/log-output.js';

/** Lines kept for `tlsfront logs`. */
const MAX_LATEST = 500;
/** At the end: how long a slow reader may take to read the last lines. */
const LAST_WORDS_MS = 500;

/** Where boot lines, warnings and child output go. */
export class MasterLog implements ServingLog {
  private readonly output: LogOutput;
  private readonly latest: string[] = [];
  private readonly followers = new Set<(line: string) => void>();
  private readonly coloured: boolean;
  /** A person reads along who has not asked for every boot line. */
  readonly isBrief: boolean;

  /**
   * @param file path that takes every line (uWSGI's --logto), opened for appending; null: stderr
   * @param quiet leave out everything but warnings, errors and the ready line
   * @param verbose every boot line on a terminal too
   * @param owner who writes to the file beside us, and so gets what root has made
   * @throws FrontError config_invalid when the file cannot be opened
   */
  constructor(
    private readonly file: string | null,
    private readonly quiet: boolean,
    noColour: boolean,
    private readonly owner: Identity | null = null,
    verbose = true,
  ) {
    try {
      this.output = new LogOutput(file);
    } catch (cause) {
      throw unwritable(file ?? 'stderr', cause);
    }
    this.coloured = !noColour && file === null && isatty(2);
    this.isBrief = !verbose && file === null && isatty(2);
    this.giveToOwner();
  }

  /** For the children's stdout and stderr; 'inherit' keeps ours. */
  get childOutput(): number | 'inherit' {
    return this.file === null ? 'inherit' : this.output.descriptor;
  }

  /** Opens the log file anew, for log rotation; null: there is no file. @throws FrontError when that fails: the old one stays */
  reopen(): string | null {
    if (this.file === null) return null;
    try {
      this.output.reopen();
    } catch (cause) {
      throw unwritable(this.file, cause);
    }
    this.giveToOwner();
    return this.file;
  }

  /** Ends this process when the last lines are written, or after half a second where nobody reads them. */
  async leave(exitCode: number): Promise<never> {
    await this.output.written(LAST_WORDS_MS);
    return leaveProcess(exitCode, [this.output]);
  }

  /** An ordinary line. */
  line(text: string): void {
    if (!this.quiet) this.write(text);
  }

  /** A boot line of uWSGI's kind: a person at a terminal wants to know where to look instead. */
  detail(text: string): void {
    if (!this.isBrief) this.line(text);
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
    this.output.write(`${text}\n`);
    this.latest.push(text);
    if (this.latest.length > MAX_LATEST) this.latest.shift();
    for (const follower of this.followers) follower(text);
  }

  /** The path of the log; null: stderr. */
  get path(): string | null {
    return this.file;
  }

  /** The latest lines, oldest first. */
  get lines(): readonly string[] {
    return this.latest;
  }

  /** @param follower gets every further line. Returns the way to leave. */
  follow(follower: (line: string) => void): () => void {
    this.followers.add(follower);
    return () => this.followers.delete(follower);
  }

  /** Routers and apps open the rotated file themselves, as another user. */
  private giveToOwner(): void {
    const { owner, file } = this;
    if (file === null || owner === null || owner.uid === null || process.getuid?.() !== 0) return;
    const { descriptor } = this.output;
    const { uid, gid } = fstatSync(descriptor);
    if (uid === 0) fchownSync(descriptor, owner.uid, owner.gid ?? gid);
  }
}

function unwritable(file: string, cause: unknown): FrontError {
  const reason = systemCode(cause) ?? String(cause);
  return new FrontError('config_invalid', `cannot write to the log file ${file}: ${reason}`, {
    hint: 'give --logto a path in an existing folder that you may write to',
    cause,
  });
}
