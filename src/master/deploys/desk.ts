/** `tlsfront deploy`: a new version of an app is started or named, proven well, and then takes the requests while the old one drains. */
import { setTimeout as passTime } from 'node:timers/promises';
import type { DeployRequest } from '../../control/types.js';
import { formatUpstream } from '../../shared/addresses/upstream-text.js';
import type { AppConfig } from '../../shared/config/apps.js';
import type { Config } from '../../shared/config/config.js';
import { FrontError } from '../../shared/errors.js';
import type { Deployment, Interventions } from '../../shared/messages/interventions.js';
import type { AppVersion } from '../app-version.js';
import type { MasterLog } from '../log.js';
import { type Measured, openAt } from './open-requests.js';
import { type Asking, prove } from './proof.js';
import { addressesOf, describeVersion, findApp, markOf, type ReadUpstream, versionOf } from './version.js';

/** How often routers are asked whether the old version is empty. */
const POLL_MS = 100;
/** A router that is alive takes a message within milliseconds; a busy machine may need longer. */
const TAKE_MS = 5_000;

/** A version of an app, as far as a deploy goes. */
export type Version = Pick<AppVersion, 'app' | 'upstreams' | 'workers' | 'findNames'>;

/** The generation that serves; see generation.ts. */
export interface VersionedApps {
  readonly routers: Asking['routers'] & Measured['routers'];
  servingVersion(appIndex: number): Version;
  prepare(app: AppConfig, appIndex: number): Version;
  install(version: Version): { readonly old: readonly Version[]; readonly taken: Promise<void> };
  cut(version: Version): Promise<void>;
  remove(version: Version): Promise<void>;
}

/** What the front does for the desk. */
export interface DeployedFront {
  /** Resolves when the front serves, and is not reloading. @throws FrontError draining */
  serving(): Promise<{
    readonly generation: VersionedApps;
    readonly config: Pick<Config, 'apps' | 'engine'>;
  }>;
  /** As long as the front serves. @throws StateLeft */
  during<T>(work: Promise<T>): Promise<T>;
  readonly isEnding: boolean;
  /** Those that finish since a reload. */
  draining(): readonly Measured[];
  readonly interventions: Pick<Interventions, 'drained'>;
  /** What is deployed in an app's place from now on; null: what the configuration says. */
  record(app: string, deployment: Deployment | null): Promise<void>;
  readonly readUpstream: ReadUpstream;
  /** It is decided whether a new version serves: who has waited for that goes on. */
  decided(): void;
}

interface Plan {
  readonly generation: VersionedApps;
  readonly appIndex: number;
  readonly configured: AppConfig;
  readonly next: AppConfig;
}

export class DeployDesk {
  /** The app whose new version is being started and asked; null: none. */
  private checking: string | null = null;

  constructor(
    private readonly front: DeployedFront,
    private readonly log: Pick<MasterLog, 'line' | 'failure'>,
  ) {}

  /** A new version is being started and asked: the generation must not be replaced under it. */
  get isChecking(): boolean {
    return this.checking !== null;
  }

  /**
   * Resolves with what has happened when the old version is empty, or `drainMs` are over.
   * @param say told of each step
   * @param signal breaks it off until the new version serves
   * @throws FrontError that says why nothing was changed; draining where the front ends under the drain
   */
  async deploy(request: DeployRequest, say: (text: string) => void, signal: AbortSignal): Promise<string> {
    const { generation, config } = await this.front.serving();
    if (this.checking !== null)
      throw new FrontError(
        'internal',
        `another version of ${this.checking} is being deployed at this moment`,
        {
          hint: 'wait until it is decided; tlsfront logs -f shows it',
        },
      );
    const appIndex = findApp(request.app, config.apps);
    const configured = config.apps[appIndex];
    if (configured === undefined) throw new Error('an app without configuration');
    const next = versionOf(configured, request, config.engine, this.front.readUpstream);
    const now = generation.servingVersion(appIndex).app;
    const already = this.refuse(configured, now, next);
    if (already !== null) return already;
    this.checking = configured.name;
    let old: readonly Version[];
    try {
      old = await this.replace({ generation, appIndex, configured, next }, request, say, signal);
    } finally {
      this.checking = null;
      this.front.decided();
    }
    return this.drain(generation, configured.name, next, old, request.drainMs);
  }

