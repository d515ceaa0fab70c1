/** How often names are ordered that nobody has given, over restarts too: the authority counts the account's orders, whichever process made them. */
import type { Store } from '../../store/store.js';
import { Allowance } from './allowance.js';

/** Let's Encrypt takes 300 new orders of an account in three hours: these are 290. */
export const ORDERS_AT_ONCE = 20;
export const ORDER_EVERY_MS = 40_000;

export class OrderPace {
  private readonly allowance: Allowance;
  private loading: Promise<void> | null = null;
  /** One write after the other, so that the newest is what stays. */
  private writing: Promise<void> = Promise.resolve();

  /** @param key where the store keeps what is left */
  constructor(
    private readonly store: Store,
    private readonly key: string,
    now: () => number,
  ) {
    this.allowance = new Allowance(ORDERS_AT_ONCE, ORDER_EVERY_MS, now);
  }

  /** Takes one order. @returns false when there is none to be had */
  async take(): Promise<boolean> {
    this.loading ??= this.load();
    await this.loading;
    if (!this.allowance.take()) return false;
    // What cannot be written is told by the order itself.
    this.writing = this.writing.then(() => this.write()).catch(() => undefined);
    await this.writing;
    return true;
  }

  private async write(): Promise<void> {
    await this.store.put(this.key, `${JSON.stringify(this.allowance.state)}\n`);
  }

  /** What the process before has left; nothing of use: a full allowance. */
  private async load(): Promise<void> {
    const bytes = await this.store.get(this.key).catch(() => undefined);
    if (bytes === undefined) return;
    try {
      const value: unknown = JSON.parse(bytes.toString());
      if (typeof value !== 'object' || value === null || !('left' in value) || !('atMs' in value)) return;
      const { left, atMs } = value;
      if (typeof left === 'number' && typeof atMs === 'number') this.allowance.resume({ left, atMs });
    } catch {
      // A file that somebody has damaged.
    }
  }
}
