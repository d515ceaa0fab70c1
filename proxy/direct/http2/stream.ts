/** One stream of an HTTP/2 downstream connection, between the codec and its forwarding. */
import { randomBytes } from 'node:crypto';
import type { AcceptedConnection } from '../../engine.js';
import type { Admission } from '../../exchange/access/reset-budget.js';
import type { Exchange } from '../../exchange/exchange.js';
import type { OutgoingFields } from '../../exchange/headers/outgoing-fields.js';
import type { LocalReply } from '../../exchange/reply/local-reply.js';
import type { RequestHead } from '../../exchange/types.js';
import { CANCEL, INTERNAL_ERROR, NO_ERROR } from '../../wire/http2/codes.js';
import type { RequestHead as WireHead } from '../../wire/http2/events.js';
import { fieldValue } from '../../wire/syntax/field-list.js';
import { MAX_METHOD_BYTES } from '../../wire/syntax/methods.js';
import type { RequestSource, ResponseWriter } from '../downstream.js';
import { Forwarding } from '../forwarding.js';
import type { ForwardingServices } from '../upstream-attempt.js';
import { answerUnread } from '../wire-failure.js';
import type { Http2DownstreamConnection } from './connection.js';

/** A client that was answered early may send on for so long and so far: curl before 8.17 loses an answer that is followed at once by a reset. */
const DISCARD_MS = 1000;
const MAX_DISCARDED_BYTES = 16 * 1024 * 1024;

