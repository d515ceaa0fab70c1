/** Where log lines go: stderr or a file that is opened anew for rotation; bounded, and what is lost is counted and told. */
import { constants, openSync, statSync } from 'node:fs';
import { BARE_LINES, formatLogRecord, type LineStyle } from '../shared/log-lines.js';
import { DescriptorWriter, openStandardStream } from './descriptor-writer.js';

/** The group may read a log, others may not. */
const LOG_MODE = 0o640;

/** Why lines are lost while nothing fails. */
export const NOT_READ = 'the log is not read fast enough';

/** Why lines are lost, from the system's code. */
export function whyLost(code: string): string {
  return code === 'ENOSPC' || code === 'EDQUOT' ? 'the disk is full' : `writing fails: ${code}`;
}

/** A sink for whole lines. */
export class LogOutput {
  private readonly writer: DescriptorWriter;
  private lostLines = 0;
  private lostBecause = NOT_READ;

  /**
   * @param file path, opened for appending; null: stderr
   * @param style how the line is written that tells of lost ones
   * @throws Error of the system when it cannot be opened
   */
  constructor(
    private file: string | null,
    private readonly style: () => LineStyle = () => BARE_LINES,
  ) {
    this.writer = this.watch(file === null ? openStandardStream(2) : new DescriptorWriter(openLog(file)));
  }

  get descriptor(): number {
    return this.writer.descriptor;
  }

  get blocksExit(): boolean {
    return this.writer.blocksExit;
  }

  /** Adds text of whole lines, each with its newline; dropped, and counted, while too much waits. */
  write(text: string): void {
    if (this.writer.full) {
      this.lostLines += countLines(text);
      return;
    }
    const lost = this.takeLost();
    this.writer.write(Buffer.from(lost + text));
  }

  /**
   * Opens the file anew, or another one; nothing where the lines go to stderr.
   * @throws Error of the system when it cannot be opened: the old one stays
   */
  reopen(file = this.file): void {
    if (file === null) return;
    this.writer.moveTo(openLog(file));
    this.file = file;
  }

  /** Resolves when everything is written, `false` when that is not so after `patienceMs`. */
  written(patienceMs: number): Promise<boolean> {
    return this.writer.written(patienceMs);
  }

  private watch(writer: DescriptorWriter): DescriptorWriter {
    writer.whenLost((code, bytes) => {
      this.lostLines += countLines(bytes);
      this.lostBecause = whyLost(code);
    });
    return writer;
  }

  private takeLost(): string {
    if (this.lostLines === 0) return '';
    const message = `${this.lostLines} log lines lost, ${this.lostBecause}`;
    const text = formatLogRecord({ level: 'warning', message, source: 'master' }, this.style());
    this.lostLines = 0;
    this.lostBecause = NOT_READ;
    return text;
  }
}

/** Opens a log for appending. @throws Error of the system */
export function openLog(file: string): number {
  // A named pipe without a reader would hold this process up, and one whose reader has gone would be broken for good: we are a reader too.
  const isPipe = statSync(file, { throwIfNoEntry: false })?.isFIFO() === true;
  return openSync(file, isPipe ? constants.O_RDWR | constants.O_NONBLOCK : 'a', LOG_MODE);
}

/** Lines in whole lines. */
export function countLines(text: string | Buffer): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}
