/** The life of one request in the direct engine: admitted, sent to an app, its bytes and the response's passed on; every way out ends in `finish`. */
import type { ErrorCode } from '../../src/shared/errors.js';
import { Inquiry } from '../exchange/access/inquiry.js';
import { clientAddressOf, clientKeyOf } from '../exchange/client-address.js';
import type { Exchange } from '../exchange/exchange.js';
import { passGate } from '../exchange/gate.js';
import { putReplyFields } from '../exchange/headers/added-reply-fields.js';
import { connectionNames } from '../exchange/headers/field-kinds.js';
import { asList, asOwn } from '../exchange/headers/outgoing-fields.js';
import { buildUpstreamTrailers } from '../exchange/headers/request-headers.js';
import { addTransportSecurity, buildInformationalHeaders } from '../exchange/headers/response-headers.js';
import { isHandshakeAnswer } from '../exchange/headers/websocket.js';
import type { EndingLimit } from '../exchange/log/limit-reports.js';
import { explainRefusal, mayBeRefusal } from '../exchange/log/refusal-advice.js';
import { buildAppDownReply } from '../exchange/reply/app-down.js';
import { withErrorPage } from '../exchange/reply/error-pages.js';
import { buildErrorReply, type LocalReply } from '../exchange/reply/local-reply.js';
import { Route } from '../routing/route-table.js';
import type { UpstreamResponse } from '../upstream/transport.js';
import { isGrpc } from '../wire/syntax/field-list.js';
import { RequestBody, type RequestBodyEvents } from './body/request-body.js';
import type { DownstreamRequest, RequestSource, ResponseWriter } from './downstream.js';
import { addSticky, relayFields } from './heads.js';
import { LeastRate } from './least-rate.js';
import { type DeliveryEvents, ResponseDelivery } from './response-delivery.js';
import { isBelow } from './stream-routes.js';
import { type AttemptEvents, type ForwardingServices, UpstreamAttempt } from './upstream-attempt.js';

/**
 * `requesting`: no response head went out · `relaying`: one did · `tunnel`: a 101 did, bytes pass both ways ·
 * `client-ended`, `upstream-ended`: one half of the tunnel has ended, the other goes on.
 */
type Phase = 'requesting' | 'relaying' | 'tunnel' | 'client-ended' | 'upstream-ended' | 'over';

/** One exchange between a downstream connection and an attempt at an upstream. */
export class Forwarding implements AttemptEvents, RequestBodyEvents, DeliveryEvents {
  private phase: Phase = 'requesting';
  private readonly attempt: UpstreamAttempt;
  private readonly delivery: ResponseDelivery;
  /** What is asked before it goes on; null: nothing. */
  private inquiry: Inquiry | null = null;
  /** What follows the request's head, also in a tunnel; null: nothing does. */
  private readonly body: RequestBody | null;
  /** A gRPC call: both sides may be silent for as long as the other likes. */
  readonly isCall: boolean;
  /** Judges a client that has been slow with the body; null: it was not yet. */
  private bodyRate: LeastRate | null = null;
  /** The body may begin with a refusal that the log should explain. */
  private mayRefuse = false;

  constructor(
    private readonly exchange: Exchange,
    private readonly request: DownstreamRequest,
    private readonly response: ResponseWriter,
    source: RequestSource,
    private readonly services: ForwardingServices,
  ) {
    const isUpgrade = request.upgrade !== '';
    const client = clientKeyOf(clientAddressOf(exchange.head, exchange.facts, exchange.policy));
    if (isUpgrade || request.hasBody) {
      const maxBytes = isUpgrade ? 0 : services.policy.config.limits.maxBodyBytes;
      this.body = new RequestBody(source, this, services.spool, client, maxBytes);
    } else this.body = null;
    this.isCall = this.body !== null && isGrpc(exchange.head.headers);
    this.attempt = new UpstreamAttempt(exchange, request, client, this.body, this, services);
    this.delivery = new ResponseDelivery(exchange, response, this.attempt, services, this);
  }

  /** Serves the request; `onRequestFlush` must follow in this turn. */
  start(): void {
    const { exchange, request, services } = this;
    const { role } = this.response.connection;
    const { contentLength } = request;
    const passed = passGate({ exchange, role, contentLength }, services.upstreams);
    if (passed instanceof Route) this.forward(passed);
    else if (passed instanceof Inquiry) this.inquire(passed);
    else this.replyLocally(passed);
  }

