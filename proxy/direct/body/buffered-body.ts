/** A request body that is buffered until it is whole, in memory and from a bound on in a file, and then sent with its length. */
import type { ErrorCode } from '../../../src/shared/errors.js';
import type { Lease } from '../../upstream/transport.js';
import { type Spool, SpoolFile } from './spool.js';

/** A body up to this stays in memory. */
const MEMORY_BYTES = 64 * 1024;
const READ_BYTES = 64 * 1024;

/** Called back by a buffered body. */
export interface BufferedBodyEvents {
  /** So many bytes have found their place: more may come. */
  onBuffered(bytes: number): void;
  /** The body is whole and may be sent. */
  onBufferedWhole(): void;
  /** All of it was given to the lease. */
  onBufferedSent(lease: Lease): void;
  /** `request_too_large`, `overloaded`, or `internal` when the file cannot be written. */
  onBufferFailure(code: ErrorCode): void;
}

export class BufferedBody {
  /** Bytes received. */
  bytes = 0;
  /** What is in memory: the whole body, or what waits to be written. */
  private chunks: Buffer[] = [];
  private file: SpoolFile | null = null;
  private busy = false;
  private ended = false;
  private whole = false;
  private closed = false;
  private sentBytes = 0;
  /** Bytes of the budget for memory. */
  private memoryBytes = 0;
  /** Where a body in memory was given to. */
  private sentTo: Lease | null = null;
  /** Bytes of the next write that were reported when they were in memory only. */
  private reportedBytes = 0;

  constructor(
    private readonly spool: Spool,
    private readonly client: string,
    private readonly events: BufferedBodyEvents,
  ) {}

  /** It lies in memory whole, and can be sent once more. */
  get isInMemory(): boolean {
    return this.file === null;
  }

  /** Takes over chunks that count in the budget for memory already; nobody is told of their bytes. */
  adopt(chunks: Buffer[], bytes: number): void {
    this.chunks = chunks;
    this.bytes = bytes;
    this.memoryBytes = bytes;
    if (!this.spool.take(this.client, bytes)) {
      this.bytes = 0;
      this.events.onBufferFailure('overloaded');
    }
  }

  /** Takes a chunk, whose memory must stay as it is. */
  add(chunk: Buffer): void {
    if (this.closed) return;
    const { spool, client } = this;
    if (!spool.take(client, chunk.length)) {
      const isAlone = this.bytes + chunk.length > spool.maxBytesOfOne;
      this.events.onBufferFailure(isAlone ? 'request_too_large' : 'overloaded');
      return;
    }
    this.bytes += chunk.length;
    this.chunks.push(chunk);
    if (this.file === null && this.bytes <= MEMORY_BYTES && spool.takeMemory(chunk.length)) {
      this.memoryBytes += chunk.length;
      this.events.onBuffered(chunk.length);
      return;
    }
    if (this.file === null) {
      this.reportedBytes = this.bytes - chunk.length;
      this.file = new SpoolFile();
    }
    this.writeNext();
  }

  /** No more comes. */
  end(): void {
    this.ended = true;
    this.reportWhole();
  }

  /** Sends on until all is sent or the lease is full; call it again when the lease takes more. */
  sendTo(lease: Lease): void {
    if (this.closed || this.busy) return;
    if (this.file !== null) {
      this.sendFile(lease, this.file);
      return;
    }
    if (this.sentTo === lease) return;
    this.sentTo = lease;
    for (const chunk of this.chunks) lease.sendBody(chunk);
    this.events.onBufferedSent(lease);
  }

  /** Frees memory, file and budget. May be called again. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.spool.give(this.client, this.bytes);
    this.freeMemory();
    this.chunks = [];
    this.file?.close();
  }

  private freeMemory(): void {
    this.spool.giveMemory(this.memoryBytes);
    this.memoryBytes = 0;
  }

  private writeNext(): void {
    const { file } = this;
    if (file === null || this.busy || this.closed || this.chunks.length === 0) return;
    const [only = EMPTY] = this.chunks;
    const chunk = this.chunks.length === 1 ? only : Buffer.concat(this.chunks);
    this.chunks = [];
    this.busy = true;
    file.append(chunk, (error) => {
      this.busy = false;
      if (error !== null) {
        this.spool.onFailure(error);
        this.events.onBufferFailure('internal');
        return;
      }
      this.freeMemory();
      const newBytes = chunk.length - this.reportedBytes;
      this.reportedBytes = 0;
      this.events.onBuffered(newBytes);
      this.writeNext();
      this.reportWhole();
    });
  }

  private reportWhole(): void {
    const isInPlace = this.file === null || this.chunks.length === 0;
    if (!this.ended || !isInPlace || this.busy || this.closed || this.whole) return;
    this.whole = true;
    this.events.onBufferedWhole();
  }

  private sendFile(lease: Lease, file: SpoolFile): void {
    if (this.sentBytes === this.bytes) return;
    this.busy = true;
    file.read(this.sentBytes, READ_BYTES, (error, chunk) => {
      this.busy = false;
      if (error !== null || chunk.length === 0) {
        this.spool.onFailure(error ?? new Error('a spool file is shorter than what was written to it'));
        this.events.onBufferFailure('internal');
        return;
      }
      this.sentBytes += chunk.length;
      const hasRoom = lease.sendBody(chunk);
      if (this.sentBytes === this.bytes) this.reportSent(lease);
      else if (hasRoom) this.sendFile(lease, file);
    });
  }

  private reportSent(lease: Lease): void {
    if (this.sentBytes === this.bytes) this.events.onBufferedSent(lease);
  }
}

const EMPTY = Buffer.alloc(0);
