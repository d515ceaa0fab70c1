/** What `tlsfront top` shows as numbers, from two looks at the metrics. */

/** One sample of Prometheus text. */
interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** All samples at one moment. */
export class Look {
  private readonly samples: readonly Sample[];

  /** @param atMs of a clock that never jumps */
  constructor(
    text: string,
    readonly atMs: number,
  ) {
    this.samples = text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map(readSample);
  }

  /** The sum of a metric's samples with these labels. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    let sum = 0;
    for (const sample of this.samples) {
      if (
        sample.name === name &&
        Object.entries(labels).every(([key, value]) => sample.labels[key] === value)
      )
        sum += sample.value;
    }
    return sum;
  }

  /** The samples of a metric. */
  of(name: string): readonly Sample[] {
    return this.samples.filter((sample) => sample.name === name);
  }
}

function readSample(line: string): Sample {
  const end = line.lastIndexOf(' ');
  const brace = line.indexOf('{');
  const labels: Record<string, string> = {};
  if (brace !== -1) {
    for (const [, key = '', value = ''] of line.slice(brace, end).matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g))
      labels[key] = value.replaceAll(/\\(.)/g, (_whole, character: string) =>
        character === 'n' ? ' ' : character,
      );
  }
  return { name: line.slice(0, brace === -1 ? end : brace), labels, value: Number(line.slice(end + 1)) };
}

/** One route between two looks. */
export interface RouteFigures {
  readonly port: string;
  /** Host and prefix; empty: everything. */
  readonly route: string;
  readonly perSecond: number;
  /** null: no request has ended. */
  readonly averageMs: number | null;
  readonly failedShare: number;
}

/** The whole front between two looks. */
export interface Figures {
  readonly perSecond: number;
  /** Bounds of the histogram, in milliseconds; null: no request has ended. */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  readonly clientErrorShare: number;
  readonly serverErrorShare: number;
  readonly inFlight: number;
  readonly held: number;
  readonly tunnels: number;
  readonly eventStreams: number;
  readonly connections: number;
  readonly memoryBytes: number;
  readonly restarts: number;
  /** The busiest first. */
  readonly routes: readonly RouteFigures[];
  readonly upstreams: readonly {
    readonly name: string;
    readonly state: 'up' | 'left out' | 'drained';
    readonly inFlight: number;
  }[];
}

const REQUESTS = 'tlsfront_http_requests_total';
const DURATION = 'tlsfront_http_request_duration_seconds';

/** @param before an earlier look at the same front */
export function figuresBetween(before: Look, now: Look): Figures {
  const seconds = Math.max(0.001, (now.atMs - before.atMs) / 1000);
  const grown = (name: string, labels: Readonly<Record<string, string>> = {}): number =>
    Math.max(0, now.sum(name, labels) - before.sum(name, labels));
  const total = grown(REQUESTS);
  const upTo = (which: RegExp): number => {
    const codes = new Set(now.of(REQUESTS).map(({ labels }) => labels.code ?? ''));
    return [...codes]
      .filter((code) => which.test(code))
      .reduce((sum, code) => sum + grown(REQUESTS, { code }), 0);
  };
  const share = (part: number): number => (total === 0 ? 0 : part / total);
  const places = new Map(now.of(REQUESTS).map(({ labels }) => [`${labels.port} ${labels.route}`, labels]));
  const routes = [...places.values()].map(({ port = '', route = '' }): RouteFigures => {
    const here = { port, route };
    const count = grown(REQUESTS, here);
    const timed = grown(`${DURATION}_count`, here);
    const failed = now
      .of(REQUESTS)
      .filter(({ labels }) => labels.port === port && labels.route === route && /^5/.test(labels.code ?? ''))
      .reduce((sum, { labels, value }) => sum + value - before.sum(REQUESTS, labels), 0);
    return {
      port,
      route,
      perSecond: count / seconds,
      averageMs: timed === 0 ? null : (grown(`${DURATION}_sum`, here) / timed) * 1000,
      failedShare: count === 0 ? 0 : failed / count,
    };
  });
  return {
    perSecond: total / seconds,
    p50Ms: quantile(0.5, before, now),
    p95Ms: quantile(0.95, before, now),
    p99Ms: quantile(0.99, before, now),
    clientErrorShare: share(upTo(/^4/)),
    serverErrorShare: share(upTo(/^5/)),
    inFlight: now.sum('tlsfront_http_requests_in_flight'),
    held: now.sum('tlsfront_held_requests'),
    tunnels: now.sum('tlsfront_tunnels_open'),
    eventStreams: now.sum('tlsfront_event_streams_open'),
    connections: now.sum('tlsfront_connections_open'),
    memoryBytes: now.sum('tlsfront_process_resident_memory_bytes'),
    restarts: now.sum('tlsfront_router_restarts_total') + now.sum('tlsfront_worker_restarts_total'),
    routes: routes.sort((a, b) => b.perSecond - a.perSecond),
    upstreams: now.of('tlsfront_upstream_up').map(({ labels: { upstream = '' }, value }) => ({
      name: upstream,
      state:
        now.sum('tlsfront_upstream_drained', { upstream }) > 0 ? 'drained' : value > 0 ? 'up' : 'left out',
      inFlight: now.sum('tlsfront_upstream_requests_in_flight', { upstream }),
    })),
  };
}

/** The bound beneath which this share of the requests lies; beyond the last one Infinity. */
function quantile(share: number, before: Look, now: Look): number | null {
  const bounds = new Map<number, number>();
  for (const { labels } of now.of(`${DURATION}_bucket`)) {
    const { le = '' } = labels;
    const bound = le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le) * 1000;
    if (!bounds.has(bound)) {
      bounds.set(bound, now.sum(`${DURATION}_bucket`, { le }) - before.sum(`${DURATION}_bucket`, { le }));
    }
  }
  const all = bounds.get(Number.POSITIVE_INFINITY) ?? 0;
  if (all <= 0) return null;
  for (const [bound, count] of [...bounds].sort(([a], [b]) => a - b)) if (count >= share * all) return bound;
  return Number.POSITIVE_INFINITY;
}
