/** The few statistics the bench reports: spread over rounds and percentiles over requests. */

export interface Spread {
  readonly minimum: number;
  readonly median: number;
  readonly maximum: number;
}

/** Minimum, median (mean of the middle two for an even count) and maximum. Throws RangeError on no values. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = Float64Array.from(values).sort();
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle];
  const minimum = sorted[0];
  const maximum = sorted[sorted.length - 1];
  if (upper === undefined || minimum === undefined || maximum === undefined) {
    throw new RangeError('no values to take a median of');
  }
  const lower = sorted.length % 2 === 0 ? (sorted[middle - 1] ?? upper) : upper;
  return { minimum, median: (lower + upper) / 2, maximum };
}

/** The nearest-rank percentile (0 < share <= 1) of values sorted in ascending order, or null when there are none. */
export function percentile(sorted: Float64Array, share: number): number | null {
  const rank = Math.min(sorted.length, Math.max(1, Math.ceil(share * sorted.length)));
  return sorted[rank - 1] ?? null;
}

/** The spread of the values that are known, or null when none is. */
export function spreadOfKnown(values: readonly (number | null)[]): Spread | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : spreadOf(known);
}