  /** What need not be tried. Returns what is so already; null: nothing. @throws FrontError config_usage */
  private refuse(configured: AppConfig, now: AppConfig, next: AppConfig): string | null {
    const { name } = configured;
    const [wanted, given] = [next, now].map(({ upstreams }) => addressesOf(upstreams));
    const known = (wanted ?? []).filter((address) => given?.includes(address));
    if (next.worker === null && known.length === (wanted ?? []).length && known.length === given?.length) {
      if (next === configured)
        throw new FrontError(
          'config_usage',
          `${name} is served by ${describeVersion(now)}, as the configuration says`,
          {
            hint: `name the new version: tlsfront deploy ${name} --upstream 127.0.0.1:8081, or start it: -- npm start`,
          },
        );
      return `${describeVersion(now)} serves ${name} already`;
    }
    if (next.worker === null && known.length > 0)
      throw new FrontError('config_usage', `${known.join(', ')} serves ${name} already`, {
        hint: 'a new version has addresses of its own',
      });
    const drained = next.upstreams
      .map(formatUpstream)
      .find((one) => this.front.interventions.drained.includes(one));
    if (drained !== undefined)
      throw new FrontError('config_usage', `${drained} is drained`, {
        hint: `give it back first: tlsfront undrain ${drained}`,
      });
    const port = next.worker?.appPort ?? null;
    if (port !== null && now.worker?.appPort === port)
      throw new FrontError(
        'config_usage',
        `${name} listens on port ${port} whatever it is told (--app-port)`,
        {
          hint: 'two versions cannot listen on one port: let the app read PORT, or give the new one as -- command {port}',
        },
      );
    return null;
  }

  /** Returns the versions whose place was taken. @throws FrontError where nothing is changed */
  private async replace(
    { generation, appIndex, configured, next }: Plan,
    request: DeployRequest,
    say: (text: string) => void,
    signal: AbortSignal,
  ): Promise<readonly Version[]> {
    const { front, log } = this;
    const { name } = configured;
    const text = describeVersion(next);
    const tell = (line: string): void => {
      log.line(line);
      say(line);
    };
    const candidate = generation.prepare(next, appIndex);
    // The end of the front must not wait for the rest of the proof.
    const over = new AbortController();
    try {
      tell(
        `deploying ${name}: ${text} ${next.worker === null ? 'is asked whether it is well' : 'is started'}`,
      );
      await front.during(prove(candidate, generation, request, say, AbortSignal.any([signal, over.signal])));
    } catch (error) {
      over.abort();
      void generation.remove(candidate);
      if (front.isEnding) throw new FrontError('draining', 'the front is ending: nothing is deployed');
      log.failure(error, (reason) => `deploying ${name}: ${reason}; nothing is changed`);
      throw error;
    }
    const { old, taken } = generation.install(candidate);
    await Promise.race([taken, passTime(TAKE_MS, undefined, { ref: false })]);
    const isConfigured = markOf(next) === markOf(configured) && next.worker?.folder === undefined;
    const { command, folder } = request;
    const upstreams = addressesOf(next.upstreams);
    const deployment = {
      app: name,
      upstreams,
      command,
      folder,
      configured: markOf(configured),
      sinceMs: Date.now(),
    };
    await front.record(name, isConfigured ? null : deployment);
    const before = old.map(({ app }) => describeVersion(app)).join(', ');
    tell(`${text} takes the requests of ${name}; ${before === text ? 'the one before' : before} drains`);
    return old;
  }

  /** Waits until the old version has answered what it had, ends what it then has, and the workers with it. */
  private async drain(
    generation: VersionedApps,
    name: string,
    next: AppConfig,
    old: readonly Version[],
    drainMs: number,
  ): Promise<string> {
    const { front, log } = this;
    const endsAtMs = performance.now() + drainMs;
    let open = await openAt(old, name, generation, front.draining());
    while (open > 0 && performance.now() < endsAtMs && !front.isEnding) {
      await passTime(POLL_MS);
      open = await openAt(old, name, generation, front.draining());
    }
    const text = `${describeVersion(next)} serves ${name}`;
    if (front.isEnding)
      throw new FrontError('draining', `${text}; the front is ending, and the old version with what it has`);
    const before = old.map(({ app }) => describeVersion(app)).join(', ');
    const result =
      open === 0
        ? `the version before it is empty: ${before}`
        : `${open === 1 ? '1 request, WebSocket or event stream that was' : `${open} requests, WebSockets or event streams that were`} still open at the version before it (${before}) after ${drainMs / 1000} s ${open === 1 ? 'is' : 'are'} ended`;
    log.line(`${name}: ${result}`);
    await Promise.all(
      old.map(async (version) => {
        if (open > 0)
          await Promise.race([generation.cut(version), passTime(TAKE_MS, undefined, { ref: false })]);
        await generation.remove(version);
      }),
    );
    return `${text}; ${result}`;
  }
}
