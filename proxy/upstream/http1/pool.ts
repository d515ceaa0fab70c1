/** Connections of HTTP/1.1's kind to one upstream: idle ones in a stack, new ones up to a bound, a bounded queue behind it, both shared fairly by clients; those that last stand apart. */

import type { SchemeRow } from '../../../src/shared/addresses/schemes.js';
import type { Limits } from '../../../src/shared/config/limits.js';
import type { ErrorCode } from '../../../src/shared/errors.js';
import type { Upstream } from '../../routing/upstream.js';
import type { Http1Limits } from '../../wire/http1/events.js';
import { RecentHeads } from '../../wire/http1/recent-heads.js';
import { AcceptWatch } from '../accept-watch.js';
import type { Dialer } from '../dial.js';
import { FairQueue } from '../places/fair-queue.js';
import { Shares } from '../places/shares.js';
import type { Lease, LeaseHandler } from '../transport.js';
import { UwsgiCodec } from '../uwsgi/codec.js';
import { endWhenLate, type LimitListener } from '../waiting.js';
import { Http1Codec } from './codec.js';
import { Http1Connection } from './connection.js';
import type { ConnectionOwner } from './connection-owner.js';

/** Answers of an app that are kept in case that it gives the same head again. */
const RECENT_HEADS = 16;

/** By the scheme's row. */
const CODECS = { http1: Http1Codec, uwsgi: UwsgiCodec } as const satisfies Record<
  Exclude<SchemeRow['codec'], 'files'>,
  unknown
>;

interface Waiter {
  readonly holder: LeaseHandler;
  readonly client: string;
  readonly sinceMs: number;
}

/** What the pools of a router have in common. */
export interface PoolSettings {
  readonly limits: Limits;
  readonly wireLimits: Http1Limits;
  readonly onLimit: LimitListener;
  /** Other routers have connections to the same apps. */
  readonly hasSiblings: boolean;
}

/** Lends connections to one upstream. */
export class Http1Pool implements ConnectionOwner {
  nowMs = performance.now();
  /** Last used on top: the ones below grow old and are closed. */
  private readonly idle: Http1Connection[] = [];
  /** Those of requests, and the idle ones: their number has the bound. */
  private readonly bounded = new Set<Http1Connection>();
  /** Tunnels and event streams: they last as long as a client likes, and must not take the place of requests. */
  private readonly lasting = new Set<Http1Connection>();
  /** New connections, each with whom it is made for. */
  private readonly connecting = new Map<Http1Connection, LeaseHandler>();
  /** Places in use: connections that carry a request or are made for one. */
  private readonly places: Shares;
  private readonly queue: FairQueue<Waiter>;
  private readonly recent = new RecentHeads(RECENT_HEADS);
  private readonly watch: AcceptWatch;
  /** Where the app is, by the last look-up of a name that may move; null: there was none. */
  private addresses: ReadonlySet<string> | null = null;

  constructor(
    private readonly upstream: Upstream,
    private readonly dialer: Dialer,
    private readonly settings: PoolSettings,
  ) {
    const { limits } = settings;
    this.places = new Shares(limits.maxUpstreamConnections);
    this.queue = new FairQueue(limits.maxUpstreamQueue);
    this.watch = new AcceptWatch(
      {
        count: () => this.bounded.size + this.lasting.size,
        idleCount: () => this.idle.length,
        onBlocked: () => this.giveUpIdle(),
      },
      settings.hasSiblings,
    );
  }

  /** Nothing is connected and nobody waits. */
  get isUnused(): boolean {
    return this.bounded.size === 0 && this.lasting.size === 0 && this.queue.length === 0;
  }

  /** There are connections for requests, idle ones among them. */
  get isInUse(): boolean {
    return this.bounded.size > 0;
  }

  /** Lends an idle connection; null: there is none for this client. */
  tryTake(handler: LeaseHandler): Lease | null {
    if (this.idle.length === 0 || !this.places.mayTake(handler.client, 1)) return null;
    const idle = this.idle.pop();
    if (idle === undefined) return null;
    this.occupy(idle, handler.client);
    idle.lend(handler);
    return idle;
  }

  /** As Pool.wait. */
  wait(handler: LeaseHandler, fresh: boolean): ErrorCode | null {
    // Idle ones must not hold the places that a fresh one needs.
    if (fresh && !this.hasPlace()) this.idle[0]?.close();
    const { client } = handler;
    if (this.hasPlace() && this.places.mayTake(client, 1)) {
      this.open(handler);
      return null;
    }
    const waiter: Waiter = { holder: handler, client, sinceMs: this.nowMs };
    const displaced = this.queue.push(waiter);
    if (displaced !== null) this.settings.onLimit('maxUpstreamQueue', this.upstream.name);
    if (displaced === waiter) return 'overloaded';
    displaced?.holder.onNoLease('overloaded', null);
    return null;
  }

  /** Takes a waiting holder out: its client has gone. */
  forget(holder: LeaseHandler): void {
    if (this.queue.take(holder.client, (waiter) => waiter.holder === holder) !== null) return;
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
    for (const connection of this.bounded) this.checkTime(connection, nowMs);
    for (const connection of this.lasting) this.checkTime(connection, nowMs);
    const [oldest] = this.idle;
    if (oldest !== undefined && this.watch.yields(oldest.waitingSinceMs, nowMs)) oldest.close();
    this.endWaits(nowMs);
    this.recent.age();
  }

