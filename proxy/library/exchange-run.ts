/** The life of one request in the library engine: admit, choose or hold, forward with http-proxy-3, respond. */
import type { ClientRequest, IncomingMessage } from 'node:http';
import { constants } from 'node:http2';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { ERRORS, type ErrorCode } from '../../src/contract/errors.js';
import type { AcceptedConnection, EngineServices } from '../engine.js';
import { answerItself, isSafeMethod } from '../exchange/answer-itself.js';
import { buildErrorResponse, type OwnResponse } from '../exchange/error-response.js';
import { Exchange } from '../exchange/exchange.js';
import { fieldValue } from '../exchange/fields.js';
import { authorityFor, buildUpstreamHeaders, type UpstreamRequest } from '../exchange/request-headers.js';
import { addTransportSecurity } from '../exchange/response-headers.js';
import type { RequestHead } from '../exchange/types.js';
import { classifyUpstreamFailure } from '../exchange/upstream-failure.js';
import type { Route } from '../upstream/routes.js';
import type { Upstream } from '../upstream/upstream.js';
import type { Forwarder } from './forwarder.js';
import { sendOwnResponse } from './own-response.js';
import { flatten, type LibraryRequest, readFraming, readRequestHead } from './read-head.js';
import { discardRest, emptyBody, isWhole, RequestBody, stopUpload } from './request-body.js';
import { isFaultyResponse, type LibraryResponse, ResponseRelay } from './response-relay.js';

/** Interim responses before the final one; http-proxy-3 passes none of them on. */
const MAX_INTERIM_RESPONSES = 16;

/** What a request comes with. */
export interface RunParts {
  readonly request: LibraryRequest;
  readonly response: LibraryResponse;
  readonly connection: AcceptedConnection;
  readonly services: EngineServices;
  readonly forwarder: Forwarder;
  /** Called when nothing that follows on an HTTP/1.1 connection may be processed. */
  readonly onLast: () => void;
  /** Called once, when the exchange is over. */
  readonly onEnd: (run: ExchangeRun) => void;
}

/** One request being served. Methods are called by the engine and by the forwarder's events. */
export class ExchangeRun {
  readonly request: LibraryRequest;
  private readonly response: LibraryResponse;
  private upstream: Upstream | null = null;
  private route: Route | null = null;
  private leaveHold: (() => void) | null = null;
  private attempts = 0;
  /** A response head, ours or the upstream's, went out. */
  private answered = false;
  private over = false;
  /** An attempt is under way: what the forwarder tells counts. */
  private forwarding = false;
  private upstreamRequest: ClientRequest | null = null;
  private upstreamSocket: Socket | null = null;
  private bytesReadBefore = 0;
  private body: Readable | null = null;
  private relayed: ResponseRelay | null = null;
  private relayedWhole = false;
  private timer: NodeJS.Timeout | null = null;

  private constructor(
    private readonly exchange: Exchange,
    private readonly parts: RunParts,
    private readonly fault: ErrorCode | null,
  ) {
    this.request = parts.request;
    this.response = parts.response;
  }

  /** The run of a request; `start` serves it. */
  static create(parts: RunParts): ExchangeRun {
    const { request, connection, services } = parts;
    const head = readRequestHead(request, services.policy.config.limits.maxHeaderCount);
    if (typeof head !== 'string') {
      return new ExchangeRun(new Exchange(head, connection.facts, services), parts, null);
    }
    const unread: RequestHead = {
      method: request.method ?? '',
      path: request.url ?? '',
      authority: '',
      headers: flatten(request.rawHeaders),
      httpVersion: '1.1',
    };
    return new ExchangeRun(new Exchange(unread, connection.facts, services), parts, head);
  }

  start(): void {
    const { fault } = this;
    this.response.once('close', () => this.finish());
    this.request.once('aborted', () => this.finish());
    if (fault !== null) {
      this.fail(fault);
      return;
    }
    const own = answerItself(this.exchange, this.parts.connection.role);
    if (own !== null) {
      this.respondItself(own);
      return;
    }
    const route = this.parts.services.upstreams.find(this.exchange.head);
    if (route === null) {
      this.fail('no_route');
      return;
    }
    this.route = route;
    const { framing, contentLength } = readFraming(this.request);
    // Only the direct engine holds a body until its length is known.
    if (framing === 'unknown' && route.needsLength) {
      this.fail('length_required');
      return;
    }
    const { maxBodyBytes } = this.limits;
    if (maxBodyBytes > 0 && contentLength > maxBodyBytes) {
      this.fail('request_too_large');
      return;
    }
    const upstream = route.pick();
    if (upstream === null) this.hold();
    else this.forward(upstream);
  }

