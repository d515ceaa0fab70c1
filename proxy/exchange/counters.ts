/** The counters of one router, written by both engines and read by whoever reports them. */
import type { Counters } from '../../src/shared/counters.js';

/** All zero. */
export function createCounters(): Counters {
  return {
    connections: 0,
    connectionsOpen: 0,
    requests: 0,
    requestsOpen: 0,
    tunnelsOpen: 0,
    eventStreamsOpen: 0,
    upstreamErrors: 0,
    refusedByLimit: 0,
    refusedByBan: 0,
    logLinesLost: 0,
    bytesIn: 0,
    bytesOut: 0,
  };
}
