/** What an exchange at an upstream waits for, and how long it may. */
import type { Limits } from '../../src/shared/config/limits.js';
import type { ErrorCode } from '../../src/shared/errors.js';
import type { EndingLimit } from '../exchange/log/limit-reports.js';

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
  readonly upstream: { readonly name: string };
  fail(code: ErrorCode, cause: unknown): void;
}

/** Hears which limit ended what waited for an upstream. */
export type LimitListener = (limit: EndingLimit, upstream: string) => void;

/** Ends what has waited too long; who is idle is the keeper's to judge. */
export function endWhenLate(waits: Waits, limits: Limits, nowMs: number, onLimit: LimitListener): void {
  if (waits.paused && waits.waiting !== 'tunnel-end') return;
  const waitedMs = nowMs - waits.waitingSinceMs;
  switch (waits.waiting) {
    case 'connect':
      if (waitedMs > limits.connectTimeoutMs)
        end(waits, onLimit, 'upstream_connect_timeout', 'connectTimeoutMs');
      break;
    case 'head':
      if (!waits.awaitsRequest && waitedMs > limits.upstreamHeadTimeoutMs)
        end(waits, onLimit, 'upstream_timeout', 'upstreamHeadTimeoutMs');
      break;
    case 'body':
      if (waitedMs > limits.upstreamIdleTimeoutMs)
        end(waits, onLimit, 'upstream_timeout', 'upstreamIdleTimeoutMs');
      break;
    case 'tunnel':
      if (waitedMs > limits.tunnelIdleTimeoutMs)
        end(waits, onLimit, 'upstream_timeout', 'tunnelIdleTimeoutMs');
      break;
    case 'tunnel-end':
      if (waitedMs > TUNNEL_END_MS) waits.fail('upstream_timeout', null);
  }
}

function end(waits: Waits, onLimit: LimitListener, code: ErrorCode, limit: EndingLimit): void {
  onLimit(limit, waits.upstream.name);
  waits.fail(code, null);
}