  /** Whether it goes on is being found out: what the client owes does not count. */
  get isAsking(): boolean {
    return this.inquiry !== null;
  }

  /** The body that comes meanwhile stays where it is: the client sends no more than was promised to take. */
  private inquire(inquiry: Inquiry): void {
    this.inquiry = inquiry;
    inquiry.start(this.exchange, (refusal) => {
      this.inquiry = null;
      if (refusal === null) this.forward(inquiry.route);
      else this.replyLocally(refusal);
      this.attempt.lease?.flush();
      this.response.flush();
    });
  }

  private forward(route: Route): void {
    const { attempt, body } = this;
    attempt.route = route;
    if (body === null || !this.awaitsBody(route, body)) attempt.send();
  }

  /** A place at the app is for requests that are ready: whether this one waits for its body before it asks for one. */
  private awaitsBody(route: Route, body: RequestBody): boolean {
    const { request } = this;
    if (request.upgrade !== '') return false;
    if (route.needsLength) {
      body.buffer();
      if (request.expectContinue) {
        this.exchange.informed(100, []);
        this.response.sendInformational(100, []);
      }
      return true;
    }
    if (this.isStreamed) return false;
    body.gather();
    return true;
  }

  /** The app and the client may take turns before the body is whole. */
  private get isStreamed(): boolean {
    if (this.isCall || this.request.expectContinue) return true;
    const { streamRequests } = this.exchange.policy.config;
    return streamRequests.length > 0 && isBelow(this.exchange.head.path, streamRequests);
  }

  /**
   * Whether the client sends its body more slowly than it may; called a few times a second.
   * @param owesBody it is the client's turn
   */
  sendsTooSlowly(nowMs: number, owesBody: boolean): boolean {
    const { body, bodyRate } = this;
    if (body === null || body.ended || this.phase !== 'requesting' || this.isAsking) return false;
    if (bodyRate !== null) return bodyRate.isBelow(nowMs, body.bytes, owesBody);
    if (!owesBody || this.request.upgrade !== '' || this.isStreamed) return false;
    const { minClientRateBytes, clientRateGraceMs } = this.services.policy.config.limits;
    this.bodyRate = new LeastRate(minClientRateBytes, clientRateGraceMs, nowMs);
    return false;
  }

  // From the downstream side.

  /** Body bytes of the request; with a tunnel, its bytes. The chunk's memory must stay as it is. */
  onRequestBody(chunk: Buffer): void {
    if (this.phase === 'over' || this.body === null || chunk.length === 0) return;
    this.exchange.received(chunk);
    this.body.receive(chunk, this.attempt.lease);
  }

  /** The request is complete; in a tunnel, the client's half is. */
  onRequestEnd(trailers: readonly string[]): void {
    const { body, attempt, phase } = this;
    if (phase === 'over' || body === null || body.ended) return;
    if (phase === 'requesting' || phase === 'relaying') {
      this.exchange.trailed('in', trailers);
      const { head, policy, entry } = this.exchange;
      const named = trailers.length === 0 ? null : connectionNames(head.headers);
      const listed = entry === null ? named : [...(named ?? []), ...entry.removed];
      body.end(buildUpstreamTrailers(trailers, listed, policy.config), attempt.lease);
      return;
    }
    body.ended = true;
    attempt.lease?.endTunnel();
    if (phase === 'upstream-ended') this.complete();
    else this.phase = 'client-ended';
  }

  /** Everything that came in one read has been told. */
  onRequestFlush(): void {
    this.attempt.lease?.flush();
  }

  /** The client takes more of the response. */
  onDownstreamWritable(): void {
    this.delivery.onWritable();
  }

  /** Called a few times a second: an answer that the client takes slowly must not hold the app's connection. */
  checkClient(nowMs: number): void {
    if (this.phase === 'relaying' && !this.isCall) this.delivery.checkClient(nowMs);
  }

  /** The response lasts as long as both sides like: an event stream, a tunnel, a gRPC call. */
  get isLasting(): boolean {
    return this.isCall || this.exchange.isEndless;
  }

  /** The client has gone or has cut the request: the upstream is let go at once. */
  onDownstreamGone(code: ErrorCode): void {
    if (this.phase === 'over') return;
    this.exchange.failed(code);
    if (this.phase === 'relaying') this.exchange.cut();
    this.finish();
  }

