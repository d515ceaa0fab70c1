/** How much a peer may send on one stream or on the connection (RFC 9113 §5.2, §6.9). */

/** Credit is given back in batches of half a window, and the window doubles while it is taken fast. */
export class ReceiveWindow {
  /** What the peer may still send. */
  private available: number;
  /** What the window holds when nothing waits. */
  private sizeBytes: number;
  /** Taken by the upstream, not yet announced. */
  private unannounced = 0;
  private takenSinceGrowth = 0;
  private grownAtMs: number;

  constructor(sizeBytes: number, nowMs: number) {
    this.available = sizeBytes;
    this.sizeBytes = sizeBytes;
    this.grownAtMs = nowMs;
  }

  /** Counts a DATA frame, padding and all; false when the peer went over. */
  receive(bytes: number): boolean {
    this.available -= bytes;
    return this.available >= 0;
  }

  /** The window changed by a SETTINGS the peer has acknowledged (RFC 9113 §6.9.2); it may turn negative. */
  resize(differenceBytes: number): void {
    this.available += differenceBytes;
    this.sizeBytes += differenceBytes;
  }

  /** Counts bytes the upstream took; returns the increment for a WINDOW_UPDATE now, or 0. */
  consume(bytes: number, nowMs: number, maxBytes: number, growthMs: number): number {
    this.unannounced += bytes;
    if (this.unannounced * 2 < this.sizeBytes) return 0;
    let increment = this.unannounced;
    this.takenSinceGrowth += increment;
    if (this.takenSinceGrowth >= this.sizeBytes) {
      if (nowMs - this.grownAtMs <= growthMs && this.sizeBytes < maxBytes) {
        const roomier = Math.min(this.sizeBytes * 2, maxBytes);
        increment += roomier - this.sizeBytes;
        this.sizeBytes = roomier;
      }
      this.takenSinceGrowth = 0;
      this.grownAtMs = nowMs;
    }
    this.unannounced = 0;
    this.available += increment;
    return increment;
  }
}
