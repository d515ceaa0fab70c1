/** The life of one request in the direct engine: admit, lease, forward, respond; every way out ends in `finish`. */
import { ERRORS, type ErrorCode } from '../../src/contract/errors.js';
import type { EngineServices } from '../engine.js';
import { answerItself, isSafeMethod } from '../exchange/answer-itself.js';
import { prepareCompression } from '../exchange/compression.js';
import { buildErrorResponse, type OwnResponse } from '../exchange/error-response.js';
import type { Exchange } from '../exchange/exchange.js';
import { connectionNames } from '../exchange/field-kinds.js';
import { fieldValue } from '../exchange/fields.js';
import { explainRefusal, mayBeRefusal } from '../exchange/refusal-advice.js';
import { authorityFor, buildUpstreamHeaders, type UpstreamRequest } from '../exchange/request-headers.js';
import {
  addTransportSecurity,
  buildDownstreamHeaders,
  buildInformationalHeaders,
} from '../exchange/response-headers.js';
import { stickyCookie, stickyKeys } from '../exchange/sticky.js';
import type { Pool } from '../upstream/pool.js';
import type { Route } from '../upstream/routes.js';
import { warnOfTls } from '../upstream/tls-warning.js';
import type { Lease, LeaseHolder, UpstreamResponse } from '../upstream/transport.js';
import type { Upstream } from '../upstream/upstream.js';
import { availableCodings, BodyEncoder, type EncodedBodySink } from './body-encoder.js';
import type { DownstreamRequest, DownstreamStream } from './downstream.js';
import { HeldBody, type HeldBodyOwner } from './held-body.js';
import type { Spool } from './spool.js';

/** Body bytes kept so that an idempotent request can be sent once more. */
const MAX_REPLAY_BYTES = 64 * 1024;

/** What flows of a router share. */
export interface FlowServices extends EngineServices {
  readonly pool: Pool;
  readonly spool: Spool;
}

/** One exchange between a downstream stream and a leased upstream connection. */
export class Flow implements LeaseHolder, EncodedBodySink, HeldBodyOwner {
  readonly needsHttp1: boolean;
  private upstream: Upstream | null = null;
  /** Set from the start on: a request without one is answered at once. */
  private route: Route | null = null;
  /** Upstreams that could not be reached: nothing was sent, so another may be tried. */
  private tried: Upstream[] = [];
  private lease: Lease | null = null;
  private leaveHold: (() => void) | null = null;
  private attempts = 0;
  /** The pool will call `onLease` or `onNoLease`. */
  private awaitsLease = false;
  /** A response head, ours or the upstream's, went out. */
  private answered = false;
  private over = false;
  private tunnel = false;
  /** Compresses the response body; null: it passes as it is. */
  private encoder: BodyEncoder | null = null;
  private responseTrailers: readonly string[] = [];
  /** The body may begin with a refusal that the log should explain. */
  private mayRefuse = false;
  /** The upstream's half of the tunnel has ended. */
  private tunnelEnded = false;
  private requestEnded = false;
  private trailers: readonly string[] = [];
  /** Body bytes not yet written upstream, or written and kept for a second try. */
  private body: Buffer[] = [];
  private bodyBytes = 0;
  private replayable = true;
  /** Body bytes that the upstream has not taken. */
  private untakenBytes = 0;
  /** Set when the upstream needs a length and the client gave none: the whole body comes first. */
  private held: HeldBody | null = null;

  constructor(
    private readonly exchange: Exchange,
    private readonly request: DownstreamRequest,
    private readonly stream: DownstreamStream,
    private readonly services: FlowServices,
  ) {
    this.requestEnded = !request.hasBody && request.upgrade === '';
    this.needsHttp1 = request.upgrade !== '';
  }

  /** Serves the request. */
  start(): void {
    const own = answerItself(this.exchange, this.stream.connection.role);
    if (own !== null) {
      this.respondItself(own);
      return;
    }
    const { maxBodyBytes } = this.services.policy.config.limits;
    if (maxBodyBytes > 0 && this.request.contentLength > maxBodyBytes) {
      this.fail('request_too_large');
      return;
    }
    const route = this.services.upstreams.find(this.exchange.head);
    if (route === null) {
      this.fail('no_route');
      return;
    }
    this.route = route;
    const isUnknown = this.request.hasBody && this.request.contentLength === -1;
    if (isUnknown && route.needsLength) this.holdBody();
    else this.choose(route);
  }

  // From the downstream side.

