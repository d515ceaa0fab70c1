/** One HTTP/1.1 downstream connection: its requests become flows, one after the other, and its end keeps what was promised. */
import type { Socket } from 'node:net';
import type { ErrorCode } from '../../../src/shared/errors.js';
import type { AcceptedConnection } from '../../engine.js';
import { Exchange } from '../../exchange/exchange.js';
import type { RequestHead } from '../../exchange/types.js';
import { Http1Error } from '../../wire/http1/error.js';
import { FRAMING_LENGTH, type Http1Limits, type RequestHead as WireHead } from '../../wire/http1/events.js';
import type { ConnectionHost, DownstreamConnection } from '../connection-host.js';
import type { DownstreamRequest } from '../downstream.js';
import { Flow } from '../flow.js';
import { readFrom } from '../socket-input.js';
import { answerUnread, errorCodeOf } from '../wire-failure.js';
import { Http1Phase } from './connection-state.js';
import { Http1Intake, type Http1IntakeOwner } from './request-reader.js';
import { Http1DownstreamStream, type Http1StreamOwner } from './response-writer.js';

/** A connection idle for this long is closed when the router drains. */
const DRAIN_IDLE_MS = 1000;

export class Http1DownstreamConnection implements DownstreamConnection, Http1IntakeOwner, Http1StreamOwner {
  awaitsContinue = false;
  private readonly socket: Socket;
  private readonly stream: Http1DownstreamStream;
  private readonly intake: Http1Intake;
  private readonly phase: Http1Phase;
  private flow: Flow | null = null;
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
    this.stream = new Http1DownstreamStream(this);
    this.phase = new Http1Phase(host.nowMs);
    this.intake = new Http1Intake(this.socket, this.phase, this, limits);
    readFrom(this.socket, (chunk) => {
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
    if (this.phase.name !== 'idle') this.stream.closeAfter = true;
    // A connection in use may have its next request on the way: that one is still answered, with `Connection: close`.
    else if (this.host.nowMs - this.phase.sinceMs > DRAIN_IDLE_MS) this.linger();
  }

  destroy(): void {
    this.socket.destroy();
  }

  get waitingBytes(): number {
    return this.stream.waitingBytes;
  }

  get stalledSinceMs(): number {
    return this.stream.stalledSinceMs;
  }

  checkTime(nowMs: number): void {
    const { limits } = this.host.services.policy.config;
    const { stalledSinceMs } = this.stream;
    if (stalledSinceMs !== 0 && nowMs - stalledSinceMs > limits.clientWriteTimeoutMs) {
      this.destroy();
      return;
    }
    this.intake.ageFields();
    const verdict = this.phase.judge(nowMs, limits, !this.isBlocked, this.intake.owesBody);
    if (verdict === 'late') this.failRequest('request_timeout');
    else if (verdict === 'unused') this.linger();
    else if (verdict === 'over') this.destroy();
  }

  /** Called by the host a moment after `next()`. */
  resume(): void {
    if (!this.phase.isPast) this.intake.advance();
  }

  // From the socket and the intake.

  private receive(chunk: Buffer): void {
    const { phase } = this;
    const { nowMs } = this.host;
    if (phase.name === 'linger') {
      phase.enter('linger', nowMs);
      if (!phase.discard(chunk.length)) this.destroy();
      return;
    }
    if (phase.name === 'tunnel') {
      this.intake.give(chunk.length);
      this.flow?.onRequestBody(chunk);
      this.intake.adjustReading();
      return;
    }
    if (phase.name === 'idle') phase.enter('head', nowMs);
    else if (phase.name === 'exchange') phase.enter('exchange', nowMs);
    this.intake.receive(chunk);
  }

  get isBlocked(): boolean {
    return this.stream.blocked;
  }

  onRequest(head: WireHead, hasBody: boolean): void {
    const { stream, host } = this;
    stream.begin(head.method === 'HEAD', head.httpVersion === '1.0', this.draining || !head.keepAlive);
    this.phase.beginExchange(host.nowMs);
    this.responseEnded = false;
    this.awaitsContinue = head.expectContinue && hasBody;
    this.awaitsBody = hasBody;
    const exchange = new Exchange(head, this.connection.facts, host.services);
    this.flow = new Flow(exchange, describeRequest(head, hasBody), stream, host.services);
    this.flow.start();
  }

  onRequestBody(chunk: Buffer): void {
    this.awaitsContinue = false;
    this.awaitsBody = false;
    if (this.flow === null) {
      // After an early answer the rest of the request is nobody's, but the next request stands behind it.
      if (!this.phase.discard(chunk.length)) this.destroy();
      return;
    }
    this.intake.give(chunk.length);
    this.flow.onRequestBody(chunk);
  }

  onRequestEnd(trailers: readonly string[]): void {
    this.flow?.onRequestEnd(trailers);
    if (this.responseEnded) this.next();
  }

  onRequestFlush(): void {
    if (!this.awaitsBody) {
      this.flow?.onRequestFlush();
      return;
    }
    // Most clients send the head in a TLS record of its own and the body right behind it: both go on in one write.
    this.awaitsBody = false;
    this.host.soon(this);
  }

  onIntakeFailure(error: unknown): void {
    if (error instanceof Http1Error) this.failRequest(errorCodeOf(error));
    else this.host.defect(this, error);
  }

  private failRequest(code: ErrorCode): void {
    this.stream.closeAfter = true;
    if (this.flow !== null) this.flow.refuse(code);
    // The answer is out already; a second one would be taken for that of another request.
    else if (this.phase.name === 'exchange') this.destroy();
    else {
      this.responseEnded = false;
      this.stream.begin(false, false, true);
      const exchange = new Exchange(UNREAD, this.connection.facts, this.host.services);
      answerUnread(exchange, code, this.stream);
    }
  }

  private onRemoteEnd(): void {
    if (this.phase.name === 'tunnel') {
      this.flow?.onRequestEnd([]);
      return;
    }
    const isWaiting = this.phase.name === 'exchange' && this.intake.requestEnded;
    // A plain client may close its half and wait for the answer; over TLS nearly all that close are gone.
    if (isWaiting && !this.stream.encrypted) {
      this.stream.closeAfter = true;
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
    this.stream.drop();
    this.intake.forget();
    if (this.phase.name !== 'linger') this.phase.beginLinger(this.host.nowMs);
    flow?.onDownstreamGone('downstream_gone');
  }

  // From the stream.

  get requestEnded(): boolean {
    return this.intake.requestEnded;
  }

  onResponseEnd(): void {
    this.responseEnded = true;
    this.flow = null;
    if (this.intake.requestEnded) this.next();
    else if (this.stream.closeAfter) this.linger();
    else {
      this.intake.forget();
      this.host.soon(this);
    }
  }

  onTunnel(): void {
    this.phase.enter('tunnel', this.host.nowMs);
    const rest = this.intake.becomeTunnel();
    if (rest.length > 0) this.receive(rest);
    this.intake.adjustReading();
  }

  onTunnelCut(): void {
    this.flow = null;
    this.linger();
  }

  onBodyTaken(bytes: number): void {
    this.intake.taken(bytes);
  }

  onRoom(): void {
    const { name } = this.phase;
    if (this.flow !== null) this.flow.onDownstreamWritable();
    else if (name === 'idle' || name === 'head') this.host.soon(this);
  }

  /** The exchange is over on both sides: close, or read the next request, which may be here already. */
  private next(): void {
    if (this.stream.closeAfter) {
      this.linger();
      return;
    }
    const { intake } = this;
    this.phase.enter(intake.isIdle ? 'idle' : 'head', this.host.nowMs);
    intake.forget();
    // Not from inside an upstream's read: pipelined requests must not grow the stack.
    if (!intake.isIdle || intake.isPaused) this.host.soon(this);
  }

  /** Closes our side and reads on: a client that still sends can read the answer, and one that stays is ended in time. */
  private linger(): void {
    this.phase.beginLinger(this.host.nowMs);
    this.intake.drain();
    this.socket.end();
  }
}

/** Stands for a request whose head could not be read. */
const UNREAD: RequestHead = {
  method: '-',
  path: '-',
  authority: '',
  headers: [],
  memo: null,
  httpVersion: '1.1',
};

function describeRequest(head: WireHead, hasBody: boolean): DownstreamRequest {
  return {
    hasBody,
    contentLength: head.framing === FRAMING_LENGTH ? head.contentLength : hasBody ? -1 : 0,
    // Only WebSocket is passed on; an unknown protocol could hide requests (h2c smuggling).
    upgrade: head.upgrade === 'websocket' && !hasBody ? head.upgrade : '',
    expectContinue: head.expectContinue && hasBody,
  };
}
