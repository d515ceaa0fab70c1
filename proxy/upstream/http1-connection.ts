/** One HTTP/1.1 connection to an upstream: a socket, the client codec, and the lease that uses both. */
import type { Socket } from 'node:net';
import type { ErrorCode } from '../../src/contract/errors.js';
import type { Framing } from '../exchange/types.js';
import { classifyUpstreamFailure } from '../exchange/upstream-failure.js';
import {
  CHUNK_END,
  chunkPrefix,
  encodeRequestHead,
  encodeTrailers,
  LAST_CHUNK,
} from '../wire/http1/encoder.js';
import { Http1Error } from '../wire/http1/error.js';
import {
  BODY,
  END,
  FRAMING_LENGTH,
  FRAMING_NONE,
  HEAD,
  type Http1Limits,
  INFORMATIONAL,
  NEED_DATA,
  type ResponseHead,
} from '../wire/http1/events.js';
import { ResponseDecoder } from '../wire/http1/response-decoder.js';
import { type Dialer, knownAddress, noteAddress } from './dial.js';
import type { ExchangeHead, Lease, LeaseHolder, UpstreamResponse } from './transport.js';
import type { Upstream } from './upstream.js';
import type { Waiting, Waits } from './waiting.js';

/** Body bytes up to this are joined with what precedes them into one string: above it a gathered write is cheaper (POST of 10 KB: 75 → 60 µs). */
const JOIN_BYTES = 4 * 1024;
/** One buffer for all connections of the process: each read is used up before the next one. */
const READ_BUFFER = Buffer.allocUnsafeSlow(256 * 1024);

/** Who gets connections back. */
export interface ConnectionKeeper {
  /** Coarse clock in milliseconds. */
  readonly nowMs: number;
  onConnected(connection: Http1Connection): void;
  /** The exchange is over and another may follow. */
  onIdle(connection: Http1Connection): void;
  /** Closed for good; `code` when it never connected. */
  onClosed(connection: Http1Connection, code: ErrorCode | null, cause: unknown): void;
}

/** A connection; `holder` is null while it is idle. */
export class Http1Connection implements Lease, Waits {
  holder: LeaseHolder | null = null;
  waiting: Waiting = 'connect';
  waitingSinceMs: number;
  /** Exchanges that have begun on it. */
  uses = 0;
  closed = false;
  /** Dialled without a look-up, so that a refusal says little about the name. */
  readonly byKnownAddress: boolean;
  /** The downstream takes nothing: the upstream is not to blame for the time that passes. */
  paused = false;
  private readonly socket: Socket;
  protected readonly decoder: ResponseDecoder;
  /** The request's head until it is written. */
  protected pending = '';
  /** Small pieces of body that are still to be written: as one, so that a byte a chunk costs no write a byte. */
  private gathered = '';
  private chunked = false;
  private requestEnded = true;
  private responseBegun = false;
  /** A byte of the response has come. */
  private responseSeen = false;
  protected keepAlive = true;
  private tunnel = false;
  private blocked = false;
  /** The response refuses the request: the rest of its body is not sent any more (RFC 9112 §9.3). */
  private muted = false;
  private connected = false;

  constructor(
    readonly upstream: Upstream,
    private readonly keeper: ConnectionKeeper,
    limits: Http1Limits,
    dialer: Dialer,
  ) {
    this.waitingSinceMs = keeper.nowMs;
    this.decoder = new ResponseDecoder(limits);
    const onread = {
      buffer: READ_BUFFER,
      callback: (bytesRead: number): boolean => {
        this.receive(READ_BUFFER.subarray(0, bytesRead));
        return true;
      },
    };
    this.byKnownAddress = knownAddress(upstream) !== null;
    const encrypted = upstream.scheme === 'https';
    this.socket = encrypted ? dialer.openTls(upstream, ['http/1.1'], onread) : dialer.open(upstream, onread);
    this.socket.on(encrypted ? 'secureConnect' : 'connect', () => this.onConnect());
    this.socket.on('drain', () => this.onDrain());
    this.socket.on('end', () => this.onRemoteEnd());
    this.socket.on('error', (error) => this.fail(classifyUpstreamFailure(error), error));
    this.socket.on('close', () => this.fail('upstream_reset', null));
  }

