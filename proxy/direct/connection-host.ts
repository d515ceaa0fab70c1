/** What downstream connections share, and what the engine asks of each. */
import type { FlowServices } from './flow.js';

/** A downstream connection as the engine keeps it. */
export interface DownstreamConnection {
  /** No further requests: ends now when nothing is under way, else after it. May be called again. */
  drain(): void;
  destroy(): void;
  /** Ends what has waited too long; called a few times a second. */
  checkTime(nowMs: number): void;
  /** Called once after `host.soon`. */
  resume(): void;
}

/** The engine as connections see it. */
export interface ConnectionHost {
  readonly services: FlowServices;
  /** Coarse clock in milliseconds. */
  readonly nowMs: number;
  /** Calls `connection.resume()` once when this turn of the event loop is over. */
  soon(connection: DownstreamConnection): void;
  closed(connection: DownstreamConnection): void;
}
