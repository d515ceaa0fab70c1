/** The workers of a generation: starts them, replaces the dead, tells which are up. */
import { setTimeout as pause } from 'node:timers/promises';
import { formatListenAddress } from '../../shared/addresses/host-port.js';
import type { AppConfig, RouteConfig, WorkerConfig } from '../../shared/config/apps.js';
import type { FrontError } from '../../shared/errors.js';
import type { LineStyle } from '../../shared/log-lines.js';
import type { AppEnd, AppLoad, Identity, UpstreamState } from '../../shared/messages/router-messages.js';
import type { WorkerPlan } from '../../shared/messages/worker-messages.js';
import { BackOff } from '../back-off.js';
import type { MasterLog } from '../log.js';
import { AppLoads } from './app-loads.js';
import { explainFailure, lastWords, MAX_LINES_SHOWN } from './failed-start.js';
import { residentBytes } from './resident-memory.js';
import { type WorkerEnd, WorkerProcess } from './worker-process.js';

/** For an app that hangs, and may still write down why. */
const HARAKIRI_MERCY_MS = 1_000;
/** For one that is replaced: to answer what it has, and again to end. */
const REPLACED_MERCY_MS = 60_000;
/** So long the reports of all routers take, twice. */
const REPORTS_MS = 1_200;
const MEMORY_EVERY_MS = 5_000;
/** After a replacement that did not come up. */
const REPLACE_PAUSE_MS = 60_000;

