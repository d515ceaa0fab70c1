/** What a router measures of its requests, connections and apps, beside the plain counters; read when somebody asks. */

import type { Counters } from '../../src/shared/counters.js';
import type { ErrorCode } from '../../src/shared/errors.js';
import { type Samples, sampleName } from '../../src/shared/metrics.js';
import { residentBytes } from '../../src/system/own-memory.js';

/** Upper bounds in milliseconds: OpenTelemetry's for http.server.request.duration. */
const BOUNDS_MS = [5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10_000] as const;

/** The methods of RFC 9110 §9 and RFC 5789; every other is counted as one, so that strangers cannot make series. */
const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  'PATCH',
  'other',
] as const;
const OTHER = METHODS.length - 1;
const STATUSES = 600;

function indexOfMethod(method: string): number {
  // The two that nearly all requests have are found first.
  for (let index = 0; index < OTHER; index += 1) if (METHODS[index] === method) return index;
  return OTHER;
}

/** The requests of one route on one port. */
class RouteMeasures {
  /** By method and status. */
  private readonly requests = new Float64Array(METHODS.length * STATUSES);
  /** By bound, each for itself; the last is above all bounds. */
  private readonly durations = new Float64Array(BOUNDS_MS.length + 1);
  private totalMs = 0;

  count(method: string, status: number): void {
    const index = indexOfMethod(method) * STATUSES + (status < STATUSES ? status : 0);
    this.requests[index] = (this.requests[index] ?? 0) + 1;
  }

  time(durationMs: number): void {
    let index = 0;
    while (index < BOUNDS_MS.length && durationMs > (BOUNDS_MS[index] ?? 0)) index += 1;
    this.durations[index] = (this.durations[index] ?? 0) + 1;
    this.totalMs += durationMs;
  }

  write(into: Record<string, number>, labels: Readonly<Record<string, string | number>>): void {
    for (const [index, count] of this.requests.entries()) {
      if (count === 0) continue;
      const method = METHODS[Math.floor(index / STATUSES)] ?? 'other';
      into[sampleName('tlsfront_http_requests_total', { ...labels, method, code: index % STATUSES })] = count;
    }
    const name = 'tlsfront_http_request_duration_seconds';
    let sum = 0;
    for (const [index, count] of this.durations.entries()) {
      sum += count;
      const bound = BOUNDS_MS[index];
      const le = bound === undefined ? '+Inf' : bound / 1000;
      into[sampleName(`${name}_bucket`, { ...labels, le })] = sum;
    }
    into[sampleName(`${name}_sum`, labels)] = this.totalMs / 1000;
    into[sampleName(`${name}_count`, labels)] = sum;
  }
}

/** An app as it is reported. */
export interface MeasuredUpstream {
  readonly name: string;
  readonly up: boolean;
  readonly inFlight: number;
  /** What commands call its app. */
  readonly app: { readonly name: string };
  readonly leaving: unknown;
}

/** Bounded: routes and ports are the configuration's, methods, statuses and codes are fixed sets. */
export class Measures {
  /** By port, then by route. */
  private readonly ports = new Map<number, Map<string, RouteMeasures>>();
  private readonly errors = new Map<ErrorCode, number>();
  private readonly handshakes = new Map<string, number>();
  private handshakeFailures = 0;
  private readonly limits = new Map<string, number>();
  private readonly refusedClients = new Map<string, number>();
  private readonly askedNames = new Map<string, number>();

  /** A request has ended. @param route host and prefix; @param durationMs null: it is not timed */
  ended(port: number, route: string, method: string, status: number, durationMs: number | null): void {
    const measures = this.of(port, route);
    measures.count(method, status);
    if (durationMs !== null) measures.time(durationMs);
  }

  failed(code: ErrorCode): void {
    this.errors.set(code, (this.errors.get(code) ?? 0) + 1);
  }

