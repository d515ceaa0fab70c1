/** Reads the code of an error of the operating system or of Node. */

/** `ENOENT`, `ERR_HTTP2_ERROR` and the like; null for an error without a code, and for what is no error. */
export function systemCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}
