/** The state of the front as uWSGI's stats server tells its own, so that uwsgitop and exporters for it read it. */
import { sampleName } from '../../shared/metrics.js';
import type { Generation } from '../generation.js';
import type { RouterProcess } from '../routers/router-process.js';
import { memoryOf } from '../workers/resident-memory.js';
import type { WorkerProcess } from '../workers/worker-process.js';
import type { Workers } from '../workers/workers.js';

/** A router that is alive answers within milliseconds. */
const PATIENCE_MS = 1_000;

/** What uWSGI tells of a worker that is of use for one of ours. */
interface WorkerFacts {
  readonly pid: number;
  readonly requests: number;
  /** At this moment. */
  readonly open: number;
  readonly isReady: boolean;
  readonly exceptions: number;
  readonly harakiris: number;
  /** Number of this process among those that have had its place. */
  readonly spawns: number;
  /** By performance.now(). */
  readonly startedAtMs: number;
  /** Bytes of bodies to clients. */
  readonly sentBytes: number;
  /** All requests together. */
  readonly tookMs: number;
  /** What it serves. */
  readonly mountpoint: string;
  readonly chdir: string;
}

/** What the master knows. */
export interface UwsgiStatsParts {
  readonly version: string;
  /** The generation that serves, or starts; null: none yet. */
  readonly serving: Generation | null;
  readonly addresses: readonly string[];
}

/** The document: routers first, then the processes of the apps that we started. */
export async function describeForUwsgi({ version, serving, addresses }: UwsgiStatsParts) {
  const workers = serving?.workers ?? [];
  const routers = await Promise.all(
    (serving?.routers.all ?? []).map((router) => factsOfRouter(router, workers)),
  );
  const apps = workers.flatMap((own) => own.all.map((worker) => factsOfWorker(own, worker)));
  return {
    version,
    listen_queue: 0,
    listen_queue_errors: 0,
    signal_queue: 0,
    load: routers.reduce((sum, { open }) => sum + open, 0),
    pid: process.pid,
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    cwd: process.cwd(),
    locks: [],
    sockets: addresses.map((name) => ({
      name,
      proto: 'http',
      queue: 0,
      max_queue: 0,
      shared: 0,
      can_offload: 0,
    })),
    workers: [...routers, ...apps].map((facts, index) => describe(index + 1, facts)),
  };
}

/** Each request counts once, at the process that has answered it: uWSGI's own routers are not among its workers. */
async function factsOfRouter(router: RouterProcess, workers: readonly Workers[]): Promise<WorkerFacts> {
  const [counters, samples] = await Promise.all([router.count(PATIENCE_MS), router.measure(PATIENCE_MS)]);
  const seconds = Object.entries(samples).filter(([name]) => name.startsWith(DURATION_SUM));
  const all = counters?.requests ?? 0;
  const given = workers.reduce((sum, own) => sum + own.givenBy(router.pid), 0);
  const requests = Math.max(all - given, 0);
  const tookMs = seconds.reduce((sum, [, value]) => sum + value * 1000, 0);
  return {
    pid: router.pid,
    requests,
    open: counters?.requestsOpen ?? 0,
    isReady: router.ready,
    exceptions: counters?.upstreamErrors ?? 0,
    harakiris: 0,
    spawns: router.spawns,
    startedAtMs: router.startedAtMs,
    sentBytes: samples[sampleName('tlsfront_http_response_body_bytes_total', {})] ?? 0,
    // Of its own requests alone; nobody counts the time of each.
    tookMs: all === 0 ? 0 : (tookMs * requests) / all,
    mountpoint: '',
    chdir: '',
  };
}

const DURATION_SUM = 'tlsfront_http_request_duration_seconds_sum';

function factsOfWorker(workers: Workers, worker: WorkerProcess): WorkerFacts {
  const { pid, ready, startedAtMs } = worker;
  const { prefix } = workers.route;
  return {
    ...{ pid, isReady: ready, startedAtMs, exceptions: 0, sentBytes: 0 },
    ...workers.usageOf(worker),
    ...{ mountpoint: prefix, chdir: process.cwd() },
  };
}

function describe(id: number, facts: WorkerFacts) {
  const { pid, requests, open, isReady, exceptions, tookMs } = facts;
  const { residentBytes: rss, virtualBytes: vsz } = memoryOf(pid);
  const answered = Math.max(requests - open, 0);
  return {
    id,
    pid,
    accepting: isReady ? 1 : 0,
    requests,
    delta_requests: requests,
    exceptions,
    harakiri_count: facts.harakiris,
    signals: 0,
    signal_queue: 0,
    status: !isReady ? 'cheap' : open > 0 ? 'busy' : 'idle',
    rss,
    vsz,
    // Microseconds.
    running_time: Math.round(tookMs * 1000),
    last_spawn: Math.round((performance.timeOrigin + facts.startedAtMs) / 1000),
    respawn_count: facts.spawns,
    tx: facts.sentBytes,
    avg_rt: answered === 0 ? 0 : Math.round((tookMs * 1000) / answered),
    apps: [
      {
        ...{ id: 0, modifier1: 0, mountpoint: facts.mountpoint, startup_time: 0 },
        ...{ requests, exceptions, chdir: facts.chdir },
      },
    ],
    cores: [
      {
        ...{ id: 0, requests, static_requests: 0, routed_requests: 0, offloaded_requests: 0 },
        ...{ write_errors: 0, read_errors: 0, in_request: open > 0 ? 1 : 0, vars: [], req_info: {} },
      },
    ],
  };
}
