/** One HTTP/1.1 downstream connection: its requests become forwardings, one after the other, and its end keeps what was promised. */
import type { Socket } from 'node:net';
import type { ErrorCode } from '../../../src/shared/errors.js';
import type { AcceptedConnection } from '../../engine.js';
import { Exchange } from '../../exchange/exchange.js';
import { endsWithAnswer } from '../../exchange/gate.js';
import { type EndingLimit, reportLimit } from '../../exchange/log/limit-reports.js';
import { UNREAD_HEAD } from '../../exchange/unread-head.js';
import { Http1Error } from '../../wire/http1/error.js';
import { FRAMING_LENGTH, type Http1Limits, type RequestHead as WireHead } from '../../wire/http1/events.js';
import { ClientPace } from '../client-pace.js';
import type { ConnectionHost, DownstreamConnection } from '../connection-host.js';
import type { DownstreamRequest } from '../downstream.js';
import { Forwarding } from '../forwarding.js';
import { readFrom } from '../socket-input.js';
import { answerUnread, errorCodeOf, limitOf } from '../wire-failure.js';
import { Http1ConnectionState } from './connection-state.js';
import { type Http1ReaderEvents, Http1RequestReader } from './request-reader.js';
import { Http1ResponseWriter, type Http1WriterEvents } from './response-writer.js';

/** A connection idle for this long is closed when the router drains. */
const DRAIN_IDLE_MS = 1000;

export class Http1DownstreamConnection implements DownstreamConnection, Http1ReaderEvents, Http1WriterEvents {
  awaitsContinue = false;
  private readonly socket: Socket;
  private readonly response: Http1ResponseWriter;
  private readonly reader: Http1RequestReader;
  private readonly state: Http1ConnectionState;
  private forwarding: Forwarding | null = null;
  private readonly pace: ClientPace;
  private draining = false;
  private responseEnded = true;
  /** Nothing has come yet of the body that follows the head. */
  private awaitsBody = false;

  constructor(
    readonly connection: AcceptedConnection,
    readonly host: ConnectionHost,
    limits: Http1Limits,
  ) {
    this.socket = connection.socket;
    this.pace = new ClientPace(this.socket);
    this.response = new Http1ResponseWriter(this);
    this.state = new Http1ConnectionState(host.nowMs);
    this.reader = new Http1RequestReader(this.socket, this.state, this, limits);
    readFrom(this.socket, (chunk) => {
      try {
        this.receive(chunk);
      } catch (error) {
        host.endAfterDefect(this, error);
      }
    });
    this.socket.on('end', () => this.onRemoteEnd());
    this.socket.on('close', () => this.onClose());
  }

  // DownstreamConnection.

  drain(): void {
    this.draining = true;
    if (this.state.name !== 'idle') this.response.closeAfter = true;
    // A connection in use may have its next request on the way: that one is still answered, with `Connection: close`.
    else if (this.host.nowMs - this.state.sinceMs > DRAIN_IDLE_MS) this.linger();
  }

  destroy(): void {
    this.socket.destroy();
  }

  get waitingBytes(): number {
    return this.response.waitingBytes;
  }

  get stalledSinceMs(): number {
    return this.response.stalledSinceMs;
  }

  checkTime(nowMs: number): void {
    const { limits } = this.host.services.policy.config;
    const { stalledSinceMs } = this.response;
    if (stalledSinceMs !== 0 && nowMs - stalledSinceMs > limits.clientWriteTimeoutMs) {
      this.endBy('clientWriteTimeoutMs');
      return;
    }
    if (this.pace.isTooSlow(nowMs, this.owesRead, limits)) {
      this.endBy('minClientRateBytes');
      return;
    }
    this.reader.ageFields();
    this.forwarding?.checkClient(nowMs);
    if (this.forwarding?.isAsking) this.state.enter(this.state.name, nowMs);
    const verdict = this.state.checkDeadline(nowMs, limits, !this.isBlocked, this.reader.owesBody);
    if (verdict === 'late')
      this.failRequest(
        'request_timeout',
        this.state.name === 'head' ? 'clientHeadTimeoutMs' : 'clientBodyTimeoutMs',
      );
    else if (verdict === 'unused') this.linger();
    else if (verdict === 'over') this.destroy();
    else if (this.forwarding?.sendsTooSlowly(nowMs, this.reader.owesBody))
      this.failRequest('request_timeout', 'minClientRateBytes');
  }

  /** Response bytes wait for the client, who may not take as long as it likes. */
  private get owesRead(): boolean {
    const isLasting = this.state.name === 'tunnel' || (this.forwarding?.isLasting ?? false);
    return !isLasting && this.socket.writableLength > 0;
  }

  private endBy(limit: EndingLimit): void {
    reportLimit(this.host.services, limit, this.connection.facts.remoteAddress);
    this.destroy();
  }

  /** Called by the host a moment after `next()`. */
  resume(): void {
    if (!this.state.isPast) this.reader.advance();
  }

  // From the socket and the reader.

  private receive(chunk: Buffer): void {
    const { state } = this;
    const { nowMs } = this.host;
    if (state.name === 'linger') {
      state.enter('linger', nowMs);
      if (!state.discard(chunk.length)) this.destroy();
      return;
    }
    if (state.name === 'tunnel') {
      this.reader.give(chunk.length);
      this.forwarding?.onRequestBody(chunk);
      this.reader.adjustReading();
      return;
    }
    if (state.name === 'idle') state.enter('head', nowMs);
    else if (state.name === 'exchange') state.enter('exchange', nowMs);
    this.reader.receive(chunk);
  }

