/** Reason phrases for HTTP/1.1 status lines. */
import { STATUS_CODES } from 'node:http';

/** Standard phrase of a status; empty for unknown ones (RFC 9112 §4 lets it be empty). */
export function statusText(status: number): string {
  return STATUS_CODES[status] ?? '';
}
