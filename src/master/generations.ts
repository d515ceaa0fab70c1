/** Which generations there are: one serves, one may be starting, and older ones drain. */
import { setTimeout as pause } from 'node:timers/promises';
import type { RouterState } from '../shared/messages/router-messages.js';
import { mergeSamples, type Samples } from '../shared/metrics.js';
import type { Generation } from './generation.js';

/** A new generation is begun beside the one that serves, and then takes its place or is rolled back. */
export class Generations {
  private current: Generation | null = null;
  private next: Generation | null = null;
  private readonly retiring = new Set<Generation>();

  private ended: Samples = {};

  /** @param mercyMs longest drain of one whose place has been taken, asked for when it is */
  constructor(private readonly mercyMs: () => number) {}

  /** The one that has been committed last; null while the front starts. */
  get serving(): Generation | null {
    return this.current;
  }

  /** Those that take connections, or will: the one that serves before the one that starts. */
  get accepting(): readonly Generation[] {
    return [this.current, this.next].filter((generation) => generation !== null);
  }

  /** Those that finish since a reload: their tunnels may still be open. */
  get draining(): readonly Generation[] {
    return [...this.retiring];
  }

  /** What generations that have ended had counted. */
  get endedSamples(): Samples {
    return this.ended;
  }

  /** All that have processes. */
  get all(): readonly Generation[] {
    return [...this.accepting, ...this.retiring];
  }

  /** Counts a generation that starts. */
  begin(generation: Generation): void {
    this.next = generation;
  }

  /** The one that has started serves from now on; the one before it drains. */
  commit(): void {
    const old = this.current;
    this.current = this.next;
    this.next = null;
    if (old !== null) void this.retire(old);
  }

  /** Ends the one that could not start. */
  rollBack(): void {
    void this.next?.kill();
    this.next = null;
  }

  /** Tells all routers that take connections, or will, what has changed. */
  change(changes: Partial<RouterState>): void {
    for (const { routers } of this.accepting) routers.change(changes);
  }

  /** Tells every router, also of those that finish; resolves when they have taken it, or after `patienceMs`. */
  async changeAll(changes: Partial<RouterState>, patienceMs: number): Promise<void> {
    const taken = this.all.map(({ routers }) => routers.taken(routers.change(changes)));
    await Promise.race([Promise.all(taken), pause(patienceMs, undefined, { ref: false })]);
  }

  /** Tunnels of an old generation may last as long as the mercy. */
  private async retire(old: Generation): Promise<void> {
    this.retiring.add(old);
    await old.drain(this.mercyMs(), false);
    await old.endApps();
    this.retiring.delete(old);
    this.ended = mergeSamples([this.ended, old.endedSamples]);
  }
}
