/** Reason phrases for HTTP/1.1 status lines. */
let phrases: Readonly<Record<number, string>> | null = null;

/** Standard phrase of a status; empty for unknown ones (RFC 9112 §4 lets it be empty). */
export function statusText(status: number): string {
  // Loaded with the first of them: a router has no other use for node:http, which takes 2 ms of its start.
  phrases ??= process.getBuiltinModule('node:http').STATUS_CODES as Readonly<Record<number, string>>;
  return phrases[status] ?? '';
}
