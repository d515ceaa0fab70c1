/** Whom to end when clients that take nothing together hold too much. */

/** A client that has taken nothing for so long may be ended. */
const STALLED_MS = 1000;

/** What is known of a connection that bytes wait for. */
export interface Holder {
  /** Response bytes that wait for the client to take them. */
  readonly waitingBytes: number;
  /** Since when the client has taken nothing of what waits; 0 when it has. */
  readonly stalledSinceMs: number;
}

/** Those that hold most, the most first, as many as it takes to free so many bytes. */
export function selectStalled<H extends Holder>(
  holders: Iterable<H>,
  surplusBytes: number,
  nowMs: number,
): H[] {
  const lastMs = nowMs - STALLED_MS;
  const stalled = [...holders].filter(
    ({ stalledSinceMs }) => stalledSinceMs !== 0 && stalledSinceMs <= lastMs,
  );
  stalled.sort((a, b) => b.waitingBytes - a.waitingBytes);
  let left = surplusBytes;
  return stalled.filter(({ waitingBytes }) => {
    const isNeeded = left > 0;
    left -= waitingBytes;
    return isNeeded;
  });
}
