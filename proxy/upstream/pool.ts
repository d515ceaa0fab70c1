/** Connections to upstreams: idle ones in a stack, new ones up to a bound, a bounded queue behind it, both shared fairly by clients; those that last stand apart. */

import type { SchemeRow } from '../../src/shared/addresses/schemes.js';
import type { Limits } from '../../src/shared/config/limits.js';
import type { ErrorCode } from '../../src/shared/errors.js';
import type { Upstream } from '../routing/upstream.js';
import { DEFAULT_HTTP1_LIMITS, type Http1Limits } from '../wire/http1/events.js';
import { RecentHeads } from '../wire/http1/recent-heads.js';
import { AcceptWatch } from './accept-watch.js';
import type { ConnectionOwner } from './connection-owner.js';
import type { Dialer } from './dial.js';
import { FileRoots } from './files/file-roots.js';
import { Http1Codec } from './http1/codec.js';
import { Http1Connection } from './http1/connection.js';
import { Http2Sessions } from './http2/sessions.js';
import { type AddressesOf, NameWatch } from './name-watch.js';
import { FairQueue } from './places/fair-queue.js';
import { Shares } from './places/shares.js';
import type { Lease, LeaseHandler } from './transport.js';
import { UwsgiCodec } from './uwsgi/codec.js';
import { endWhenLate, type LimitListener } from './waiting.js';

/** Answers of an app that are kept in case that it gives the same head again. */
const RECENT_HEADS = 16;

/** By the scheme's row. */
const CODECS = { http1: Http1Codec, uwsgi: UwsgiCodec } as const satisfies Record<
  Exclude<SchemeRow['codec'], 'files'>,
  unknown
>;

/** A new connection's holder while it connects. */
type Connecting = Map<Http1Connection, LeaseHandler>;

interface UpstreamPool {
  /** Last used on top: the ones below grow old and are closed. */
  readonly idle: Http1Connection[];
  /** Those of requests, and the idle ones: their number has the bound. */
  readonly bounded: Set<Http1Connection>;
  /** Tunnels and event streams: they last as long as a client likes, and must not take the place of requests. */
  readonly lasting: Set<Http1Connection>;
  /** Places in use: connections that carry a request or are made for one. */
  readonly places: Shares;
  readonly queue: FairQueue<Waiter>;
  /** Whether the client may take a place more. */
  readonly mayTake: (client: string) => boolean;
  readonly recent: RecentHeads;
  /** Where the app is, by the last look-up of a name that may move; null: there was none. */
  addresses: ReadonlySet<string> | null;
  readonly watch: AcceptWatch;
}

interface Waiter {
  readonly holder: LeaseHandler;
  readonly client: string;
  readonly sinceMs: number;
}

/** Lends connections of one router to its exchanges. */
export class Pool implements ConnectionOwner {
  nowMs = performance.now();
  private readonly pools = new Map<Upstream, UpstreamPool>();
  private readonly connecting: Connecting = new Map();
  private readonly sessions = new Map<Upstream, Http2Sessions>();
  private readonly wireLimits: Http1Limits;
  private readonly names: NameWatch;
  private readonly roots = new FileRoots();

  constructor(
    private readonly limits: Limits,
    private readonly dialerOf: (upstream: Upstream) => Dialer,
    private readonly onLimit: LimitListener,
    /** Other routers have connections to the same apps. */
    private readonly hasSiblings: boolean,
    addressesOf?: AddressesOf,
  ) {
    this.names = new NameWatch((upstream, addresses) => this.leaveOthers(upstream, addresses), addressesOf);
    this.wireLimits = {
      ...DEFAULT_HTTP1_LIMITS,
      headBytes: limits.maxHeaderBytes,
      headerCount: limits.maxHeaderCount,
    };
  }

