/** HTTP/2 connections to one upstream: few sessions that many exchanges share, and a bounded queue before them. */
import type { ClientHttp2Session } from 'node:http2';
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { createSecureContext, type TLSSocket } from 'node:tls';
import type { Limits } from '../../../src/shared/config/limits.js';
import type { ErrorCode } from '../../../src/shared/errors.js';
import type { Upstream } from '../../routing/upstream.js';
import { type Dial, type Dialer, forgetAddress, knownAddress, noteAddress, type Protocols } from '../dial.js';
import { classifyUpstreamFailure } from '../failure.js';
import { mayMove } from '../name-watch.js';
import { FairQueue } from '../places/fair-queue.js';
import type { Lease, LeaseHandler } from '../transport.js';
import { endWhenLate, type LimitListener } from '../waiting.js';
import { Http2Lease, type LeaseKeeper } from './lease.js';

/** Loaded with Node's HTTP/2 when an app asks for it: few do, and each start of a router would wait for them. */
const load = createRequire(import.meta.url);

/** Reads what is read at its first use otherwise: there may be no such file in sight by then. */
export function loadAhead(): void {
  load('http2-wrapper');
  // Node reads NODE_EXTRA_CA_CERTS and the system's authorities with the first context.
  createSecureContext();
}

const PROTOCOLS: Protocols = ['h2', 'http/1.1'];
/** Streams on a session, also where the upstream allows more: then another session takes its share of the load. */
const MAX_STREAMS = 128;
/** A session costs a handshake and no app closes it after seconds, as HTTP/1.1 servers do with connections. */
const SESSION_IDLE_MS = 60_000;
/** Fields of the front's own in a request's head, beside those of the client. */
const OWN_FIELDS_BYTES = 64 * 1024;
/** Per stream: what may wait unread when the downstream is slow. */
const STREAM_WINDOW_BYTES = 256 * 1024;
const SESSION_WINDOW_BYTES = 4 * 1024 * 1024;

/** A session and the leases on it. */
class OpenSession implements LeaseKeeper {
  readonly leases = new Set<Http2Lease>();
  /** Leases ever, to know a session that may have been closed while idle. */
  uses = 0;
  failure: unknown = null;
  /** No new streams: it is closing or closed. */
  ended = false;
  idleSinceMs: number;

  constructor(
    readonly session: ClientHttp2Session,
    private readonly owner: Http2Sessions,
    /** Where it leads, if its upstream has a name that may lead elsewhere; else empty. */
    readonly address: string,
  ) {
    this.idleSinceMs = owner.nowMs;
  }

  get nowMs(): number {
    return this.owner.nowMs;
  }

  get hasRoom(): boolean {
    const { session } = this;
    if (this.ended || session.closed || session.destroyed) return false;
    const allowed = session.remoteSettings?.maxConcurrentStreams ?? MAX_STREAMS;
    return this.leases.size < Math.min(allowed, MAX_STREAMS);
  }

  lend(upstream: Upstream, holder: LeaseHandler): Lease {
    const lease = new Http2Lease(upstream, this, holder);
    this.leases.add(lease);
    this.uses += 1;
    return lease;
  }

  onLeaseOver(lease: Http2Lease): void {
    this.leases.delete(lease);
    this.idleSinceMs = this.nowMs;
    if (lease.upstream.drained && this.leases.size === 0) this.session.close();
    this.owner.onRoom();
  }
}

interface Waiter {
  readonly holder: LeaseHandler;
  readonly client: string;
  readonly sinceMs: number;
}

/** A connection that is being made, with its TLS. */
interface Dialing {
  dial: Dial | null;
  readonly sinceMs: number;
  readonly byKnownAddress: boolean;
}

/** Lends streams of sessions to one upstream. */
export class Http2Sessions {
  nowMs = performance.now();
  private readonly sessions = new Set<OpenSession>();
  private readonly queue: FairQueue<Waiter>;
  private dialing: Dialing | null = null;

  /** @param takeHttp1 takes a holder whose upstream turned out to speak HTTP/1.1 only */
  constructor(
    private readonly upstream: Upstream,
    private readonly limits: Limits,
    private readonly dialer: Dialer,
    private readonly takeHttp1: (holder: LeaseHandler) => void,
    private readonly onLimit: LimitListener,
  ) {
    this.queue = new FairQueue(limits.maxUpstreamQueue);
  }

  /** Nothing is open and nobody waits. */
  get unused(): boolean {
    return this.sessions.size === 0 && this.queue.length === 0 && this.dialing === null;
  }

  /** Lends a stream; null: there is none, and `wait` has the handler wait for one. */
  tryTake(handler: LeaseHandler): Lease | null {
    if (handler.needsHttp1) return null;
    return this.findRoom()?.lend(this.upstream, handler) ?? null;
  }

  /** Has the handler wait for a stream: `onLease` or `onNoLease` follows. Returns null, or the error why there is nothing to wait for. */
  wait(handler: LeaseHandler): ErrorCode | null {
    if (handler.needsHttp1) return 'not_implemented';
    const waiter: Waiter = { holder: handler, client: handler.client, sinceMs: this.nowMs };
    const displaced = this.queue.push(waiter);
    if (displaced !== null) this.onLimit('maxUpstreamQueue', this.upstream.name);
    if (displaced === waiter) return 'overloaded';
    displaced?.holder.onNoLease('overloaded', null);
    this.openMore();
    return null;
  }

  /** Takes a waiting holder out. */
  forget(holder: LeaseHandler): void {
    this.queue.take(holder.client, (waiter) => waiter.holder === holder);
  }

