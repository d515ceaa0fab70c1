/** Reads and writes the three kinds of number an option takes: durations, sizes and counts. */

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['', 1000],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

const UNIT_BYTES: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['k', 1024],
  ['m', 1024 ** 2],
  ['g', 1024 ** 3],
]);

/** Longest delay that setTimeout takes; a longer one would fire at once. */
export const MAX_DURATION_MS = 2 ** 31 - 1;

/** Milliseconds of `500ms`, `30s`, `1.5m`, `2h`, `1d` or plain seconds; null when the text is none of these. */
export function parseDuration(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text);
  if (match === null) return null;
  const milliseconds = Math.round(Number(match[1]) * (UNIT_MS.get(match[2] ?? '') ?? Number.NaN));
  return Number.isSafeInteger(milliseconds) ? milliseconds : null;
}

/** Bytes of `4096`, `32k`, `1m`, `2g` (powers of 1024; `kb` and `KiB` mean the same); null otherwise. */
export function parseSize(text: string): number | null {
  const match = /^(\d+)(?:([kmg])(?:i?b)?|b)?$/.exec(text.toLowerCase());
  if (match === null) return null;
  const bytes = Number(match[1]) * (UNIT_BYTES.get(match[2] ?? '') ?? Number.NaN);
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** A whole number without sign; null otherwise. */
export function parseCount(text: string): number | null {
  const count = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(count) ? count : null;
}

/** The shortest text that parseDuration reads back, minutes only from two up (`60s`, `5m`, `1h`). */
export function formatDuration(milliseconds: number): string {
  if (milliseconds % 3_600_000 === 0 && milliseconds > 0) return `${milliseconds / 3_600_000}h`;
  if (milliseconds % 60_000 === 0 && milliseconds > 60_000) return `${milliseconds / 60_000}m`;
  if (milliseconds % 1000 === 0) return `${milliseconds / 1000}s`;
  return `${milliseconds}ms`;
}

/** The shortest text that parseSize reads back (`32k`, `1m`, `0`). */
export function formatSize(bytes: number): string {
  for (const unit of ['g', 'm', 'k']) {
    const factor = UNIT_BYTES.get(unit) ?? 1;
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return String(bytes);
}
