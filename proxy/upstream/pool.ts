/** Where the exchanges of a router get their connections: each upstream's pool, its HTTP/2 sessions, or its folder. */

import type { Limits } from '../../src/shared/config/limits.js';
import type { ErrorCode } from '../../src/shared/errors.js';
import type { Upstream } from '../routing/upstream.js';
import { DEFAULT_HTTP1_LIMITS } from '../wire/http1/events.js';
import type { Dialer } from './dial.js';
import { FileRoots } from './files/file-roots.js';
import { Http1Pool, type PoolSettings } from './http1/pool.js';
import { Http2Sessions } from './http2/sessions.js';
import { type AddressesOf, NameWatch } from './name-watch.js';
import type { Lease, LeaseHandler } from './transport.js';
import type { LimitListener } from './waiting.js';

/** Lends connections of one router to its exchanges. */
export class Pool {
  private readonly pools = new Map<Upstream, Http1Pool>();
  private readonly sessions = new Map<Upstream, Http2Sessions>();
  private readonly settings: PoolSettings;
  private readonly names: NameWatch;
  private readonly roots = new FileRoots();

  /** @param hasSiblings other routers have connections to the same apps */
  constructor(
    private readonly limits: Limits,
    private readonly dialerOf: (upstream: Upstream) => Dialer,
    private readonly onLimit: LimitListener,
    hasSiblings: boolean,
    addressesOf?: AddressesOf,
  ) {
    this.names = new NameWatch((upstream, addresses) => {
      this.sessions.get(upstream)?.leaveOthers(addresses);
      this.pools.get(upstream)?.leaveOthers(addresses);
    }, addressesOf);
    const { maxHeaderBytes: headBytes, maxHeaderCount: headerCount } = limits;
    const wireLimits = { ...DEFAULT_HTTP1_LIMITS, headBytes, headerCount };
    this.settings = { limits, wireLimits, onLimit, hasSiblings };
  }

  /**
   * Lends an idle connection; null: there is none, and `wait` has the handler wait for one.
   * @param fresh no HTTP/1.1 connection will do that was used before
   */
  tryTake(upstream: Upstream, handler: LeaseHandler, fresh: boolean): Lease | null {
    if (upstream.row.codec === 'files') return this.roots.lend(upstream, handler);
    if (speaksHttp2(upstream, handler)) return this.sessionsOf(upstream).tryTake(handler);
    return fresh ? null : this.poolOf(upstream).tryTake(handler);
  }

  /**
   * Has the handler wait for a connection that is made for it, or for the next that becomes free: `onLease` or `onNoLease`
   * follows. Returns null, or at once the error why there is nothing to wait for.
   */
  wait(upstream: Upstream, handler: LeaseHandler, fresh: boolean): ErrorCode | null {
    if (speaksHttp2(upstream, handler)) return this.sessionsOf(upstream).wait(handler);
    return this.poolOf(upstream).wait(handler, fresh);
  }

  /** Takes a waiting holder out: its client has gone. */
  forget(upstream: Upstream, holder: LeaseHandler): void {
    this.sessions.get(upstream)?.forget(holder);
    this.pools.get(upstream)?.forget(holder);
  }

  /** Closes what has waited too long. Call it a few times a second. */
  sweep(nowMs: number): void {
    for (const [upstream, sessions] of this.sessions) {
      sessions.sweep(nowMs);
      this.names.check(upstream, nowMs);
      if (upstream.gone && sessions.unused) this.sessions.delete(upstream);
    }
    for (const [upstream, pool] of this.pools) {
      pool.sweep(nowMs);
      if (pool.isInUse) this.names.check(upstream, nowMs);
      if (!upstream.gone || !pool.isUnused) continue;
      this.pools.delete(upstream);
      this.names.forget(upstream);
    }
  }

  /** Closes idle connections, as when the router ends. */
  closeIdle(): void {
    for (const pool of this.pools.values()) pool.closeIdle();
    for (const sessions of this.sessions.values()) sessions.closeIdle();
  }

  /** Closes idle connections to upstreams that an operator has taken out. */
  closeDrained(): void {
    for (const [upstream, pool] of this.pools) if (upstream.drained) pool.closeIdle();
    for (const [upstream, sessions] of this.sessions) if (upstream.drained) sessions.closeIdle();
  }

  /** Ends what is in flight there as if the app had. */
  cut(upstream: Upstream): void {
    this.sessions.get(upstream)?.cut();
    this.pools.get(upstream)?.cut();
  }

  private poolOf(upstream: Upstream): Http1Pool {
    let pool = this.pools.get(upstream);
    if (pool === undefined) {
      pool = new Http1Pool(upstream, this.dialerOf(upstream), this.settings);
      this.pools.set(upstream, pool);
    }
    return pool;
  }

  private sessionsOf(upstream: Upstream): Http2Sessions {
    let sessions = this.sessions.get(upstream);
    if (sessions === undefined) {
      // An https upstream that turns out to speak HTTP/1.1 is taken by the other kind of connection.
      const takeHttp1 = (handler: LeaseHandler): void => this.takeOrWait(upstream, handler);
      sessions = new Http2Sessions(upstream, this.limits, this.dialerOf(upstream), takeHttp1, this.onLimit);
      this.sessions.set(upstream, sessions);
    }
    return sessions;
  }

  private takeOrWait(upstream: Upstream, handler: LeaseHandler): void {
    const lease = this.tryTake(upstream, handler, false);
    if (lease !== null) {
      handler.onLease(lease);
      return;
    }
    const code = this.wait(upstream, handler, false);
    if (code !== null) handler.onNoLease(code, null);
  }
}

/** True when the request goes over HTTP/2 as far as is known. */
function speaksHttp2({ row, protocol }: Upstream, holder: LeaseHandler): boolean {
  const { multiplexed } = row;
  if (multiplexed === 'never') return false;
  return multiplexed === 'always' || (protocol !== 'http/1.1' && !holder.needsHttp1);
}
