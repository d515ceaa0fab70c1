/** A request's body on its way upstream: it ends only when the request did, within its bounds. */
import { constants } from 'node:http2';
import { Readable, Transform, type TransformCallback } from 'node:stream';
import type { ErrorCode } from '../../src/shared/errors.js';
import type { LibraryRequest } from './read-head.js';

/** What a client may still send after it was answered early, so that it can read the answer. */
export const LINGER_MS = 5000;
const MAX_LINGER_BYTES = 64 * 1024 * 1024;

/** Whether every byte of the request has come. Node's HTTP/2 streams also end when their connection does. */
export function isWhole(request: LibraryRequest): boolean {
  const { stream } = request;
  if (stream === undefined) return request.complete;
  if (stream.endAfterHeaders) return true;
  return !stream.aborted && !stream.destroyed && stream.state.remoteClose === 1;
}

/** Who hears of a body. */
export interface RequestBodyEvents {
  /** Bytes came from the client. */
  onBodyPiece(piece: Buffer): void;
  onBodyFailure(code: ErrorCode): void;
}

/** The body of one attempt to forward a request; unread after `destroy`. */
export class RequestBody extends Transform {
  private readonly timer: NodeJS.Timeout;
  private bytes = 0;

  /**
   * @param maxBytes 0: no bound; beyond it 413
   * @param timeoutMs longest pause that is the client's fault; 408
   */
  constructor(
    private readonly request: LibraryRequest,
    private readonly holder: RequestBodyEvents,
    private readonly maxBytes: number,
    timeoutMs: number,
  ) {
    super();
    this.timer = setTimeout(() => this.onPause(), timeoutMs);
    // Whoever pipes from here is told by the holder.
    this.on('error', () => {});
    request.pipe(this);
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    this.timer.refresh();
    this.bytes += chunk.length;
    this.holder.onBodyPiece(chunk);
    if (this.maxBytes === 0 || this.bytes <= this.maxBytes) callback(null, chunk);
    else this.giveUp('request_too_large');
  }

  override _flush(callback: TransformCallback): void {
    const settle = (): void => {
      if (this.destroyed) return;
      if (isWhole(this.request)) callback();
      else this.giveUp('downstream_gone');
    };
    // node:http2 tells the end before nghttp2 has noted it.
    if (this.request.stream === undefined) settle();
    else setImmediate(settle);
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    clearTimeout(this.timer);
    this.request.unpipe(this);
    callback(error);
  }

  private onPause(): void {
    // An upstream that takes nothing is not the client's fault.
    if (this.writableNeedDrain) this.timer.refresh();
    else if (!this.writableEnded) this.giveUp('request_timeout');
  }

  private giveUp(code: ErrorCode): void {
    this.destroy();
    this.holder.onBodyFailure(code);
  }
}

/** The body of a request without one. */
export function emptyBody(): Readable {
  return new Readable({
    read() {
      this.push(null);
    },
  });
}

/** Reads what is left of an answered request to nowhere; tells once whether it came to its end within the bounds. */
export function discardRest(request: LibraryRequest, onDone: (whole: boolean) => void): void {
  let bytes = 0;
  let done = false;
  const finish = (): void => {
    if (done) return;
    done = true;
    clearTimeout(timer);
    onDone(isWhole(request));
  };
  const timer = setTimeout(finish, LINGER_MS);
  request.unpipe();
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_LINGER_BYTES) finish();
  });
  request.once('end', finish);
  request.once('close', finish);
  request.resume();
}

/** Over HTTP/2, lets a client that has its answer send on for a while, then tells it to stop (RFC 9113 §8.1). */
export function stopUpload(request: LibraryRequest): void {
  const { stream } = request;
  if (stream === undefined || stream.closed || isWhole(request)) return;
  // A reset at once would overtake the end of the answer that still waits in node:http2.
  const stop = (): void => stream.close(constants.NGHTTP2_NO_ERROR);
  discardRest(request, (whole) => {
    if (whole || stream.closed) return;
    if (stream.writableFinished) stop();
    else stream.once('finish', () => setImmediate(stop));
  });
}