interface Place {
  readonly index: number;
  readonly backOff: BackOff;
  worker: WorkerProcess | null;
  /** What takes its place once it is up; null: nothing is to. */
  next: WorkerProcess | null;
  /** Set while a respawn waits for its time. */
  respawn: NodeJS.Timeout | null;
  /** How many have been started for it, and how many of them --harakiri has ended. */
  spawns: number;
  harakiris: number;
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
  /** Of the last worker that has ended; null: one has come up since, or none has ended. */
  lastEnd: AppEnd | null = null;
  /** `leaving`: another version has their place, and they answer what they have; who ends is not replaced. */
  private life: 'serving' | 'leaving' | 'stopping' = 'serving';
  /** Replaced ones that finish what they have. */
  private readonly leaving = new Set<WorkerProcess>();
  private readonly loads = new AppLoads();
  private readonly memoryWatch: NodeJS.Timeout | null;
  /** After a replacement that did not come up. */
  private replaceAfterMs = 0;
  private whenStopped: () => void = () => {};
  /** Resolves when a stop has left no worker. */
  private readonly stopped: Promise<void>;
  /** Of the first start; null: it has not begun. */
  private started: Promise<void> | null = null;
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
    private onChange: () => void,
  ) {
    this.stopped = new Promise((resolve) => {
      this.whenStopped = resolve;
    });
    this.memoryWatch =
      config.maxRssBytes === 0 ? null : setInterval(() => this.checkMemory(), MEMORY_EVERY_MS).unref();
    for (let at = 0; at < config.processes; at += 1) {
      this.places.push({
        index: place.firstWorker + at,
        backOff: new BackOff(),
        worker: null,
        next: null,
        respawn: null,
        spawns: 0,
        harakiris: 0,
      });
    }
  }

  /** A request is not answered in time: its worker is ended, and respawned as any other that ends. */
  endOverdue(address: string, request: string, tookMs: number): void {
    const place = this.places.find(({ worker }) => worker !== null && addressOf(worker) === address);
    const worker = place?.worker ?? null;
    const { harakiriMs } = this.config;
    if (place === undefined || worker === null || this.life === 'stopping' || worker.wasStopped) return;
    if (harakiriMs === 0 || tookMs < harakiriMs) return;
    this.log.warning(
      `worker ${place.index} (pid: ${worker.pid}) is ended: it has not answered ${request} in ${(tookMs / 1000).toFixed(1)} s (--harakiri)`,
    );
    place.harakiris += 1;
    worker.stop(HARAKIRI_MERCY_MS);
  }

  /** @param router its process id */
  noteLoad(router: number, loads: readonly AppLoad[]): void {
    this.loads.note(router, loads);
    const { maxRequests } = this.config;
    if (maxRequests === 0) return;
    for (const place of this.places) {
      const served = place.worker === null ? 0 : this.loads.servedBy(addressOf(place.worker));
      if (served >= maxRequests) this.replace(place, `it has had ${served} requests (--max-requests)`);
    }
  }

  /** How many requests a router has given to them; counted where an option asks for it. @param router its process id */
  givenBy(router: number): number {
    return this.loads.givenBy(router);
  }

  forgetRouter(router: number): void {
    this.loads.forgetRouter(router);
  }

  private checkMemory(): void {
    for (const place of this.places) {
      const bytes = place.worker?.ready === true ? residentBytes(place.worker.pid) : 0;
      if (bytes >= this.config.maxRssBytes)
        this.replace(place, `it has ${Math.round(bytes / 2 ** 20)} MiB of memory (--max-rss)`);
    }
  }

  /** Starts another, which takes the place once it is up; one at a time, so that the others serve. */
  private replace(place: Place, why: string): void {
    const { worker } = place;
    const isBusy = this.leaving.size > 0 || this.places.some(({ next }) => next !== null);
    const now = performance.now();
    if (
      worker?.ready !== true ||
      isBusy ||
      this.life !== 'serving' ||
      this.settleStart !== null ||
      now < this.replaceAfterMs
    )
      return;
    this.log.line(`worker ${place.index} (pid: ${worker.pid}) is replaced: ${why}`);
    if (this.config.appPort !== null) {
      // Two cannot listen on one port.
      worker.stop(REPLACED_MERCY_MS);
      return;
    }
    place.next = this.start(place);
  }

  /** The replacement is up: nothing new goes to the old one, which ends once it has answered. */
  private async handOver(place: Place, next: WorkerProcess): Promise<void> {
    const old = place.worker;
    place.worker = next;
    place.next = null;
    this.log.line(`worker ${place.index} (pid: ${next.pid}) is ready`);
    if (old !== null) this.leaving.add(old);
    this.onChange();
    if (old === null) return;
    const address = addressOf(old);
    const untilMs = performance.now() + REPLACED_MERCY_MS;
    do await pause(REPORTS_MS);
    while (this.loads.openAt(address) > 0 && performance.now() < untilMs && this.life !== 'stopping');
    this.loads.forgetApp(address);
    if (this.leaving.has(old) && this.life !== 'stopping') old.stop(REPLACED_MERCY_MS);
  }

  /** Starts all, once; resolves when all accept connections. @throws FrontError worker_failed when one never does */
  startAll(): Promise<void> {
    if (this.started !== null) return this.started;
    this.started = new Promise<void>((resolve, reject) => {
      this.settleStart = { resolve, reject };
    });
    for (const place of this.places) this.spawn(place);
    return this.started;
  }

  /** They go on under somebody else, who hears of every change from now on. */
  passTo(onChange: () => void): this {
    this.onChange = onChange;
    return this;
  }

  /** Index into Config.apps. */
  get appIndex(): number {
    return this.place.appIndex;
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

  /** Something else than uWSGI serves the app. */
  get isWithoutUwsgi(): boolean {
    return this.all.some(({ kind }) => kind !== null && kind !== 'uwsgi');
  }

  /** Of its places, whether or not a worker is up. */
  get numbers(): readonly number[] {
    return this.places.map(({ index }) => index);
  }

  get all(): readonly WorkerProcess[] {
    return this.places.flatMap(({ worker }) => (worker === null ? [] : [worker]));
  }

  /** Which requests are theirs. */
  get route(): RouteConfig {
    return this.app.route;
  }

  /** What one of them has had to do; counted where an option asks for it. */
  usageOf(worker: WorkerProcess) {
    const address = addressOf(worker);
    const place = this.places.find((one) => one.worker === worker);
    const { loads } = this;
    return {
      requests: loads.servedBy(address),
      open: loads.openAt(address),
      tookMs: loads.tookAt(address),
      spawns: place?.spawns ?? 0,
      harakiris: place?.harakiris ?? 0,
    };
  }

  /** Those that come and go too. */
  private get living(): readonly WorkerProcess[] {
    return [...this.all, ...this.places.flatMap(({ next }) => next ?? []), ...this.leaving];
  }

  /** Ends all: SIGTERM, then SIGKILL after `mercyMs`. Resolves when none is left; a second call may shorten the mercy. */
  async stop(mercyMs: number): Promise<void> {
    this.beginEnd('stopping');
    if (this.living.length === 0) return;
    for (const worker of this.living) worker.stop(mercyMs);
    await this.stopped;
  }

  /** Another version has their place: those that end, or cannot be started, are replaced no more. */
  leave(): void {
    if (this.life === 'serving') this.beginEnd('leaving');
  }

  private beginEnd(life: 'leaving' | 'stopping'): void {
    this.life = life;
    for (const place of this.places) {
      if (place.respawn !== null) clearTimeout(place.respawn);
      place.respawn = null;
    }
    if (this.memoryWatch !== null) clearInterval(this.memoryWatch);
  }

  /** SIGKILL to every keeper and its app; see `stop` for the ordinary way. */
  killKeepers(): void {
    this.life = 'stopping';
    for (const worker of this.living) worker.kill();
  }

  /** The log was rotated. */
  reopenLog(file: string): void {
    for (const worker of this.living) worker.reopenLog(file);
  }

  private spawn(place: Place): void {
    place.respawn = null;
    place.worker = this.start(place);
  }

  private start(place: Place): WorkerProcess {
    lastId += 1;
    place.spawns += 1;
    const { command, wsgi, chroot, readyTimeoutMs, processes, appPort } = this.config;
    const plan: WorkerPlan = {
      index: place.index,
      command,
      wsgi: wsgi === null ? null : { ...wsgi, uwsgiScheme: this.uwsgiScheme },
      folder: this.config.folder ?? null,
      readyTimeoutMs,
      chroot,
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
    return new WorkerProcess(lastId, plan, this.log.childOutput, {
      onSpawned: (worker) => this.onSpawned(place, worker),
      onReady: (worker, ignoredPort) => this.onReady(place, worker, ignoredPort),
      onEnd: (worker, end) => this.onEnd(place, worker, end),
    });
  }

  private onSpawned(place: Place, worker: WorkerProcess): void {
    if (this.life === 'stopping') return;
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
    if (this.life === 'stopping') return;
    if (ignoredPort !== null) {
      const where = formatListenAddress(worker.host, worker.port);
      this.log.line(`the app listens on ${where}, not on the PORT ${ignoredPort} it was given: taking that`);
    }
    this.lastEnd = null;
    if (place.next === worker) {
      void this.handOver(place, worker);
      return;
    }
    if (this.settleStart === null) this.log.line(`worker ${place.index} (pid: ${worker.pid}) is ready`);
    this.onChange();
    if (!this.places.every((other) => other.worker?.ready)) return;
    this.settleStart?.resolve();
    this.settleStart = null;
  }

  private onEnd(place: Place, worker: WorkerProcess, end: WorkerEnd): void {
    this.leaving.delete(worker);
    if (place.next === worker) place.next = null;
    const wasServing = place.worker === worker;
    if (wasServing) place.worker = null;
    if (this.life === 'stopping') {
      if (this.living.length === 0) this.whenStopped();
      return;
    }
    if (this.life === 'leaving') {
      this.onChange();
      return;
    }
    this.loads.forgetApp(addressOf(worker));
    if (!wasServing) {
      // One that was replaced has ended as it was asked to.
      if (worker.wasStopped || place.worker === null) return;
      this.replaceAfterMs = performance.now() + REPLACE_PAUSE_MS;
      this.log.warning(
        `the replacement of worker ${place.index} did not come up: ${end.reason}${lastWords(end)}; the old one serves on`,
      );
      return;
    }
    this.lastEnd = { reason: end.reason, lastLines: end.lastLines.slice(-MAX_LINES_SHOWN) };
    this.onChange();
    if (this.settleStart !== null) {
      this.settleStart.reject(explainFailure(place.index, end, worker.kind));
      return;
    }
    const delayMs = place.backOff.next(performance.now() - worker.startedAtMs);
    const when = delayMs === 0 ? '' : ` in ${delayMs} ms`;
    const said = worker.wasStopped ? '' : lastWords(end);
    this.log.warning(
      `worker ${place.index} (pid: ${worker.pid}) ended: ${end.reason}${said}: respawning it${when}`,
    );
    this.restarts += 1;
    place.respawn = setTimeout(() => this.spawn(place), delayMs);
  }
}

function addressOf({ host, port }: WorkerProcess): string {
  return formatListenAddress(host, port);
}