  /** The request broke a rule of its protocol while its body came. */
  refuse(code: ErrorCode, limit: EndingLimit | null): void {
    if (limit !== null && this.phase !== 'over') this.exchange.reachedLimit(limit);
    this.fail(code);
  }

  // From the upstream side.

  onInformational(status: number, headers: readonly string[]): void {
    if (this.phase !== 'requesting' || status === 101) return;
    // HTTP/1.0 knows no interim responses (RFC 9110 §15.2).
    if (this.exchange.head.httpVersion === '1.0') return;
    const fields = buildInformationalHeaders(headers, connectionNames(headers));
    this.exchange.informed(status, fields);
    this.response.sendInformational(status, fields);
  }

  onResponse(response: UpstreamResponse): void {
    const { exchange, attempt } = this;
    const { upstream, route } = attempt;
    if (this.phase === 'over' || upstream === null) return;
    if (!this.response.mayRelay(response.status)) {
      attempt.refuse();
      return;
    }
    const { config } = exchange.policy;
    let fields = relayFields(response, exchange, route, upstream);
    if (route.app.sticky) addSticky(fields, exchange, route, upstream);
    this.body?.drop();
    this.phase = 'relaying';
    exchange.answered(response.status, response.headers);
    this.mayRefuse = mayBeRefusal(response.status, response.contentLength);
    let { contentLength } = response;
    if (config.compress) {
      fields = asOwn(fields);
      if (this.delivery.compress(response, fields.own)) contentLength = -1;
    }
    this.delivery.contentLength = contentLength;
    this.response.sendHead(response.status, fields, contentLength, response.hasBody);
  }

  onBody(view: Buffer): void {
    if (this.phase === 'over') return;
    if (this.mayRefuse) {
      this.mayRefuse = false;
      explainRefusal(view, this.exchange.head, this.services.log);
    }
    this.delivery.give(view);
  }

  onEnd(trailers: readonly string[]): void {
    if (this.phase === 'over') return;
    if (this.phase === 'tunnel') {
      this.response.sendEnd(trailers);
      // The client's half may go on.
      this.phase = 'upstream-ended';
    } else this.delivery.end(trailers);
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
    this.delivery.flush();
  }

  onAttemptFailure(code: ErrorCode): void {
    this.fail(code);
  }

  // From the request's body.

  onBodyReady(): void {
    if (this.phase === 'over') return;
    this.attempt.send();
    this.attempt.lease?.flush();
  }

  onBodyFailure(code: ErrorCode, limit: EndingLimit | null): void {
    this.refuse(code, limit);
  }

  // From the delivery of the response.

  onDelivered(): void {
    this.complete();
  }

  onDeliveryFailure(code: ErrorCode): void {
    this.fail(code);
  }

  // Own steps.

  /** Answers with an error of the table, or cuts a response that has begun. */
  private fail(code: ErrorCode): void {
    if (this.phase === 'over') return;
    this.exchange.failed(code);
    if (this.phase === 'requesting') {
      this.replyLocally(this.buildReply(code));
      return;
    }
    this.exchange.cut();
    this.response.cut();
    this.finish();
  }

  private buildReply(code: ErrorCode): LocalReply {
    const { exchange, attempt } = this;
    if (code === 'upstream_refused') return buildAppDownReply(exchange, attempt.route);
    return buildErrorReply(code, exchange.head, exchange.requestId);
  }

  private replyLocally(built: LocalReply): void {
    const { head, facts, policy, replyFields } = this.exchange;
    const { errorPages } = policy.config;
    const own = errorPages === null ? built : withErrorPage(built, errorPages);
    addTransportSecurity(own.headers, head, facts, policy);
    if (replyFields !== null) putReplyFields(own.headers, replyFields);
    this.exchange.answeredItself(own);
    this.response.sendOwn(own);
    this.finish();
  }

  /** What is still to be written goes out; after a tunnel the sockets then close by themselves. */
  private complete(): void {
    this.attempt.complete();
    this.finish();
  }

  /** The only exit. */
  private finish(): void {
    if (this.phase === 'over') return;
    this.phase = 'over';
    this.inquiry?.cancel();
    this.attempt.end();
    this.body?.close();
    this.delivery.close();
    this.exchange.end();
  }
}
