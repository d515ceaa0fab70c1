/** One stream of an HTTP/2 downstream connection, between the codec and its flow. */
import type { AcceptedConnection } from '../engine.js';
import { buildErrorResponse, type OwnResponse } from '../exchange/error-response.js';
import type { Exchange } from '../exchange/exchange.js';
import { fieldValue } from '../exchange/fields.js';
import type { RequestHead } from '../exchange/types.js';
import { CANCEL, INTERNAL_ERROR, NO_ERROR } from '../wire/http2/codes.js';
import type { RequestHead as WireHead } from '../wire/http2/events.js';
import type { DownstreamStream } from './downstream.js';
import { Flow, type FlowServices } from './flow.js';
import type { Http2DownstreamConnection } from './http2-connection.js';

export class Http2DownstreamStream implements DownstreamStream {
  readonly requestHead: RequestHead;
  gone = false;
  private flow: Flow | null = null;
  /** Body that came before the flow began. */
  private early: Buffer[] = [];
  private requestEnded: boolean;
  private earlyTrailers: string[] = [];
  private responseEnded = false;
  private untakenBytes = 0;
  private bodySinceMs: number;
  private needsFlush = false;
  private readonly isHead: boolean;

  constructor(
    readonly id: number,
    private readonly head: WireHead,
    private readonly owner: Http2DownstreamConnection,
  ) {
    this.requestEnded = head.endStream;
    this.isHead = head.method === 'HEAD';
    this.bodySinceMs = owner.host.nowMs;
    this.requestHead = {
      method: head.protocol === 'websocket' ? 'GET' : head.method,
      path: head.path,
      authority: head.authority,
      headers: head.headers,
      httpVersion: '2.0',
    };
  }

  get connection(): AcceptedConnection {
    return this.owner.connection;
  }

  start(exchange: Exchange, services: FlowServices): void {
    const { head } = this;
    if (head.tooLarge || (head.protocol !== '' && head.protocol !== 'websocket')) {
      const code = head.tooLarge ? 'header_too_large' : 'not_implemented';
      exchange.failed(code);
      const own = buildErrorResponse(code, null, exchange.requestId);
      exchange.answeredItself(own.status);
      this.sendOwn(own);
      exchange.end();
      return;
    }
    const isTunnel = head.protocol === 'websocket';
    this.flow = new Flow(
      exchange,
      {
        hasBody: !head.endStream && !isTunnel,
        contentLength: head.endStream ? 0 : head.contentLength,
        upgrade: head.protocol,
        expectContinue: !head.endStream && fieldValue(head.headers, 'expect') !== '',
      },
      this,
      services,
    );
    this.flow.start();
    const { early } = this;
    this.early = [];
    for (const chunk of early) this.flow?.onRequestBody(chunk);
    if (this.requestEnded && !head.endStream) this.flow?.onRequestEnd(this.earlyTrailers);
    this.flow?.onRequestFlush();
  }

  // From the codec.

  receiveBody(chunk: Buffer, endStream: boolean): void {
    this.bodySinceMs = this.owner.host.nowMs;
    this.untakenBytes += chunk.length;
    this.needsFlush = true;
    if (this.flow !== null) this.flow.onRequestBody(chunk);
    else if (this.responseEnded) this.bodyTaken(chunk.length);
    else if (chunk.length > 0) this.early.push(chunk);
    if (endStream) this.receiveEnd([]);
  }

  receiveEnd(trailers: string[]): void {
    this.requestEnded = true;
    this.needsFlush = true;
    this.earlyTrailers = trailers;
    this.flow?.onRequestEnd(trailers);
    if (this.responseEnded) this.close();
  }

  flushRequest(): void {
    if (!this.needsFlush) return;
    this.needsFlush = false;
    this.flow?.onRequestFlush();
  }

  writable(): void {
    this.flow?.onDownstreamWritable();
  }

  /** The client, or a rule it broke, ended the stream; or the connection is gone. */
  reset(): void {
    this.gone = true;
    this.flow?.onDownstreamGone('downstream_gone');
    this.owner.wire.releaseStream(this.id);
    this.close();
  }

  checkTime(nowMs: number, clientBodyTimeoutMs: number): void {
    const isLate =
      !this.requestEnded && this.untakenBytes === 0 && nowMs - this.bodySinceMs > clientBodyTimeoutMs;
    if (isLate && this.head.protocol === '') this.flow?.refuse('request_timeout');
  }

  // DownstreamStream.

  sendInformational(status: number, headers: readonly string[]): void {
    this.owner.wire.sendInformational(this.id, status, headers);
    this.owner.schedule();
  }

  sendHead(status: number, headers: string[], contentLength: number, hasBody: boolean): void {
    if (contentLength !== -1) headers.push('content-length', String(contentLength));
    this.owner.wire.sendHeaders(this.id, status, headers, !hasBody);
    // A response without body is ended by its head; the flow's end finds nothing more to write.
    this.responseEnded = !hasBody;
  }

  sendBody(view: Buffer): boolean {
    return this.owner.wire.sendData(this.id, view, 0, view.length, false);
  }

  sendEnd(trailers: readonly string[]): void {
    if (!this.responseEnded) {
      if (trailers.length > 0) this.owner.wire.sendTrailers(this.id, trailers);
      else this.owner.wire.sendData(this.id, EMPTY, 0, 0, true);
    }
    this.endResponse();
  }

  sendOwn(own: OwnResponse): void {
    const body = this.isHead ? '' : Buffer.from(own.body).toString('latin1');
    this.owner.wire.sendHeaders(this.id, own.status, own.headers, body === '');
    if (body !== '') this.owner.wire.sendLatin1(this.id, body, true);
    this.endResponse();
    this.owner.schedule();
  }

  sendTunnel(headers: string[]): void {
    // RFC 8441 §5: a success status takes the place of 101, and the handshake fields are not used.
    const kept: string[] = [];
    for (let index = 0; index < headers.length; index += 2) {
      if (headers[index] !== 'sec-websocket-accept')
        kept.push(headers[index] ?? '', headers[index + 1] ?? '');
    }
    this.owner.wire.sendHeaders(this.id, 200, kept, false);
    this.owner.schedule();
  }

  cut(): void {
    this.flow = null;
    this.owner.wire.resetStream(this.id, INTERNAL_ERROR);
    this.close();
    this.owner.schedule();
  }

  bodyTaken(bytes: number): void {
    this.untakenBytes -= bytes;
    this.owner.wire.consume(this.id, bytes);
    this.owner.schedule();
  }

  flush(): void {
    this.owner.schedule();
  }

  private endResponse(): void {
    this.responseEnded = true;
    this.flow = null;
    // RFC 9113 §8.1: the answer is complete, the rest of the request is not wanted.
    if (!this.requestEnded)
      this.owner.wire.resetStream(this.id, this.head.protocol === '' ? NO_ERROR : CANCEL);
    this.close();
  }

  private close(): void {
    this.owner.forget(this);
  }
}

const EMPTY = Buffer.alloc(0);
