/** The workers of a generation: starts them, replaces the dead, tells which are up. */
import type { AppConfig, WorkerConfig } from '../../shared/config.js';
import { FrontError } from '../../shared/errors.js';
import { formatListenAddress } from '../../shared/host-port.js';
import type { LineStyle } from '../../shared/log-lines.js';
import type { Identity, UpstreamState } from '../../shared/router-messages.js';
import type { WorkerPlan } from '../../shared/worker-messages.js';
import { BackOff } from '../back-off.js';
import type { MasterLog } from '../log.js';
import { type WorkerEnd, WorkerProcess } from './worker-process.js';

const MAX_LINES_SHOWN = 10;

interface Place {
  readonly index: number;
  readonly backOff: BackOff;
  worker: WorkerProcess | null;
  /** Set while a respawn waits for its time. */
  respawn: NodeJS.Timeout | null;
}

/** Ids of upstreams are never used twice in the life of a master. */
let lastId = 0;

/** What an app finds around itself beside its port. */
export interface AppSurroundings {
  /** See WorkerPlan. */
  readonly names: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly hasTerminal: boolean;
}

/** Keeps `config.processes` workers alive until they are stopped. */
export class Workers {
  private readonly places: Place[] = [];
  /** How many have died and were started again. */
  restarts = 0;
  private stopping = false;
  private whenStopped: () => void = () => {};
  /** Resolves when a stop has left no worker. */
  private readonly stopped: Promise<void>;
  private settleStart: { resolve(): void; reject(error: FrontError): void } | null = null;

  /**
   * @param config how they are started, the app's
   * @param place index of the app in Config.apps, and number of its first worker among those of all apps
   * @param uwsgiScheme what uWSGI shall speak
   * @param onChange called whenever an upstream comes or goes
   */
  constructor(
    private readonly app: AppConfig,
    private readonly config: WorkerConfig,
    private readonly place: { readonly appIndex: number; readonly firstWorker: number },
    private readonly identity: Identity | null,
    private readonly uwsgiScheme: 'http' | 'uwsgi',
    private readonly surroundings: AppSurroundings,
    private readonly lines: LineStyle,
    private readonly log: MasterLog,
    private readonly onChange: () => void,
  ) {
    this.stopped = new Promise((resolve) => {
      this.whenStopped = resolve;
    });
    for (let at = 0; at < config.processes; at += 1) {
      this.places.push({
        index: place.firstWorker + at,
        backOff: new BackOff(),
        worker: null,
        respawn: null,
      });
    }
  }

  /** Starts all; resolves when all accept connections. @throws FrontError worker_failed when one never does */
  startAll(): Promise<void> {
    const started = new Promise<void>((resolve, reject) => {
      this.settleStart = { resolve, reject };
    });
    for (const place of this.places) this.spawn(place);
    return started;
  }

  /** The workers as upstreams; those that are not up yet too, so that requests wait for them. */
  get upstreams(): readonly UpstreamState[] {
    const states: UpstreamState[] = [];
    for (const { index, worker } of this.places) {
      if (worker !== null && worker.port !== 0) {
        const { id, scheme, host, port, ready } = worker;
        const needsLength = this.app.bufferRequests || !worker.readsChunked;
        const usual = { path: null, lookUp: null, hostName: null, weight: 1, proxyProtocol: null };
        states.push({
          id,
          app: this.place.appIndex,
          key: String(index),
          scheme,
          host,
          port,
          ...usual,
          needsLength,
          ready,
        });
      }
    }
    return states;
  }

  get all(): readonly WorkerProcess[] {
    return this.places.flatMap(({ worker }) => (worker === null ? [] : [worker]));
  }

  /** Ends all: SIGTERM, then SIGKILL after `mercyMs`. Resolves when none is left; a second call may shorten the mercy. */
  async stop(mercyMs: number): Promise<void> {
    this.stopping = true;
    for (const place of this.places) {
      if (place.respawn !== null) clearTimeout(place.respawn);
      place.respawn = null;
    }
    if (this.all.length === 0) return;
    for (const worker of this.all) worker.stop(mercyMs);
    await this.stopped;
  }

  /** SIGKILL to every keeper and its app; see `stop` for the ordinary way. */
  killKeepers(): void {
    this.stopping = true;
    for (const worker of this.all) worker.kill();
  }

  /** The log was rotated. */
  reopenLog(file: string): void {
    for (const worker of this.all) worker.reopenLog(file);
  }

