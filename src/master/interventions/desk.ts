/** Takes the orders that change how a running front serves (`tlsfront drain`, `maintenance`, `pause`), keeps them over reloads, and waits until they have come true. */
import { setTimeout as passTime } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { InterventionStore } from '../../serving/kept-interventions.js';
import { parseBlock } from '../../shared/addresses/address-blocks.js';
import { formatRoute, formatUpstream } from '../../shared/addresses/upstream-text.js';
import type { RoutedUpstream } from '../../shared/config/apps.js';
import type { Config } from '../../shared/config/config.js';
import { FrontError } from '../../shared/errors.js';
import {
  type Deployment,
  type Interventions,
  type Maintenance,
  NO_INTERVENTIONS,
  type Pause,
} from '../../shared/messages/interventions.js';
import type { UpstreamState } from '../../shared/messages/router-messages.js';
import { sampleName } from '../../shared/metrics.js';
import { stillDeployed } from '../deploys/version.js';
import type { MasterLog } from '../log.js';
import { findUpstream, leftWithout } from './named-upstreams.js';
import {
  backWords,
  describe,
  describeDeployment,
  describeMaintenance,
  describePause,
  lastOfRoute,
  stillBusy,
} from './wording.js';

/** How often routers are asked whether an upstream is empty. */
const POLL_MS = 100;

/** What the front does for the desk. */
export interface Intervened {
  /** Of the generation that serves; those that leave are none. */
  upstreams(): readonly (UpstreamState & RoutedUpstream)[];
  /** Where the front listens, and what its configuration says of apps. */
  config(): Pick<Config, 'listeners' | 'apps'>;
  /** Resolves when every router serves by them. */
  give(interventions: Interventions): Promise<void>;
  /** A metric's value, added up over all routers; 0 where none has it. */
  measure(sample: string): Promise<number>;
}

