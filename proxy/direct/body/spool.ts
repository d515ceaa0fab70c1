/** Room for buffered bodies: budgets of a router that clients share, and private files that have no name. */
import { close, mkdtempSync, open, read, rmdirSync, unlinkSync, write } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Shares } from '../../upstream/places/shares.js';

/** The bytes that bodies may take in memory and in files together, and those in memory alone. */
export class Spool {
  private readonly shares: Shares;

  /**
   * @param memory shared with other spools
   * @param onFailure hears why a file could not be written or read
   */
  constructor(
    maxBytes: number,
    private readonly memory: MemoryBudget,
    readonly onFailure: (error: Error) => void,
  ) {
    this.shares = new Shares(maxBytes);
  }

  /** A larger body never finds room: one client leaves some to others. */
  get maxBytesOfOne(): number {
    return this.shares.maxOfOne;
  }

  /** Takes room for that many bytes in a client's name; false when there is not so much left for it. */
  take(client: string, bytes: number): boolean {
    if (!this.shares.mayTake(client, bytes)) return false;
    this.shares.take(client, bytes);
    return true;
  }

  /** Whether a client may take that many bytes more. */
  hasRoom(client: string, bytes: number): boolean {
    return this.shares.mayTake(client, bytes);
  }

  /** Takes room for bytes that are here already. */
  count(client: string, bytes: number): void {
    this.shares.take(client, bytes);
  }

  give(client: string, bytes: number): void {
    this.shares.give(client, bytes);
  }

  /** Takes that many bytes of memory; false: a file has to do. */
  takeMemory(bytes: number): boolean {
    if (this.memory.usedBytes + bytes > this.memory.maxBytes) return false;
    this.memory.usedBytes += bytes;
    return true;
  }

  giveMemory(bytes: number): void {
    this.memory.usedBytes -= bytes;
  }
}

/** What the buffered bodies of a router may take of its memory. */
export interface MemoryBudget {
  readonly maxBytes: number;
  usedBytes: number;
}

type Done = (error: Error | null) => void;

/** A file that nobody else can open; it is gone when it is closed or the process ends. */
export class SpoolFile {
  private descriptor = -1;
  private written = 0;
  private busy = false;
  private closed = false;

  /** Writes all of the chunk at the end. One call at a time. */
  append(chunk: Buffer, done: Done): void {
    this.busy = true;
    const finish: Done = (error) => {
      this.busy = false;
      if (this.closed) this.release();
      else done(error);
    };
    if (this.descriptor === -1)
      this.create((error) => (error ? finish(error) : this.writeAll(chunk, 0, finish)));
    else this.writeAll(chunk, 0, finish);
  }

  /** Reads up to `bytes` from `position`; an empty buffer at the end. One call at a time. */
  read(position: number, bytes: number, done: (error: Error | null, chunk: Buffer) => void): void {
    this.busy = true;
    const buffer = Buffer.allocUnsafe(bytes);
    read(this.descriptor, buffer, 0, bytes, position, (error, count) => {
      this.busy = false;
      if (this.closed) this.release();
      else done(error, buffer.subarray(0, error ? 0 : count));
    });
  }

  /** No further calls; the file goes when what runs has ended. */
  close(): void {
    this.closed = true;
    if (!this.busy) this.release();
  }

  private create(done: Done): void {
    let folder: string;
    try {
      // Mode 0700, and a name that cannot be guessed.
      folder = mkdtempSync(join(tmpdir(), 'tlsfront-'));
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    const file = join(folder, 'body');
    open(file, 'wx+', 0o600, (error, descriptor) => {
      if (error === null) this.descriptor = descriptor;
      try {
        if (error === null) unlinkSync(file);
        rmdirSync(folder);
      } catch {
        // Somebody has cleared the temporary folder: what matters is that the name is gone.
      }
      done(error);
    });
  }

  private writeAll(chunk: Buffer, from: number, done: Done): void {
    write(this.descriptor, chunk, from, chunk.length - from, this.written, (error, count) => {
      this.written += count;
      if (error !== null || from + count === chunk.length) done(error);
      else this.writeAll(chunk, from + count, done);
    });
  }

  private release(): void {
    if (this.descriptor === -1) return;
    close(this.descriptor, () => {});
    this.descriptor = -1;
  }
}