  /** @param version as Node tells it, such as `TLSv1.3` */
  handshake(version: string, protocol: string, resumed: boolean): void {
    const name = sampleName('tlsfront_tls_handshakes_total', { version, protocol, resumed: String(resumed) });
    this.handshakes.set(name, (this.handshakes.get(name) ?? 0) + 1);
  }

  handshakeFailed(): void {
    this.handshakeFailures += 1;
  }

  /** A client had no certificate, or a wrong one. @param reason one of a few words */
  clientRefused(reason: string): void {
    const name = sampleName('tlsfront_client_certificates_refused_total', { reason });
    this.refusedClients.set(name, (this.refusedClients.get(name) ?? 0) + 1);
  }

  /** A handshake was for a name that had no certificate at hand. @param outcome one of a few words */
  nameAsked(outcome: string): void {
    const name = sampleName('tlsfront_on_demand_handshakes_total', { outcome });
    this.askedNames.set(name, (this.askedNames.get(name) ?? 0) + 1);
  }

  /** A limit has ended a connection or a request. @param option the name of its option */
  limitReached(option: string): void {
    const name = sampleName('tlsfront_limits_reached_total', { option });
    this.limits.set(name, (this.limits.get(name) ?? 0) + 1);
  }

  private of(port: number, route: string): RouteMeasures {
    let routes = this.ports.get(port);
    if (routes === undefined) {
      routes = new Map();
      this.ports.set(port, routes);
    }
    let measures = routes.get(route);
    if (measures === undefined) {
      measures = new RouteMeasures();
      routes.set(route, measures);
    }
    return measures;
  }

  /** Everything as samples. */
  read(
    counters: Readonly<Counters>,
    upstreams: readonly MeasuredUpstream[],
    held: number,
    paused = 0,
  ): Samples {
    const samples: Record<string, number> = {
      tlsfront_http_requests_in_flight: counters.requestsOpen,
      tlsfront_tunnels_open: counters.tunnelsOpen,
      tlsfront_event_streams_open: counters.eventStreamsOpen,
      tlsfront_http_request_body_bytes_total: counters.bytesIn,
      tlsfront_http_response_body_bytes_total: counters.bytesOut,
      tlsfront_connections_total: counters.connections,
      tlsfront_connections_open: counters.connectionsOpen,
      tlsfront_connections_refused_total: counters.refusedByLimit,
      tlsfront_connections_banned_total: counters.refusedByBan,
      tlsfront_tls_handshake_failures_total: this.handshakeFailures,
      tlsfront_upstream_errors_total: counters.upstreamErrors,
      tlsfront_held_requests: held,
      tlsfront_paused_requests: paused,
      tlsfront_log_lines_lost_total: counters.logLinesLost,
      ...Object.fromEntries(this.handshakes),
      ...Object.fromEntries(this.limits),
      ...Object.fromEntries(this.refusedClients),
      ...Object.fromEntries(this.askedNames),
    };
    for (const [code, count] of this.errors)
      samples[sampleName('tlsfront_http_errors_total', { code })] = count;
    for (const [port, routes] of this.ports) {
      for (const [route, measures] of routes) measures.write(samples, { port, route });
    }
    for (const { name, up, inFlight, leaving, app } of upstreams) {
      if (leaving !== undefined) {
        const left = sampleName('tlsfront_upstream_requests_leaving', { app: app.name, upstream: name });
        samples[left] = (samples[left] ?? 0) + inFlight;
        continue;
      }
      samples[sampleName('tlsfront_upstream_up', { upstream: name })] = up ? 1 : 0;
      const busy = sampleName('tlsfront_upstream_requests_in_flight', { upstream: name });
      samples[busy] = (samples[busy] ?? 0) + inFlight;
    }
    const { user, system } = process.cpuUsage();
    samples.tlsfront_process_cpu_seconds_total = (user + system) / 1e6;
    samples[sampleName('tlsfront_process_resident_memory_bytes', { process: 'router' })] = residentBytes();
    return samples;
  }
}