  /** Body bytes of the request; with a tunnel, its bytes. The chunk's memory must stay as it is. */
  onRequestBody(chunk: Buffer): void {
    if (this.over || chunk.length === 0) return;
    this.exchange.received(chunk.length);
    if (this.isOverBody(chunk.length)) return;
    if (this.held !== null) {
      this.held.add(chunk);
      return;
    }
    this.untakenBytes += chunk.length;
    if (this.lease === null) {
      this.keep(chunk);
      return;
    }
    if (this.replayable) this.keep(chunk);
    if (this.lease.sendBody(chunk)) this.tellTaken();
  }

  /** The request is complete; in a tunnel, the client's half is. */
  onRequestEnd(trailers: readonly string[]): void {
    if (this.over || this.requestEnded) return;
    this.requestEnded = true;
    if (this.held !== null) {
      this.held.end();
      return;
    }
    this.trailers = trailers;
    if (this.tunnel) {
      this.lease?.endTunnel();
      if (this.tunnelEnded) this.endTunnel();
    } else this.lease?.endBody(trailers);
  }

  /** Everything that came in one read has been told. */
  onRequestFlush(): void {
    this.lease?.flush();
  }

  /** The client takes more of the response. */
  onDownstreamWritable(): void {
    if (this.encoder !== null) this.encoder.resume();
    else this.lease?.resume();
  }

  /** The client has gone or has cut the request: the upstream is let go at once. */
  onDownstreamGone(code: ErrorCode): void {
    if (this.over) return;
    this.exchange.failed(code);
    this.finish();
  }

  /** The request broke a rule of its protocol while its body came. */
  refuse(code: ErrorCode): void {
    this.fail(code);
  }

  // From the upstream side.

  onLease(lease: Lease): void {
    this.awaitsLease = false;
    this.lease = lease;
    const { exchange, request, held } = this;
    const { upstream } = lease;
    exchange.dispatched(upstream.name);
    const contentLength = held === null ? request.contentLength : held.bytes;
    const framing = !request.hasBody ? 'none' : contentLength === -1 ? 'unknown' : 'length';
    const expectContinue = request.expectContinue && held === null;
    // A uWSGI worker reads the body it was announced and never says 100 (Continue).
    if (expectContinue && upstream.scheme === 'uwsgi') this.stream.sendInformational(100, []);
    const { policy } = this.services;
    const upstreamRequest: UpstreamRequest = {
      requestId: exchange.requestId,
      authority: authorityFor(exchange.head, policy, upstream.authority),
      framing,
      contentLength,
      upgrade: request.upgrade,
      expectContinue: expectContinue && upstream.scheme !== 'uwsgi',
    };
    const headers = buildUpstreamHeaders(exchange.head, exchange.facts, upstreamRequest, policy);
    lease.sendHead(exchange, this.pathFor(headers), headers, framing);
    if (held === null) this.sendKept(lease);
    else held.sendTo(lease);
    lease.flush();
  }

  onNoLease(code: ErrorCode, cause: unknown): void {
    this.awaitsLease = false;
    const upstream = this.release();
    if (upstream !== null) warnOfTls(this.services.log, upstream, code, cause);
    if (this.over) return;
    const { route } = this;
    if (upstream === null || route === null || !ERRORS[code].retry) {
      this.fail(code);
      return;
    }
    this.tried.push(upstream);
    if (code === 'upstream_refused') this.services.upstreams.markDown(upstream);
    else this.services.upstreams.noteFailure(upstream);
    const other = route.pick(this.tried);
    if (other !== null) this.dispatch(other);
    else if (code === 'upstream_refused') this.hold(route);
    else this.fail(code);
  }

  onInformational(status: number, headers: string[]): void {
    if (this.over || this.answered || status === 101) return;
    // HTTP/1.0 knows no interim responses (RFC 9110 §15.2).
    if (this.exchange.head.httpVersion === '1.0') return;
    this.stream.sendInformational(status, buildInformationalHeaders(headers, connectionNames(headers)));
  }

  onResponse(response: UpstreamResponse): void {
    if (this.over) return;
    const { exchange, services } = this;
    const headers = buildDownstreamHeaders(
      response.headers,
      exchange.head,
      exchange.facts,
      services.policy,
      this.upstream?.authority ?? '',
      services.policy.config.stripPrefix ? (this.route?.prefix ?? '') : '',
    );
    if (services.policy.config.sticky) this.pushSticky(headers);
    this.dropKept();
    this.answered = true;
    exchange.answered(response.status, response.headers);
    this.mayRefuse = mayBeRefusal(response.status, response.contentLength);
    if (services.policy.config.compress) this.startEncoder(response, headers);
    const contentLength = this.encoder === null ? response.contentLength : -1;
    this.stream.sendHead(response.status, headers, contentLength, response.hasBody);
  }

