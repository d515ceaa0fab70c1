/** When certificates are renewed, when a failed order is tried again, and how loudly failures are told. */

/** When a certificate holds. */
export interface Validity {
  readonly startMs: number;
  readonly endMs: number;
}

/** When an authority wants a certificate renewed (RFC 9773 §4.2), and our moment in it. */
export interface RenewalPlan {
  readonly startMs: number;
  readonly endMs: number;
  /** 0 to 1, chosen once for each window. */
  readonly random: number;
}

/** Shortest and longest pauses between questions for renewal information, and the usual one (RFC 9773 §4.3.3). */
const MIN_POLL_MS = 60_000;
const MAX_POLL_MS = 24 * 3_600_000;
const USUAL_POLL_MS = 6 * 3_600_000;

const FIRST_RETRY_MS = 60_000;
const MAX_RETRY_MS = 6 * 3_600_000;
/** A certificate of six days is still tried again every six hours, one of a day every hour. */
const MAX_RETRY_SHARE = 1 / 24;
/** An authority that asks for a longer pause is asked again after this all the same. */
const MAX_WISH_MS = 8 * 24 * 3_600_000;
/** Share of the life after which a certificate is renewed. */
const RENEWAL_SHARE = 2 / 3;
/** Fronts that were started together should not all come at once: up to this share of the life later. */
const JITTER_SHARE = 1 / 30;

/** @param random 0 to 1; the same for one certificate, or its time would move at each look */
export function renewalTime({ startMs, endMs }: Validity, random: number): number {
  return startMs + (endMs - startMs) * (RENEWAL_SHARE + JITTER_SHARE * random);
}

/** A moment in the authority's window; a window that has passed wants a renewal at once (RFC 9773 §4.2). */
export function plannedTime({ startMs, endMs, random }: RenewalPlan): number {
  return startMs + (endMs - startMs) * random;
}

/** Milliseconds until renewal information is asked for again. @param wishMs the authority's Retry-After; null: it has none */
export function pollDelay(wishMs: number | null): number {
  return Math.min(Math.max(wishMs ?? USUAL_POLL_MS, MIN_POLL_MS), MAX_POLL_MS);
}

/**
 * Milliseconds until the next attempt: a minute, doubled up to six hours, a tenth more or less; never before the authority wants.
 * @param failures in a row, at least 1
 * @param lifeMs life of the certificate to be renewed, which shortens the pauses of short lives; null: there is none
 */
export function retryDelay(
  failures: number,
  random: number,
  retryAfterMs = 0,
  lifeMs: number | null = null,
): number {
  const longestMs = Math.min(MAX_RETRY_MS, (lifeMs ?? Number.POSITIVE_INFINITY) * MAX_RETRY_SHARE);
  // The exponent is bounded: 2 ** 2000 is no number.
  const plainMs = Math.min(FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 20), longestMs);
  return Math.max(Math.round(plainMs * (0.9 + 0.2 * random)), Math.min(retryAfterMs, MAX_WISH_MS));
}

/** When a certificate is renewed whatever its authority plans: a ninth of its life before its end. */
export function lastMoment({ startMs, endMs }: Validity): number {
  return endMs - (endMs - startMs) / 9;
}

/** How a failed renewal is told: as an error once only a ninth of the life is left (ten days of ninety). */
export function severityOf({ startMs, endMs }: Validity, nowMs: number): 'warning' | 'error' {
  return nowMs > endMs - (endMs - startMs) / 9 ? 'error' : 'warning';
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
