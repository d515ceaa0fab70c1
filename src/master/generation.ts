/** A generation: the routers and workers that start together, serve together and end together. */
import { createHmac } from 'node:crypto';
import type { AppUpstream, Config, RoutedUpstream } from '../shared/config.js';
import { mergeSamples, type Samples } from '../shared/metrics.js';
import type { AppEnd, CertificateMaterial, RouterState, UpstreamState } from '../shared/router-messages.js';
import { SCHEMES } from '../shared/schemes.js';
import { formatUpstream } from '../shared/upstream-text.js';
import type { ListeningSockets } from './listening/listening-sockets.js';
import type { MasterLog } from './log.js';
import { MovingUpstreams } from './moving-upstreams.js';
import { type GenerationStart, Routers } from './routers/routers.js';
import { type AppSurroundings, Workers } from './workers/workers.js';

/** Time for the apps to end once the routers have drained. */
const WORKER_MERCY_MS = 10_000;

/** Numbers of upstreams that move; those of fixed ones are above. */
const FIRST_MOVED_ID = -1_000_000;

/** The processes of one start or reload; none runs before it is started. */
export class Generation {
  readonly routers: Routers;
  /** Of the apps that are ours to start. */
  readonly workers: readonly Workers[];
  readonly config: Config;
  /** Those by names that move. */
  private readonly moving: MovingUpstreams;
  private readonly movedIds = new Map<string, number>();

  /**
   * @param state what the routers begin with; the upstreams are the generation's own
   * @param stickySecret hides in the cookie of `--sticky` which app it names
   */
  constructor(
    start: GenerationStart,
    state: Omit<RouterState, 'upstreams' | 'appEnds'>,
    sockets: ListeningSockets,
    log: MasterLog,
    private readonly stickySecret: string,
    issueLeaf: (name: string) => Promise<CertificateMaterial | null>,
    surroundings: AppSurroundings,
  ) {
    const { config, identity } = start;
    this.config = config;
    const uwsgiScheme = config.engine === 'direct' ? 'uwsgi' : 'http';
    const tellRouters = (): void => {
      this.routers.change({ appEnds: this.appEnds, upstreams: this.upstreams });
    };
    this.moving = new MovingUpstreams(config, log, tellRouters);
    let workerCount = 0;
    this.workers = config.apps.flatMap((app, appIndex) => {
      const { worker } = app;
      if (worker === null) return [];
      const place = { appIndex, firstWorker: workerCount + 1 };
      workerCount += worker.processes;
      return [
        new Workers(app, worker, place, identity, uwsgiScheme, surroundings, start.lines, log, tellRouters),
      ];
    });
    this.routers = new Routers(
      config.routers,
      start,
      sockets,
      { ...state, appEnds: [], upstreams: this.upstreams },
      log,
      issueLeaf,
      {
        onOverdue: (address, request, tookMs) => {
          for (const workers of this.workers) workers.endOverdue(address, request, tookMs);
        },
        onLoad: (router, loads) => {
          for (const workers of this.workers) workers.noteLoad(router, loads);
        },
        onRouterEnd: (router) => {
          for (const workers of this.workers) workers.forgetRouter(router);
        },
      },
    );
  }

  /** The upstreams as users write them, with their routes. */
  get routedUpstreams(): readonly (UpstreamState & RoutedUpstream)[] {
    const { apps } = this.config;
    return this.upstreams.flatMap((state) => {
      const app = apps[state.app];
      if (app === undefined) return [];
      const [host = ''] = app.site === null ? [] : (this.config.sites[app.site]?.hosts ?? []);
      return [{ ...state, route: { host: app.route.host || host, prefix: app.route.prefix } }];
    });
  }

  /** What the routers send requests to. */
  get upstreams(): readonly UpstreamState[] {
    const started = this.workers.flatMap(({ upstreams }) => upstreams);
    return [...started, ...configuredUpstreams(this.config), ...this.movedUpstreams()].map((state) => ({
      ...state,
      key: stickyKey(this.stickySecret, state.key),
    }));
  }