  get isBlocked(): boolean {
    return this.response.blocked;
  }

  onRequest(head: WireHead, hasBody: boolean): void {
    const { response, host } = this;
    const isLast = this.draining || !head.keepAlive || endsWithAnswer(this.connection.role);
    response.begin(head.method === 'HEAD', head.httpVersion === '1.0', isLast);
    this.state.beginExchange(host.nowMs);
    this.responseEnded = false;
    this.awaitsContinue = head.expectContinue && hasBody;
    this.awaitsBody = hasBody;
    const exchange = new Exchange(head, this.connection.facts, host.services);
    this.forwarding = new Forwarding(
      exchange,
      describeRequest(head, hasBody),
      response,
      this.reader,
      host.services,
    );
    this.forwarding.start();
  }

  onRequestBody(chunk: Buffer): void {
    this.awaitsContinue = false;
    this.awaitsBody = false;
    if (this.forwarding === null) {
      // After an early answer the rest of the request is nobody's, but the next request stands behind it.
      if (!this.state.discard(chunk.length)) this.destroy();
      return;
    }
    this.reader.give(chunk.length);
    this.forwarding.onRequestBody(chunk);
  }

  onRequestEnd(trailers: readonly string[]): void {
    this.forwarding?.onRequestEnd(trailers);
    if (this.responseEnded) this.next();
  }

  onRequestFlush(): void {
    if (!this.awaitsBody) {
      this.forwarding?.onRequestFlush();
      return;
    }
    // Most clients send the head in a TLS record of its own and the body right behind it: both go on in one write.
    this.awaitsBody = false;
    this.host.afterTurn(this);
  }

  onReaderFailure(error: unknown): void {
    if (error instanceof Http1Error) this.failRequest(errorCodeOf(error), limitOf(error));
    else this.host.endAfterDefect(this, error);
  }

  private failRequest(code: ErrorCode, limit: EndingLimit | null): void {
    this.response.closeAfter = true;
    if (this.forwarding !== null) this.forwarding.refuse(code, limit);
    // The answer is out already; a second one would be taken for that of another request.
    else if (this.state.name === 'exchange') {
      if (limit !== null) reportLimit(this.host.services, limit, this.connection.facts.remoteAddress);
      this.destroy();
    } else {
      this.responseEnded = false;
      this.response.begin(false, false, true);
      const exchange = new Exchange(UNREAD_HEAD, this.connection.facts, this.host.services);
      if (limit !== null) exchange.reachedLimit(limit);
      answerUnread(exchange, code, this.response);
    }
  }

  private onRemoteEnd(): void {
    if (this.state.name === 'tunnel') {
      this.forwarding?.onRequestEnd([]);
      return;
    }
    const isWaiting = this.state.name === 'exchange' && this.reader.requestEnded;
    // A plain client may close its half and wait for the answer; over TLS nearly all that close are gone.
    if (isWaiting && !this.response.encrypted) {
      this.response.closeAfter = true;
      return;
    }
    this.letGo();
    this.socket.destroySoon();
  }

  private onClose(): void {
    this.letGo();
    this.host.onClosed(this);
  }

  /** The client is gone: neither the request under way nor those behind it are for anybody. */
  private letGo(): void {
    const { forwarding } = this;
    this.forwarding = null;
    this.response.drop();
    this.reader.forget();
    if (this.state.name !== 'linger') this.state.beginLinger(this.host.nowMs);
    forwarding?.onDownstreamGone('downstream_gone');
  }

  // From the response writer.

  get requestEnded(): boolean {
    return this.reader.requestEnded;
  }

  onResponseEnd(): void {
    this.responseEnded = true;
    this.forwarding = null;
    if (this.reader.requestEnded) this.next();
    else if (this.response.closeAfter) this.linger();
    else {
      this.reader.forget();
      this.host.afterTurn(this);
    }
  }

  onTunnel(): void {
    this.state.enter('tunnel', this.host.nowMs);
    const rest = this.reader.becomeTunnel();
    if (rest.length > 0) this.receive(rest);
    this.reader.adjustReading();
  }

  onTunnelCut(): void {
    this.forwarding = null;
    this.linger();
  }

  onRoom(): void {
    const { name } = this.state;
    if (this.forwarding !== null) this.forwarding.onDownstreamWritable();
    else if (name === 'idle' || name === 'head') this.host.afterTurn(this);
  }

  /** The exchange is over on both sides: close, or read the next request, which may be here already. */
  private next(): void {
    if (this.response.closeAfter) {
      this.linger();
      return;
    }
    const { reader } = this;
    this.state.enter(reader.isIdle ? 'idle' : 'head', this.host.nowMs);
    reader.forget();
    // Not from inside an upstream's read: pipelined requests must not grow the stack.
    if (!reader.isIdle || reader.isPaused) this.host.afterTurn(this);
  }

  /** Closes our side and reads on: a client that still sends can read the answer, and one that stays is ended in time. */
  private linger(): void {
    this.state.beginLinger(this.host.nowMs);
    this.reader.drain();
    this.socket.end();
  }
}

function describeRequest(head: WireHead, hasBody: boolean): DownstreamRequest {
  return {
    hasBody,
    contentLength: head.framing === FRAMING_LENGTH ? head.contentLength : hasBody ? -1 : 0,
    // Only WebSocket is passed on; an unknown protocol could hide requests (h2c smuggling).
    upgrade: head.upgrade === 'websocket' && !hasBody ? head.upgrade : '',
    expectContinue: head.expectContinue && hasBody,
  };
}