export class Http2Stream implements ResponseWriter, RequestSource {
  readonly requestHead: RequestHead;
  gone = false;
  /** How the request began; null: it has not. */
  admission: Admission | null = null;
  private forwarding: Forwarding | null = null;
  /** Body that came before the forwarding began, or before the upgrade was answered. */
  private early: Buffer[] = [];
  private requestEnded: boolean;
  private earlyTrailers: string[] = [];
  private readonly isTunnel: boolean;
  /** The upgrade was answered. What comes before is no request and must not reach an upstream that speaks HTTP. */
  private tunnelOpen = false;
  private responseEnded = false;
  private untakenBytes = 0;
  private bodySinceMs: number;
  /** The response has begun: a call in both directions may then be silent for as long as the app allows. */
  private answering = false;
  /** Answered early: since when the rest of the request is read for nobody; 0: it is not. */
  private discardSinceMs = 0;
  private discardedBytes = 0;
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
    this.isTunnel = head.protocol === 'websocket';
    this.requestHead = {
      method: this.isTunnel ? 'GET' : head.method,
      path: head.path,
      authority: head.authority,
      headers: this.isTunnel ? this.withKey(head.headers) : head.headers,
      // The key is another one each time.
      memo: this.isTunnel ? null : head.memo,
      httpVersion: '2.0',
    };
  }

  get connection(): AcceptedConnection {
    return this.owner.connection;
  }

  start(exchange: Exchange, services: ForwardingServices): void {
    const { head } = this;
    const isUnknown = (head.protocol !== '' && !this.isTunnel) || head.method.length > MAX_METHOD_BYTES;
    if (head.tooLarge || isUnknown) {
      if (head.tooLarge) exchange.reachedLimit(head.tooMany ? 'maxHeaderCount' : 'maxHeaderBytes');
      answerUnread(exchange, head.tooLarge ? 'header_too_large' : 'not_implemented', this);
      return;
    }
    this.forwarding = new Forwarding(
      exchange,
      {
        hasBody: !head.endStream && !this.isTunnel,
        contentLength: head.endStream ? 0 : head.contentLength,
        upgrade: head.protocol,
        expectContinue: !head.endStream && !this.isTunnel && fieldValue(head.headers, 'expect') !== '',
      },
      this,
      this,
      services,
    );
    this.forwarding.start();
    if (!this.isTunnel) this.tellEarly();
  }

  /** An upgrade over HTTP/2 has no key of its own (RFC 8441 §5), the one upstream needs it. */
  private withKey(headers: readonly string[]): string[] {
    const key = randomBytes(16).toString('base64');
    const own: string[] = [];
    for (let index = 0; index < headers.length; index += 2) {
      if (headers[index] !== 'sec-websocket-key') own.push(headers[index] ?? '', headers[index + 1] ?? '');
    }
    own.push('sec-websocket-key', key);
    return own;
  }

  private tellEarly(): void {
    const { early } = this;
    this.early = [];
    for (const chunk of early) this.forwarding?.onRequestBody(chunk);
    if (this.requestEnded && (this.isTunnel || !this.head.endStream))
      this.forwarding?.onRequestEnd(this.earlyTrailers);
    this.forwarding?.onRequestFlush();
  }

  // From the codec.

  receiveBody(chunk: Buffer, endStream: boolean): void {
    this.bodySinceMs = this.owner.host.nowMs;
    this.untakenBytes += chunk.length;
    this.needsFlush = true;
    if (this.forwarding !== null && this.mayTell()) this.forwarding.onRequestBody(chunk);
    else if (this.responseEnded) this.discard(chunk.length);
    else if (chunk.length > 0) this.early.push(chunk);
    if (endStream) this.receiveEnd([]);
  }

  private discard(bytes: number): void {
    this.discardedBytes += bytes;
    this.consumed(bytes);
    if (this.discardedBytes > MAX_DISCARDED_BYTES) this.endDiscard();
  }

  receiveEnd(trailers: string[]): void {
    this.requestEnded = true;
    this.needsFlush = true;
    this.earlyTrailers = trailers;
    if (this.mayTell()) this.forwarding?.onRequestEnd(trailers);
    if (this.responseEnded) this.close();
  }

  private mayTell(): boolean {
    return !this.isTunnel || this.tunnelOpen;
  }

  flushRequest(): void {
    if (!this.needsFlush) return;
    this.needsFlush = false;
    this.forwarding?.onRequestFlush();
  }

  writable(): void {
    this.forwarding?.onDownstreamWritable();
  }

  /** The client, or a rule it broke, ended the stream; or the connection is gone. */
  reset(): void {
    this.gone = true;
    this.forwarding?.onDownstreamGone('downstream_gone');
    this.owner.wire.releaseStream(this.id);
    this.close();
  }

  /** The client has not taken the response for too long. */
  stalled(): void {
    this.forwarding?.onDownstreamGone('downstream_gone');
    this.forwarding = null;
    this.close();
  }

  /** Bytes of its response wait for the client, who may not take as long as it likes. */
  get owesRead(): boolean {
    const { forwarding } = this;
    if (forwarding?.isLasting === true || this.tunnelOpen) return false;
    return this.owner.wire.queuedBytesOf(this.id) > 0;
  }

  checkTime(nowMs: number, clientBodyTimeoutMs: number): void {
    if (this.discardSinceMs !== 0) {
      if (nowMs - this.discardSinceMs > DISCARD_MS) this.endDiscard();
      return;
    }
    const { forwarding } = this;
    forwarding?.checkClient(nowMs);
    if (forwarding === null || this.answering || this.head.protocol !== '') return;
    if (forwarding.isAsking) this.bodySinceMs = nowMs;
    const owesBody = !this.requestEnded && this.untakenBytes === 0;
    const isLate = owesBody && !forwarding.isCall && nowMs - this.bodySinceMs > clientBodyTimeoutMs;
    if (isLate) forwarding.refuse('request_timeout', 'clientBodyTimeoutMs');
    else if (forwarding.sendsTooSlowly(nowMs, owesBody))
      forwarding.refuse('request_timeout', 'minClientRateBytes');
  }

  // ResponseWriter and RequestSource.

  sendInformational(status: number, headers: readonly string[]): void {
    this.owner.wire.sendInformational(this.id, status, headers);
    this.owner.schedule();
  }

  /** RFC 8441 §5: any 2xx on the stream of a CONNECT says that the tunnel is open. */
  mayRelay(status: number): boolean {
    return !this.isTunnel || status < 200 || status > 299;
  }

  sendHead(status: number, fields: OutgoingFields, contentLength: number, hasBody: boolean): void {
    this.answering = true;
    if (contentLength !== -1) fields.own.push('content-length', String(contentLength));
    this.owner.wire.sendHeaders(this.id, status, fields.own, !hasBody, fields.repeated.list);
    // A response without body is ended by its head; the forwarding's end finds nothing more to write.
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
    if (!this.tunnelOpen) {
      this.endResponse();
      return;
    }
    // END_STREAM is the tunnel's FIN (RFC 8441 §5): the client's half may go on.
    this.responseEnded = true;
    if (this.requestEnded) this.close();
    this.owner.schedule();
  }

  sendOwn(own: LocalReply): void {
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
    this.tunnelOpen = true;
    this.tellEarly();
  }

  cut(): void {
    this.forwarding = null;
    // RFC 8441 §5: CANCEL is the reset of a tunnel.
    this.owner.wire.resetStream(this.id, this.tunnelOpen ? CANCEL : INTERNAL_ERROR);
    this.close();
    this.owner.schedule();
  }

  consumed(bytes: number): void {
    this.untakenBytes -= bytes;
    this.owner.wire.consume(this.id, bytes);
    this.owner.schedule();
  }

  flush(): void {
    this.owner.schedule();
  }

  private endResponse(): void {
    this.responseEnded = true;
    this.forwarding = null;
    if (this.requestEnded || this.gone) this.close();
    else {
      this.discardSinceMs = this.owner.host.nowMs;
      if (this.untakenBytes > 0) this.consumed(this.untakenBytes);
    }
  }

  /** RFC 9113 §8.1: the answer is complete, the rest of the request is not wanted. */
  private endDiscard(): void {
    this.owner.wire.resetStream(this.id, NO_ERROR);
    this.close();
    this.owner.schedule();
  }

  private close(): void {
    this.owner.forget(this);
  }
}

const EMPTY = Buffer.alloc(0);
