/** Plain counters of one router, read by whoever reports them; written by both engines. */

export interface Counters {
  connections: number;
  connectionsOpen: number;
  requests: number;
  requestsOpen: number;
  /** Exchanges that became tunnels; counted in requestsOpen too. */
  tunnelsOpen: number;
  /** Answers of type text/event-stream, which end when the client goes; counted in requestsOpen too. */
  eventStreamsOpen: number;
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
    eventStreamsOpen: 0,
    upstreamErrors: 0,
    refusedByLimit: 0,
    bytesIn: 0,
    bytesOut: 0,
  };
}
