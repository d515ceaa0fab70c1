/** Gives every wait of a test a time limit that says in words what did not happen. */
import { setTimeout as pause } from 'node:timers/promises';

/** A condition that never says anything must not hold the test up either. */
const LAST_LOOK_MS = 5000;
/** The first looks come quickly; who waits long looks less often, for looking takes time from what is waited for. */
const FIRST_PAUSE_MS = 10;
const MAX_PAUSE_MS = 50;

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
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs + 1, MAX_PAUSE_MS)) {
      const value = await condition();
      if (value !== false && value !== undefined) return value;
      if (performance.now() > endsAt) throw new Error(`not within ${ms} ms: ${label}`);
      await pause(pauseMs);
    }
  };
  return within(poll(), ms + LAST_LOOK_MS, label);
}

/** Longer than any figure stands still between two pieces of what moves it. */
const TURNS_AT_REST = 25;

/**
 * Waits until a figure has stayed the same over many turns. A turn is a round trip through the processes that could change it,
 * so that a machine which is too busy to move it does not pass for one that is done.
 */
export async function atRest(
  figure: () => number,
  turn: () => Promise<unknown>,
  ms: number,
  label: string,
): Promise<void> {
  const endsAt = performance.now() + ms;
  let last = figure();
  for (let turns = 0; turns < TURNS_AT_REST; ) {
    await turn();
    const now = figure();
    turns = now === last ? turns + 1 : 0;
    last = now;
    if (performance.now() > endsAt) throw new Error(`not within ${ms} ms: ${label}`);
  }
}