  /**
   * Lends an idle connection; null: there is none, and `wait` has the handler wait for one.
   * @param fresh no HTTP/1.1 connection will do that was used before
   */
  tryTake(upstream: Upstream, handler: LeaseHandler, fresh: boolean): Lease | null {
    if (upstream.row.codec === 'files') return this.roots.lend(upstream, handler);
    if (speaksHttp2(upstream, handler)) return this.sessionsOf(upstream).tryTake(handler);
    if (fresh) return null;
    const pool = this.poolOf(upstream);
    if (pool.idle.length === 0 || !pool.places.mayTake(handler.client, 1)) return null;
    const idle = pool.idle.pop();
    if (idle === undefined) return null;
    this.occupy(pool, idle, handler.client);
    idle.lend(handler);
    return idle;
  }

  /**
   * Has the handler wait for a connection that is made for it, or for the next that becomes free: `onLease` or `onNoLease`
   * follows. Returns null, or at once the error why there is nothing to wait for.
   */
  wait(upstream: Upstream, handler: LeaseHandler, fresh: boolean): ErrorCode | null {
    if (speaksHttp2(upstream, handler)) return this.sessionsOf(upstream).wait(handler);
    const pool = this.poolOf(upstream);
    // Idle ones must not hold the places that a fresh one needs.
    if (fresh && !this.hasPlace(pool)) pool.idle[0]?.close();
    const { client } = handler;
    if (this.hasPlace(pool) && pool.places.mayTake(client, 1)) {
      this.open(pool, upstream, handler);
      return null;
    }
    const waiter: Waiter = { holder: handler, client, sinceMs: this.nowMs };
    const displaced = pool.queue.push(waiter);
    if (displaced !== null) this.onLimit('maxUpstreamQueue', upstream.name);
    if (displaced === waiter) return 'overloaded';
    displaced?.holder.onNoLease('overloaded', null);
    return null;
  }

  /** Takes a waiting holder out: its client has gone. */
  forget(upstream: Upstream, holder: LeaseHandler): void {
    this.sessions.get(upstream)?.forget(holder);
    const pool = this.poolOf(upstream);
    if (pool.queue.take(holder.client, (waiter) => waiter.holder === holder) !== null) return;
    for (const [connection, waiting] of this.connecting) {
      if (waiting !== holder) continue;
      this.connecting.delete(connection);
      connection.close();
      return;
    }
  }

  /** Closes what has waited too long. Call it a few times a second. */
  sweep(nowMs: number): void {
    this.nowMs = nowMs;
    for (const [upstream, sessions] of this.sessions) {
      sessions.sweep(nowMs);
      this.names.check(upstream, nowMs);
      if (upstream.gone && sessions.unused) this.sessions.delete(upstream);
    }
    for (const [upstream, pool] of this.pools) {
      for (const connection of pool.bounded) this.checkTime(connection, nowMs);
      for (const connection of pool.lasting) this.checkTime(connection, nowMs);
      const [oldest] = pool.idle;
      if (oldest !== undefined && pool.watch.yields(oldest.waitingSinceMs, nowMs)) oldest.close();
      this.endWaits(pool, upstream, nowMs);
      pool.recent.age();
      if (pool.bounded.size > 0) this.names.check(upstream, nowMs);
      if (!upstream.gone || !isUnused(pool)) continue;
      this.pools.delete(upstream);
      this.names.forget(upstream);
    }
  }

  /** Closes idle connections, as when the router ends. */
  closeIdle(): void {
    for (const pool of this.pools.values()) for (const connection of [...pool.idle]) connection.close();
    for (const sessions of this.sessions.values()) sessions.closeIdle();
  }

  /** Closes idle connections to upstreams that an operator has taken out. */
  closeDrained(): void {
    for (const [upstream, pool] of this.pools)
      if (upstream.drained) for (const connection of [...pool.idle]) connection.close();
    for (const [upstream, sessions] of this.sessions) if (upstream.drained) sessions.closeIdle();
  }