  /** Ends what has waited too long. */
  sweep(nowMs: number): void {
    this.nowMs = nowMs;
    const { dialing, limits } = this;
    if (dialing !== null && nowMs - dialing.sinceMs > limits.connectTimeoutMs) {
      dialing.dial?.end();
      this.onLimit('connectTimeoutMs', this.upstream.name);
      this.onDialFailure(dialing, Object.assign(new Error('connect timed out'), { code: 'ETIMEDOUT' }));
    }
    for (const open of this.sessions) {
      for (const lease of open.leases) endWhenLate(lease, limits, nowMs, this.onLimit);
      if (open.leases.size === 0 && nowMs - open.idleSinceMs > SESSION_IDLE_MS) open.session.close();
    }
    // While a connection is made, its own time counts.
    if (dialing !== null) return;
    for (const { holder } of this.queue.expire(nowMs - limits.connectTimeoutMs)) {
      this.onLimit('maxUpstreamConnections', this.upstream.name);
      holder.onNoLease('overloaded', null);
    }
  }

  /** The app is at these addresses now: sessions to others get no more streams, and end with those that they have. */
  leaveOthers(addresses: ReadonlySet<string>): void {
    for (const open of this.sessions) {
      if (open.address === '' || addresses.has(open.address) || open.ended) continue;
      open.ended = true;
      open.session.close();
    }
  }

  /** Ends all, with what is in flight. */
  cut(): void {
    for (const open of this.sessions) open.session.destroy();
  }

  closeIdle(): void {
    for (const open of this.sessions) if (open.leases.size === 0) open.session.close();
  }

  /** A session has room again. */
  onRoom(): void {
    while (this.queue.length > 0) {
      const free = this.findRoom();
      if (free === null) {
        this.openMore();
        return;
      }
      const next = this.queue.shift(() => true);
      if (next !== null) next.holder.onLease(free.lend(this.upstream, next.holder));
    }
  }

  private findRoom(): OpenSession | null {
    for (const open of this.sessions) if (open.hasRoom) return open;
    return null;
  }

  private openMore(): void {
    if (this.dialing !== null || this.sessions.size >= this.limits.maxUpstreamConnections) return;
    const byKnownAddress = knownAddress(this.upstream) !== null;
    const dialing: Dialing = { dial: null, sinceMs: this.nowMs, byKnownAddress };
    this.dialing = dialing;
    const onFailed = (error: unknown): void => this.onDialFailure(dialing, error);
    dialing.dial = this.upstream.row.tls
      ? this.dialer.openTls(this.upstream, PROTOCOLS, {
          onConnected: (socket) => {
            dialing.dial = { end: () => socket.destroy() };
            this.agree(dialing, socket).catch(onFailed);
          },
          onFailed,
        })
      : this.dialer.open(this.upstream, {
          onConnected: (socket) => this.onDialled(dialing, socket),
          onFailed,
        });
  }

  /** Asks for HTTP/2 by ALPN (RFC 7301) on the connection that then carries the session. */
  private async agree(dialing: Dialing, encrypted: TLSSocket): Promise<void> {
    const connect = (_options: object, callback: () => void) => encrypted.once('secureConnect', callback);
    // A cache of its own each time: every connection shows anew what the upstream speaks.
    const { auto } = load('http2-wrapper') as typeof import('http2-wrapper');
    const resolveProtocol = auto.createResolveProtocol(new Map(), new Map(), connect);
    const { host, port } = this.upstream;
    const options = { host, port, ALPNProtocols: [...PROTOCOLS], resolveSocket: true };
    const { alpnProtocol, socket } = await resolveProtocol(options);
    if (alpnProtocol === 'h2' && socket !== undefined) {
      this.upstream.protocol = 'h2';
      this.onDialled(dialing, socket);
      return;
    }
    socket?.destroy();
    if (this.dialing !== dialing) return;
    this.dialing = null;
    this.upstream.protocol = 'http/1.1';
    for (const { holder } of this.queue.clear()) this.takeHttp1(holder);
  }

  private onDialFailure(dialing: Dialing, error: unknown): void {
    // Its end by a time-out was told.
    if (this.dialing !== dialing) return;
    this.dialing = null;
    const code = classifyUpstreamFailure(error);
    forgetAddress(this.upstream, code);
    // The app may have moved to another address of its name.
    if (dialing.byKnownAddress && code !== 'upstream_connect_timeout' && this.queue.length > 0) {
      this.openMore();
      return;
    }
    for (const { holder } of this.queue.clear()) holder.onNoLease(code, error);
  }

  private onDialled(dialing: Dialing, socket: Socket): void {
    if (this.dialing !== dialing) {
      socket.destroy();
      return;
    }
    this.dialing = null;
    noteAddress(this.upstream, socket);
    const { maxHeaderBytes, maxHeaderCount } = this.limits;
    const session = process
      .getBuiltinModule('node:http2')
      .connect(`${this.upstream.row.tls ? 'https' : 'http'}://upstream`, {
        createConnection: () => socket,
        settings: {
          enablePush: false,
          initialWindowSize: STREAM_WINDOW_BYTES,
          maxHeaderListSize: maxHeaderBytes,
        },
        maxHeaderListPairs: maxHeaderCount,
        // nghttp2 sends no more than 64 KiB unless told so.
        maxSendHeaderBlockLength: maxHeaderBytes + OWN_FIELDS_BYTES,
      });
    session.setLocalWindowSize(SESSION_WINDOW_BYTES);
    const open = new OpenSession(session, this, mayMove(this.upstream) ? (socket.remoteAddress ?? '') : '');
    session.on('error', (error) => {
      open.failure = error;
    });
    session.on('goaway', () => {
      open.ended = true;
    });
    session.on('remoteSettings', () => this.onRoom());
    session.on('close', () => {
      open.ended = true;
      this.sessions.delete(open);
      this.onRoom();
    });
    this.sessions.add(open);
    this.onRoom();
  }
}
