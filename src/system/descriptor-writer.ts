/** Writes to a file descriptor in order, in libuv's pool and within bounds, so that no reader can stall this process. */
import { closeSync, constants, fstatSync, openSync, write } from 'node:fs';
import { systemCode } from '../shared/system-error.js';

/** Above this a writer of lines drops them; a relay stops reading. */
export const MAX_QUEUED_BYTES = 256 * 1024;
/** A full pipe is tried again after this. */
const BUSY_PAUSE_MS = 10;
const LAST_STANDARD_STREAM = 2;
/** Nobody will ever read what is written there. */
const BROKEN: ReadonlySet<string> = new Set(['EPIPE', 'EBADF', 'EINVAL']);

/** One write at a time; what comes meanwhile goes out with the next. */
export class DescriptorWriter {
  private queue: Buffer[] = [];
  private queuedBytes = 0;
  private state: 'idle' | 'writing' | 'broken' = 'idle';
  private onEmpty: (() => void)[] = [];
  private onLost: (code: string, bytes: Buffer) => void = () => {};

  /** A descriptor that was left while a write to it was under way. */
  private left: number | null = null;

  /** @param nonBlocking the descriptor answers EAGAIN where it is full: nothing of ours ever hangs in the pool */
  constructor(
    private target: number,
    private nonBlocking = false,
  ) {}

  get descriptor(): number {
    return this.target;
  }

  /** Whether something still waits for a reader. */
  get waits(): boolean {
    return this.queuedBytes > 0;
  }

  get full(): boolean {
    return this.queuedBytes > MAX_QUEUED_BYTES;
  }

  /** The descriptor answers EAGAIN where it is full: even a synchronous write returns at once. */
  get neverBlocks(): boolean {
    return this.nonBlocking;
  }

  /** Leaving the process would hang: a write sits in the pool, and exit(3) waits for the pool. */
  get blocksExit(): boolean {
    return this.waits && !this.nonBlocking;
  }

  /** @param listener gets the system's code and what was queued whenever a write has failed */
  whenLost(listener: (code: string, bytes: Buffer) => void): void {
    this.onLost = listener;
  }

  write(bytes: Buffer): void {
    if (this.state === 'broken' || bytes.length === 0) return;
    this.queue.push(bytes);
    this.queuedBytes += bytes.length;
    if (this.state === 'idle') this.writeNext();
  }

  /** Calls back once everything is written (or can never be). */
  whenEmpty(callback: () => void): void {
    if (this.waits) this.onEmpty.push(callback);
    else callback();
  }

  /** Resolves when everything is written, `false` when that is not so after `patienceMs`. */
  written(patienceMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), patienceMs);
      this.whenEmpty(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }

  /** Writes to this descriptor of a file from now on, what is queued too; the old one is closed unless it is a standard stream. */
  moveTo(descriptor: number): void {
    const old = this.target;
    this.target = descriptor;
    this.nonBlocking = false;
    if (this.state === 'broken') this.state = 'idle';
    if (old <= LAST_STANDARD_STREAM) return;
    if (this.state === 'writing' && this.left === null) this.left = old;
    else closeSync(old);
  }

  private writeNext(): void {
    const bytes = this.queue.length === 1 ? this.queue[0] : Buffer.concat(this.queue);
    if (bytes === undefined || bytes.length === 0) {
      this.settle('idle');
      return;
    }
    this.queue = [bytes];
    this.state = 'writing';
    write(this.target, bytes, (error, written) => {
      this.closeLeft();
      if (error?.code === 'EAGAIN') {
        // Unref: a reader that is gone for good must not keep the process.
        setTimeout(() => this.writeNext(), BUSY_PAUSE_MS).unref();
      } else if (error) {
        this.lose(error.code ?? error.message);
      } else {
        this.queue[0] = bytes.subarray(written);
        this.queuedBytes -= written;
        this.writeNext();
      }
    });
  }

  private closeLeft(): void {
    if (this.left !== null) closeSync(this.left);
    this.left = null;
  }

  /** A full disk may have room again later; a reader that went away stays away. */
  private lose(code: string): void {
    const lost = Buffer.concat(this.queue);
    this.queuedBytes = 0;
    this.settle(BROKEN.has(code) ? 'broken' : 'idle');
    this.onLost(code, lost);
  }

  private settle(state: 'idle' | 'broken'): void {
    this.state = state;
    this.queue = [];
    const callbacks = this.onEmpty;
    this.onEmpty = [];
    for (const callback of callbacks) callback();
  }
}

/**
 * A writer for one of our own standard streams. A pipe or terminal is opened anew through /proc, without blocking: the flag
 * belongs to the open file description, which other processes share and set back. Where that cannot be done (sockets,
 * other systems, pipes of other users) the pool takes the wait.
 */
export function openStandardStream(descriptor: 1 | 2): DescriptorWriter {
  try {
    const kind = fstatSync(descriptor);
    if (kind.isFIFO() || kind.isCharacterDevice()) {
      const flags = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY | constants.O_APPEND;
      return new DescriptorWriter(openSync(`/proc/self/fd/${descriptor}`, flags), true);
    }
  } catch (error) {
    // A closed stderr has no kind either.
    if (systemCode(error) === 'EBADF') return new DescriptorWriter(descriptor);
  }
  return new DescriptorWriter(descriptor);
}

/**
 * Ends this process at once, whatever waits for a reader: exit(3) waits for libuv's pool, signals do not. A stop that was asked for
 * ends by SIGTERM then, which systemd and Docker take for a clean end.
 */
export function leaveProcess(exitCode: number, writers: readonly { readonly blocksExit: boolean }[]): never {
  if (writers.some((writer) => writer.blocksExit)) {
    process.removeAllListeners('SIGTERM');
    process.kill(process.pid, exitCode === 0 ? 'SIGTERM' : 'SIGKILL');
  }
  process.exit(exitCode);
}