  private get limits() {
    return this.parts.services.policy.config.limits;
  }

  private hold(): void {
    if (this.route === null || !isSafeMethod(this.exchange.head.method)) {
      this.fail('upstream_refused');
      return;
    }
    this.leaveHold = this.parts.services.upstreams.hold(this.route, {
      resume: (upstream) => this.forward(upstream),
      giveUp: () => this.fail('upstream_refused'),
    });
  }

  private forward(upstream: Upstream): void {
    const { exchange, request, response } = this;
    const { services, forwarder } = this.parts;
    this.leaveHold = null;
    if (forwarder.isFull(upstream)) {
      this.fail('overloaded');
      return;
    }
    this.attempts += 1;
    this.upstream = upstream;
    upstream.inFlight += 1;
    exchange.dispatched(upstream.authority);
    const { policy } = services;
    const framing = readFraming(request);
    const upstreamRequest: UpstreamRequest = {
      requestId: exchange.requestId,
      authority: authorityFor(exchange.head, policy, upstream.authority),
      ...framing,
      upgrade: '',
      // The engine has answered it: http-proxy-3 hides requests with Expect from its hooks.
      expectContinue: false,
    };
    const headers = buildUpstreamHeaders(exchange.head, exchange.facts, upstreamRequest, policy);
    const { maxBodyBytes, clientBodyTimeoutMs, connectTimeoutMs } = this.limits;
    this.body =
      framing.framing === 'none'
        ? emptyBody()
        : new RequestBody(request, this, maxBodyBytes, clientBodyTimeoutMs);
    if (framing.framing === 'none') request.resume();
    this.forwarding = true;
    this.startTimer(connectTimeoutMs, 'upstream_connect_timeout');
    const { method } = exchange.head;
    const path = this.choosePath(headers);
    forwarder.send({ request, response, upstream, method, path, headers, body: this.body, run: this });
  }

  /** What the app is asked for; where the route's prefix goes, the app is told of it. */
  private choosePath(headers: string[]): string {
    const { path } = this.exchange.head;
    const { route } = this;
    if (route === null || route.prefix === '' || !this.parts.services.policy.config.stripPrefix) return path;
    if (fieldValue(headers, 'x-forwarded-prefix') === '') headers.push('x-forwarded-prefix', route.prefix);
    return route.strip(path);
  }

  /** The upstream request has its socket: connecting and answering are timed from here. */
  connecting(upstreamRequest: ClientRequest, socket: Socket): void {
    if (!this.forwarding) {
      upstreamRequest.destroy();
      return;
    }
    this.upstreamRequest = upstreamRequest;
    this.upstreamSocket = socket;
    this.bytesReadBefore = socket.bytesRead;
    let interims = 0;
    upstreamRequest.on('information', () => {
      interims += 1;
      if (interims > MAX_INTERIM_RESPONSES) this.fail('upstream_malformed');
    });
    const awaitHead = () => this.startTimer(this.limits.upstreamHeadTimeoutMs, 'upstream_timeout');
    if (socket.connecting) socket.once('connect', awaitHead);
    else awaitHead();
  }

  private startTimer(delayMs: number, code: ErrorCode): void {
    this.stopTimer();
    if (!this.forwarding || this.answered) return;
    this.timer = setTimeout(() => this.fail(code), delayMs);
  }

  private stopTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  /** The time for the response's head counts from the end of the request. */
  onBodyBytes(bytes: number): void {
    this.exchange.received(bytes);
    this.timer?.refresh();
  }

  onBodyFailure(code: ErrorCode): void {
    if (code !== 'downstream_gone') {
      this.fail(code);
      return;
    }
    this.cut();
    this.finish();
  }

  /** The upstream's response head is in. */
  relay(upstreamResponse: IncomingMessage): void {
    this.stopTimer();
    if (!this.forwarding || this.answered) {
      upstreamResponse.destroy();
      return;
    }
    if (isFaultyResponse(upstreamResponse)) {
      this.fail('upstream_malformed');
      return;
    }
    this.relayed = new ResponseRelay(this.exchange, upstreamResponse, this.response, this);
    try {
      const { stripPrefix } = this.parts.services.policy.config;
      this.relayed.start(this.upstream?.authority ?? '', stripPrefix ? (this.route?.prefix ?? '') : '');
      this.answered = true;
    } catch {
      this.fail('upstream_malformed');
    }
  }

