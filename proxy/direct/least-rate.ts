/** Whether a client that we wait for brings too little: its rate as a moving average, after a time of grace. */

const SECOND_MS = 1000;

export class LeastRate {
  private waitedMs = 0;
  /** Bytes a second; begins where it may stay, so that only what the client does counts. */
  private average: number;
  private lastMs: number;

  /**
   * @param leastBytes bytes a second; 0: any rate will do
   * @param graceMs nothing is judged before; also the time over which the average looks back
   * @param lastBytes what had been sent, or taken, before
   */
  constructor(
    private readonly leastBytes: number,
    private readonly graceMs: number,
    nowMs: number,
    private lastBytes = 0,
  ) {
    this.average = leastBytes;
    this.lastMs = nowMs;
  }

  /**
   * Call it a few times a second.
   * @param bytes all that the client has sent, or taken, so far
   * @param isOwing it is the client's turn: other time does not count
   */
  isBelow(nowMs: number, bytes: number, isOwing: boolean): boolean {
    const passedMs = nowMs - this.lastMs;
    const newBytes = bytes - this.lastBytes;
    this.lastMs = nowMs;
    this.lastBytes = bytes;
    if (!isOwing || passedMs <= 0) return false;
    this.waitedMs += passedMs;
    const rate = (newBytes * SECOND_MS) / passedMs;
    this.average += (rate - this.average) * (1 - Math.exp(-passedMs / this.graceMs));
    return this.waitedMs > this.graceMs && this.average < this.leastBytes;
  }
}
