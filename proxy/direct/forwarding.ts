/** The life of one request in the direct engine: admitted, sent to an app, its bytes and the response's passed on; every way out ends in `finish`. */
import type { ErrorCode } from '../../src/shared/errors.js';
import type { Exchange } from '../exchange/exchange.js';
import { passGate } from '../exchange/gate.js';
import { prepareCompression, removeDigests } from '../exchange/headers/compression.js';
import { connectionNames } from '../exchange/headers/field-kinds.js';
import { asList, asOwn } from '../exchange/headers/outgoing-fields.js';
import { buildUpstreamTrailers } from '../exchange/headers/request-headers.js';
import { addTransportSecurity, buildInformationalHeaders } from '../exchange/headers/response-headers.js';
import { isHandshakeAnswer } from '../exchange/headers/websocket.js';
import { explainRefusal, mayBeRefusal } from '../exchange/log/refusal-advice.js';
import { buildErrorReply, type LocalReply } from '../exchange/reply/local-reply.js';
import { Route } from '../routing/route-table.js';
import type { UpstreamResponse } from '../upstream/transport.js';
import { availableCodings, BodyEncoder, type EncodedBodySink } from './body/compressor.js';
import { RequestBody, type RequestBodyEvents } from './body/request-body.js';
import type { DownstreamRequest, RequestSource, ResponseWriter } from './downstream.js';
import { addSticky, relayFields } from './heads.js';
import { type AttemptEvents, type ForwardingServices, UpstreamAttempt } from './upstream-attempt.js';

/**
 * `requesting`: no response head went out · `relaying`: one did · `tunnel`: a 101 did, bytes pass both ways ·
 * `client-ended`, `upstream-ended`: one half of the tunnel has ended, the other goes on.
 */
type Phase = 'requesting' | 'relaying' | 'tunnel' | 'client-ended' | 'upstream-ended' | 'over';

/** One exchange between a downstream connection and an attempt at an upstream. */
export class Forwarding implements AttemptEvents, RequestBodyEvents, EncodedBodySink {
  private phase: Phase = 'requesting';
  private readonly attempt: UpstreamAttempt;
  /** What follows the request's head, also in a tunnel; null: nothing does. */
  private readonly body: RequestBody | null;
  /** Compresses the response body; null: it passes as it is. */
  private encoder: BodyEncoder | null = null;
  /** The body may begin with a refusal that the log should explain. */
  private mayRefuse = false;

  constructor(
    private readonly exchange: Exchange,
    private readonly request: DownstreamRequest,
    private readonly response: ResponseWriter,
    source: RequestSource,
    private readonly services: ForwardingServices,
  ) {
    const { maxBodyBytes } = services.policy.config.limits;
    if (request.upgrade !== '') this.body = new RequestBody(source, this, 0);
    else this.body = request.hasBody ? new RequestBody(source, this, maxBodyBytes) : null;
    this.attempt = new UpstreamAttempt(exchange, request, this.body, this, services);
  }

  /** Serves the request; `onRequestFlush` must follow in this turn. */
  start(): void {
    const { exchange, request, attempt, body, services } = this;
    const { role } = this.response.connection;
    const { contentLength } = request;
    const passed = passGate({ exchange, role, contentLength }, services.upstreams);
    if (!(passed instanceof Route)) {
      this.replyLocally(passed);
      return;
    }
    attempt.route = passed;
    const isUnknown = request.hasBody && contentLength === -1;
    if (body === null || !isUnknown || !passed.needsLength) {
      attempt.send();
      return;
    }
    body.buffer(services.spool);
    if (request.expectContinue) this.response.sendInformational(100, []);
  }

  // From the downstream side.

  /** Body bytes of the request; with a tunnel, its bytes. The chunk's memory must stay as it is. */
  onRequestBody(chunk: Buffer): void {
    if (this.phase === 'over' || this.body === null || chunk.length === 0) return;
    this.exchange.received(chunk.length);
    this.body.receive(chunk, this.attempt.lease);
  }

  /** The request is complete; in a tunnel, the client's half is. */
  onRequestEnd(trailers: readonly string[]): void {
    const { body, attempt, phase } = this;
    if (phase === 'over' || body === null || body.ended) return;
    if (phase === 'requesting' || phase === 'relaying') {
      const { head, services } = this.exchange;
      const listed = trailers.length === 0 ? null : connectionNames(head.headers);
      body.end(buildUpstreamTrailers(trailers, listed, services.policy.config), attempt.lease);
      return;
    }
    body.ended = true;
    attempt.lease?.endTunnel();
    if (phase === 'upstream-ended') this.endTunnel();
    else this.phase = 'client-ended';
  }

  /** Everything that came in one read has been told. */
  onRequestFlush(): void {
    this.attempt.lease?.flush();
  }

  /** The client takes more of the response. */
  onDownstreamWritable(): void {
    if (this.encoder !== null) this.encoder.resume();
    else this.attempt.lease?.resume();
  }

  /** The client has gone or has cut the request: the upstream is let go at once. */
  onDownstreamGone(code: ErrorCode): void {
    if (this.phase === 'over') return;
    this.exchange.failed(code);
    this.finish();
  }

  /** The request broke a rule of its protocol while its body came. */
  refuse(code: ErrorCode): void {
    this.fail(code);
  }

