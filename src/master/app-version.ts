/** One version of an app in a generation: the workers of ours or the addresses that serve it, and whether it has the place or leaves it. */

import { SCHEMES } from '../shared/addresses/schemes.js';
import { formatUpstream } from '../shared/addresses/upstream-text.js';
import type { AppConfig, AppUpstream } from '../shared/config/apps.js';
import type { UpstreamState } from '../shared/messages/router-messages.js';
import type { MasterLog } from './log.js';
import { MovingUpstreams } from './moving-upstreams.js';
import type { GenerationStart } from './routers/routers.js';
import { type AppSurroundings, Workers } from './workers/workers.js';

/** What every version of a generation is made with. */
export interface VersionParts {
  readonly start: GenerationStart;
  readonly surroundings: AppSurroundings;
  readonly log: MasterLog;
  /** A number that no upstream of the generation has had. */
  nextId(): number;
  onChange(): void;
}

export class AppVersion {
  /** null: it runs without us. */
  readonly workers: Workers | null;
  /** `candidate`: it gets no requests yet · `draining`: no new ones · `cut`: what it has is ended. */
  place: 'candidate' | 'serving' | 'draining' | 'cut' = 'serving';
  private readonly fixed: readonly UpstreamState[];
  /** Those by names that move. */
  private readonly moving: MovingUpstreams | null;
  private readonly movedIds = new Map<string, number>();

  /**
   * @param appIndex index into Config.apps
   * @param firstWorker number of its first worker among those of all apps
   * @param running workers of it that run already; null: they are started
   */
  constructor(
    readonly app: AppConfig,
    readonly appIndex: number,
    firstWorker: number,
    private readonly parts: VersionParts,
    running: Workers | null = null,
  ) {
    const { start, surroundings, log } = parts;
    const { config, identity, lines } = start;
    const { worker, upstreams } = app;
    const uwsgiScheme = config.engine === 'direct' ? 'uwsgi' : 'http';
    const place = { appIndex, firstWorker };
    const onChange = (): void => parts.onChange();
    this.workers =
      worker === null
        ? null
        : (running?.passTo(onChange) ??
          new Workers(app, worker, place, identity, uwsgiScheme, surroundings, lines, log, onChange));
    this.moving = upstreams.some(({ lookUp }) => lookUp !== null)
      ? new MovingUpstreams({ apps: [app], dnsServers: config.dnsServers }, log, onChange)
      : null;
    this.fixed = upstreams
      .filter(({ lookUp }) => lookUp === null)
      .map((upstream) => {
        const key = formatUpstream(upstream);
        const needsLength = this.needsLengthAt(upstream);
        return {
          ...upstream,
          app: appIndex,
          key,
          hostName: null,
          needsLength,
          ready: true,
          id: parts.nextId(),
        };
      });
  }

  /** Its addresses, those of workers that start among them. */
  get upstreams(): readonly UpstreamState[] {
    const all = [...(this.workers?.upstreams ?? []), ...this.fixed, ...this.movedUpstreams()];
    const { place } = this;
    return place === 'draining' || place === 'cut' ? all.map((state) => ({ ...state, leaving: place })) : all;
  }

  /** Looks its names up; resolves when each was looked up once, or a server takes too long. */
  async findNames(): Promise<void> {
    await this.moving?.start();
  }

  /** Nothing is looked up any more. */
  forgetNames(): void {
    this.moving?.stop();
  }

  /** An address has the same number as long as it is among those of its name, and again when it comes back. */
  private movedUpstreams(): readonly UpstreamState[] {
    return (this.moving?.all ?? []).flatMap(({ upstream, addresses }) =>
      addresses.map(({ host, port, weight, name: hostName }): UpstreamState => {
        const place = { ...upstream, host, port, weight: weight ?? upstream.weight };
        const key = `${this.appIndex} ${formatUpstream({ ...place, lookUp: null })}`;
        const id = this.movedIds.get(key) ?? this.parts.nextId();
        this.movedIds.set(key, id);
        const needsLength = this.needsLengthAt(upstream);
        return { ...place, lookUp: null, app: this.appIndex, id, key, hostName, needsLength, ready: true };
      }),
    );
  }

  private needsLengthAt({ scheme }: AppUpstream): boolean {
    return this.app.bufferRequests || !SCHEMES[scheme].readsChunked;
  }
}
