/** Puts HEADERS and its CONTINUATION frames together (RFC 9113 §4.3, §6.2, §6.10). */
import { Http2ConnectionError } from '../faults.js';
import type { Http2Limits } from '../limits.js';

const NOTHING: Buffer = Buffer.alloc(0);

/** The one field block that is under way; nothing else may come on the connection meanwhile. */
export class HeaderBlock {
  /** 0 when none is under way. */
  streamId = 0;
  endStream = false;
  dependsOnItself = false;
  bytes = NOTHING;
  length = 0;
  private continuations = 0;

  begin(streamId: number, endStream: boolean, dependsOnItself: boolean): void {
    this.streamId = streamId;
    this.endStream = endStream;
    this.dependsOnItself = dependsOnItself;
    this.continuations = 0;
  }

  /** @throws Http2ConnectionError ENHANCE_YOUR_CALM when the block grows too long (CVE-2024-27316 and its kin) */
  append(payload: Buffer, start: number, end: number, limits: Http2Limits, isContinuation: boolean): void {
    if (isContinuation) {
      this.continuations += 1;
      if (this.continuations > limits.maxContinuationFrames) {
        throw new Http2ConnectionError('CONTINUATION flood');
      }
    }
    const wanted = this.length + end - start;
    if (wanted > limits.maxHeaderBlockBytes) throw new Http2ConnectionError('field block too long');
    if (wanted > this.bytes.length) {
      const roomier = Buffer.allocUnsafeSlow(Math.max(wanted, this.bytes.length * 2));
      this.bytes.copy(roomier, 0, 0, this.length);
      this.bytes = roomier;
    }
    payload.copy(this.bytes, this.length, start, end);
    this.length = wanted;
  }

  finish(): void {
    this.streamId = 0;
    this.bytes = NOTHING;
    this.length = 0;
  }
}
