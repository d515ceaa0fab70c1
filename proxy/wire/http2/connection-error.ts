/** The error that ends a connection (RFC 9113 §5.4.1). */

/** Thrown inside the codec only: `next()` turns it into GOAWAY and CLOSED. */
export class Http2ConnectionError extends Error {
  /** @param errorCode RFC 9113 §7. @param reason fixed words for the log. */
  constructor(
    readonly errorCode: number,
    readonly reason: string,
  ) {
    super(reason);
    this.name = 'Http2ConnectionError';
  }
}
