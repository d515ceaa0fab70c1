/** A generation of routers: starts them all, replaces the dead, drains. */
import type { BoundListener, MasterToRouter, RouterStart, UpstreamState } from '../contract/messages.js';
import { BackOff } from './back-off.js';
import type { ListenPorts } from './listen-ports.js';
import type { MasterLog } from './log.js';
import { RouterProcess } from './router-process.js';

/** What every router of a generation starts with, its number left out. */
export type GenerationStart = Omit<RouterStart, 'index' | 'upstreams' | 'ports'>;

/** Keeps `count` routers alive until it is drained. */
export class Routers {
  private readonly current = new Map<number, RouterProcess>();
  private readonly backOffs = new Map<number, BackOff>();
  private draining = false;
  private readonly whenEmpty: Array<() => void> = [];

  constructor(
    private readonly count: number,
    private readonly start: GenerationStart,
    private readonly ports: ListenPorts,
    private upstreams: readonly UpstreamState[],
    private readonly log: MasterLog,
  ) {}

  /** Starts all; resolves with the listeners as bound. @throws FrontError of the first that fails */
  async startAll(): Promise<readonly (BoundListener | null)[]> {
    for (let index = 1; index <= this.count; index += 1) this.spawn(index);
    const all = await Promise.all([...this.current.values()].map((router) => router.started));
    return all[0] ?? [];
  }

  get all(): readonly RouterProcess[] {
    return [...this.current.values()];
  }

  /** Tells every router which upstreams there are now. */
  updateUpstreams(upstreams: readonly UpstreamState[]): void {
    this.upstreams = upstreams;
    this.sendAll({ type: 'upstreams', upstreams });
  }

  /**
   * Lets every router finish; may be called again with other terms. Resolves when all have ended, those that are late by SIGKILL after `mercyMs`.
   * @param endTunnels also end tunnels and event streams once nothing else is open
   */
  async drain(mercyMs: number, endTunnels: boolean): Promise<void> {
    this.draining = true;
    if (this.current.size === 0) return;
    const empty = new Promise<void>((resolve) => {
      this.whenEmpty.push(resolve);
    });
    for (const router of this.current.values()) this.ports.left(router);
    this.sendAll({ type: 'drain', endTunnels });
    const timer = setTimeout(() => {
      this.log.warning(`no more mercy after ${mercyMs / 1000} seconds: ending what is still open`);
      this.kill();
    }, mercyMs);
    await empty;
    clearTimeout(timer);
  }

  /** Ends all now. */
  kill(): void {
    this.draining = true;
    for (const router of this.current.values()) router.kill();
  }

  private sendAll(message: MasterToRouter): void {
    for (const router of this.current.values()) router.send(message);
  }

  private spawn(index: number): RouterProcess {
    // Made when the router asks for it: the upstreams may have changed by then.
    const buildStart = (): RouterStart => ({
      ...this.start,
      index,
      ports: this.ports.ask(),
      upstreams: this.upstreams,
    });
    const router = new RouterProcess(index, buildStart, this.log.childOutput, {
      onExit: (ended, reason) => this.onExit(ended, reason),
    });
    this.current.set(index, router);
    router.started.then(
      (bound) => {
        if (!this.ports.joined(router, bound)) router.kill();
      },
      () => {},
    );
    return router;
  }

  private onExit(router: RouterProcess, reason: string): void {
    this.ports.left(router);
    if (this.current.get(router.index) === router) this.current.delete(router.index);
    if (this.draining) {
      if (this.current.size === 0) for (const resolve of this.whenEmpty) resolve();
      return;
    }
    // A router that never became ready is the starter's to report.
    if (!router.ready && !this.backOffs.has(router.index)) return;
    const backOff = this.backOffs.get(router.index) ?? new BackOff();
    this.backOffs.set(router.index, backOff);
    const delayMs = backOff.next(performance.now() - router.startedAtMs);
    const when = delayMs === 0 ? '' : ` in ${delayMs} ms`;
    this.log.warning(`http ${router.index} (pid: ${router.pid}) ended by ${reason}: respawning it${when}`);
    setTimeout(() => this.respawn(router.index), delayMs);
  }

  private respawn(index: number): void {
    if (this.draining) return;
    const router = this.spawn(index);
    router.started.then(
      () => this.log.line(`respawned tlsfront http ${index} (new pid: ${router.pid})`),
      (error: unknown) =>
        this.log.error(`http ${index}: ${error instanceof Error ? error.message : String(error)}`),
    );
  }
}
