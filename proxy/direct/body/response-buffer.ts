/** Response bytes taken from the app for a client that is slow: in memory first, then in a file, given out in their order. */
import { type Spool, SpoolFile } from './spool.js';

/** Bytes of one response in memory before a file takes the rest. */
const MEMORY_BYTES = 256 * 1024;
const READ_BYTES = 64 * 1024;
/** Given out at a time: a client's pace shows in how these go. */
const PIECE_BYTES = 16 * 1024;

/** Called back by the buffer of a response. */
export interface ResponseBufferEvents {
  /** The next bytes; false: the client takes no more for now, `drain` goes on. */
  onStored(piece: Buffer): boolean;
  /** Bytes were given out that had to be read from the file first. */
  onStoredFlush(): void;
  /** The file has taken what waited for it: the app may go on. */
  onStoredRoom(): void;
  /** All was given out: the app may go on. */
  onStoredEmpty(): void;
  onStoreFailure(): void;
}

export class ResponseBuffer {
  /** Bytes that are here. */
  bytes = 0;
  /** Bytes that came since it was empty: a file grows until then. */
  private takenBytes = 0;
  private chunks: Buffer[] = [];
  /** Bytes of `chunks` that count in the budget for memory. */
  private memoryBytes = 0;
  private file: SpoolFile | null = null;
  private pending: Buffer[] = [];
  private writtenBytes = 0;
  private readBytes = 0;
  private busy = false;
  /** The app waits for the file: what is on its way there is in no budget, and there may be many responses. */
  private isBehind = false;
  private closed = false;
  /** The client takes bytes as soon as they are read. */
  private wanted = false;

  constructor(
    private readonly spool: Spool,
    private readonly client: string,
    private readonly maxBytes: number,
    private readonly events: ResponseBufferEvents,
  ) {}

  /** Takes a view that is only valid during the call. False: the app should hold more until `onStoredRoom` or `onStoredEmpty`. */
  add(view: Buffer): boolean {
    const chunk = Buffer.from(view);
    this.bytes += chunk.length;
    this.takenBytes += chunk.length;
    this.spool.count(this.client, chunk.length);
    const isSmall = this.memoryBytes + chunk.length <= MEMORY_BYTES;
    if (this.file === null && isSmall && this.spool.takeMemory(chunk.length)) {
      this.memoryBytes += chunk.length;
      this.chunks.push(chunk);
    } else {
      this.file ??= new SpoolFile();
      this.pending.push(chunk);
      this.isBehind = true;
      this.step();
    }
    return !this.isBehind && !this.isFull;
  }

  private get isFull(): boolean {
    const leftBytes = this.maxBytes - this.takenBytes;
    return leftBytes <= 0 || !this.spool.hasRoom(this.client, leftBytes);
  }

  /** Gives out what is here until the client takes no more. */
  drain(): void {
    this.wanted = true;
    while (this.wanted && !this.closed) {
      const first = this.chunks[0];
      if (first === undefined) break;
      const piece = first.subarray(0, PIECE_BYTES);
      if (piece.length === first.length) this.chunks.shift();
      else this.chunks[0] = first.subarray(PIECE_BYTES);
      this.bytes -= piece.length;
      const counted = Math.min(this.memoryBytes, piece.length);
      this.memoryBytes -= counted;
      this.spool.giveMemory(counted);
      this.wanted = this.events.onStored(piece);
    }
    if (this.closed) return;
    if (this.bytes === 0) {
      this.empty();
      this.events.onStoredEmpty();
    } else if (this.wanted) this.step();
  }

  /** Frees memory, file and budget. May be called again. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.spool.giveMemory(this.memoryBytes);
    this.chunks = [];
    this.pending = [];
    this.empty();
  }

  private empty(): void {
    this.spool.give(this.client, this.takenBytes);
    this.takenBytes = 0;
    this.writtenBytes = 0;
    this.readBytes = 0;
    this.file?.close();
    this.file = null;
  }

  /** One thing at a time with the file: what the client waits for first. */
  private step(): void {
    const { file } = this;
    if (file === null || this.busy || this.closed) return;
    if (this.wanted && this.chunks.length === 0 && this.readBytes < this.writtenBytes) this.read(file);
    else if (this.pending.length > 0) this.write(file);
  }

  private read(file: SpoolFile): void {
    this.busy = true;
    file.read(this.readBytes, READ_BYTES, (error, chunk) => {
      this.busy = false;
      if (error !== null || chunk.length === 0) {
        this.spool.onFailure(error ?? new Error('a spool file is shorter than what was written to it'));
        this.events.onStoreFailure();
        return;
      }
      this.readBytes += chunk.length;
      this.chunks.push(chunk);
      this.drain();
      this.events.onStoredFlush();
      this.step();
    });
  }

  private write(file: SpoolFile): void {
    const chunk = Buffer.concat(this.pending);
    this.pending = [];
    this.busy = true;
    file.append(chunk, (error) => {
      this.busy = false;
      if (error !== null) {
        this.spool.onFailure(error);
        this.events.onStoreFailure();
        return;
      }
      this.writtenBytes += chunk.length;
      if (this.isBehind && this.pending.length === 0) {
        this.isBehind = false;
        if (!this.isFull) this.events.onStoredRoom();
      }
      this.step();
    });
  }
}
