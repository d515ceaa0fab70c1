/** A generation of routers: starts them all, replaces the dead, drains. */

import type {
  AppLoad,
  LeafAnswer,
  MasterToRouter,
  ProbeQuestion,
  RouterStart,
  RouterState,
} from '../../shared/messages/router-messages.js';
import { lastingSamples, mergeSamples, type Samples } from '../../shared/metrics.js';
import { BackOff } from '../back-off.js';
import type { ListeningSockets } from '../listening/listening-sockets.js';
import type { MasterLog } from '../log.js';
import { askDebts } from '../rate-memory.js';
import { RouterProcess } from './router-process.js';

/** What every router of a generation starts with, whatever its number and its moment. */
export type GenerationStart = Omit<RouterStart, 'index' | 'sockets' | 'version' | 'state'>;

/** Who hears what the routers report of the apps. */
export interface AppCare {
  onOverdue(address: string, request: string, tookMs: number): void;
  onLoad(router: number, loads: readonly AppLoad[]): void;
  onRouterEnd(router: number): void;
}

const NO_CARE: AppCare = { onOverdue: () => {}, onLoad: () => {}, onRouterEnd: () => {} };

/** Keeps `count` routers alive until it is drained. */
export class Routers {
  private readonly current = new Map<number, RouterProcess>();
  private readonly backOffs = new Map<number, BackOff>();
  /** How many have had each place. */
  private readonly spawnCounts = new Map<number, number>();
  private readonly respawns = new Set<NodeJS.Timeout>();
  private draining = false;
  private ended: Samples = {};
  private whenEmpty: () => void = () => {};
  /** Resolves when a drain or kill has left no router. */
  private readonly empty: Promise<void>;

  /** Counts the changes of `state`. */
  private version = 0;

  /** @param state what they serve by, until `change` */
  constructor(
    private readonly count: number,
    private readonly start: GenerationStart,
    private readonly sockets: ListeningSockets,
    private state: RouterState,
    private readonly log: MasterLog,
    private readonly issueLeaf: (name: string) => Promise<LeafAnswer>,
    private readonly care: AppCare = NO_CARE,
  ) {
    this.empty = new Promise((resolve) => {
      this.whenEmpty = resolve;
    });
  }

  /** Starts all; resolves when they serve. @throws FrontError of the first that fails */
  async startAll(): Promise<void> {
    for (let index = 1; index <= this.count; index += 1) this.spawn(index);
    await Promise.all([...this.current.values()].map((router) => router.started));
  }

  get all(): readonly RouterProcess[] {
    return [...this.current.values()];
  }

  /** What those that have ended had counted. */
  get endedSamples(): Samples {
    return this.ended;
  }

  /** Tells every router what has changed; those that are respawned begin with it. @returns the version, for `taken` */
  change(changes: Partial<RouterState>): number {
    this.version += 1;
    this.state = { ...this.state, ...changes };
    this.sendAll({ type: 'state', version: this.version, changes });
    return this.version;
  }

  /** What they were given for the name holds no longer. */
  forgetLeaf(name: string): void {
    this.sendAll({ type: 'forget_leaf', name });
  }

  /** Asks an upstream by one of them; null: none could tell. */
  async probe(question: ProbeQuestion): Promise<number | null> {
    const router = this.all.find(({ ready }) => ready);
    return router === undefined ? null : router.probe(question);
  }

  /** Resolves when every router serves by this version of the state or a later one, or has ended. */
  async taken(version: number): Promise<void> {
    await Promise.all(this.all.map((router) => router.taken(version)));
  }

  /**
   * Lets every router finish (may be asked again, to end tunnels too); resolves when all have ended, those that are late by SIGKILL after `mercyMs`.
   * @param endTunnels also end tunnels and event streams once nothing else is open
   */
  async drain(mercyMs: number, endTunnels: boolean): Promise<void> {
    this.beginEnd();
    if (this.current.size === 0) return;
    for (const router of this.current.values()) {
      // One that has not bound yet has nothing to finish, and would lose what it is told while its modules load.
      if (router.ready) router.send({ type: 'drain', endTunnels });
      else router.kill();
    }
    const timer = setTimeout(() => {
      this.log.warning(`no more mercy after ${mercyMs / 1000} seconds: ending what is still open`);
      this.kill();
    }, mercyMs);
    await this.empty;
    clearTimeout(timer);
  }

