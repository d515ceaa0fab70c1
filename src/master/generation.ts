/** A generation: the routers and workers that start together, serve together and end together. */
import { createHmac } from 'node:crypto';
import type { AppConfig, RoutedUpstream } from '../shared/config/apps.js';
import type { Config } from '../shared/config/config.js';
import type { AppEnd, LeafAnswer, RouterState, UpstreamState } from '../shared/messages/router-messages.js';
import { mergeSamples, type Samples } from '../shared/metrics.js';
import { AppVersion, type VersionParts } from './app-version.js';
import type { ListeningSockets } from './listening/listening-sockets.js';
import type { MasterLog } from './log.js';
import { type GenerationStart, Routers } from './routers/routers.js';
import type { AppSurroundings, Workers } from './workers/workers.js';

/** Time for the apps to end once the routers have drained. */
const WORKER_MERCY_MS = 10_000;

/** The processes of one start or reload; none runs before it is started. */
export class Generation {
  readonly routers: Routers;
  readonly config: Config;
  /** One of each app has its place; a deploy makes more. */
  private versions: readonly AppVersion[];
  private readonly versionParts: VersionParts;
  /** Numbers of upstreams at addresses are below 0, those of workers above. */
  private lastId = 0;
  /** Of versions that are gone. */
  private endedRestarts = 0;

  /**
   * @param state what the routers begin with; the upstreams are the generation's own
   * @param stickySecret hides in the cookie of `--sticky` which app it names
   * @param running workers of the only app, which another front has served until now; null: there are none
   */
  constructor(
    start: GenerationStart,
    state: Omit<RouterState, 'upstreams' | 'appEnds'>,
    sockets: ListeningSockets,
    log: MasterLog,
    private readonly stickySecret: string,
    issueLeaf: (name: string) => Promise<LeafAnswer>,
    surroundings: AppSurroundings,
    running: Workers | null,
  ) {
    const { config } = start;
    this.config = config;
    this.versionParts = {
      start,
      surroundings,
      log,
      nextId: () => {
        this.lastId -= 1;
        return this.lastId;
      },
      onChange: () => void this.tellRouters(),
    };
    let firstWorker = 1;
    this.versions = config.apps.map((app, appIndex) => {
      const version = new AppVersion(app, appIndex, firstWorker, this.versionParts, running);
      firstWorker += app.worker?.processes ?? 0;
      return version;
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

  /** What the routers send requests to, or have sent them to. */
  get upstreams(): readonly UpstreamState[] {
    return this.versions
      .filter((version) => version.place !== 'candidate' && this.answers(version))
      .sort((first, second) => first.appIndex - second.appIndex)
      .flatMap(({ upstreams }) => upstreams)
      .map((state) => ({ ...state, key: stickyKey(this.stickySecret, state.key) }));
  }

  /** uWSGI serves the files of its own line; where something else serves its app, we do. */
  private answers({ app }: AppVersion): boolean {
    if (app.files?.standsIn !== true) return true;
    const isOfSite = (other: AppVersion): boolean => other.place === 'serving' && other.app.site === app.site;
    return this.versions.some((other) => isOfSite(other) && other.workers?.isWithoutUwsgi === true);
  }

  /** Of the apps that are ours to start. */
  get workers(): readonly Workers[] {
    return this.versions.flatMap(({ workers }) => workers ?? []);
  }

  /** How apps of ours have ended that are not up again. */
  private get appEnds(): readonly (AppEnd | null)[] {
    return this.config.apps.map((_app, index) => {
      const serving = this.versions.find(({ appIndex, place }) => appIndex === index && place === 'serving');
      return serving?.workers?.lastEnd ?? null;
    });
  }

  /** What its processes that have ended had counted. */
  get endedSamples(): Samples {
    const restarts = [this.endedRestarts, ...this.workers.map((workers) => workers.restarts)];
    const counts = restarts.map((count) => ({ tlsfront_worker_restarts_total: count }));
    return mergeSamples([this.routers.endedSamples, ...(this.workers.length === 0 ? [] : counts)]);
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
    await Promise.all([this.routers.startAll(), ...this.versions.map((version) => version.findNames())]);
  }

  /** Lets the routers finish. @param endTunnels also end tunnels and event streams once nothing else is open */
  drain(mercyMs: number, endTunnels: boolean): Promise<void> {
    for (const version of this.versions) version.forgetNames();
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
    for (const version of this.versions) version.forgetNames();
    this.routers.kill();
    for (const workers of this.workers) workers.killKeepers();
  }

  /** Ends everything now; resolves when no app is left. */
  async kill(): Promise<void> {
    for (const version of this.versions) version.forgetNames();
    this.routers.kill();
    await this.stopWorkers(0);
  }

  /** The version that gets an app's requests. */
  servingVersion(appIndex: number): AppVersion {
    const found = this.versions.find((one) => one.appIndex === appIndex && one.place === 'serving');
    if (found === undefined) throw new Error(`no version serves app ${appIndex}`);
    return found;
  }

  /** Another version of an app, which gets no requests until `install`; it ends with the generation. */
  prepare(app: AppConfig, appIndex: number): AppVersion {
    const parts = {
      ...this.versionParts,
      surroundings: { ...this.versionParts.surroundings, hasTerminal: false },
    };
    const version = new AppVersion(app, appIndex, this.freeNumber(app.worker?.processes ?? 0), parts);
    version.place = 'candidate';
    this.versions = [...this.versions, version];
    return version;
  }

  /** The first of so many numbers in a row that no worker has. */
  private freeNumber(count: number): number {
    const taken = this.workers.flatMap(({ numbers }) => numbers);
    let first = 1;
    while (taken.some((number) => number >= first && number < first + count)) first += 1;
    return first;
  }

  /** A version takes the place of the one that has it, which leaves. Returns that; `taken` tells when every router knows. */
  install(version: AppVersion): { readonly old: readonly AppVersion[]; readonly taken: Promise<void> } {
    const old = this.versions.filter(
      ({ appIndex, place }) => appIndex === version.appIndex && place === 'serving',
    );
    for (const one of old) {
      one.place = 'draining';
      one.workers?.leave();
    }
    version.place = 'serving';
    return { old, taken: this.tellRouters() };
  }

  /** What is still in flight at a version is ended. Resolves when every router has done so. */
  cut(version: AppVersion): Promise<void> {
    version.place = 'cut';
    return this.tellRouters();
  }

  /** A version that gets no requests is gone, with its workers. */
  async remove(version: AppVersion): Promise<void> {
    version.forgetNames();
    await version.workers?.stop(WORKER_MERCY_MS);
    if (!this.versions.includes(version)) return;
    this.versions = this.versions.filter((other) => other !== version);
    this.endedRestarts += version.workers?.restarts ?? 0;
    if (version.place !== 'candidate') await this.tellRouters();
  }

  private tellRouters(): Promise<void> {
    const { appEnds, upstreams } = this;
    return this.routers.taken(this.routers.change({ appEnds, upstreams }));
  }

  private async stopWorkers(mercyMs: number): Promise<void> {
    await Promise.all(this.workers.map((workers) => workers.stop(mercyMs)));
  }
}

/** Clients need not know where the apps are, and a digest without a secret could be tried out. */
function stickyKey(secret: string, name: string): string {
  return createHmac('sha256', secret).update(name).digest('hex').slice(0, 16);
}
