/** Plain counters of one router, read by whoever reports them; written by both engines. */

export interface Counters {
  connections: number;
  connectionsOpen: number;
  requests: number;
  requestsOpen: number;
  tunnelsOpen: number;
  upstreamErrors: number;
  refusedByLimit: number;
  bytesIn: number;
  bytesOut: number;
}

/** All zero. */
export function createCounters(): Counters {
  return {
    connections: 0,
    connectionsOpen: 0,
    requests: 0,
    requestsOpen: 0,
    tunnelsOpen: 0,
    upstreamErrors: 0,
    refusedByLimit: 0,
    bytesIn: 0,
    bytesOut: 0,
  };
}
