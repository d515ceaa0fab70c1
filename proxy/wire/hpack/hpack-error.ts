/** The one error that header compression throws. */

/** `compression`: the block breaks RFC 7541 (COMPRESSION_ERROR). `too_large`: a field has no room in the output. */
export type HpackErrorCode = 'compression' | 'too_large';

/** After `compression` both ends disagree about the table: the connection must end (RFC 9113 §4.3). */
export class HpackError extends Error {
  readonly code: HpackErrorCode;

  constructor(code: HpackErrorCode, message: string) {
    super(message);
    this.name = 'HpackError';
    this.code = code;
  }
}
