/** Bounds how many requests one client may make: the generic cell rate algorithm, with one number a client. */

/** Clients that are remembered for one rule; the one that was seen longest ago is forgotten first. */
const MAX_CLIENTS = 65_536;

/** One rule in force. */
export class RateLimiter {
  /** When the client would be at its even pace again, by its key; the last seen at the end. */
  private readonly dueMs = new Map<string, number>();
  private readonly pauseMs: number;
  private readonly aheadMs: number;
  /** What other routers tell makes nobody wait longer than all bursts at once would. */
  private readonly maxDebtMs: number;

  /**
   * @param requests so many in `periodMs`, evenly
   * @param burst so many at once by who has been silent; at least 1
   * @param routers that count for the same clients
   */
  constructor(
    requests: number,
    periodMs: number,
    burst: number,
    routers = 1,
    private readonly maxClients = MAX_CLIENTS,
  ) {
    this.pauseMs = periodMs / requests;
    // A little less exact than numbers are: the last of a burst must not fail by a rounding.
    this.aheadMs = this.pauseMs * (burst - 1) + 1e-6;
    this.maxDebtMs = this.aheadMs * routers + periodMs;
  }

  /** Counts a request; 0: it may pass, otherwise the milliseconds after which one would. */
  take(key: string, nowMs: number): number {
    const dueMs = Math.max(this.dueMs.get(key) ?? 0, nowMs);
    const waitMs = dueMs - nowMs - this.aheadMs;
    if (waitMs > 0) return waitMs;
    this.note(key, dueMs + this.pauseMs);
    return 0;
  }

  /** Counts requests that another router has let pass: too many of them are waited for later. */
  charge(key: string, requests: number, nowMs: number): void {
    const dueMs = Math.max(this.dueMs.get(key) ?? 0, nowMs) + this.pauseMs * requests;
    this.note(key, Math.min(dueMs, nowMs + this.maxDebtMs));
  }

  /** What is counted by others in other words: whichever is later counts. */
  restore(key: string, dueMs: number, nowMs: number): void {
    if (dueMs <= (this.dueMs.get(key) ?? nowMs)) return;
    this.note(key, Math.min(dueMs, nowMs + this.maxDebtMs));
  }

  /** Clients that are ahead of their even pace, and until when. */
  owing(nowMs: number): readonly (readonly [key: string, dueMs: number])[] {
    return [...this.dueMs].filter(([, dueMs]) => dueMs > nowMs);
  }

  private note(key: string, dueMs: number): void {
    this.dueMs.delete(key);
    if (this.dueMs.size >= this.maxClients) this.forgetOldest();
    this.dueMs.set(key, dueMs);
  }

  /** Number of clients that are remembered. */
  get size(): number {
    return this.dueMs.size;
  }

  private forgetOldest(): void {
    for (const key of this.dueMs.keys()) {
      this.dueMs.delete(key);
      return;
    }
  }
}
