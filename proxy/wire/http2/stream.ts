/** What the codec knows of one open stream. */
import { acquireBlock, releaseBlock } from './block-pool.js';
import type { ReceiveWindow } from './receive-window.js';

const SMALL_BYTES = 2_048;
const USUAL_BYTES = 16_384;

/** State of RFC 9113 §5.1 in flags, and the response bytes that wait for a window or their turn. */
export class Http2Stream {
  /** The request is complete: half-closed (remote). */
  remoteEnded = false;
  /** END_STREAM is written: half-closed (local). */
  localEnded = false;
  /** The engine has ended the response; what waits is all there is. */
  responseEnded = false;
  headersSent = false;
  /** Reset; kept for the count until the engine lets go. */
  dead = false;
  resetByPeer = false;
  /** The rest of the request is not wanted any more. */
  requestDropped = false;
  /** A CONNECT: DATA is all that may come. */
  isTunnel = false;
  wantsWritable = false;
  /** In the scheduler's list. */
  isWaiting = false;

  /** Body bytes that content-length still promises; -1 when it promises nothing. */
  promisedBytes = -1;
  /** Body bytes told and not yet consumed. */
  unconsumedBytes = 0;
  inflow: ReceiveWindow | null = null;

  urgency = 3;
  incremental = false;
  /** When it was last served, by the scheduler's count. */
  servedAt = 0;
  sendWindow: number;
  queuedBytes = 0;
  trailers: readonly string[] | null = null;
  /** Blocked by a window since then; 0 when not. */
  stalledSinceMs = 0;
  bytesSinceStall = 0;

  private blocks: Buffer[] | null = null;
  /** Where the data starts in the first block and ends in the last. */
  private head = 0;
  private tail = 0;

  constructor(
    readonly id: number,
    sendWindow: number,
  ) {
    this.sendWindow = sendWindow;
  }

  /** Copies response bytes to the end of the queue. */
  enqueue(chunk: Buffer, start: number, end: number): void {
    this.blocks ??= [];
    let last = this.blocks.at(-1);
    let from = start;
    this.queuedBytes += end - start;
    while (from < end) {
      if (last === undefined || this.tail === last.length) {
        last = acquireBlock(
          this.blocks.length === 0 && end - from <= SMALL_BYTES ? SMALL_BYTES : USUAL_BYTES,
        );
        this.blocks.push(last);
        this.tail = 0;
      }
      const copied = chunk.copy(last, this.tail, from, end);
      this.tail += copied;
      from += copied;
    }
  }

  /** Moves the first bytes of the queue; there must be as many. */
  dequeue(to: Buffer, at: number, bytes: number): void {
    const blocks = this.blocks;
    let left = bytes;
    let target = at;
    while (left > 0 && blocks !== null) {
      const first = blocks[0];
      if (first === undefined) break;
      const filled = blocks.length === 1 ? this.tail : first.length;
      const copied = first.copy(to, target, this.head, Math.min(filled, this.head + left));
      target += copied;
      left -= copied;
      this.head += copied;
      if (this.head === filled) {
        blocks.shift();
        releaseBlock(first);
        this.head = 0;
      }
    }
    this.queuedBytes -= bytes;
    if (this.queuedBytes === 0) this.blocks = null;
  }

  /** Forgets what waits. */
  dropQueue(): void {
    if (this.blocks !== null) for (const block of this.blocks) releaseBlock(block);
    this.blocks = null;
    this.head = 0;
    this.queuedBytes = 0;
    this.trailers = null;
    this.wantsWritable = false;
    this.stalledSinceMs = 0;
  }
}