  onBody(view: Buffer): void {
    if (this.over) return;
    if (this.mayRefuse) {
      this.mayRefuse = false;
      explainRefusal(view, this.exchange.head, this.services.log);
    }
    if (this.encoder !== null) {
      if (!this.encoder.write(view)) this.lease?.pause();
      return;
    }
    this.exchange.sent(view.length);
    if (!this.stream.sendBody(view)) this.lease?.pause();
  }

  onEnd(trailers: string[]): void {
    if (this.over) return;
    if (this.encoder !== null) {
      // The upstream is done; the exchange is over when the encoder is.
      this.responseTrailers = trailers;
      this.release();
      this.encoder.end();
      return;
    }
    this.stream.sendEnd(trailers);
    if (this.tunnel) {
      // The client's half may go on; a second end means that the connection is gone.
      if (this.requestEnded || this.tunnelEnded) this.endTunnel();
      this.tunnelEnded = true;
      return;
    }
    // The connection takes itself back; only its place in flight is ours to return.
    this.lease = null;
    this.finish();
  }

  onTunnel(response: UpstreamResponse): void {
    const { upgrade } = this.request;
    if (this.over || upgrade === '' || !this.stream.isUpgradeAnswer(response.headers)) {
      // The connection is no longer HTTP: it is closed before anybody is told.
      this.lease?.abort();
      this.onFailure('upstream_malformed', false);
      return;
    }
    this.dropKept();
    this.answered = true;
    this.tunnel = true;
    const { exchange } = this;
    exchange.answered(101, []);
    const { policy } = this.services;
    const authority = this.upstream?.authority ?? '';
    const headers = buildDownstreamHeaders(
      response.headers,
      exchange.head,
      exchange.facts,
      policy,
      authority,
    );
    this.stream.sendTunnel(headers, upgrade);
  }

  onFlush(): void {
    this.encoder?.flush();
    this.stream.flush();
  }

  // From the encoder.

  onEncoded(chunk: Buffer): void {
    this.exchange.sent(chunk.length);
    if (!this.stream.sendBody(chunk)) this.encoder?.pause();
    this.stream.flush();
  }

  onEncodedEnd(): void {
    this.stream.sendEnd(this.responseTrailers);
    this.finish();
    this.stream.flush();
  }

  onEncoderRoom(): void {
    this.lease?.resume();
  }

  onEncoderFailure(): void {
    this.fail('internal');
  }

  onWritable(): void {
    if (this.held !== null && this.lease !== null) this.held.sendTo(this.lease);
    else this.tellTaken();
  }

  onFailure(code: ErrorCode, silent: boolean): void {
    const upstream = this.release();
    if (this.over) return;
    const mayRepeat =
      silent &&
      !this.answered &&
      this.attempts < 2 &&
      this.replayable &&
      isIdempotent(this.exchange.head.method);
    if (mayRepeat && upstream !== null) {
      this.dispatch(upstream, true);
    } else {
      if (upstream !== null && ERRORS[code].source === 'upstream' && !this.answered)
        this.services.upstreams.noteFailure(upstream);
      this.fail(code);
    }
    this.stream.flush();
  }

  // From the held body.

  onHeld(bytes: number): void {
    if (!this.over) this.stream.bodyTaken(bytes);
  }

  onHeldWhole(): void {
    if (!this.over && this.route !== null) this.choose(this.route);
  }

  onHeldSent(): void {
    this.lease?.endBody([]);
  }

  onHeldFailure(code: ErrorCode): void {
    this.fail(code);
  }

  // Own steps.

  private choose(route: Route): void {
    const isSticky = this.services.policy.config.sticky;
    const known = isSticky ? route.find(stickyKeys(this.exchange.head)) : null;
    const upstream = known ?? route.pick();
    if (upstream === null) this.hold(route);
    else this.dispatch(upstream);
  }

  /** The path for the app; one that was cut is told. */
  private pathFor(headers: string[]): string {
    const { route, services } = this;
    const { path } = this.exchange.head;
    if (route === null || route.prefix === '' || !services.policy.config.stripPrefix) return path;
    if (fieldValue(headers, 'x-forwarded-prefix') === '') headers.push('x-forwarded-prefix', route.prefix);
    return route.strip(path);
  }

