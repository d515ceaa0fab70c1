/** One HTTP/1.1 downstream connection: requests are read one after the other, each answer in one write where it fits. */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { ErrorCode } from '../../src/contract/errors.js';
import type { AcceptedConnection } from '../engine.js';
import { buildErrorResponse, type OwnResponse } from '../exchange/error-response.js';
import { Exchange } from '../exchange/exchange.js';
import { fieldValue } from '../exchange/fields.js';
import type { RequestHead } from '../exchange/types.js';
import {
  CHUNK_END,
  chunkPrefix,
  encodeInformational,
  encodeResponseHead,
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
  NEED_DATA,
} from '../wire/http1/events.js';
import { RequestDecoder } from '../wire/http1/request-decoder.js';
import type { ConnectionHost, DownstreamConnection } from './connection-host.js';
import type { DownstreamStream } from './downstream.js';
import { Flow } from './flow.js';
import { errorCodeOf } from './wire-failure.js';

/** Text that gathers up to this goes out in one write with what follows. */
const JOIN_BYTES = 4 * 1024;
/** A client that was answered before it had sent all may go on so long, with pauses of this at most, so that it can read the answer. */
const LINGER_MS = 30_000;
const LINGER_PAUSE_MS = 5000;
/** Bytes that may wait for the client before the upstream is paused. */
const MAX_WAITING_BYTES = 64 * 1024;
const MAX_LINGER_BYTES = 64 * 1024 * 1024;

/** A connection idle for this long is closed when the router drains. */
const DRAIN_IDLE_MS = 1000;

type Phase = 'idle' | 'head' | 'exchange' | 'tunnel' | 'linger';

export class Http1DownstreamConnection implements DownstreamStream, DownstreamConnection {
  private readonly socket: Socket;
  private readonly decoder: RequestDecoder;
  private readonly encrypted: boolean;
  private flow: Flow | null = null;
  private phase: Phase = 'idle';
  private phaseSinceMs: number;
  /** When the client last took something of what waits for it. */
  private progressMs: number;
  /** The upstream is paused until the client has taken what waits. */
  private blocked = false;
  private text = '';
  private closeAfter = false;
  private draining = false;
  private requestEnded = true;
  private responseEnded = true;
  private chunked = false;
  private isHead = false;
  private isHttp10 = false;
  private discardedBytes = 0;
  /** The client has sent no body yet: it waits for 100 (Continue). */
  private awaitsContinue = false;
  private untakenBytes = 0;
  private lingerSinceMs = 0;
  /** A request has come: before it the client is only as patient as its head may take. */
  private used = false;
  private reading = true;
  private advancing = false;
  private readonly onWritten = (): void => this.written();

  constructor(
    readonly connection: AcceptedConnection,
    private readonly host: ConnectionHost,
    limits: Http1Limits,
  ) {
    this.socket = connection.socket;
    this.encrypted = this.socket instanceof TLSSocket;
    this.decoder = new RequestDecoder(limits);
    this.phaseSinceMs = host.nowMs;
    this.progressMs = host.nowMs;
    this.socket.on('data', (chunk: Buffer) => {
      try {
        this.receive(chunk);
      } catch (error) {
        host.defect(this, error);
      }
    });
    this.socket.on('end', () => this.onRemoteEnd());
    this.socket.on('close', () => this.onClose());
  }

  // DownstreamConnection.

  drain(): void {
    this.draining = true;
    if (this.phase !== 'idle') this.closeAfter = true;
    // A connection in use may have its next request on the way: that one is still answered, with `Connection: close`.
    else if (this.host.nowMs - this.phaseSinceMs > DRAIN_IDLE_MS) this.linger();
  }

  destroy(): void {
    this.socket.destroy();
  }

  get waitingBytes(): number {
    return this.socket.writableLength + this.text.length;
  }

  get stalledSinceMs(): number {
    return this.socket.writableLength > 0 ? this.progressMs : 0;
  }

  checkTime(nowMs: number): void {
    const { limits } = this.host.services.policy.config;
    const waitedMs = nowMs - this.phaseSinceMs;
    if (this.socket.writableLength > 0 && nowMs - this.progressMs > limits.clientWriteTimeoutMs)
      this.destroy();
    else if (this.phase === 'idle' && waitedMs > this.idleLimitMs()) this.linger();
    else if (this.phase === 'head' && !this.blocked && waitedMs > limits.clientHeadTimeoutMs)
      this.failRequest('request_timeout');
    else if (this.phase === 'linger' && this.hasLingered(nowMs, waitedMs)) this.destroy();
    else if (this.phase === 'exchange' && this.isBodyLate(waitedMs)) this.failRequest('request_timeout');
  }

