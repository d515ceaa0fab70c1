/** What an HTTP/1.1 downstream connection is doing, since when, and how long the client may take over it. */
import type { Limits } from '../../../src/shared/config/limits.js';

/** A client that was answered before it had sent all may go on so long, with pauses of this at most, so that it can read the answer. */
const LINGER_MS = 30_000;
const LINGER_PAUSE_MS = 5000;
/** Bytes of a request that nobody wants any more. */
const MAX_DISCARDED_BYTES = 64 * 1024 * 1024;

export type Http1State = 'idle' | 'head' | 'exchange' | 'tunnel' | 'linger';

/** What is to be done about the time that has passed: nothing, end an unused connection, answer 408, or close at once. */
export type Overdue = 'in time' | 'unused' | 'late' | 'over';

export class Http1ConnectionState {
  name: Http1State = 'idle';
  sinceMs: number;
  private lingerSinceMs = 0;
  private discardedBytes = 0;
  /** A request has come: before it the client is only as patient as its head may take. */
  private used = false;

  constructor(nowMs: number) {
    this.sinceMs = nowMs;
  }

  enter(name: Http1State, nowMs: number): void {
    this.name = name;
    this.sinceMs = nowMs;
  }

  /** A request's head is in. */
  beginExchange(nowMs: number): void {
    this.used = true;
    this.discardedBytes = 0;
    this.enter('exchange', nowMs);
  }

  /** Our side is closed, or the client is gone. */
  beginLinger(nowMs: number): void {
    this.enter('linger', nowMs);
    this.lingerSinceMs = nowMs;
    this.discardedBytes = 0;
  }

  /** What comes is no longer a request. */
  get isPast(): boolean {
    return this.name === 'linger' || this.name === 'tunnel';
  }

  /** Counts what is read for nobody; false when it is too much. */
  discard(bytes: number): boolean {
    this.discardedBytes += bytes;
    return this.discardedBytes <= MAX_DISCARDED_BYTES;
  }

  /**
   * @param owesHead the rest of a begun head is the client's to send
   * @param owesBody so is the rest of the body
   */
  checkDeadline(nowMs: number, limits: Limits, owesHead: boolean, owesBody: boolean): Overdue {
    const waitedMs = nowMs - this.sinceMs;
    switch (this.name) {
      case 'idle':
        return waitedMs > this.idleLimitMs(limits) ? 'unused' : 'in time';
      case 'head':
        return owesHead && waitedMs > limits.clientHeadTimeoutMs ? 'late' : 'in time';
      case 'exchange':
        return owesBody && waitedMs > limits.clientBodyTimeoutMs ? 'late' : 'in time';
      case 'linger':
        return waitedMs > LINGER_PAUSE_MS || nowMs - this.lingerSinceMs > LINGER_MS ? 'over' : 'in time';
      case 'tunnel':
        // The upstream's side keeps the tunnel's time.
        return 'in time';
    }
  }

  private idleLimitMs({ keepAliveTimeoutMs, clientHeadTimeoutMs }: Limits): number {
    return this.used ? keepAliveTimeoutMs : Math.min(keepAliveTimeoutMs, clientHeadTimeoutMs);
  }
}
