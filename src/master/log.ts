/** The master's own lines, to stderr or the log file, in the style of where they go. */
import { fchownSync, fstatSync } from 'node:fs';
import type { Note, ServingLog } from '../serving/notes.js';
import { FrontError } from '../shared/errors.js';
import {
  formatHint,
  formatLogRecord,
  type LineStyle,
  type LogLevel,
  type LogRecord,
} from '../shared/log-lines.js';
import type { Identity } from '../shared/messages/router-messages.js';
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
  /** A person reads along who has not asked for every boot line. */
  readonly isBrief: boolean;
  /** What still may get a hint, which is one object with it in JSON. */
  private pending: LogRecord | null = null;

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
    /** How its lines are written; a reload may change it. */
    public style: LineStyle,
    private readonly owner: Identity | null = null,
    verbose = true,
  ) {
    try {
      this.output = new LogOutput(file, () => this.style);
    } catch (cause) {
      throw unwritable(file ?? 'stderr', cause);
    }
    this.isBrief = !verbose && style.onTerminal;
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
    this.flush();
    await this.output.written(LAST_WORDS_MS);
    return leaveProcess(exitCode, [this.output]);
  }

  /** An ordinary line. */
  line(text: string): void {
    if (!this.quiet) this.record('info', text);
  }

  /** A boot line of uWSGI's kind: a person at a terminal wants to know where to look instead. */
  detail(text: string): void {
    if (!this.isBrief) this.line(text);
  }

  /** What was asked for, in a form of its own: --quiet does not hide it, and nothing stands before it. */
  answer(text: string): void {
    this.flush();
    this.write(`${text}\n`);
  }

  warning(text: string): void {
    this.record('warning', text);
  }

  /** The next step after the warning or error before it. */
  hint(text: string): void {
    const { pending } = this;
    if (pending === null) {
      this.write(formatHint(text, 'master', this.style));
      return;
    }
    this.pending = { ...pending, hint: text };
    this.flush();
  }

  error(text: string): void {
    this.record('error', text);
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
    this.record('info', this.style.coloured ? `\u001b[1;32m${text}\u001b[0m` : text);
  }

  private record(level: LogLevel, message: string): void {
    this.flush();
    const record: LogRecord = { level, message, source: 'master' };
    if (level === 'info') {
      this.write(formatLogRecord(record, this.style));
      return;
    }
    this.pending = record;
    setImmediate(() => this.flush());
  }

  /** Writes what waits for a hint. */
  private flush(): void {
    const { pending } = this;
    this.pending = null;
    if (pending !== null) this.write(formatLogRecord(pending, this.style));
  }

  private write(lines: string): void {
    this.output.write(lines);
    for (const line of lines.slice(0, -1).split('\n')) {
      this.latest.push(line);
      if (this.latest.length > MAX_LATEST) this.latest.shift();
      for (const follower of this.followers) follower(line);
    }
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