  /** The upstream would take more of the request, and there is none. */
  get awaitsRequest(): boolean {
    return !this.requestEnded && !this.blocked;
  }

  /** Lends the connection; `holder.onLease` has been or will be called by the pool. */
  lend(holder: LeaseHolder): void {
    this.holder = holder;
    this.uses += 1;
    this.requestEnded = false;
    this.responseBegun = false;
    this.responseSeen = false;
    this.paused = false;
    this.blocked = false;
    this.muted = false;
    this.wait('head');
  }

  sendHead(exchange: ExchangeHead, path: string, headers: readonly string[], framing: Framing): void {
    this.decoder.expect(exchange.head.method);
    this.chunked = framing === 'unknown';
    const head = this.encodeHead(exchange, path, headers);
    if (head === null) this.fail('header_too_large', null);
    else if (framing !== 'none') this.pending = head;
    else {
      this.requestEnded = true;
      this.socket.write(head, 'latin1');
    }
  }

  sendBody(chunk: Buffer): boolean {
    if (this.closed || this.muted) return true;
    this.wait(this.waiting);
    if (this.tunnel) return this.note(this.socket.write(chunk));
    // Bytes beyond the request would be read as another one.
    if (this.requestEnded) return true;
    if (this.gathered.length + chunk.length <= JOIN_BYTES) {
      this.gathered += chunk.toString('latin1');
      return !this.blocked;
    }
    const before = this.takePending();
    const prefix = this.chunked ? before + chunkPrefix(chunk.length) : before;
    const suffix = this.chunked ? CHUNK_END : '';
    this.socket.cork();
    if (prefix !== '') this.socket.write(prefix, 'latin1');
    let hasRoom = this.socket.write(chunk);
    if (suffix !== '') hasRoom = this.socket.write(suffix, 'latin1');
    this.socket.uncork();
    return this.note(hasRoom);
  }

  endBody(trailers: readonly string[]): void {
    if (this.requestEnded || this.closed) return;
    this.requestEnded = true;
    this.wait(this.waiting);
    const end = !this.chunked ? '' : trailers.length === 0 ? LAST_CHUNK : encodeTrailers(trailers);
    const text = this.takePending() + end;
    if (text !== '' && !this.muted) this.socket.write(text, 'latin1');
  }

  flush(): void {
    if (this.pending === '' && this.gathered === '') return;
    // Never unblocks: what was written before may be out already, but only 'drain' tells those who wait for it.
    if (!this.socket.write(this.takePending(), 'latin1')) this.blocked = true;
  }