  onRelayed(): void {
    this.relayedWhole = true;
    this.letGo();
    stopUpload(this.request);
  }

  onRelayFailure(code: ErrorCode): void {
    this.fail(code);
  }

  /** The upstream request failed, or the downstream broke. */
  upstreamFailed(error: unknown, reused: boolean): void {
    if (!this.forwarding) return;
    if (this.answered) {
      this.fail('upstream_cut');
      return;
    }
    const code = classifyUpstreamFailure(error);
    const upstream = this.upstream;
    const silent = this.upstreamSocket === null || this.upstreamSocket.bytesRead === this.bytesReadBefore;
    this.letGo();
    const { upstreams } = this.parts.services;
    if (code === 'upstream_refused' && upstream !== null) upstreams.markDown(upstream);
    const repeatable =
      silent && isSafeMethod(this.exchange.head.method) && readFraming(this.request).framing === 'none';
    const isRefused = code === 'upstream_refused';
    const other = repeatable && isRefused ? (this.route?.pick() ?? null) : null;
    if (other !== null) this.forward(other);
    else if (repeatable && isRefused) this.hold();
    // A kept-alive connection may close under a request: once more, if not a byte of an answer came.
    else if (repeatable && code === 'upstream_reset' && reused && this.attempts < 2 && upstream !== null)
      this.forward(upstream);
    else {
      if (upstream !== null && !isRefused) upstreams.noteFailure(upstream);
      this.fail(code === 'upstream_reset' ? 'upstream_closed' : code);
    }
  }

  /** The request turned out malformed while its body came: nothing of it can be read any more. */
  refuse(code: ErrorCode): void {
    if (this.over) return;
    if (!this.answered) {
      this.exchange.failed(code);
      this.letGo();
      this.respondItself(buildErrorResponse(code, this.exchange.head, this.exchange.requestId), false);
    } else if (this.relayed === null) this.response.end();
    else this.fail(code);
  }

  /** Answers with an error of the table, or cuts a response that has begun. */
  private fail(code: ErrorCode): void {
    if (this.over) return;
    this.exchange.failed(code);
    const isUpstreams = ERRORS[code].source === 'upstream' && !this.answered;
    if (isUpstreams && this.upstream !== null) this.parts.services.upstreams.noteFailure(this.upstream);
    this.letGo();
    if (this.answered) this.cut();
    else this.respondItself(buildErrorResponse(code, this.exchange.head, this.exchange.requestId));
  }

  private respondItself(own: OwnResponse, lingers = true): void {
    const { request, response } = this;
    this.answered = true;
    addTransportSecurity(own.headers, this.exchange.head, this.exchange.facts, this.parts.services.policy);
    this.exchange.answeredItself(own.status);
    const body = this.exchange.head.method === 'HEAD' ? '' : own.body;
    this.exchange.sent(Buffer.byteLength(body));
    const isLast = sendOwnResponse(request, response, own, body, lingers);
    if (isLast) this.parts.onLast();
  }

  /** Ends a response that has begun so that the client sees it is not whole. */
  private cut(): void {
    const { stream } = this.response;
    if (stream !== undefined) stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    else this.parts.connection.socket.destroy();
  }

  /** Ends the attempt; a connection whose request is not sent, or whose response is not read, to its end is closed. */
  private letGo(): void {
    this.stopTimer();
    if (!this.forwarding) return;
    this.forwarding = false;
    if (this.upstream !== null) this.upstream.inFlight -= 1;
    this.upstream = null;
    const { upstreamRequest } = this;
    this.upstreamRequest = null;
    this.upstreamSocket = null;
    this.body?.destroy();
    if (upstreamRequest === null) return;
    if (!this.relayedWhole || !upstreamRequest.writableFinished) upstreamRequest.destroy();
  }

  /** The response is over, or the client has gone: the only exit. */
  finish(): void {
    if (this.over) return;
    this.over = true;
    this.leaveHold?.();
    this.relayed?.stop();
    this.letGo();
    const { response, request } = this;
    const gone = response.stream === undefined ? !response.writableFinished : response.stream.aborted;
    if (gone) this.exchange.failed('downstream_gone');
    this.exchange.end();
    this.parts.onEnd(this);
    if (response.stream === undefined && !gone && !isWhole(request)) {
      discardRest(request, (whole) => whole || this.parts.connection.socket.destroy());
    }
  }
}
