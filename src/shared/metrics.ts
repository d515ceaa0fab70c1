/** The metrics: their names, kinds and how those of several routers become one. docs/metrics.md says the same to people. */

/** Samples by name and labels, as they stand in the text: `tlsfront_connections_total`, `tlsfront_upstream_up{upstream="…"}`. */
export type Samples = Readonly<Record<string, number>>;

export interface Metric {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** How the values of several routers become one; counters and histograms are always added up. */
  readonly merge?: 'sum' | 'least';
}

/** Every metric by its name; those of type counter end in `_total`. */
export const METRICS = {
  tlsfront_build_info: { type: 'gauge', help: 'Always 1; the labels tell the versions.' },
  tlsfront_start_time_seconds: { type: 'gauge', help: 'When the master started, in seconds since 1970.' },
  tlsfront_last_reload_successful: {
    type: 'gauge',
    help: '1 when the last reload brought a new generation, 0 when the old one had to stay.',
  },
  tlsfront_last_reload_timestamp_seconds: {
    type: 'gauge',
    help: 'When the last reload ended, or the start, in seconds since 1970.',
  },
  tlsfront_certificate_not_after_timestamp_seconds: {
    type: 'gauge',
    help: 'When a certificate runs out, in seconds since 1970.',
  },
  tlsfront_routers: { type: 'gauge', help: 'Router processes by state.' },
  tlsfront_router_restarts_total: { type: 'counter', help: 'Routers that died and were started again.' },
  tlsfront_workers: { type: 'gauge', help: 'Processes of the app that we started, by readiness.' },
  tlsfront_worker_restarts_total: {
    type: 'counter',
    help: 'Processes of the app that died and were started again.',
  },
  tlsfront_process_resident_memory_bytes: { type: 'gauge', help: 'Resident memory, by kind of process.' },
  tlsfront_process_cpu_seconds_total: { type: 'counter', help: 'CPU time of the routers, user and system.' },
  tlsfront_http_requests_total: {
    type: 'counter',
    help: 'Requests that have ended, by listener port, route, method and status.',
  },
  tlsfront_http_request_duration_seconds: {
    type: 'histogram',
    help: 'From the head of a request to the end of its response, tunnels and event streams left out.',
  },
  tlsfront_http_requests_in_flight: { type: 'gauge', help: 'Requests that have not ended.' },
  tlsfront_tunnels_open: { type: 'gauge', help: 'WebSockets and other tunnels that are open.' },
  tlsfront_event_streams_open: { type: 'gauge', help: 'Event streams that are open.' },
  tlsfront_http_request_body_bytes_total: { type: 'counter', help: 'Body bytes from clients.' },
  tlsfront_http_response_body_bytes_total: { type: 'counter', help: 'Body bytes to clients.' },
  tlsfront_http_errors_total: {
    type: 'counter',
    help: 'Requests that were refused or failed, by the code that the log names.',
  },
  tlsfront_connections_total: { type: 'counter', help: 'Connections of clients that were accepted.' },
  tlsfront_connections_open: { type: 'gauge', help: 'Connections of clients that are open.' },
  tlsfront_connections_refused_total: {
    type: 'counter',
    help: 'Connections that were closed at once because a limit was reached.',
  },
  tlsfront_limits_reached_total: {
    type: 'counter',
    help: 'Connections and requests that a limit has ended, by its option.',
  },
  tlsfront_connections_banned_total: {
    type: 'counter',
    help: 'Connections that were closed at once because their address is banned.',
  },
  tlsfront_bans: { type: 'gauge', help: 'Addresses and networks that are banned.' },
  tlsfront_maintenance: { type: 'gauge', help: '1 while tlsfront maintenance is on.' },
  tlsfront_paused: { type: 'gauge', help: '1 while tlsfront pause holds requests.' },
  tlsfront_tls_handshakes_total: {
    type: 'counter',
    help: 'TLS handshakes that succeeded, by version, protocol and whether a session was resumed.',
  },
  tlsfront_tls_handshake_failures_total: { type: 'counter', help: 'TLS handshakes that failed.' },
  tlsfront_client_certificates_refused_total: {
    type: 'counter',
    help: 'Connections whose client certificate was refused, or missing, by the reason.',
  },
  tlsfront_on_demand_handshakes_total: {
    type: 'counter',
    help: 'Handshakes for names that had no certificate at hand (--acme-ask), by what became of them.',
  },
  tlsfront_on_demand_certificates: {
    type: 'gauge',
    help: 'Names that got their certificate at a handshake, by whether their last renewal has failed or was refused.',
  },
  tlsfront_client_crl_next_update_timestamp_seconds: {
    type: 'gauge',
    help: 'When a revocation list runs out and its clients are refused, in seconds since 1970.',
  },
  tlsfront_upstream_up: {
    type: 'gauge',
    help: '1 when the app takes requests, 0 when a router has left it out.',
    merge: 'least',
  },
  tlsfront_upstream_drained: {
    type: 'gauge',
    help: '1 for an app that tlsfront drain has taken out.',
  },
  tlsfront_upstream_requests_in_flight: { type: 'gauge', help: 'Requests that an app is working at.' },
  tlsfront_upstream_requests_leaving: {
    type: 'gauge',
    help: 'Requests still in flight at an address whose place a deploy has given to another, by app.',
  },
  tlsfront_upstream_errors_total: { type: 'counter', help: 'Requests that failed because of an app.' },
  tlsfront_held_requests: { type: 'gauge', help: 'Requests that wait for an app to come up.' },
  tlsfront_paused_requests: { type: 'gauge', help: 'Requests that tlsfront pause holds.' },
  tlsfront_log_lines_lost_total: { type: 'counter', help: 'Log lines that nobody took in time.' },
} as const satisfies Record<string, Metric>;

export type MetricName = keyof typeof METRICS;

const SUFFIX = /(?:_bucket|_sum|_count)$/;

function isMetric(name: string): name is MetricName {
  return Object.hasOwn(METRICS, name);
}

/** The metric that a sample belongs to; null: there is none of this name. */
export function metricOf(sample: string): MetricName | null {
  const end = sample.indexOf('{');
  const name = end === -1 ? sample : sample.slice(0, end);
  if (isMetric(name)) return name;
  const family = name.replace(SUFFIX, '');
  return isMetric(family) && METRICS[family].type === 'histogram' ? family : null;
}

/** A sample's name with its labels; what stands in a value is escaped (Prometheus text format 0.0.4). */
export function sampleName(metric: string, labels: Readonly<Record<string, string | number>> = {}): string {
  const pairs = Object.entries(labels).map(([name, value]) => {
    const text = String(value).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
    return `${name}="${text}"`;
  });
  return pairs.length === 0 ? metric : `${metric}{${pairs.join(',')}}`;
}

/** The samples of several processes as one. */
export function mergeSamples(all: readonly Samples[]): Record<string, number> {
  const merged: Record<string, number> = {};
  for (const samples of all) {
    for (const [name, value] of Object.entries(samples)) {
      const known = merged[name];
      const metric = metricOf(name);
      const rule: Metric | null = metric === null ? null : METRICS[metric];
      if (known === undefined) merged[name] = value;
      else merged[name] = rule?.merge === 'least' ? Math.min(known, value) : known + value;
    }
  }
  return merged;
}

/** What stays of a process that has ended: what only grows. */
export function lastingSamples(samples: Samples): Samples {
  return Object.fromEntries(
    Object.entries(samples).filter(([name]) => {
      const metric = metricOf(name);
      return metric !== null && METRICS[metric].type !== 'gauge';
    }),
  );
}
