/** Room for held request bodies: one budget a router, and private files that have no name. */
import { close, mkdtempSync, open, read, rmdirSync, unlinkSync, write } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The budget of bytes that bodies may take in memory and in files together. */
export class Spool {
  private usedBytes = 0;

  /** @param onFailure hears why a file could not be written or read */
  constructor(
    readonly maxBytes: number,
    readonly onFailure: (error: Error) => void,
  ) {}

  /** Takes room for that many bytes; false when there is not so much left. */
  take(bytes: number): boolean {
    if (this.usedBytes + bytes > this.maxBytes) return false;
    this.usedBytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.usedBytes -= bytes;
  }
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