  /** Ends what is in flight there as if the app had. */
  cut(upstream: Upstream): void {
    this.sessions.get(upstream)?.cut();
    const pool = this.pools.get(upstream);
    if (pool === undefined) return;
    for (const { holder } of pool.queue.clear()) holder.onNoLease('upstream_reset', null);
    for (const connection of [...pool.bounded, ...pool.lasting]) connection.fail('upstream_reset', null);
  }

  onConnected(connection: Http1Connection): void {
    const holder = this.connecting.get(connection);
    this.connecting.delete(connection);
    if (holder === undefined) return;
    connection.lend(holder);
    holder.onLease(connection);
  }

  onHeard(connection: Http1Connection): void {
    this.poolOf(connection.upstream).watch.onHeard();
  }

  onLasting(connection: Http1Connection): void {
    const pool = this.poolOf(connection.upstream);
    // HTTP/2 clients have several on a connection: no more of them than there may be clients.
    if (pool.lasting.size >= this.limits.maxConnections) return;
    pool.bounded.delete(connection);
    pool.lasting.add(connection);
    this.vacate(pool, connection);
    this.openNext(pool, connection.upstream);
  }

  onIdle(connection: Http1Connection): void {
    const pool = this.poolOf(connection.upstream);
    // Its place may be taken, or the app has moved away from where it leads.
    if (pool.lasting.has(connection) || isElsewhere(pool, connection)) {
      connection.close();
      return;
    }
    this.vacate(pool, connection);
    const next = pool.queue.length === 0 ? undefined : pool.queue.shift(pool.mayTake)?.holder;
    if (next !== undefined) {
      this.occupy(pool, connection, next.client);
      connection.lend(next);
      next.onLease(connection);
    } else if (this.mayKeep(pool, connection)) {
      pool.idle.push(connection);
      pool.watch.onIdle();
    } else connection.close();
  }

  onClosed(connection: Http1Connection, code: ErrorCode | null, cause: unknown): void {
    const pool = this.poolOf(connection.upstream);
    if (connection.heard) pool.watch.onClosed();
    if (pool.lasting.delete(connection)) return;
    pool.bounded.delete(connection);
    this.vacate(pool, connection);
    const at = pool.idle.indexOf(connection);
    if (at !== -1) pool.idle.splice(at, 1);
    const holder = this.connecting.get(connection);
    this.connecting.delete(connection);
    const mayHaveMoved = code !== null && code !== 'upstream_connect_timeout';
    // The app may have moved to another address of its name.
    if (mayHaveMoved && holder !== undefined && connection.byKnownAddress) {
      this.open(pool, connection.upstream, holder);
      return;
    }
    if (code !== null) holder?.onNoLease(code, cause);
    this.openNext(pool, connection.upstream);
  }

  /** The app is at these addresses now; requests that are under way end where they are. */
  private leaveOthers(upstream: Upstream, addresses: ReadonlySet<string>): void {
    this.sessions.get(upstream)?.leaveOthers(addresses);
    const pool = this.pools.get(upstream);
    if (pool === undefined) return;
    pool.addresses = addresses;
    for (const connection of pool.idle.filter((idle) => isElsewhere(pool, idle))) connection.close();
  }

  private mayKeep(pool: UpstreamPool, { upstream }: Http1Connection): boolean {
    if (pool.idle.length >= this.limits.upstreamKeepAlive || !isKept(upstream)) return false;
    return !pool.watch.yields(this.nowMs, this.nowMs);
  }

  private hasPlace(pool: UpstreamPool): boolean {
    return pool.bounded.size < this.limits.maxUpstreamConnections;
  }

  /** A place has become free. */
  private openNext(pool: UpstreamPool, upstream: Upstream): void {
    if (pool.queue.length === 0 || !this.hasPlace(pool)) return;
    const next = pool.queue.shift(pool.mayTake);
    if (next !== null) this.open(pool, upstream, next.holder);
  }

