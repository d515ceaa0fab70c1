/** Whom a connection to an upstream calls back about its own life; the pool. */
import type { ErrorCode } from '../../../src/shared/errors.js';
import type { Http1Connection } from './connection.js';

/** Who gets connections back. */
export interface ConnectionOwner {
  /** Coarse clock in milliseconds. */
  readonly nowMs: number;
  onConnected(connection: Http1Connection): void;
  /** The first byte ever has come over it. */
  onHeard(connection: Http1Connection): void;
  /** It is a tunnel or an event stream from now on: it goes on as long as the client likes. */
  onLasting(connection: Http1Connection): void;
  /** The exchange is over and another may follow. */
  onIdle(connection: Http1Connection): void;
  /** Closed for good; `code` when it never connected. */
  onClosed(connection: Http1Connection, code: ErrorCode | null, cause: unknown): void;
}