  private pushSticky(headers: string[]): void {
    const { route, upstream, exchange } = this;
    if (route === null || upstream === null || route.upstreams.length < 2) return;
    if (stickyKeys(exchange.head).includes(upstream.key)) return;
    headers.push('set-cookie', stickyCookie(upstream.key, route.prefix, exchange.facts.tlsVersion !== ''));
  }

  private holdBody(): void {
    this.held = new HeldBody(this.services.spool, this);
    this.replayable = false;
    if (this.request.expectContinue) this.stream.sendInformational(100, []);
  }

  private dispatch(upstream: Upstream, fresh = false): void {
    this.leaveHold = null;
    this.attempts += 1;
    this.awaitsLease = true;
    this.upstream = upstream;
    upstream.inFlight += 1;
    this.services.pool.take(upstream, this, fresh);
  }

  private hold(route: Route): void {
    if (!isSafeMethod(this.exchange.head.method) && this.request.upgrade === '') {
      this.fail('upstream_refused');
      return;
    }
    this.leaveHold = this.services.upstreams.hold(route, {
      resume: (upstream) => this.dispatch(upstream),
      giveUp: () => this.fail('upstream_refused'),
    });
  }

  private startEncoder(response: UpstreamResponse, headers: string[]): void {
    const coding = prepareCompression(this.exchange.head, response, headers, availableCodings());
    if (coding !== null) this.encoder = new BodyEncoder(coding, this, response.contentLength === -1);
  }

  /** Answers with an error of the table, or cuts a response that has begun. */
  private fail(code: ErrorCode): void {
    if (this.over) return;
    this.exchange.failed(code);
    if (!this.answered) {
      this.respondItself(buildErrorResponse(code, this.exchange.head, this.exchange.requestId));
      return;
    }
    this.stream.cut();
    this.finish();
  }

  private respondItself(own: OwnResponse): void {
    this.answered = true;
    const { head, facts } = this.exchange;
    addTransportSecurity(own.headers, head, facts, this.services.policy);
    this.exchange.answeredItself(own.status);
    if (this.exchange.head.method !== 'HEAD') this.exchange.sent(Buffer.byteLength(own.body));
    this.stream.sendOwn(own);
    this.finish();
  }

  private isOverBody(bytes: number): boolean {
    this.bodyBytes += bytes;
    const { maxBodyBytes } = this.services.policy.config.limits;
    if (maxBodyBytes === 0 || this.tunnel || this.bodyBytes <= maxBodyBytes) return false;
    this.fail('request_too_large');
    return true;
  }

  private keep(chunk: Buffer): void {
    if (this.bodyBytes > MAX_REPLAY_BYTES && this.lease !== null) this.dropKept();
    else this.body.push(chunk);
  }

  private dropKept(): void {
    this.replayable = false;
    this.body = [];
  }

  private sendKept(lease: Lease): void {
    let hasRoom = true;
    for (const chunk of this.body) hasRoom = lease.sendBody(chunk);
    if (this.bodyBytes > MAX_REPLAY_BYTES) this.dropKept();
    if (hasRoom) this.tellTaken();
    if (this.requestEnded) lease.endBody(this.trailers);
  }

  private tellTaken(): void {
    const bytes = this.untakenBytes;
    this.untakenBytes = 0;
    if (bytes > 0) this.stream.bodyTaken(bytes);
  }

  /** Both halves have ended: what is still to be written goes out, then the sockets close by themselves. */
  private endTunnel(): void {
    this.lease = null;
    this.finish();
  }

  private release(): Upstream | null {
    const { upstream } = this;
    if (upstream !== null) upstream.inFlight -= 1;
    this.upstream = null;
    this.lease = null;
    return upstream;
  }

  /** The only exit. */
  private finish(): void {
    if (this.over) return;
    this.over = true;
    this.leaveHold?.();
    this.held?.close();
    const { lease, upstream } = this;
    if (lease !== null) lease.abort();
    else if (upstream !== null && this.awaitsLease) this.services.pool.forget(upstream, this);
    this.release();
    this.dropKept();
    this.encoder?.destroy();
    this.encoder = null;
    this.exchange.end();
  }
}

/** Methods that may be repeated without asking (RFC 9110 §9.2.2). */
function isIdempotent(method: string): boolean {
  return isSafeMethod(method) || method === 'PUT' || method === 'DELETE';
}
