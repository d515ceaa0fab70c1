/** What a router counts, as it crosses to the master. */

/** Plain numbers; those named open are gauges, the others only grow. */
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
  /** Connections that a limit has closed; of requests that are refused tlsfront_http_errors_total tells. */
  refusedByLimit: number;
  /** Connections of banned addresses. */
  refusedByBan: number;
  /** Log lines that nobody took in time. */
  logLinesLost: number;
  bytesIn: number;
  bytesOut: number;
}
