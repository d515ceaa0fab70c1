/** What downstream connections share, and what the engine asks of each. */

import type { AcceptedConnection } from '../engine.js';
import type { ResetBudget } from '../exchange/access/reset-budget.js';
import type { ForwardingServices } from './upstream-attempt.js';

/** A downstream connection as the engine keeps it. */
export interface DownstreamConnection {
  readonly connection: AcceptedConnection;
  /** No further requests: ends now when nothing is under way, else after it. May be called again. */
  drain(): void;
  destroy(): void;
  /** Response bytes that wait for the client to take them. */
  readonly waitingBytes: number;
  /** Since when the client has taken nothing of what waits; 0 when it has. */
  readonly stalledSinceMs: number;
  /** Ends what has waited too long; called a few times a second. */
  checkTime(nowMs: number): void;
  /** Called once after `host.afterTurn`. */
  resume(): void;
}

/** The engine as connections see it. */
export interface ConnectionHost {
  readonly services: ForwardingServices;
  readonly resets: ResetBudget;
  /** Coarse clock in milliseconds. */
  readonly nowMs: number;
  /** Calls `connection.resume()` once when this turn of the event loop is over. */
  afterTurn(connection: DownstreamConnection): void;
  /** Ends a connection on which our own code threw, and only that one; the log tells where. */
  endAfterDefect(connection: DownstreamConnection, error: unknown): void;
  onClosed(connection: DownstreamConnection): void;
}
