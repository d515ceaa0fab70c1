/** The end of the front, phase by phase: drain, end the apps, say goodbye; a second signal cuts it short. */
import type { Generation } from './generation.js';
import type { Generations } from './generations.js';
import type { MasterLog } from './log.js';
import type { OrdersDesk } from './orders.js';

/** Begins with the first signal that asks for it. */
export class Ending {
  /** Resolves when the front has ended: with 0, or with 1 where a second signal cut it short. */
  readonly exitCode: Promise<number>;
  private settle: (code: number) => void = () => {};
  private isBegun = false;
  private isForced = false;

  /** @param mercyMs longest drain */
  constructor(
    private readonly generations: Generations,
    private readonly orders: OrdersDesk,
    private readonly mercyMs: number,
    private readonly log: MasterLog,
  ) {
    this.exitCode = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  /** Nothing new is to be started any more. */
  get begun(): boolean {
    return this.isBegun;
  }

  /** The first signal begins the end, every other one ends what is left now. */
  obey(signal: NodeJS.Signals): void {
    if (this.isBegun) this.force(signal);
    else void this.run(signal);
  }

  /** Ends what a failed start has left. */
  async abandon(): Promise<void> {
    this.isBegun = true;
    await Promise.all(this.generations.accepting.map((generation) => generation.kill()));
  }

  private async run(signal: NodeJS.Signals): Promise<void> {
    this.isBegun = true;
    this.log.line(
      `received ${signal}: draining, ${this.mercyMs / 1000} seconds of mercy; send it again to end now`,
    );
    const generations = this.generations.all;
    await this.drain(generations);
    await Promise.all(generations.map((generation) => generation.endApps()));
    this.log.line('goodbye to tlsfront');
    this.settle(this.isForced ? 1 : 0);
  }

  /** Requests finish, and orders of certificates break off meanwhile. */
  private async drain(generations: readonly Generation[]): Promise<void> {
    const drained = generations.map((generation) => generation.drain(this.mercyMs, true));
    await Promise.all([...drained, this.orders.stop()]);
  }

  private force(signal: NodeJS.Signals): void {
    this.isForced = true;
    this.log.warning(`received ${signal} again: ending now`);
    for (const generation of this.generations.all) void generation.kill();
  }
}
