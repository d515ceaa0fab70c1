/** Requests that `tlsfront pause` holds: let in, their bodies unread, in the order in which they came. */
import type { EntryStep, InquiryEnd } from './access/inquiry.js';
import type { Exchange } from './exchange.js';
import { buildErrorReply } from './reply/local-reply.js';

/** How often it is looked for those that have waited long enough. */
const LOOK_MS = 250;

interface Held {
  readonly exchange: Exchange;
  readonly done: InquiryEnd;
  readonly deadlineMs: number;
}

/** One a router; a request asks whether it may go on, and hears of it when the pause is over. */
export class PausedRequests implements EntryStep {
  /** Longest hold of requests that come from now on; null: none is held. */
  private maxMs: number | null = null;
  /** In the order in which they came. */
  private readonly held = new Set<Held>();
  private timer: NodeJS.Timeout | null = null;

  get count(): number {
    return this.held.size;
  }

  /** @param maxMs null: those that are held go on, in order. Those that were held before keep their time */
  update(maxMs: number | null): void {
    this.maxMs = maxMs;
    if (maxMs !== null) return;
    for (const held of this.held) {
      this.held.delete(held);
      held.done(null);
    }
    this.look();
  }

  ask(exchange: Exchange, done: InquiryEnd): (() => void) | null {
    const { maxMs } = this;
    // The pause may have ended while other questions were asked.
    if (maxMs === null) {
      done(null);
      return null;
    }
    if (this.held.size >= exchange.services.policy.config.limits.maxUpstreamQueue) {
      exchange.reachedLimit('maxUpstreamQueue');
      refuse(exchange, 'overloaded', done);
      return null;
    }
    const held = { exchange, done, deadlineMs: performance.now() + maxMs };
    this.held.add(held);
    this.timer ??= setInterval(() => this.look(), LOOK_MS).unref();
    return () => this.held.delete(held);
  }

  private look(): void {
    const nowMs = performance.now();
    for (const held of this.held) {
      if (held.deadlineMs > nowMs) continue;
      this.held.delete(held);
      refuse(held.exchange, 'paused', held.done);
    }
    if (this.held.size > 0 || this.timer === null) return;
    clearInterval(this.timer);
    this.timer = null;
  }
}

function refuse(exchange: Exchange, code: 'paused' | 'overloaded', done: InquiryEnd): void {
  exchange.failed(code);
  done(buildErrorReply(code, exchange.head, exchange.requestId));
}
