/** So many at once, and then so many in a time: a bucket that fills up evenly. */

/** What it holds, and since when. */
export interface AllowanceState {
  readonly left: number;
  readonly atMs: number;
}

export class Allowance {
  private left: number;
  private atMs: number;

  /**
   * @param most what it holds when nothing was taken for long
   * @param everyMs after this it holds one more
   */
  constructor(
    private readonly most: number,
    private readonly everyMs: number,
    private readonly now: () => number,
  ) {
    this.left = most;
    this.atMs = now();
  }

  get state(): AllowanceState {
    return { left: this.left, atMs: this.atMs };
  }

  /** Goes on from what an earlier process has left; a moment that is still to come counts as now. */
  resume({ left, atMs }: AllowanceState): void {
    this.left = Math.min(Math.max(left, 0), this.most);
    this.atMs = Math.min(atMs, this.now());
  }

  /** Takes one. @returns false when there is none */
  take(): boolean {
    const nowMs = this.now();
    // A clock that was set back fills nothing.
    this.left = Math.min(this.most, this.left + Math.max(nowMs - this.atMs, 0) / this.everyMs);
    this.atMs = nowMs;
    if (this.left < 1) return false;
    this.left -= 1;
    return true;
  }
}
