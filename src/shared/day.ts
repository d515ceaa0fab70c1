/** A day as lines for people write it. */

/** `2027-01-31`, by universal time. */
export function dayOf(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}
