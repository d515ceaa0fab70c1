/** What is known of the front from outside: its status, statistics and metrics, and the listeners that give them out. */
import type { AppView, LastReload, Status, UpstreamWord } from '../control/types.js';
import type { BanList } from '../serving/ban-list.js';
import type { CertificateReloader } from '../serving/certificate-reloader.js';
import { formatListenAddress } from '../shared/addresses/host-port.js';
import { formatRouted } from '../shared/addresses/upstream-text.js';
import type { OnDemandCounts } from '../shared/config/acme.js';
import type { Config } from '../shared/config/config.js';
import type { ListenAddress } from '../shared/config/listeners.js';
import { mergeRecent, type RecentRequests } from '../shared/messages/recent-requests.js';
import type { BoundListener, UpstreamState } from '../shared/messages/router-messages.js';
import type { Samples } from '../shared/metrics.js';
import type { Generations } from './generations.js';
import type { InterventionDesk } from './interventions/desk.js';
import type { Life } from './life.js';
import type { MasterLog } from './log.js';
import { collectMetrics } from './metrics/metrics-book.js';
import type { MetricsListener } from './metrics/metrics-listener.js';
import { type MetricsForm, metricsText } from './metrics/metrics-text.js';
import { collectStatistics } from './metrics/statistics.js';
import type { StatsListener } from './metrics/stats-listener.js';
import { describeForUwsgi } from './metrics/uwsgi-stats.js';

/** A router that is alive answers within milliseconds. */
const ROUTER_PATIENCE_MS = 1_000;

/** Where it is looked up. */
export interface ViewedFront {
  readonly version: string;
  readonly life: Life;
  readonly generations: Generations;
  readonly certificates: CertificateReloader;
  readonly bans: BanList;
  readonly interventions: InterventionDesk;
  readonly log: MasterLog;
  /** What serves, or starts. */
  config(): Config;
  /** What is listened on; none before it is bound. */
  bound(): readonly BoundListener[];
  /** Names that got their certificate at a handshake; null where none does. */
  onDemand(): OnDemandCounts | null;
}

export class FrontView {
  private metrics: MetricsListener | null = null;
  private stats: StatsListener | null = null;
  private readonly sinceMs = Date.now();
  /** The last one; null: there was none. */
  private reload: { readonly atMs: number; readonly error: string | null } | null = null;

  constructor(private readonly front: ViewedFront) {}

  /** A reload is over. @param failure null: the new generation serves */
  reloaded(failure: Error | null): void {
    this.reload = { atMs: Date.now(), error: failure?.message ?? null };
  }

  /** Nobody is told any more. */
  close(): void {
    this.metrics?.close();
    this.stats?.close();
  }

  /** One line of JSON in the log. */
  async tellStatistics(): Promise<void> {
    this.front.log.answer(JSON.stringify(await this.collectStatistics()));
  }

  /** What `tlsfront status` shows. */
  async status(): Promise<Status> {
    const { type: _type, time: _time, ...statistics } = await this.collectStatistics();
    return {
      ...statistics,
      node: process.versions.node,
      state: this.front.life.state,
      listeners: this.front.bound().map(({ kind, host, port }) => ({ kind, host, port })),
      upstreams: (this.front.generations.accepting[0]?.routedUpstreams ?? []).map((upstream) => {
        return { address: formatRouted(upstream), ready: upstream.ready, state: this.stateOf(upstream) };
      }),
      interventions: this.front.interventions.current,
      lastReload: this.lastReload,
      logFile: this.front.log.path,
    };
  }

  private get lastReload(): LastReload | null {
    const { reload } = this;
    return reload === null ? null : { time: new Date(reload.atMs).toISOString(), error: reload.error };
  }

  apps(): readonly AppView[] {
    const { routedUpstreams = [], workers = [] } = this.front.generations.accepting[0] ?? {};
    return routedUpstreams.map((upstream) => {
      const worker = workers.flatMap(({ all }) => all).find(({ id }) => id === upstream.id);
      const process = worker === undefined ? null : { id: worker.plan.index, pid: worker.pid };
      return {
        address: formatRouted(upstream),
        ready: upstream.ready,
        state: this.stateOf(upstream),
        worker: process,
      };
    });
  }

  private stateOf(upstream: UpstreamState): UpstreamWord {
    if (upstream.leaving !== undefined) return 'leaving';
    if (this.front.interventions.isDrained(upstream)) return 'drained';
    return upstream.ready ? 'up' : 'starting';
  }

  async requests(): Promise<RecentRequests> {
    const routers = [...this.front.generations.accepting, ...this.front.generations.draining].flatMap(
      (generation) => generation.routers.all,
    );
    const all = await Promise.all(routers.map((router) => router.remember(ROUTER_PATIENCE_MS)));
    return mergeRecent(all.flatMap((one) => one ?? []));
  }

  private collectStatistics(): ReturnType<typeof collectStatistics> {
    return collectStatistics({
      version: this.front.version,
      serving: this.front.generations.accepting[0] ?? null,
      draining: this.front.generations.draining,
      tls: this.front.certificates.tls,
      problems: this.front.certificates.problems,
    });
  }

  /** Resolves with the addresses of `--metrics` as bound. */
  async openMetrics(): Promise<readonly ListenAddress[]> {
    const addresses = this.front.config().metrics;
    if (addresses.length === 0) return [];
    // Most fronts have none, and start sooner without node:http.
    const { MetricsListener } = await import('./metrics/metrics-listener.js');
    this.metrics = new MetricsListener({
      metrics: (form) => this.metricsText(form),
      isServing: () => this.front.life.state === 'serving' || this.front.life.state === 'reloading',
    });
    return this.metrics.open(addresses);
  }

  /** Resolves with the addresses of `--stats` as bound. */
  async openStats(): Promise<readonly string[]> {
    const { stats, statsHttp } = this.front.config();
    if (stats.length === 0) return [];
    const { StatsListener } = await import('./metrics/stats-listener.js');
    this.stats = new StatsListener(statsHttp, () =>
      describeForUwsgi({
        version: this.front.version,
        serving: this.front.generations.accepting[0] ?? null,
        addresses: this.front.bound().map(({ host, port }) => formatListenAddress(host, port)),
      }),
    );
    return this.stats.open(stats);
  }

  /** The metrics of all processes at this moment. */
  async metricsText(form: MetricsForm): Promise<string> {
    return metricsText(await this.measure(), form);
  }

  measure(): Promise<Samples> {
    return collectMetrics({
      version: this.front.version,
      accepting: this.front.generations.accepting,
      draining: this.front.generations.draining,
      ended: this.front.generations.endedSamples,
      tls: this.front.certificates.tls,
      listEnds: this.front.certificates.listEnds,
      // A start counts as a reload that went well.
      lastReload: {
        isSuccessful: (this.reload?.error ?? null) === null,
        atMs: this.reload?.atMs ?? this.sinceMs,
      },
      bans: this.front.bans.all.length,
      onDemand: this.front.onDemand(),
      interventions: this.front.interventions.current,
    });
  }
}
