/** How long a certificate still holds, as lines at the start tell it. */
import { DAY_MS } from '../certificates/development/x509-issuer.js';
import { dayOf } from '../shared/day.js';

/** Whole days; below 0 once it has run out. */
export function daysUntil(endMs: number): number {
  return Math.floor((endMs - Date.now()) / DAY_MS);
}

/** `certificate of example.com valid until 2027-01-31 (70 days)`. */
export function validityText(label: string, endMs: number): string {
  return `certificate of ${label} valid until ${dayOf(endMs)} (${daysUntil(endMs)} days)`;
}