  private idleLimitMs(): number {
    const { keepAliveTimeoutMs, clientHeadTimeoutMs } = this.host.services.policy.config.limits;
    return this.used ? keepAliveTimeoutMs : Math.min(keepAliveTimeoutMs, clientHeadTimeoutMs);
  }

  private hasLingered(nowMs: number, pausedMs: number): boolean {
    return pausedMs > LINGER_PAUSE_MS || nowMs - this.lingerSinceMs > LINGER_MS;
  }

  private isBodyLate(waitedMs: number): boolean {
    const { clientBodyTimeoutMs } = this.host.services.policy.config.limits;
    return !this.requestEnded && this.untakenBytes === 0 && waitedMs > clientBodyTimeoutMs;
  }

  // Reading.

  private enter(phase: Phase): void {
    this.phase = phase;
    this.phaseSinceMs = this.host.nowMs;
  }

  private receive(chunk: Buffer): void {
    if (this.phase === 'linger') {
      this.phaseSinceMs = this.host.nowMs;
      this.discardedBytes += chunk.length;
      if (this.discardedBytes > MAX_LINGER_BYTES) this.destroy();
      return;
    }
    if (this.phase === 'tunnel') {
      this.enter('tunnel');
      this.untakenBytes += chunk.length;
      this.flow?.onRequestBody(chunk);
      this.adjustReading();
      return;
    }
    if (this.phase === 'idle') this.enter('head');
    else if (this.phase === 'exchange') this.enter('exchange');
    this.decoder.receive(chunk);
    this.advance();
  }

  /** Pulls events until more bytes are needed, the request is complete, or its body waits for the upstream. */
  private advance(): void {
    // What the upstream takes at once would call back into this loop, a level deeper for each chunk.
    if (this.advancing) return;
    this.advancing = true;
    this.pullEvents();
    this.advancing = false;
  }

  private pullEvents(): void {
    try {
      while (this.mayPull()) {
        const event = this.decoder.next();
        if (event === NEED_DATA) break;
        if (event === HEAD) this.begin();
        else if (event === BODY) this.tellBody(this.decoder.body);
        else if (event === END) this.tellEnd();
        // A refused request may have changed the phase; a tunnel's bytes are no longer HTTP.
        if (this.isPast()) return;
      }
    } catch (error) {
      this.failWire(error);
      return;
    }
    if (this.phase === 'head' && this.decoder.idle) this.enter('idle');
    this.flow?.onRequestFlush();
    this.adjustReading();
  }

  /** One request at a time, and none while the client does not take the answers it has been given. */
  private mayPull(): boolean {
    if (this.untakenBytes > 0) return false;
    return this.phase === 'exchange' ? !this.requestEnded : !this.blocked;
  }

  /** What comes is no longer a request. */
  private isPast(): boolean {
    return this.phase === 'linger' || this.phase === 'tunnel';
  }

  private begin(): void {
    const { head } = this.decoder;
    this.used = true;
    this.isHead = head.method === 'HEAD';
    this.isHttp10 = head.minorVersion === 0;
    this.closeAfter = this.draining || !head.keepAlive;
    this.responseEnded = false;
    this.discardedBytes = 0;
    this.enter('exchange');
    const hasBody =
      head.framing !== FRAMING_NONE && !(head.framing === FRAMING_LENGTH && head.contentLength === 0);
    // Without a body the end is there too: whatever the exchange decides now decides about a complete request.
    if (!hasBody) this.decoder.next();
    this.requestEnded = !hasBody;
    this.awaitsContinue = head.expectContinue && hasBody;
    const request: RequestHead = {
      method: head.method,
      path: head.path,
      authority: head.authority,
      headers: head.headers,
      httpVersion: this.isHttp10 ? '1.0' : '1.1',
    };
    const { services } = this.host;
    const exchange = new Exchange(request, this.connection.facts, services);
    this.flow = new Flow(
      exchange,
      {
        hasBody,
        contentLength: head.framing === FRAMING_LENGTH ? head.contentLength : hasBody ? -1 : 0,
        // Only WebSocket is passed on; an unknown protocol could hide requests (h2c smuggling).
        upgrade: head.upgrade === 'websocket' && !hasBody ? head.upgrade : '',
        expectContinue: this.awaitsContinue,
      },
      this,
      services,
    );
    this.flow.start();
  }

