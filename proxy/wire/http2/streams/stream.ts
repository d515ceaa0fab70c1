/** What the codec knows of one open stream. */
import { acquireBlock, releaseBlock } from '../frames/block-pool.js';
import type { ReceiveWindow } from './receive-window.js';

const SMALL_BYTES = 2_048;
const USUAL_BYTES = 16_384;

/**
 * RFC 9113 §5.1, of the streams that the table holds: an idle one is not there yet. A reset one stays, for the count of open ones,
 * until the engine lets go of it:
 *   open                 both sides may send
 *   half-closed-remote   the peer has sent END_STREAM
 *   half-closed-local    we have sent END_STREAM
 *   closed               both have: it leaves the table at once
 *   reset-by-peer        RST_STREAM came
 *   reset-by-us          we sent RST_STREAM; frames that the peer sent before it read that may still come
 *   reset-after-request  we sent RST_STREAM on a stream that was half-closed (remote): nothing may come
 */
export type StreamState =
  | 'open'
  | 'half-closed-remote'
  | 'half-closed-local'
  | 'closed'
  | 'reset-by-peer'
  | 'reset-by-us'
  | 'reset-after-request';

/** How far the engine is with the response; `ended` before it is all written. */
export type ResponseState = 'none' | 'head' | 'ended';

/** What becomes of a request's body: read, thrown away because nobody wants the rest, or bytes of a tunnel (no trailers, no length). */
export type BodyUse = 'request' | 'unwanted' | 'tunnel';

/** The state of a stream, and the response bytes that wait for a window or their turn. */
export class Http2Stream {
  state: StreamState;
  response: ResponseState = 'none';
  body: BodyUse;
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
    state: 'open' | 'half-closed-remote',
    isTunnel: boolean,
  ) {
    this.sendWindow = sendWindow;
    this.state = state;
    this.body = isTunnel ? 'tunnel' : 'request';
  }

  /** Reset by either side, and not released yet. */
  get isDead(): boolean {
    const { state } = this;
    return state === 'reset-by-peer' || state === 'reset-by-us' || state === 'reset-after-request';
  }

  /** The peer may send DATA and trailers. */
  get isRemoteOpen(): boolean {
    const { state } = this;
    return state === 'open' || state === 'half-closed-local';
  }

  /** Frames that the peer sent before it knew of the end may still come. */
  get mayBeSentOn(): boolean {
    return this.isRemoteOpen || this.state === 'reset-by-us';
  }

  /** The peer has sent END_STREAM. */
  endRemote(): void {
    this.state = this.state === 'half-closed-local' ? 'closed' : 'half-closed-remote';
  }

  /** END_STREAM is written. */
  endLocal(): void {
    this.state = this.state === 'half-closed-remote' ? 'closed' : 'half-closed-local';
  }

  resetByPeer(): void {
    this.state = 'reset-by-peer';
  }

  resetByUs(): void {
    this.state = this.isRemoteOpen ? 'reset-by-us' : 'reset-after-request';
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
