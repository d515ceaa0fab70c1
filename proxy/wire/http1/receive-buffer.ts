/** The bytes a decoder has received and not yet read: the last chunk itself, or a copy of what was left of it. */

/** An empty buffer that pins no memory. */
export const NOTHING: Buffer = Buffer.alloc(0);

/** A copied rest this small gets room to grow, so that a peer that sends byte by byte costs no allocation a byte. */
const SMALL_BYTES = 4096;

/** Unread bytes are `[position, end)` of `bytes`. */
export class Received {
  bytes: Buffer = NOTHING;
  position = 0;
  end = 0;
  /** Where a search for a line end that found nothing stopped; never before `position`. */
  searched = 0;
  /** True when `bytes` is our copy, which may be written to. */
  private owned = false;

  get unread(): number {
    return this.end - this.position;
  }

  /** Takes a chunk: without a copy when nothing is unread, else appended to what is. */
  append(chunk: Buffer): void {
    if (this.position === this.end) {
      this.bytes = chunk;
      this.position = 0;
      this.searched = 0;
      this.end = chunk.length;
      this.owned = false;
      return;
    }
    if (!this.owned || this.bytes.length - this.end < chunk.length) this.move(chunk.length);
    chunk.copy(this.bytes, this.end);
    this.end += chunk.length;
  }

  /** Makes the unread bytes independent of the chunk's memory; drops the chunk when nothing is unread. */
  keep(): void {
    if (this.position === this.end) this.drop();
    else if (!this.owned) this.move(0);
  }

  /** Forgets everything received. */
  drop(): void {
    this.bytes = NOTHING;
    this.position = 0;
    this.end = 0;
    this.searched = 0;
    this.owned = false;
  }

  /** Reads `count` bytes as a view. */
  take(count: number): Buffer {
    const from = this.position;
    this.position += count;
    if (from === 0 && count === this.bytes.length) return this.bytes;
    return this.bytes.subarray(from, from + count);
  }

  private move(room: number): void {
    const unread = this.end - this.position;
    const needed = unread + room;
    const size = needed < SMALL_BYTES ? Math.max(256, 2 * needed) : needed;
    const bytes = Buffer.allocUnsafeSlow(size);
    this.bytes.copy(bytes, 0, this.position, this.end);
    this.searched = Math.max(0, this.searched - this.position);
    this.bytes = bytes;
    this.position = 0;
    this.end = unread;
    this.owned = true;
  }
}