  /** How apps of ours have ended that are not up again. */
  private get appEnds(): readonly (AppEnd | null)[] {
    return this.config.apps.map((_app, index) => {
      return this.workers.find(({ appIndex }) => appIndex === index)?.lastEnd ?? null;
    });
  }

  /** What its processes that have ended had counted. */
  get endedSamples(): Samples {
    const restarts = this.workers.map(({ restarts: count }) => ({ tlsfront_worker_restarts_total: count }));
    return mergeSamples([this.routers.endedSamples, ...restarts]);
  }

  /**
   * Starts the apps that are ours; resolves when all accept connections. Need not be waited for: the routers hold requests meanwhile.
   * @throws FrontError worker_failed when one never does
   */
  startApps(): Promise<unknown> {
    const started = Promise.all(this.workers.map((workers) => workers.startAll()));
    // Who waits for the routers first must not be ended by an app that fails meanwhile.
    started.catch(() => {});
    return started;
  }

  /** Starts the routers; resolves when they serve. @throws FrontError of the first that fails */
  async startRouters(): Promise<void> {
    await Promise.all([this.routers.startAll(), this.moving.start()]);
  }

  /** Lets the routers finish. @param endTunnels also end tunnels and event streams once nothing else is open */
  drain(mercyMs: number, endTunnels: boolean): Promise<void> {
    this.moving.stop();
    return this.routers.drain(mercyMs, endTunnels);
  }

  /** Ends the apps, once nothing is sent to them any more. */
  async endApps(): Promise<void> {
    await this.stopWorkers(WORKER_MERCY_MS);
  }

  /** The log was rotated: routers and the keepers of the apps go on in the new file. */
  reopenLog(file: string): void {
    this.routers.reopenLog(file);
    for (const workers of this.workers) workers.reopenLog(file);
  }

  /** Ends everything that would not end, keepers included. */
  killKeepers(): void {
    this.moving.stop();
    this.routers.kill();
    for (const workers of this.workers) workers.killKeepers();
  }

  /** Ends everything now; resolves when no app is left. */
  async kill(): Promise<void> {
    this.moving.stop();
    this.routers.kill();
    await this.stopWorkers(0);
  }

  /** An address has the same number as long as it is among those of its name, and again when it comes back. */
  private movedUpstreams(): readonly UpstreamState[] {
    return this.moving.all.flatMap(({ upstream, app, addresses }) =>
      addresses.map(({ host, port, weight, name: hostName }): UpstreamState => {
        const place = { ...upstream, host, port, weight: weight ?? upstream.weight };
        const key = `${app} ${formatUpstream({ ...place, lookUp: null })}`;
        const id = this.movedIds.get(key) ?? FIRST_MOVED_ID - this.movedIds.size;
        this.movedIds.set(key, id);
        const needsLength = needsLengthAt(upstream, this.config.apps[app]?.bufferRequests ?? false);
        return { ...place, lookUp: null, app, id, key, hostName, needsLength, ready: true };
      }),
    );
  }

  private async stopWorkers(mercyMs: number): Promise<void> {
    await Promise.all(this.workers.map((workers) => workers.stop(mercyMs)));
  }
}

/** Upstreams at fixed addresses, by number before those that move. */
function configuredUpstreams(config: Config): UpstreamState[] {
  const configured = config.apps.flatMap(({ upstreams, bufferRequests }, app) =>
    upstreams
      .filter(({ lookUp }) => lookUp === null)
      .map((upstream) => {
        const key = formatUpstream(upstream);
        const needsLength = needsLengthAt(upstream, bufferRequests);
        return { ...upstream, app, key, hostName: null, needsLength, ready: true };
      }),
  );
  return configured.map((state, index) => ({ ...state, id: -1 - index }));
}

function needsLengthAt({ scheme }: AppUpstream, bufferRequests: boolean): boolean {
  return bufferRequests || !SCHEMES[scheme].readsChunked;
}

/** Clients need not know where the apps are, and a digest without a secret could be tried out. */
function stickyKey(secret: string, name: string): string {
  return createHmac('sha256', secret).update(name).digest('hex').slice(0, 16);
}
