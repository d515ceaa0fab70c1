/** What an exchange at an upstream waits for, and how long it may. */
import type { Limits } from '../../src/shared/config.js';
import type { ErrorCode } from '../../src/shared/errors.js';

/** A tunnel of which one half has ended lasts so long: WebSockets have closed by then, and nobody waits for a half that never ends. */
const TUNNEL_END_MS = 30_000;

/** The keeper's sweep compares it with the clock. */
export type Waiting = 'connect' | 'head' | 'body' | 'tunnel' | 'tunnel-end' | 'idle';

/** Something with a deadline. */
export interface Waits {
  readonly waiting: Waiting;
  readonly waitingSinceMs: number;
  /** The downstream takes nothing: the upstream is not to blame for the time that passes. */
  readonly paused: boolean;
  /** The rest of the request is still to come: the client's to send, who has a time limit of its own. */
  readonly awaitsRequest: boolean;
  fail(code: ErrorCode, cause: unknown): void;
}

/** Ends what has waited too long; who is idle is the keeper's to judge. */
export function endWhenLate(waits: Waits, limits: Limits, nowMs: number): void {
  if (waits.paused && waits.waiting !== 'tunnel-end') return;
  const waitedMs = nowMs - waits.waitingSinceMs;
  switch (waits.waiting) {
    case 'connect':
      if (waitedMs > limits.connectTimeoutMs) waits.fail('upstream_connect_timeout', null);
      break;
    case 'head':
      if (!waits.awaitsRequest && waitedMs > limits.upstreamHeadTimeoutMs)
        waits.fail('upstream_timeout', null);
      break;
    case 'body':
      if (waitedMs > limits.upstreamIdleTimeoutMs) waits.fail('upstream_timeout', null);
      break;
    case 'tunnel':
      if (waitedMs > limits.tunnelIdleTimeoutMs) waits.fail('upstream_timeout', null);
      break;
    case 'tunnel-end':
      if (waitedMs > TUNNEL_END_MS) waits.fail('upstream_timeout', null);
  }
}