  private tellBody(chunk: Buffer): void {
    this.awaitsContinue = false;
    if (this.flow === null) {
      // After an early answer the rest of the request is nobody's, but the next request stands behind it.
      this.discardedBytes += chunk.length;
      if (this.discardedBytes > MAX_LINGER_BYTES) this.destroy();
      return;
    }
    this.untakenBytes += chunk.length;
    this.flow.onRequestBody(chunk);
  }

  private tellEnd(): void {
    this.requestEnded = true;
    this.flow?.onRequestEnd(this.decoder.trailers);
    if (this.responseEnded) this.next();
  }

  /** Reads on while nothing waits for the upstream; otherwise the client's window fills. */
  private adjustReading(): void {
    const shouldRead =
      this.untakenBytes === 0 &&
      (this.phase === 'exchange'
        ? !this.requestEnded || this.decoder.pendingBytes === 0
        : this.phase === 'tunnel' || !this.blocked);
    if (shouldRead === this.reading) return;
    this.reading = shouldRead;
    if (shouldRead) this.socket.resume();
    else this.socket.pause();
  }

  private failWire(error: unknown): void {
    if (error instanceof Http1Error) this.failRequest(errorCodeOf(error));
    else this.host.defect(this, error);
  }

  private failRequest(code: ErrorCode): void {
    this.closeAfter = true;
    if (this.flow !== null) this.flow.refuse(code);
    // The answer is out already; a second one would be taken for that of another request.
    else if (this.phase === 'exchange') this.destroy();
    else this.refuse(code);
  }

  /** Answers what is no request any more, and closes. */
  private refuse(code: ErrorCode): void {
    const { services } = this.host;
    const unread: RequestHead = { method: '-', path: '-', authority: '', headers: [], httpVersion: '1.1' };
    const exchange = new Exchange(unread, this.connection.facts, services);
    exchange.failed(code);
    this.isHead = false;
    this.isHttp10 = false;
    this.responseEnded = false;
    this.closeAfter = true;
    const own = buildErrorResponse(code, null, exchange.requestId);
    exchange.answeredItself(own.status);
    exchange.sent(own.body.length);
    this.sendOwn(own);
    exchange.end();
  }

  private onRemoteEnd(): void {
    if (this.phase === 'tunnel') {
      this.flow?.onRequestEnd([]);
      return;
    }
    const isWaiting = this.phase === 'exchange' && this.requestEnded;
    // A plain client may close its half and wait for the answer; over TLS nearly all that close are gone.
    if (isWaiting && !this.encrypted) {
      this.closeAfter = true;
      return;
    }
    this.letGo();
    this.socket.destroySoon();
  }

  private onClose(): void {
    this.letGo();
    this.host.closed(this);
  }

  /** The client is gone: neither the request under way nor those behind it are for anybody. */
  private letGo(): void {
    const { flow } = this;
    this.flow = null;
    this.text = '';
    if (this.phase !== 'linger') this.beginLinger();
    flow?.onDownstreamGone('downstream_gone');
  }

  // DownstreamStream.

  sendInformational(status: number, headers: readonly string[]): void {
    this.text += encodeInformational(status, headers);
    this.flush();
  }

  sendHead(status: number, headers: string[], contentLength: number, hasBody: boolean): void {
    this.chunked = false;
    if (contentLength !== -1) headers.push('content-length', String(contentLength));
    else if (hasBody && this.isHttp10) this.closeAfter = true;
    else if (hasBody) {
      this.chunked = true;
      headers.push('transfer-encoding', 'chunked');
    } else if (!this.isHead && status !== 204 && status !== 304) {
      // Over HTTP/2 the app ended its answer with the head; here that must be said (RFC 9112 §6.3).
      headers.push('content-length', '0');
    }
    this.pushConnection(headers);
    this.text += encodeResponseHead(status, '', headers);
  }

  private pushConnection(headers: string[]): void {
    // RFC 9110 §10.1.1: whether the body still follows cannot be known.
    if (this.awaitsContinue) this.closeAfter = true;
    if (this.closeAfter) headers.push('connection', 'close');
    else if (this.isHttp10) headers.push('connection', 'keep-alive');
  }