  closeIdle(): void {
    for (const connection of [...this.idle]) connection.close();
  }

  /** Ends what is in flight there as if the app had. */
  cut(): void {
    for (const { holder } of this.queue.clear()) holder.onNoLease('upstream_reset', null);
    for (const connection of [...this.bounded, ...this.lasting]) connection.fail('upstream_reset', null);
  }

  /** The app is at these addresses now; requests that are under way end where they are. */
  leaveOthers(addresses: ReadonlySet<string>): void {
    this.addresses = addresses;
    for (const connection of this.idle.filter((idle) => this.isElsewhere(idle))) connection.close();
  }

  onConnected(connection: Http1Connection): void {
    const holder = this.connecting.get(connection);
    this.connecting.delete(connection);
    if (holder === undefined) return;
    connection.lend(holder);
    holder.onLease(connection);
  }

  onHeard(): void {
    this.watch.onHeard();
  }

  onLasting(connection: Http1Connection): void {
    // HTTP/2 clients have several on a connection: no more of them than there may be clients.
    if (this.lasting.size >= this.settings.limits.maxConnections) return;
    this.bounded.delete(connection);
    this.lasting.add(connection);
    this.vacate(connection);
    this.openNext();
  }

  onIdle(connection: Http1Connection): void {
    // Its place may be taken, or the app has moved away from where it leads.
    if (this.lasting.has(connection) || this.isElsewhere(connection)) {
      connection.close();
      return;
    }
    this.vacate(connection);
    const next = this.queue.length === 0 ? undefined : this.queue.shift(this.mayTake)?.holder;
    if (next !== undefined) {
      this.occupy(connection, next.client);
      connection.lend(next);
      next.onLease(connection);
    } else if (this.mayKeep()) {
      this.idle.push(connection);
      this.watch.onIdle();
    } else connection.close();
  }

  onClosed(connection: Http1Connection, code: ErrorCode | null, cause: unknown): void {
    if (connection.heard) this.watch.onClosed();
    if (this.lasting.delete(connection)) return;
    this.bounded.delete(connection);
    this.vacate(connection);
    const at = this.idle.indexOf(connection);
    if (at !== -1) this.idle.splice(at, 1);
    const holder = this.connecting.get(connection);
    this.connecting.delete(connection);
    const mayHaveMoved = code !== null && code !== 'upstream_connect_timeout';
    // The app may have moved to another address of its name.
    if (mayHaveMoved && holder !== undefined && connection.byKnownAddress) {
      this.open(holder);
      return;
    }
    if (code !== null) holder?.onNoLease(code, cause);
    this.openNext();
  }

  private readonly mayTake = (client: string): boolean => this.places.mayTake(client, 1);

  private mayKeep(): boolean {
    if (this.upstream.gone || this.upstream.drained) return false;
    if (this.idle.length >= this.settings.limits.upstreamKeepAlive) return false;
    return !this.watch.yields(this.nowMs, this.nowMs);
  }

  private hasPlace(): boolean {
    return this.bounded.size < this.settings.limits.maxUpstreamConnections;
  }

  /** A place has become free. */
  private openNext(): void {
    if (this.queue.length === 0 || !this.hasPlace()) return;
    const next = this.queue.shift(this.mayTake);
    if (next !== null) this.open(next.holder);
  }

  /** The app waits on an idle connection for what others wait to give it: one that is still being made can do without. */
  private giveUpIdle(): void {
    const idle = this.idle.shift();
    if (idle === undefined) return;
    for (const [connection, holder] of this.connecting) {
      this.connecting.delete(connection);
      connection.close();
      this.occupy(idle, holder.client);
      idle.lend(holder);
      holder.onLease(idle);
      return;
    }
    idle.close();
  }

  private occupy(connection: Http1Connection, client: string): void {
    connection.client = client;
    this.places.take(client, 1);
  }

  private vacate(connection: Http1Connection): void {
    if (connection.client !== null) this.places.give(connection.client, 1);
    connection.client = null;
  }

  /** A connection that does not become free in time is one that cannot be had. */
  private endWaits(nowMs: number): void {
    if (this.queue.length === 0) return;
    const { limits, onLimit } = this.settings;
    for (const { holder } of this.queue.expire(nowMs - limits.connectTimeoutMs)) {
      onLimit('maxUpstreamConnections', this.upstream.name);
      holder.onNoLease('overloaded', null);
    }
  }

  private open(holder: LeaseHandler): void {
    const { codec } = this.upstream.row;
    // A folder lends at once: nobody waits for it.
    const Codec = CODECS[codec === 'files' ? 'http1' : codec];
    const { wireLimits } = this.settings;
    const connection = new Http1Connection(
      this.upstream,
      this,
      new Codec(wireLimits, this.recent),
      this.dialer,
    );
    this.bounded.add(connection);
    this.occupy(connection, holder.client);
    this.connecting.set(connection, holder);
  }

  private checkTime(connection: Http1Connection, nowMs: number): void {
    const { limits, onLimit } = this.settings;
    if (connection.waiting !== 'idle') endWhenLate(connection, limits, nowMs, onLimit);
    else if (
      nowMs - connection.waitingSinceMs >
      Math.min(limits.upstreamKeepAliveTimeoutMs, connection.idleLimitMs)
    )
      connection.close();
  }

  private isElsewhere({ address }: Http1Connection): boolean {
    return this.addresses !== null && address !== '' && !this.addresses.has(address);
  }
}
