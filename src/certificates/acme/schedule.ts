/** When certificates are renewed, when a failed order is tried again, and how loudly failures are told. */

/** When a certificate holds. */
export interface Validity {
  readonly startMs: number;
  readonly endMs: number;
}

const FIRST_RETRY_MS = 60_000;
const LONGEST_RETRY_MS = 6 * 3_600_000;
/** An authority that asks for a longer pause is asked again after this all the same. */
const LONGEST_WISH_MS = 8 * 24 * 3_600_000;
/** Share of the life after which a certificate is renewed. */
const RENEWAL_SHARE = 2 / 3;
/** Fronts that were started together should not all come at once: up to this share of the life later. */
const JITTER_SHARE = 1 / 30;

/** @param random 0 to 1; the same for one certificate, or its time would move at each look */
export function renewalTime({ startMs, endMs }: Validity, random: number): number {
  return startMs + (endMs - startMs) * (RENEWAL_SHARE + JITTER_SHARE * random);
}

/**
 * Milliseconds until the next attempt: a minute, doubled up to six hours, a tenth more or less; never before the authority wants.
 * @param failures in a row, at least 1
 */
export function retryDelay(failures: number, random: number, retryAfterMs = 0): number {
  // The exponent is bounded: 2 ** 2000 is no number.
  const plainMs = Math.min(FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 20), LONGEST_RETRY_MS);
  return Math.max(Math.round(plainMs * (0.9 + 0.2 * random)), Math.min(retryAfterMs, LONGEST_WISH_MS));
}

/** How a failed renewal is told: as an error once only a ninth of the life is left (ten days of ninety). */
export function severityOf({ startMs, endMs }: Validity, nowMs: number): 'warning' | 'error' {
  return endMs - nowMs < (endMs - startMs) / 9 ? 'error' : 'warning';
}

/** `in 3 minutes`, `in 5 hours`, `in 12 days`. */
export function formatDelay(ms: number): string {
  for (const [unitMs, noun] of [
    [86_400_000, 'day'],
    [3_600_000, 'hour'],
    [60_000, 'minute'],
  ] as const) {
    const count = Math.round(ms / unitMs);
    if (ms >= 2 * unitMs) return `in ${count} ${noun}s`;
  }
  if (ms >= 50_000) return 'in a minute';
  return ms >= 2_000 ? `in ${Math.round(ms / 1000)} seconds` : 'in a moment';
}
