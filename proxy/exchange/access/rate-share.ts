/** What this router has let pass, told to the other routers of the front a few times a second: a client that reaches all of them has no more than one rate. */
import { hash } from 'node:crypto';
import type { Spending } from '../../../src/shared/config/access.js';

/** The others hear of requests so much later, at the most: what a client may make at once is a little more for that. */
const SHARE_MS = 50;
/** Entries of one report; those beyond wait for the next. */
const MAX_ENTRIES = 2000;
/** Clients that wait to be told of; whoever comes beyond is counted here alone. */
const MAX_WAITING = 20_000;

/** Collects and reports. */
export class RateShare {
  /** By rule and client. */
  private readonly spent = new Map<string, Spending>();
  private timer: NodeJS.Timeout | null = null;

  /**
   * @param secret hides what clients send: no key of theirs leaves the router that got it
   * @param report gives it to the other routers; null: there are none
   */
  constructor(
    private readonly secret: string,
    private readonly report: ((spent: readonly Spending[]) => void) | null,
  ) {}

  /** What stands for a client's field or cookie: cut, so that nobody lengthens it, and 1 µs where an HMAC takes four. */
  digest(value: string): string {
    return hash('sha256', this.secret + value, 'base64url').slice(0, 22);
  }

  /** A request was let pass. @param rule its index */
  note(rule: number, client: string): void {
    if (this.report === null) return;
    const key = `${rule} ${client}`;
    const known = this.spent.get(key)?.[2] ?? 0;
    if (known === 0 && this.spent.size >= MAX_WAITING) return;
    this.spent.set(key, [rule, client, known + 1]);
    if (this.timer === null) this.wait();
  }

  private wait(): void {
    this.timer = setTimeout(() => this.flush(), SHARE_MS);
    this.timer.unref();
  }

  /** Reports what there is now. */
  flush(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (this.spent.size === 0 || this.report === null) return;
    const entries = [...this.spent].slice(0, MAX_ENTRIES);
    for (const [key] of entries) this.spent.delete(key);
    this.report(entries.map(([, spending]) => spending));
    if (this.spent.size > 0) this.wait();
  }
}