  sendBody(view: Buffer): boolean {
    const prefix = this.chunked ? this.text + chunkPrefix(view.length) : this.text;
    const suffix = this.chunked ? CHUNK_END : '';
    if (prefix.length + view.length <= JOIN_BYTES) {
      this.text = prefix + view.toString('latin1') + suffix;
      return !this.blocked;
    }
    this.text = '';
    // With nothing before it a TLS socket has encrypted the bytes when write() returns; any other write keeps a reference.
    const bytes = this.encrypted && this.socket.writableLength === 0 ? view : Buffer.from(view);
    this.noteProgress();
    this.socket.cork();
    if (prefix !== '') this.socket.write(prefix, 'latin1');
    this.socket.write(bytes, this.onWritten);
    if (suffix !== '') this.socket.write(suffix, 'latin1');
    this.socket.uncork();
    this.blocked = this.socket.writableLength > MAX_WAITING_BYTES;
    return !this.blocked;
  }

  sendEnd(trailers: readonly string[]): void {
    if (this.phase === 'tunnel') {
      this.flush();
      this.socket.end();
      return;
    }
    if (this.chunked) this.text += trailers.length === 0 ? LAST_CHUNK : encodeTrailers(trailers);
    this.endResponse();
  }

  sendOwn(own: OwnResponse): void {
    this.chunked = false;
    const headers = [...own.headers];
    if (!this.requestEnded) this.closeAfter = true;
    this.pushConnection(headers);
    this.text += encodeResponseHead(own.status, '', headers);
    if (!this.isHead) this.text += Buffer.from(own.body).toString('latin1');
    this.endResponse();
    this.flush();
  }

  sendTunnel(headers: string[], protocol: string): void {
    headers.push('connection', 'upgrade', 'upgrade', protocol);
    this.text += encodeResponseHead(101, '', headers);
    this.flush();
    this.enter('tunnel');
    this.requestEnded = false;
    const rest = this.decoder.takeRest();
    if (rest.length > 0) this.receive(rest);
    this.adjustReading();
  }

  cut(): void {
    if (this.phase === 'tunnel') {
      this.flow = null;
      this.flush();
      this.linger();
      return;
    }
    this.text = '';
    // Without TLS only a reset tells an answer that lasts until the connection closes from a whole one.
    if (this.encrypted) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }

  isUpgradeAnswer(headers: readonly string[]): boolean {
    return fieldValue(headers, 'upgrade').toLowerCase() === 'websocket';
  }

  bodyTaken(bytes: number): void {
    this.untakenBytes = Math.max(0, this.untakenBytes - bytes);
    if (this.untakenBytes > 0 || this.reading) return;
    if (this.phase === 'exchange') this.advance();
    else this.adjustReading();
  }

  flush(): void {
    if (this.text === '') return;
    const { text } = this;
    this.text = '';
    this.noteProgress();
    this.socket.write(text, 'latin1', this.onWritten);
    if (this.socket.writableLength > MAX_WAITING_BYTES) this.blocked = true;
  }

  private noteProgress(): void {
    if (this.socket.writableLength === 0) this.progressMs = this.host.nowMs;
  }

  private written(): void {
    this.progressMs = this.host.nowMs;
    if (!this.blocked || this.socket.writableLength > 0) return;
    this.blocked = false;
    if (this.flow !== null) this.flow.onDownstreamWritable();
    else if (this.phase === 'idle' || this.phase === 'head') this.host.soon(this);
  }

  private endResponse(): void {
    this.responseEnded = true;
    this.flow = null;
    this.flush();
    if (this.requestEnded) this.next();
    else if (this.closeAfter) this.linger();
    else {
      this.untakenBytes = 0;
      this.host.soon(this);
    }
  }

  /** The exchange is over on both sides: close, or read the next request, which may be here already. */
  private next(): void {
    if (this.closeAfter) {
      this.linger();
      return;
    }
    this.enter(this.decoder.idle ? 'idle' : 'head');
    this.untakenBytes = 0;
    // Not from inside an upstream's read: pipelined requests must not grow the stack.
    if (!this.decoder.idle || !this.reading) this.host.soon(this);
  }

  /** Called by the host a moment after `next()`. */
  resume(): void {
    if (!this.isPast()) this.advance();
  }

  /** Closes our side and reads on: a client that still sends can read the answer, and one that stays is ended in time. */
  private linger(): void {
    this.beginLinger();
    this.reading = true;
    this.socket.resume();
    this.socket.end();
  }

  private beginLinger(): void {
    this.enter('linger');
    this.lingerSinceMs = this.host.nowMs;
    this.discardedBytes = 0;
    this.untakenBytes = 0;
  }
}
