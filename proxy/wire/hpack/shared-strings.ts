/** Strings that many connections hold at once, kept once. */

const MAX_STRINGS = 512;
const MAX_SHARED_LENGTH = 256;

const STRINGS = new Map<string, string>();

/**
 * The same latin1 text as a string of its own. A slice of a response head would keep the whole head alive for as long
 * as a table holds the slice, and an app sends the same `server` and `content-type` on all of its connections.
 */
export function shareString(text: string): string {
  const shared = STRINGS.get(text);
  if (shared !== undefined) return shared;
  const copy = Buffer.from(text, 'latin1').toString('latin1');
  if (copy.length <= MAX_SHARED_LENGTH) {
    if (STRINGS.size >= MAX_STRINGS) STRINGS.clear();
    STRINGS.set(copy, copy);
  }
  return copy;
}