  /** Head and body that were held back, as text to write now. */
  private takePending(): string {
    const { pending, gathered } = this;
    this.pending = '';
    if (gathered === '') return pending;
    this.gathered = '';
    return this.chunked ? pending + chunkPrefix(gathered.length) + gathered + CHUNK_END : pending + gathered;
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

  /** Closes the socket; an idle or aborted connection tells nobody but its keeper. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.socket.destroy();
    this.keeper.onClosed(this, null, null);
  }

  /** Ends the exchange with an error, as after a time-out. */
  fail(code: ErrorCode, cause: unknown): void {
    if (this.closed) return;
    const { holder } = this;
    const silent = code === 'upstream_reset' && !this.responseSeen && this.uses > 1;
    if (!this.connected) this.upstream.address = null;
    this.holder = null;
    this.closed = true;
    this.socket.destroy();
    this.keeper.onClosed(this, this.connected ? null : code, cause);
    holder?.onFailure(this.responseBegun && !this.tunnel ? 'upstream_cut' : nameFailure(code), silent);
  }

  /** The head as it is written; null when the protocol has no room for it. */
  protected encodeHead(exchange: ExchangeHead, path: string, headers: readonly string[]): string | null {
    return encodeRequestHead(exchange.head.method, path, headers);
  }

  /** Gives what was received to the decoder. */
  protected take(view: Buffer): void {
    this.decoder.receive(view);
  }

  /** The head that the decoder has read, as the holder is told it. */
  protected describeResponse(): UpstreamResponse {
    const { head } = this.decoder;
    this.keepAlive = head.keepAlive;
    return {
      status: head.status,
      reason: head.reason,
      headers: head.headers,
      contentLength: this.lengthOf(head),
      hasBody: head.framing !== FRAMING_NONE,
    };
  }

  private wait(what: Waiting): void {
    this.waiting = what;
    this.waitingSinceMs = this.keeper.nowMs;
  }

  /** Only 'drain' unblocks: a later write that fits would let it pass by unheard, and the holder would wait for ever. */
  private note(hasRoom: boolean): boolean {
    if (!hasRoom) this.blocked = true;
    return !this.blocked;
  }

  private onConnect(): void {
    this.connected = true;
    noteAddress(this.upstream, this.socket);
    this.keeper.onConnected(this);
  }

  private onDrain(): void {
    if (!this.blocked) return;
    this.blocked = false;
    this.holder?.onWritable();
  }

  private receive(view: Buffer): void {
    if (this.closed) return;
    const { holder } = this;
    // Nobody asked for these bytes: they must never become somebody's response.
    if (holder === null) {
      this.close();
      return;
    }
    this.wait(this.waiting);
    this.responseSeen = true;
    try {
      if (this.tunnel) holder.onBody(view);
      else {
        this.take(view);
        this.advance(holder);
      }
      holder.onFlush();
    } catch (error) {
      this.fail('internal', error);
    }
  }

  private advance(holder: LeaseHolder): void {
    try {
      while (this.holder === holder) {
        switch (this.decoder.next()) {
          case NEED_DATA:
            return;
          case INFORMATIONAL:
            holder.onInformational(this.decoder.head.status, this.decoder.head.headers);
            break;
          case HEAD:
            this.onHead(holder);
            break;
          case BODY:
            holder.onBody(this.decoder.body);
            break;
          case END:
            this.onResponseEnd(holder);
        }
      }
    } catch (error) {
      this.fail(error instanceof Http1Error ? 'upstream_malformed' : 'internal', error);
    }
  }

  private onHead(holder: LeaseHolder): void {
    this.responseBegun = true;
    const response = this.describeResponse();
    if (response.status !== 101) {
      this.wait('body');
      holder.onResponse(response);
      if (response.status >= 400 && !this.requestEnded) this.mute(holder);
      return;
    }
    this.tunnel = true;
    this.wait('tunnel');
    holder.onTunnel(response);
    const rest = this.decoder.takeRest();
    if (rest.length > 0) holder.onBody(rest);
  }

  /** What a client may be told: RFC 9110 §8.6 lets 204 have no Content-Length. */
  private lengthOf({ status, framing, contentLength }: ResponseHead): number {
    if (framing === FRAMING_LENGTH) return contentLength;
    return framing === FRAMING_NONE && status !== 204 ? contentLength : -1;
  }

  /** A server that refuses a body may close at once; one more write would then cost us its answer. */
  private mute(holder: LeaseHolder): void {
    this.muted = true;
    this.keepAlive = false;
    this.pending = '';
    this.gathered = '';
    if (this.blocked) holder.onWritable();
  }

  private onResponseEnd(holder: LeaseHolder): void {
    const { trailers } = this.decoder;
    // Finished, the connection may already be another's when the holder is told.
    const isComplete = this.requestEnded;
    if (isComplete) this.finishExchange();
    holder.onEnd(trailers);
    // The rest of the request is not wanted: the connection cannot be used again.
    if (!isComplete) this.abort();
  }

  private finishExchange(): void {
    this.holder = null;
    if (this.paused) this.resume();
    if (!this.keepAlive || !this.decoder.idle || this.closed) {
      this.close();
      return;
    }
    this.wait('idle');
    this.keeper.onIdle(this);
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
      this.decoder.finish();
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
