/** One connection to an upstream for one exchange after the other: a socket, its loan, and the responses that come over it. */
import type { Socket } from 'node:net';
import type { ErrorCode } from '../../../src/shared/errors.js';
import type { OutgoingFields } from '../../exchange/headers/outgoing-fields.js';
import type { Framing } from '../../exchange/types.js';
import type { Upstream } from '../../routing/upstream.js';
import { Http1Error } from '../../wire/http1/error.js';
import { BODY, END, HEAD, INFORMATIONAL, NEED_DATA } from '../../wire/http1/events.js';
import { type Dial, type Dialer, forgetAddress, knownAddress, noteAddress } from '../dial.js';
import { classifyUpstreamFailure } from '../failure.js';
import { type LastWordsEvents, readLastWords } from '../last-words.js';
import { mayMove } from '../name-watch.js';
import { proxyHeaderFor } from '../proxy-header.js';
import type { ExchangeHead, Lease, LeaseHandler } from '../transport.js';
import type { Waiting, Waits } from '../waiting.js';
import { type Http1Codec, isEndless } from './codec.js';
import type { ConnectionOwner } from './connection-owner.js';
import { Http1RequestWriter } from './request.js';
import { type Http1SocketEvents, NO_SOCKET, openHttp1Socket } from './socket.js';

/** What an app sends late after an answer without content shows in this time, and must not become the next client's answer. */
const REST_MS = 50;
/** How long before its server would close it an idle connection is closed: a request may be on its way for some time. */
const IDLE_MARGIN_MS = 500;

/** A connection; `holder` is null while it is idle. */
export class Http1Connection implements Lease, LastWordsEvents, Http1SocketEvents, Waits {
  holder: LeaseHandler | null = null;
  /** Key of the client in whose name the connection takes a place; null: it is idle. The pool's to keep. */
  client: string | null = null;
  waiting: Waiting = 'connect';
  waitingSinceMs: number;
  /** Exchanges that have begun on it. */
  uses = 0;
  closed = false;
  /** Something has come over it. */
  heard = false;
  /** Dialled without a look-up, so that a refusal says little about the name. */
  readonly byKnownAddress: boolean;
  /** Where it leads, if its upstream has a name that may lead elsewhere; else empty. */
  address = '';
  /** The downstream takes nothing: the upstream is not to blame for the time that passes. */
  paused = false;
  private readonly dial: Dial;
  private socket = NO_SOCKET;
  private writer = new Http1RequestWriter(NO_SOCKET);
  /** An idle one must be closed before its server does so: after this, as far as the server has said. */
  idleLimitMs = Number.POSITIVE_INFINITY;
  fault = '';
  /** The answer has no content, but an app that does not know so may send some yet. */
  private mayBeLate = false;
  private responseBegun = false;
  /** A byte of the response has come. */
  private responseSeen = false;
  private tunnel = false;
  private connected = false;

  constructor(
    readonly upstream: Upstream,
    readonly owner: ConnectionOwner,
    private readonly codec: Http1Codec,
    dialer: Dialer,
  ) {
    this.waitingSinceMs = owner.nowMs;
    this.byKnownAddress = knownAddress(upstream) !== null;
    this.dial = openHttp1Socket(dialer, upstream, this);
  }

  /** The upstream would take more of the request, and there is none. */
  get awaitsRequest(): boolean {
    return !this.writer.ended && !this.writer.blocked;
  }

  /** Lends the connection; `holder.onLease` has been or will be called by the pool. */
  lend(holder: LeaseHandler): void {
    this.holder = holder;
    this.uses += 1;
    this.writer.begin();
    this.responseBegun = false;
    this.responseSeen = false;
    this.paused = false;
    this.wait('head');
  }

  sendHead(exchange: ExchangeHead, path: string, fields: OutgoingFields, framing: Framing): void {
    this.codec.decoder.expect(exchange.head.method);
    const head = this.codec.encodeHead(exchange, path, fields);
    const { proxyProtocol } = this.upstream;
    if (head === null) this.fail('header_too_large', null);
    else if (proxyProtocol === null) this.writer.sendHead(head, framing);
    else this.writer.sendHead(proxyHeaderFor(proxyProtocol, exchange.facts) + head, framing);
  }

  sendBody(chunk: Buffer): boolean {
    if (this.closed || this.writer.muted) return true;
    this.wait(this.waiting);
    return this.tunnel ? this.writer.sendRaw(chunk) : this.writer.sendBody(chunk);
  }

  endBody(trailers: readonly string[]): void {
    if (this.writer.ended || this.closed) return;
    this.wait(this.waiting);
    this.writer.end(trailers);
  }

  flush(): void {
    this.writer.flush();
  }

  pause(): void {
    this.paused = true;
    this.socket.pause();
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.wait(this.waiting);
    this.socket.resume();
  }

  endTunnel(): void {
    this.wait('tunnel-end');
    this.socket.end();
  }

  abort(): void {
    this.holder = null;
    this.close();
  }

  /** Closes the socket; an idle or aborted connection tells nobody but its owner. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.destroy();
    this.owner.onClosed(this, null, null);
  }

  /** Ends the exchange with an error, as after a time-out. */
  fail(code: ErrorCode, cause: unknown): void {
    if (this.closed) return;
    const { holder } = this;
    const silent = code === 'upstream_reset' && !this.responseSeen && this.uses > 1;
    if (!this.connected) forgetAddress(this.upstream, code);
    this.holder = null;
    this.closed = true;
    this.destroy();
    this.owner.onClosed(this, this.connected ? null : code, cause);
    holder?.onFailure(this.responseBegun && !this.tunnel ? 'upstream_cut' : nameFailure(code), silent);
  }

