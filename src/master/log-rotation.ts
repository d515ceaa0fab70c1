/** Sets the log file aside when it is large or its day is over (`--log-maxsize`, `--log-rotate`), and keeps the latest of them. */
import { renameSync, rmSync, statSync } from 'node:fs';
import type { Config } from '../shared/config/config.js';
import { systemCode } from '../shared/system-error.js';
import type { MasterLog } from './log.js';

/** A file grows by no more than this time's lines beyond its size. */
const LOOK_EVERY_MS = 1_000;

type RotationConfig = Pick<Config, 'logFile' | 'logMaxBytes' | 'logRotateMs' | 'logKeep'>;

/** Idle where neither is asked for. `front.log` becomes `front.log.1`, that one `front.log.2`, and so on. */
export class LogRotation {
  private timer: NodeJS.Timeout | null = null;
  /** Number of the period in which the file was last written to before; counted from 1970. */
  private period = 0;
  /** The last attempt has failed, which was told. */
  private isTold = false;

  /** @param reopen called once the file has another name: every process opens a new one */
  constructor(
    private readonly log: Pick<MasterLog, 'warning' | 'hint'>,
    private readonly reopen: () => void,
    private readonly clock: () => number = Date.now,
  ) {}

  /** Begins, or goes on by a configuration that was read anew. */
  watch(config: RotationConfig): void {
    this.stop();
    const { logFile, logMaxBytes, logRotateMs } = config;
    if (logFile === null || (logMaxBytes === 0 && logRotateMs === 0)) return;
    // A file of yesterday is set aside at today's start.
    this.period = periodOf(lastWrite(logFile) ?? this.clock(), logRotateMs);
    this.look(config, logFile);
    this.timer = setInterval(() => this.look(config, logFile), LOOK_EVERY_MS).unref();
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  private look({ logMaxBytes, logRotateMs, logKeep }: RotationConfig, file: string): void {
    const period = periodOf(this.clock(), logRotateMs);
    const size = sizeOf(file);
    const isLarge = logMaxBytes > 0 && size >= logMaxBytes;
    const isOver = period !== this.period;
    this.period = period;
    if (size === 0 || !(isLarge || isOver)) return;
    try {
      setAside(file, logKeep);
      this.isTold = false;
    } catch (error) {
      if (this.isTold) return;
      this.isTold = true;
      const reason = systemCode(error) ?? String(error);
      this.log.warning(`the log file ${file} cannot be set aside: ${reason}; it goes on growing`);
      this.log.hint('let the user that started tlsfront write to its folder');
      return;
    }
    this.reopen();
  }
}

function periodOf(timeMs: number, lengthMs: number): number {
  return lengthMs === 0 ? 0 : Math.floor(timeMs / lengthMs);
}

function lastWrite(file: string): number | null {
  const found = statSync(file, { throwIfNoEntry: false });
  return found === undefined || found.size === 0 ? null : found.mtimeMs;
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** @throws Error of the system */
function setAside(file: string, keep: number): void {
  if (keep === 0) {
    rmSync(file);
    return;
  }
  rmSync(`${file}.${keep}`, { force: true });
  for (let number = keep - 1; number > 0; number -= 1) {
    const older = `${file}.${number}`;
    if (statSync(older, { throwIfNoEntry: false }) !== undefined) renameSync(older, `${file}.${number + 1}`);
  }
  renameSync(file, `${file}.1`);
}
