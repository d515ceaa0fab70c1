/** The line of a request for a person at a terminal: what was asked for, what came of it, how long it took. */
import type { AccessRecord } from './access-log.js';
import { cutPath, escapeText, two } from './log-text.js';

const GREEN = 32;
const CYAN = 36;
const YELLOW = 33;
const RED = 31;
const DIM = 2;

/** `18:37:04 200 GET /path 12 ms 1.4 kB`, in local time. */
export function formatShort(
  { time, head, status, durationMs, bodyBytes, error }: AccessRecord,
  coloured: boolean,
): string {
  const paint = (text: string, style: number): string =>
    coloured ? `\u001b[${style}m${text}\u001b[0m` : text;
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  // A client that left before the answer began got no status.
  const code = status === 0 ? '---' : String(status);
  const request = `${escapeText(head.method.slice(0, 16))} ${escapeText(cutPath(head.path))}`;
  const why = error === '' ? '' : ` ${paint(error, RED)}`;
  const facts = paint(`${duration(durationMs)} ${size(bodyBytes)}`, DIM);
  return `${paint(clock, DIM)} ${paint(code, colourOf(status))} ${request} ${facts}${why}\n`;
}

function colourOf(status: number): number {
  if (status >= 500 || status === 0) return RED;
  if (status >= 400) return YELLOW;
  return status >= 300 ? CYAN : GREEN;
}

function duration(milliseconds: number): string {
  if (milliseconds < 10) return `${milliseconds.toFixed(1)} ms`;
  return milliseconds < 10_000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