  private spawn(place: Place): void {
    place.respawn = null;
    lastId += 1;
    const { command, wsgi, readyTimeoutMs, processes, appPort } = this.config;
    const plan: WorkerPlan = {
      index: place.index,
      command,
      wsgi: wsgi === null ? null : { ...wsgi, uwsgiScheme: this.uwsgiScheme },
      readyTimeoutMs,
      uid: this.identity?.uid ?? null,
      gid: this.identity?.gid ?? null,
      userName: this.identity?.userName ?? null,
      prefix: processes === 1 ? `[${this.app.name}] ` : `[${this.app.name} ${place.index}] `,
      lines: this.lines,
      host: '127.0.0.1',
      port: appPort,
      names: this.surroundings.names,
      environment: this.surroundings.environment,
      hasTerminal: this.surroundings.hasTerminal,
    };
    place.worker = new WorkerProcess(lastId, plan, this.log.childOutput, {
      onSpawned: (worker) => this.onSpawned(place, worker),
      onReady: (worker, ignoredPort) => this.onReady(place, worker, ignoredPort),
      onEnd: (worker, end) => this.onEnd(place, worker, end),
    });
  }

  private onSpawned(place: Place, worker: WorkerProcess): void {
    if (this.stopping) return;
    if (this.settleStart === null) {
      this.log.line(`respawned tlsfront worker ${place.index} (new pid: ${worker.pid})`);
    }
    this.onChange();
  }

  /** `socket 0 bound to TCP address 127.0.0.1:41223 (port auto-assigned)`, uWSGI's line for each worker. */
  get socketLines(): readonly string[] {
    return this.all.map(
      ({ host, port, plan }) =>
        `socket ${plan.index - 1} bound to TCP address ${formatListenAddress(host, port)} (port auto-assigned)`,
    );
  }

  private onReady(place: Place, worker: WorkerProcess, ignoredPort: number | null): void {
    if (this.stopping) return;
    if (ignoredPort !== null) {
      const where = formatListenAddress(worker.host, worker.port);
      this.log.line(`the app listens on ${where}, not on the PORT ${ignoredPort} it was given: taking that`);
    }
    if (this.settleStart === null) this.log.line(`worker ${place.index} (pid: ${worker.pid}) is ready`);
    this.onChange();
    if (!this.places.every((other) => other.worker?.ready)) return;
    this.settleStart?.resolve();
    this.settleStart = null;
  }

  private onEnd(place: Place, worker: WorkerProcess, end: WorkerEnd): void {
    if (place.worker !== worker) return;
    place.worker = null;
    if (this.stopping) {
      if (this.all.length === 0) this.whenStopped();
      return;
    }
    this.onChange();
    if (this.settleStart !== null) {
      this.settleStart.reject(explainFailure(place.index, end));
      return;
    }
    const delayMs = place.backOff.next(performance.now() - worker.startedAtMs);
    const when = delayMs === 0 ? '' : ` in ${delayMs} ms`;
    this.log.warning(`worker ${place.index} (pid: ${worker.pid}) ended: ${end.reason}: respawning it${when}`);
    this.restarts += 1;
    place.respawn = setTimeout(() => this.spawn(place), delayMs);
  }
}

/** What a Python program threw: the line that ends its last traceback, which uWSGI may print alone. Null: there is none. */
function lineOfTraceback(lines: readonly string[]): string | null {
  const start = lines.findLastIndex((line) => line.startsWith('Traceback (most recent call last)'));
  const end = lines.slice(start + 1).find((line) => /^\w[\w.]*(?:: |$)/.test(line));
  if (start !== -1 && end !== undefined) return end;
  return lines.findLast((line) => /^[A-Za-z_][\w.]*(?:Error|Exception): /.test(line)) ?? null;
}

function explainFailure(index: number, end: WorkerEnd): FrontError {
  const thrown = lineOfTraceback(end.lastLines);
  if (thrown !== null) {
    return new FrontError('worker_failed', `the app (worker ${index}) did not start: ${thrown}`, {
      hint: end.hint ?? 'the lines above say where; the app must load without the front too',
    });
  }
  const lines = end.lastLines.slice(-MAX_LINES_SHOWN);
  const said = lines.length === 0 ? '' : `; its last words: ${lines.join(' | ')}`;
  return new FrontError('worker_failed', `the app (worker ${index}) did not start: ${end.reason}${said}`, {
    hint:
      end.hint ?? 'run the command by itself; it must listen on the port in the environment variable PORT',
  });
}
