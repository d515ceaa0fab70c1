/** Gives every wait of a test a time limit that says in words what did not happen. */
import { setTimeout as pause } from 'node:timers/promises';

/** A condition that never says anything must not hold the test up either. */
const LAST_LOOK_MS = 5000;

/** The promise's value, or a rejection that names `label` once `ms` milliseconds are over. */
export async function within<Value>(promise: Promise<Value>, ms: number, label: string): Promise<Value> {
  const limit = new AbortController();
  const expired = pause(ms, undefined, { signal: limit.signal }).then(() => {
    throw new Error(`not within ${ms} ms: ${label}`);
  });
  try {
    return await Promise.race([promise, expired]);
  } finally {
    limit.abort();
    // Losing the race leaves the pause rejecting with AbortError; nobody else listens to it.
    expired.catch(() => undefined);
  }
}

/**
 * Waits until `condition` gives something other than false or undefined, and returns that.
 * For states without an event (a pid that is gone, a file that appears); prefer `within` where there is one.
 */
export async function until<Value>(
  condition: () => Value | false | undefined | Promise<Value | false | undefined>,
  ms: number,
  label: string,
): Promise<Value> {
  const endsAt = performance.now() + ms;
  const poll = async (): Promise<Value> => {
    for (;;) {
      const value = await condition();
      if (value !== false && value !== undefined) return value;
      if (performance.now() > endsAt) throw new Error(`not within ${ms} ms: ${label}`);
      await pause(10);
    }
  };
  return within(poll(), ms + LAST_LOOK_MS, label);
}
