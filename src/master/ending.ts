/** The end of the front, phase by phase: drain, end the apps, say goodbye; a second signal cuts it short. */
import type { Generation } from './generation.js';
import type { Generations } from './generations.js';
import type { Life } from './life.js';
import type { MasterLog } from './log.js';
import type { OrdersDesk } from './orders.js';

/** After a second signal whatever has not ended in this time is killed together with its keeper. */
const FORCED_MS = 500;

/** Begins with the first signal that asks for it. */
export class Ending {
  /** Resolves when the front has ended: with 0, or with 1 where a second signal cut it short. */
  readonly exitCode: Promise<number>;
  private settle: (code: number) => void = () => {};
  private isForced = false;
  private goodbye = 'goodbye to tlsfront';

  /**
   * @param mercyMs longest drain, asked for when the end begins
   * @param onBegin called before anything ends: what listens for the world beside the routers closes
   */
  constructor(
    private readonly life: Life,
    private readonly generations: Generations,
    private readonly orders: OrdersDesk,
    private readonly mercyMs: () => number,
    private readonly log: MasterLog,
    private readonly onBegin: () => void,
  ) {
    this.exitCode = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  /** The first request begins the end, every other one ends what is left now. @param who `SIGTERM`, or whoever asks */
  obey(who: string): void {
    switch (this.life.state) {
      case 'starting':
      case 'serving':
      case 'reloading':
        void this.run(who);
        return;
      case 'draining':
        this.force(who);
        return;
      case 'ended':
        return;
      default:
        this.life.state satisfies never;
    }
  }

  /** Another master serves in our place: what is open finishes here, tunnels too, as after a reload. @param pid its process id */
  async yieldTo(pid: number): Promise<void> {
    this.life.enter('draining');
    this.log.line(`the new master (pid: ${pid}) serves; this one (pid: ${process.pid}) drains`);
    this.goodbye = `the old master (pid: ${process.pid}) has ended`;
    this.onBegin();
    await this.endAll(false);
  }

  /** Ends what a failed start has left. */
  async abandon(): Promise<void> {
    this.life.enter('draining');
    this.onBegin();
    await Promise.all(this.generations.all.map((generation) => generation.kill()));
    this.life.enter('ended');
  }

  private async run(who: string): Promise<void> {
    this.life.enter('draining');
    this.log.line(
      `received ${who}: draining, ${this.mercyMs() / 1000} seconds of mercy; send it again to end now`,
    );
    this.onBegin();
    await this.endAll(true);
  }

  private async endAll(endTunnels: boolean): Promise<void> {
    const generations = this.generations.all;
    await this.drain(generations, endTunnels);
    await Promise.all(generations.map((generation) => generation.endApps()));
    this.finish();
  }

  /** Requests finish, and orders of certificates break off meanwhile. */
  private async drain(generations: readonly Generation[], endTunnels: boolean): Promise<void> {
    const drained = generations.map((generation) => generation.drain(this.mercyMs(), endTunnels));
    await Promise.all([...drained, this.orders.stop()]);
  }

  private force(who: string): void {
    if (this.isForced) return;
    this.isForced = true;
    this.log.warning(`received ${who} again: ending now`);
    for (const generation of this.generations.all) void generation.kill();
    setTimeout(() => {
      for (const generation of this.generations.all) generation.killKeepers();
      this.finish();
    }, FORCED_MS);
  }

  private finish(): void {
    if (this.life.state === 'ended') return;
    this.life.enter('ended');
    this.log.line(this.goodbye);
    this.settle(this.isForced ? 1 : 0);
  }
}