  /** The app waits on an idle connection for what others wait to give it: one that is still being made can do without. */
  private giveUpIdle(pool: UpstreamPool): void {
    const idle = pool.idle.shift();
    if (idle === undefined) return;
    for (const [connection, holder] of this.connecting) {
      if (!pool.bounded.has(connection)) continue;
      this.connecting.delete(connection);
      connection.close();
      this.occupy(pool, idle, holder.client);
      idle.lend(holder);
      holder.onLease(idle);
      return;
    }
    idle.close();
  }

  private occupy(pool: UpstreamPool, connection: Http1Connection, client: string): void {
    connection.client = client;
    pool.places.take(client, 1);
  }

  private vacate(pool: UpstreamPool, connection: Http1Connection): void {
    if (connection.client !== null) pool.places.give(connection.client, 1);
    connection.client = null;
  }

  /** A connection that does not become free in time is one that cannot be had. */
  private endWaits(pool: UpstreamPool, { name }: Upstream, nowMs: number): void {
    if (pool.queue.length === 0) return;
    for (const { holder } of pool.queue.expire(nowMs - this.limits.connectTimeoutMs)) {
      this.onLimit('maxUpstreamConnections', name);
      holder.onNoLease('overloaded', null);
    }
  }

  private poolOf(upstream: Upstream): UpstreamPool {
    let pool = this.pools.get(upstream);
    if (pool === undefined) {
      const places = new Shares(this.limits.maxUpstreamConnections);
      const idle: Http1Connection[] = [];
      const bounded = new Set<Http1Connection>();
      const lasting = new Set<Http1Connection>();
      const created: UpstreamPool = {
        idle,
        bounded,
        lasting,
        places,
        queue: new FairQueue(this.limits.maxUpstreamQueue),
        mayTake: (client) => places.mayTake(client, 1),
        recent: new RecentHeads(RECENT_HEADS),
        addresses: null,
        watch: new AcceptWatch(
          {
            count: () => bounded.size + lasting.size,
            idleCount: () => idle.length,
            onBlocked: () => this.giveUpIdle(created),
          },
          this.hasSiblings,
        ),
      };
      pool = created;
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

  private open(pool: UpstreamPool, upstream: Upstream, holder: LeaseHandler): void {
    const { codec } = upstream.row;
    // A folder lends at once: nobody waits for it.
    const Codec = CODECS[codec === 'files' ? 'http1' : codec];
    const connection = new Http1Connection(
      upstream,
      this,
      new Codec(this.wireLimits, pool.recent),
      this.dialerOf(upstream),
    );
    pool.bounded.add(connection);
    this.occupy(pool, connection, holder.client);
    this.connecting.set(connection, holder);
  }

  private checkTime(connection: Http1Connection, nowMs: number): void {
    if (connection.waiting !== 'idle') endWhenLate(connection, this.limits, nowMs, this.onLimit);
    else if (
      nowMs - connection.waitingSinceMs >
      Math.min(this.limits.upstreamKeepAliveTimeoutMs, connection.idleLimitMs)
    )
      connection.close();
  }
}

/** True when the request goes over HTTP/2 as far as is known. */
function speaksHttp2({ row, protocol }: Upstream, holder: LeaseHandler): boolean {
  const { multiplexed } = row;
  if (multiplexed === 'never') return false;
  return multiplexed === 'always' || (protocol !== 'http/1.1' && !holder.needsHttp1);
}

/** Connections to it may be wanted again. */
function isKept({ gone, drained }: Upstream): boolean {
  return !gone && !drained;
}

function isElsewhere({ addresses }: UpstreamPool, { address }: Http1Connection): boolean {
  return addresses !== null && address !== '' && !addresses.has(address);
}

function isUnused({ bounded, lasting, queue }: UpstreamPool): boolean {
  return bounded.size === 0 && lasting.size === 0 && queue.length === 0;
}