  // From the upstream side.

  onInformational(status: number, headers: readonly string[]): void {
    if (this.phase !== 'requesting' || status === 101) return;
    // HTTP/1.0 knows no interim responses (RFC 9110 §15.2).
    if (this.exchange.head.httpVersion === '1.0') return;
    this.response.sendInformational(status, buildInformationalHeaders(headers, connectionNames(headers)));
  }

  onResponse(response: UpstreamResponse): void {
    const { exchange, attempt, services } = this;
    const { upstream, route } = attempt;
    if (this.phase === 'over' || upstream === null) return;
    if (!this.response.mayRelay(response.status)) {
      attempt.refuse();
      return;
    }
    const { config } = services.policy;
    let fields = relayFields(response, exchange, route, upstream);
    if (config.sticky) addSticky(fields, exchange, route, upstream);
    this.body?.drop();
    this.phase = 'relaying';
    exchange.answered(response.status, response.headers);
    this.mayRefuse = mayBeRefusal(response.status, response.contentLength);
    if (config.compress) {
      fields = asOwn(fields);
      this.startEncoder(response, fields.own);
    }
    const contentLength = this.encoder === null ? response.contentLength : -1;
    this.response.sendHead(response.status, fields, contentLength, response.hasBody);
  }

  onBody(view: Buffer): void {
    if (this.phase === 'over') return;
    if (this.mayRefuse) {
      this.mayRefuse = false;
      explainRefusal(view, this.exchange.head, this.services.log);
    }
    if (this.encoder !== null) {
      if (!this.encoder.write(view)) this.attempt.lease?.pause();
      return;
    }
    this.exchange.sent(view.length);
    if (!this.response.sendBody(view)) this.attempt.lease?.pause();
  }

  onEnd(trailers: readonly string[]): void {
    if (this.phase === 'over') return;
    if (this.encoder !== null) {
      // The upstream is done; the exchange is over when the encoder is.
      this.attempt.complete();
      const kept = [...trailers];
      removeDigests(kept);
      this.encoder.end(kept);
      return;
    }
    this.response.sendEnd(trailers);
    if (this.phase === 'tunnel') {
      // The client's half may go on.
      this.phase = 'upstream-ended';
      return;
    }
    this.attempt.complete();
    this.finish();
  }

  onTunnel(response: UpstreamResponse): void {
    const { exchange, attempt } = this;
    const { upgrade } = this.request;
    const { upstream, route } = attempt;
    const isRefused = upgrade === '' || !isHandshakeAnswer(exchange.head.headers, response.headers);
    if (this.phase === 'over' || upstream === null || isRefused) {
      attempt.refuse();
      return;
    }
    this.body?.drop();
    this.phase = 'tunnel';
    exchange.answered(101, []);
    this.response.sendTunnel(asList(relayFields(response, exchange, route, upstream)), upgrade);
  }

  onFlush(): void {
    this.encoder?.flush();
    this.response.flush();
  }

  onAttemptFailure(code: ErrorCode): void {
    this.fail(code);
  }

  // From the request's body.

  onBodyWhole(): void {
    if (this.phase === 'over') return;
    this.attempt.send();
    this.attempt.lease?.flush();
  }

  onBodyFailure(code: ErrorCode): void {
    this.fail(code);
  }

  // From the encoder.

  onEncoded(chunk: Buffer): void {
    this.exchange.sent(chunk.length);
    if (!this.response.sendBody(chunk)) this.encoder?.pause();
    this.response.flush();
  }

  onEncodedEnd(trailers: readonly string[]): void {
    this.response.sendEnd(trailers);
    this.finish();
    this.response.flush();
  }

  onEncoderRoom(): void {
    this.attempt.lease?.resume();
  }

  onEncoderFailure(): void {
    this.fail('internal');
  }

  // Own steps.

  private startEncoder(response: UpstreamResponse, headers: string[]): void {
    const coding = prepareCompression(this.exchange.head, response, headers, availableCodings());
    if (coding !== null) this.encoder = new BodyEncoder(coding, this, response.contentLength === -1);
  }

  /** Answers with an error of the table, or cuts a response that has begun. */
  private fail(code: ErrorCode): void {
    if (this.phase === 'over') return;
    this.exchange.failed(code);
    if (this.phase === 'requesting') {
      this.replyLocally(buildErrorReply(code, this.exchange.head, this.exchange.requestId));
      return;
    }
    this.response.cut();
    this.finish();
  }

  private replyLocally(own: LocalReply): void {
    const { head, facts } = this.exchange;
    addTransportSecurity(own.headers, head, facts, this.services.policy);
    this.exchange.answeredItself(own.status);
    if (this.exchange.head.method !== 'HEAD') this.exchange.sent(Buffer.byteLength(own.body));
    this.response.sendOwn(own);
    this.finish();
  }

  /** Both halves have ended: what is still to be written goes out, then the sockets close by themselves. */
  private endTunnel(): void {
    this.attempt.complete();
    this.finish();
  }

  /** The only exit. */
  private finish(): void {
    if (this.phase === 'over') return;
    this.phase = 'over';
    this.attempt.end();
    this.body?.close();
    this.encoder?.destroy();
    this.encoder = null;
    this.exchange.end();
  }
}