export class InterventionDesk {
  private table = NO_INTERVENTIONS;
  /** By which listeners the table is kept; null: it was not looked for. */
  private kept: Config['listeners'] | null = null;
  /** Changes come one after another. */
  private working: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly front: Intervened,
    private readonly store: InterventionStore,
    private readonly log: MasterLog,
  ) {}

  /** Takes up what was in force when a front at these addresses ended, and says so. */
  async open(): Promise<void> {
    try {
      this.kept = this.front.config().listeners;
      this.table = await this.store.read(this.kept);
      this.forgetOutdated();
    } catch (error) {
      this.log.failure(error, (reason) => reason);
      return;
    }
    const words = describe(this.table);
    if (words.length === 0) return;
    this.log.warning(`as before the restart: ${words.join('; ')}`);
    this.log.hint(`${backWords(this.table).join(', ')} ends that`);
  }

  /** In force. */
  get current(): Interventions {
    return this.table;
  }

  isDrained(upstream: UpstreamState): boolean {
    return this.table.drained.includes(formatUpstream(upstream));
  }

  /**
   * Takes an upstream out: no new requests, no second tries. Resolves with its name when nothing is in flight there; it stays out.
   * @param text as `tlsfront status` shows it, or its port where no other has it
   * @param onDrained told once it gets no new requests
   * @throws FrontError config_usage for one that there is not; where it is the last of an app; where something is still in flight after `timeoutMs`
   */
  async drain(text: string, timeoutMs: number, onDrained: (name: string) => void): Promise<string> {
    const name = await this.inTurn(async () => {
      const upstreams = this.front.upstreams();
      const found = findUpstream(text, upstreams);
      if (this.table.drained.includes(found)) return found;
      const drained = [...this.table.drained, found];
      const [left] = leftWithout(upstreams, drained);
      if (left !== undefined) throw lastOfRoute(found, formatRoute(left.route), left.own.length === 1);
      await this.replace({ ...this.table, drained });
      this.log.line(`${found} is drained: no new requests go there`);
      return found;
    });
    onDrained(name);
    const endsAtMs = performance.now() + timeoutMs;
    for (;;) {
      if (!this.table.drained.includes(name))
        throw new FrontError('internal', `${name} was given back meanwhile: it takes requests`);
      const inFlight = await this.front.measure(
        sampleName('tlsfront_upstream_requests_in_flight', { upstream: name }),
      );
      if (inFlight === 0) return name;
      if (performance.now() > endsAtMs) throw stillBusy(name, inFlight, timeoutMs);
      await passTime(POLL_MS, undefined, { ref: false });
    }
  }

  /**
   * Gives an upstream back; resolves with its name when every router sends requests there again, null where it was not drained.
   * @throws FrontError config_usage for one that there is not
   */
  undrain(text: string): Promise<string | null> {
    return this.inTurn(async () => {
      const { drained } = this.table;
      // It may have vanished meanwhile.
      const name = drained.includes(text) ? text : findUpstream(text, this.front.upstreams());
      if (!drained.includes(name)) return null;
      await this.replace({ ...this.table, drained: drained.filter((other) => other !== name) });
      this.log.line(`${name} takes requests again`);
      return name;
    });
  }

  /**
   * Answers requests with a page; once more: with another page.
   * @param message null: the front's own words
   * @param allowed clients that the apps serve all the same, an address or CIDR notation each
   * @throws FrontError config_usage for what is no address or no message
   */
  begin(message: string | null, allowed: readonly string[]): Promise<Maintenance> {
    const blocks = allowed.map(requireBlock);
    if (message !== null && !isMessage(message))
      throw new FrontError('config_usage', 'the message is empty, too long or has control characters', {
        hint: `write one line of ${MAX_MESSAGE} characters at most`,
      });
    return this.inTurn(async () => {
      const maintenance = {
        message,
        allowed: blocks,
        sinceMs: this.table.maintenance?.sinceMs ?? Date.now(),
      };
      await this.replace({ ...this.table, maintenance });
      this.log.line(describeMaintenance(maintenance));
      return maintenance;
    });
  }

  /** The apps answer again; false: they did anyway. */
  end(): Promise<boolean> {
    return this.inTurn(async () => {
      if (this.table.maintenance === null) return false;
      await this.replace({ ...this.table, maintenance: null });
      this.log.line('maintenance is off: the apps answer again');
      return true;
    });
  }

  /** Holds requests, each for so long at most; once more: with another time. */
  pause(maxMs: number): Promise<Pause> {
    return this.inTurn(async () => {
      const pause = { maxMs, sinceMs: this.table.pause?.sinceMs ?? Date.now() };
      await this.replace({ ...this.table, pause });
      this.log.line(describePause(pause));
      return pause;
    });
  }

  /** Lets requests go, in the order in which they came; false: none was held. */
  resume(): Promise<boolean> {
    return this.inTurn(async () => {
      if (this.table.pause === null) return false;
      await this.replace({ ...this.table, pause: null });
      this.log.line('the pause is over: requests go to the apps');
      return true;
    });
  }

  /** What is deployed in an app's place from now on, and kept; null: what the configuration says. */
  deployed(app: string, deployment: Deployment | null): Promise<void> {
    return this.inTurn(async () => {
      const others = this.table.deployed.filter((one) => one.app !== app);
      const deployed = deployment === null ? others : [...others, deployment];
      if (others.length === this.table.deployed.length && deployment === null) return;
      await this.replace({ ...this.table, deployed });
    });
  }

  /** The configuration says something else of an app than when another version was deployed: that counts. Returns whether there was such. */
  private forgetOutdated(): boolean {
    const { deployed } = this.table;
    const counting = stillDeployed(deployed, this.front.config().apps);
    for (const one of deployed.filter((other) => !counting.includes(other)))
      this.log.warning(
        `the configuration says something new of ${one.app}, which counts; ${describeDeployment(one)} was deployed`,
      );
    this.table = { ...this.table, deployed: counting };
    return counting.length !== deployed.length;
  }

  /** The table for a generation with other upstreams: those that it has not are forgotten, and an app is not left without any. */
  settle(upstreams: readonly (UpstreamState & RoutedUpstream)[]): Promise<void> {
    return this.inTurn(async () => {
      const names = new Set(upstreams.map((upstream) => formatUpstream(upstream)));
      const known = this.table.drained.filter((name) => names.has(name));
      const left = leftWithout(upstreams, known);
      const back = new Set(left.flatMap(({ own }) => own));
      for (const { route, own } of left)
        this.log.warning(
          `every upstream of ${formatRoute(route) || 'the app'} was drained: ${own.join(', ')} take requests again`,
        );
      const drained = known.filter((name) => !back.has(name));
      const isOutdated = this.forgetOutdated();
      const hasMoved = !isDeepStrictEqual(this.kept, this.front.config().listeners);
      if (drained.length !== this.table.drained.length) await this.replace({ ...this.table, drained });
      else if (isOutdated || (hasMoved && describe(this.table).length > 0)) await this.keep();
    });
  }

  private async replace(table: Interventions): Promise<void> {
    this.table = table;
    await this.front.give(table);
    await this.keep();
  }

  /** In force it is all the same; what cannot be kept is told. */
  private async keep(): Promise<void> {
    const { kept, table, store } = this;
    const listeners = this.front.config().listeners;
    this.kept = listeners;
    try {
      if (kept !== null && !isDeepStrictEqual(kept, listeners)) await store.write(kept, NO_INTERVENTIONS);
      await store.write(listeners, table);
    } catch (error) {
      this.log.failure(error, (reason) => `what was ordered ends with the front: ${reason}`);
    }
  }

  private inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.working.then(work);
    this.working = done.catch(() => {});
    return done;
  }
}

const MAX_MESSAGE = 1_000;

function isMessage(text: string): boolean {
  return text.trim() !== '' && text.length <= MAX_MESSAGE && !/\p{Cc}/u.test(text);
}

function requireBlock(text: string): string {
  const block = parseBlock(text);
  if (block !== null) return block;
  throw new FrontError('config_usage', `${JSON.stringify(text)} is no address`, {
    hint: 'write 203.0.113.9, 203.0.113.0/24 or 2001:db8::/48',
  });
}
