/** How long to wait before a dead child is started again: at once the first time, longer when it keeps dying. */

const FIRST_MS = 100;
const MAX_MS = 10_000;
/** A child that lived this long died of something new. */
const HEALTHY_AFTER_MS = 10_000;

/** Counts the deaths of one child's place. */
export class BackOff {
  private deaths = 0;

  /** @param livedMs how long the child lived. Returns the delay in milliseconds. */
  next(livedMs: number): number {
    if (livedMs >= HEALTHY_AFTER_MS) this.deaths = 0;
    this.deaths += 1;
    return this.deaths === 1 ? 0 : Math.min(FIRST_MS * 2 ** (this.deaths - 2), MAX_MS);
  }
}