  /** Ends all now. */
  kill(): void {
    this.beginEnd();
    for (const router of this.current.values()) router.kill();
  }

  /** The log was rotated. */
  reopenLog(file: string): void {
    this.sendAll({ type: 'reopen_log', file });
  }

  /** Nothing is started any more. */
  private beginEnd(): void {
    this.draining = true;
    for (const timer of this.respawns) clearTimeout(timer);
    this.respawns.clear();
  }

  private sendAll(message: MasterToRouter): void {
    for (const router of this.current.values()) router.send(message);
  }

  private spawn(index: number): RouterProcess {
    // Made when the router asks for it: the state may have changed by then.
    const buildStart = (sockets: RouterStart['sockets']): RouterStart => ({
      ...this.start,
      index,
      sockets,
      version: this.version,
      state: this.state,
    });
    const place = { output: this.log.childOutput, chroot: this.start.config.chroot };
    const router = new RouterProcess(index, this.sockets.all, buildStart, place, {
      onExit: (ended, reason) => this.onExit(ended, reason),
      onSpent: (teller, spent) => {
        for (const other of this.current.values())
          if (other !== teller && other.ready) other.send({ type: 'spent', spent });
      },
      onNeedLeaf: (asking, name) => void this.answerLeaf(asking, name),
      onOverdue: (address, request, tookMs) => this.care.onOverdue(address, request, tookMs),
      onLoad: ({ pid }, loads) => this.care.onLoad(pid, loads),
    });
    router.spawns = (this.spawnCounts.get(index) ?? 0) + 1;
    this.spawnCounts.set(index, router.spawns);
    this.current.set(index, router);
    return router;
  }

  private async answerLeaf(router: RouterProcess, name: string): Promise<void> {
    const answer = await this.issueLeaf(name).catch((error: unknown): LeafAnswer => {
      const reason = error instanceof Error ? error.message : String(error);
      this.log.warning(`no development certificate for ${name}: ${reason}`);
      return { certificate: null, refusal: null };
    });
    router.giveLeaf(name, answer);
  }

  private onExit(router: RouterProcess, reason: string): void {
    if (this.current.get(router.index) === router) this.current.delete(router.index);
    this.fold(lastingSamples(router.lastSamples));
    this.care.onRouterEnd(router.pid);
    if (this.draining) {
      if (this.current.size === 0) this.whenEmpty();
      return;
    }
    // A router that never became ready is the starter's to report.
    if (!router.ready && !this.backOffs.has(router.index)) return;
    const backOff = this.backOffs.get(router.index) ?? new BackOff();
    this.backOffs.set(router.index, backOff);
    const delayMs = backOff.next(performance.now() - router.startedAtMs);
    const when = delayMs === 0 ? '' : ` in ${delayMs} ms`;
    this.log.warning(`http ${router.index} (pid: ${router.pid}) ended by ${reason}: respawning it${when}`);
    this.fold({ tlsfront_router_restarts_total: 1 });
    const timer = setTimeout(() => {
      this.respawns.delete(timer);
      this.respawn(router.index);
    }, delayMs);
    this.respawns.add(timer);
  }

  private fold(samples: Samples): void {
    this.ended = mergeSamples([this.ended, samples]);
  }

  /** What it began with of rates is of the last reload: the others know what clients have taken since. */
  private async tellDebts(router: RouterProcess): Promise<void> {
    if (this.start.config.access.rateLimits.length === 0) return;
    const others = this.all.filter((other) => other !== router && other.ready);
    const debts = await askDebts(others);
    if (debts.length > 0) router.send({ type: 'state', version: this.version, changes: { debts } });
  }

  private respawn(index: number): void {
    const router = this.spawn(index);
    const ready = router.started.then(() => this.tellDebts(router));
    ready.then(
      () => this.log.line(`respawned tlsfront http ${index} (new pid: ${router.pid})`),
      (error: unknown) => {
        if (!this.draining) this.log.failure(error, (reason) => `http ${index}: ${reason}`);
      },
    );
  }
}