  private wait(what: Waiting): void {
    // Half a tunnel has its time from the end of the other half, whatever still passes.
    if (what === 'tunnel-end' && this.waiting === 'tunnel-end') return;
    this.waiting = what;
    this.waitingSinceMs = this.owner.nowMs;
  }

  private destroy(): void {
    this.dial.end();
    if (this.socket !== NO_SOCKET) this.socket.destroy();
  }

  onSocket(socket: Socket): void {
    this.socket = socket;
    this.writer = new Http1RequestWriter(socket);
    readLastWords(socket, this);
    socket.on('drain', () => this.onDrain());
    socket.on('end', () => this.onRemoteEnd());
    socket.on('error', (error) => this.fail(classifyUpstreamFailure(error), error));
    socket.on('close', () => this.fail('upstream_reset', null));
  }

  onWriteFailed(): boolean {
    if (this.closed || this.holder === null || this.tunnel) return false;
    // What follows of the request is nobody's.
    if (this.writer.mute()) this.holder.onWritable();
    return true;
  }

  onOver(error: Error): void {
    if (this.holder !== null && this.uses > 0) this.onRemoteEnd();
    this.fail(classifyUpstreamFailure(error), error);
  }

  onDialFailed(error: unknown): void {
    this.fail(classifyUpstreamFailure(error), error);
  }

  onConnected(): void {
    this.connected = true;
    noteAddress(this.upstream, this.socket);
    if (mayMove(this.upstream)) this.address = this.socket.remoteAddress ?? '';
    this.owner.onConnected(this);
  }

  private onDrain(): void {
    if (this.writer.drained()) this.holder?.onWritable();
  }

  onBytes(view: Buffer): void {
    if (this.closed) return;
    const { holder } = this;
    // Nobody asked for these bytes: they must never become somebody's response.
    if (holder === null) {
      this.close();
      return;
    }
    this.wait(this.waiting);
    this.responseSeen = true;
    if (!this.heard) {
      this.heard = true;
      this.owner.onHeard(this);
    }
    try {
      if (this.tunnel) holder.onBody(view);
      else {
        this.codec.receive(view);
        this.advance(holder);
      }
      holder.onFlush();
    } catch (error) {
      this.fail('internal', error);
    }
  }

  private advance(holder: LeaseHandler): void {
    const { decoder } = this.codec;
    try {
      while (this.holder === holder) {
        switch (decoder.next()) {
          case NEED_DATA:
            return;
          case INFORMATIONAL:
            this.codec.forgiveInformational(this.owner.nowMs);
            holder.onInformational(decoder.head.status, decoder.head.headers);
            break;
          case HEAD:
            this.onHead(holder);
            break;
          case BODY:
            holder.onBody(decoder.body);
            break;
          case END:
            this.onResponseEnd(holder);
        }
      }
    } catch (error) {
      if (error instanceof Http1Error) this.fault = error.code;
      this.fail(error instanceof Http1Error ? 'upstream_malformed' : 'internal', error);
    }
  }

  private onHead(holder: LeaseHandler): void {
    this.responseBegun = true;
    const response = this.codec.describeResponse();
    if (response.status !== 101) {
      this.mayBeLate = !response.hasBody && this.codec.announcesContent;
      this.wait('body');
      if (isEndless(response)) this.owner.onLasting(this);
      holder.onResponse(response);
      // A server that refuses a body may close at once (RFC 9112 §9.3); one more write would then cost us its answer.
      if (response.status >= 400 && !this.writer.ended && this.writer.mute()) holder.onWritable();
      return;
    }
    this.tunnel = true;
    this.wait('tunnel');
    holder.onTunnel(response);
    // The holder may have refused it.
    if (!this.closed) this.owner.onLasting(this);
    const rest = this.codec.decoder.takeRest();
    if (rest.length > 0) holder.onBody(rest);
  }

  private onResponseEnd(holder: LeaseHandler): void {
    const { trailers } = this.codec.decoder;
    // Finished, the connection may already be another's when the holder is told.
    const isComplete = this.writer.ended;
    if (isComplete) this.finishExchange();
    holder.onEnd(trailers);
    // The rest of the request is not wanted: the connection cannot be used again.
    if (!isComplete) this.abort();
  }

  private finishExchange(): void {
    this.holder = null;
    if (this.paused) this.resume();
    const { codec, writer } = this;
    const { idleTimeoutMs } = codec.decoder.head;
    if (idleTimeoutMs !== -1) this.idleLimitMs = Math.max(0, idleTimeoutMs - IDLE_MARGIN_MS);
    // What the connection began with was true of one client.
    if (
      this.upstream.proxyProtocol !== null ||
      !codec.keepAlive ||
      writer.muted ||
      !codec.decoder.idle ||
      this.closed ||
      this.idleLimitMs === 0
    ) {
      this.close();
      return;
    }
    this.wait('idle');
    if (this.mayBeLate) setTimeout(() => this.rested(), REST_MS).unref();
    else this.owner.onIdle(this);
  }

  private rested(): void {
    if (!this.closed) this.owner.onIdle(this);
  }

  private onRemoteEnd(): void {
    const { holder } = this;
    if (holder === null || this.closed) {
      this.close();
      return;
    }
    if (this.tunnel) {
      if (this.waiting === 'tunnel') this.wait('tunnel-end');
      holder.onEnd([]);
      return;
    }
    try {
      this.codec.decoder.finish();
      this.advance(holder);
      holder.onFlush();
    } catch {
      // Reported below: the response is not complete.
    }
    if (this.holder === holder) this.fail('upstream_reset', null);
  }
}

/** Before the first byte of a response a broken connection is one that was closed. */
function nameFailure(code: ErrorCode): ErrorCode {
  return code === 'upstream_reset' ? 'upstream_closed' : code;
}
