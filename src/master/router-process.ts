/** One router process: forked through cluster so that all routers share the listening sockets. */
import cluster, { type Worker as ClusterWorker } from 'node:cluster';
import { fileURLToPath } from 'node:url';
import type { Counters } from '../shared/counters.js';
import { FrontError } from '../shared/errors.js';
import type { Samples } from '../shared/metrics.js';
import type {
  BoundListener,
  MasterToRouter,
  RouterStart,
  RouterToMaster,
} from '../shared/router-messages.js';

const ROUTER_FILE = fileURLToPath(new URL('../../proxy/main.js', import.meta.url));

/**
 * V8's young generation is three of these. Its own measure doubled from Node 20 to 24, where a busy router then took 220 MiB instead
 * of 110; requests live so briefly that a larger one saves nothing.
 */
const SEMI_SPACE_MEBIBYTES = 8;

/** What a router tells its keeper. */
export interface RouterEvents {
  onExit(router: RouterProcess, reason: string): void;
  /** A client asks the router for a name that may have a certificate of its own. */
  onNeedLeaf(router: RouterProcess, name: string): void;
}

/** A router that was forked; `started` settles once. */
export class RouterProcess {
  readonly pid: number;
  readonly startedAtMs = performance.now();
  /** Resolves with the bound listeners; rejects with the router's error, or when it ends before it is ready. */
  readonly started: Promise<readonly (BoundListener | null)[]>;
  ready = false;
  private readonly process: ClusterWorker;
  /** Version of the answers to challenges that it has acknowledged. */
  private takenVersion = -1;
  private readonly waiting = new Set<{ readonly version: number; readonly resolve: () => void }>();
  private readonly counting = new Set<(counters: Readonly<Counters> | null) => void>();
  private samples: Samples = {};
  private readonly measuring = new Set<() => void>();

  constructor(
    readonly index: number,
    buildStart: () => RouterStart,
    output: number | 'inherit',
    events: RouterEvents,
  ) {
    // Routers accept on one shared socket each; round robin would pass every connection through the master.
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    cluster.setupPrimary({
      exec: ROUTER_FILE,
      args: [],
      execArgv: [...process.execArgv, `--max-semi-space-size=${SEMI_SPACE_MEBIBYTES}`],
      stdio: ['ignore', output, output, 'ipc'],
    });
    this.process = cluster.fork();
    this.pid = this.process.process.pid ?? 0;
    this.started = new Promise((resolve, reject) => {
      let firstVersion = 0;
      this.process.on('message', (message: RouterToMaster) => {
        if (message.type === 'loaded') {
          const start = buildStart();
          firstVersion = start.challenges.version;
          this.send(start);
        } else if (message.type === 'ready') {
          this.ready = true;
          resolve(message.bound);
          this.settle(firstVersion);
        } else if (message.type === 'challenges_taken') this.settle(message.version);
        else if (message.type === 'need_leaf') events.onNeedLeaf(this, message.name);
        else if (message.type === 'counted') this.settleCount(message.counters);
        else if (message.type === 'measured') this.takeSamples(message.samples);
        else reject(readFailure(message));
      });
      this.process.on('error', reject);
      this.process.on('exit', (code, signal) => {
        const reason = describeEnd(code, signal);
        reject(new FrontError('internal', `the http process ${index} ended before it was ready: ${reason}`));
        this.settle(Number.POSITIVE_INFINITY);
        this.settleCount(null);
        this.settleMeasures();
        events.onExit(this, reason);
      });
    });
    // The keeper may ask later or never; a rejection nobody asked for is not an error of its own.
    this.started.catch(() => {});
  }

  send(message: MasterToRouter): void {
    if (this.process.isConnected()) this.process.send(message);
  }

  /** Resolves when it answers challenges by this version or a later one, or has ended. */
  taken(version: number): Promise<void> {
    if (version <= this.takenVersion) return Promise.resolve();
    return new Promise((resolve) => this.waiting.add({ version, resolve }));
  }

  private settle(version: number): void {
    this.takenVersion = Math.max(this.takenVersion, version);
    for (const waiter of this.waiting) {
      if (waiter.version > this.takenVersion) continue;
      this.waiting.delete(waiter);
      waiter.resolve();
    }
  }

  /** Its counters; null when it does not answer in time, or has ended. */
  count(patienceMs: number): Promise<Readonly<Counters> | null> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle(null), patienceMs);
      const settle = (counters: Readonly<Counters> | null): void => {
        clearTimeout(timer);
        this.counting.delete(settle);
        resolve(counters);
      };
      this.counting.add(settle);
      this.send({ type: 'count' });
    });
  }

  private settleCount(counters: Readonly<Counters> | null): void {
    for (const settle of this.counting) settle(counters);
  }

  /** What it measured last; what it says at its end is among that. */
  get lastSamples(): Samples {
    return this.samples;
  }

  /** Resolves with what it measures now; with what it said last when it does not answer in time, or has ended. */
  measure(patienceMs: number): Promise<Samples> {
    return new Promise((resolve) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.measuring.delete(settle);
        resolve(this.samples);
      };
      const timer = setTimeout(settle, patienceMs);
      this.measuring.add(settle);
      if (this.process.isConnected()) this.send({ type: 'measure' });
      else settle();
    });
  }

  private takeSamples(samples: Samples): void {
    this.samples = samples;
    this.settleMeasures();
  }

  private settleMeasures(): void {
    for (const settle of this.measuring) settle();
  }

  kill(): void {
    this.process.process.kill('SIGKILL');
  }
}

function readFailure(message: Extract<RouterToMaster, { type: 'failed' }>): FrontError {
  return new FrontError(message.code, message.message, {
    ...(message.hint === null ? {} : { hint: message.hint }),
    cause: { inUse: message.inUse },
  });
}

/** `exit code 1`, or `signal SIGKILL`. */
export function describeEnd(code: number | null, signal: string | null): string {
  return signal ? `signal ${signal}` : `exit code ${code ?? 0}`;
}
