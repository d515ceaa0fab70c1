/** The way of one request to an app: an upstream chosen or waited for, a connection leased, head and body sent, once more where that is safe. */
import { ERRORS, type ErrorCode } from '../../src/shared/errors.js';
import type { EngineServices } from '../engine.js';
import { isIdempotentMethod, isSafeMethod } from '../exchange/answer-itself.js';
import type { Exchange } from '../exchange/exchange.js';
import { type Seeker, UpstreamChoice } from '../routing/choice.js';
import { NO_ROUTE, type Route } from '../routing/route-table.js';
import { stickyKeys } from '../routing/sticky.js';
import type { Upstream } from '../routing/upstream.js';
import type { Pool } from '../upstream/pool.js';
import { warnOfTls } from '../upstream/tls-warning.js';
import type { Lease, LeaseHolder, UpstreamResponse } from '../upstream/transport.js';
import { RequestBody, type RequestBodyOwner } from './body/request-body.js';
import type { Spool } from './body/spool.js';
import type { DownstreamRequest, DownstreamStream } from './downstream.js';
import { sendRequestHead } from './heads.js';

/** What the exchanges of a router share. */
export interface FlowServices extends EngineServices {
  readonly pool: Pool;
  readonly spool: Spool;
}

/** Everything up to the response, which is for whoever extends it. */
export abstract class Dispatch implements Seeker, RequestBodyOwner, LeaseHolder {
  readonly needsHttp1: boolean;
  protected readonly choice: UpstreamChoice;
  /** Leads nowhere until the request is admitted. */
  protected route = NO_ROUTE;
  protected lease: Lease | null = null;
  /** What follows the request's head, also in a tunnel; null: nothing does. */
  protected readonly body: RequestBody | null;
  /** A response head, ours or the upstream's, went out. */
  protected answered = false;
  protected over = false;
  /** More of what came in the same read may be told, and `onRequestFlush` follows. */
  protected starting = false;
  /** The pool will call `onLease` or `onNoLease`. */
  private awaitsLease = false;

  constructor(
    protected readonly exchange: Exchange,
    protected readonly request: DownstreamRequest,
    protected readonly stream: DownstreamStream,
    protected readonly services: FlowServices,
  ) {
    this.needsHttp1 = request.upgrade !== '';
    this.choice = new UpstreamChoice(services.upstreams, this);
    const { maxBodyBytes } = services.policy.config.limits;
    if (this.needsHttp1) this.body = new RequestBody(this, 0);
    else this.body = request.hasBody ? new RequestBody(this, maxBodyBytes) : null;
  }

  /** Answers with an error of the table, or cuts a response that has begun. */
  protected abstract fail(code: ErrorCode): void;
  abstract onInformational(status: number, headers: readonly string[]): void;
  abstract onResponse(response: UpstreamResponse): void;
  abstract onTunnel(response: UpstreamResponse): void;
  abstract onBody(view: Buffer): void;
  abstract onEnd(trailers: readonly string[]): void;
  abstract onFlush(): void;

  /** Sends the request to one of the route's upstreams, once its body is whole where the app needs its length. */
  protected dispatch(route: Route): void {
    const { request, body } = this;
    this.route = route;
    const isUnknown = request.hasBody && request.contentLength === -1;
    if (body === null || !isUnknown || !route.needsLength) {
      this.choose();
      return;
    }
    body.hold(this.services.spool);
    if (request.expectContinue) this.stream.sendInformational(100, []);
  }

  private choose(): void {
    const { route, services, exchange } = this;
    const known = services.policy.config.sticky ? route.find(stickyKeys(exchange.head)) : null;
    this.choice.begin(route, known);
  }

  // From the choice.

  get mayWait(): boolean {
    return isSafeMethod(this.exchange.head.method) || this.needsHttp1;
  }

  onUpstream(upstream: Upstream, fresh: boolean): void {
    this.awaitsLease = true;
    this.services.pool.take(upstream, this, fresh);
  }

  onNoUpstream(): void {
    this.fail('upstream_refused');
  }

  // From the pool, and from the connection that it lends.

  onLease(lease: Lease): void {
    this.awaitsLease = false;
    this.lease = lease;
    const { exchange, request, body } = this;
    exchange.dispatched(lease.upstream.name);
    const heldBytes = body === null ? -1 : body.heldBytes;
    // A uWSGI worker reads the body it was announced and never says 100 (Continue).
    if (request.expectContinue && heldBytes === -1 && lease.upstream.scheme === 'uwsgi')
      this.stream.sendInformational(100, []);
    sendRequestHead(lease, exchange, request, this.route, heldBytes);
    body?.sendTo(lease);
    if (!this.starting) lease.flush();
  }

  onNoLease(code: ErrorCode, cause: unknown): void {
    this.awaitsLease = false;
    const upstream = this.release();
    if (upstream !== null) warnOfTls(this.services.log, upstream, code, cause);
    if (this.over) return;
    if (upstream === null || !ERRORS[code].retry) {
      this.fail(code);
      return;
    }
    this.choice.noteFailure(upstream, code);
    if (!this.choice.tryAnother(this.route, upstream, code)) this.fail(code);
  }

  onWritable(): void {
    this.body?.resume(this.lease);
  }

  onFailure(code: ErrorCode, silent: boolean): void {
    const upstream = this.release();
    if (this.over) return;
    if (upstream !== null && silent && this.mayRepeat()) this.choice.repeat(upstream);
    else {
      if (upstream !== null && ERRORS[code].source === 'upstream' && !this.answered)
        this.services.upstreams.noteFailure(upstream);
      this.fail(code);
    }
    this.stream.flush();
  }

  private mayRepeat(): boolean {
    if (this.answered || !this.choice.mayRepeat) return false;
    return (this.body === null || this.body.replayable) && isIdempotentMethod(this.exchange.head.method);
  }

  // From the request's body.

  onBodyTaken(bytes: number): void {
    if (!this.over) this.stream.bodyTaken(bytes);
  }

  onBodyHeld(): void {
    if (!this.over) this.choose();
  }

  onBodyFailure(code: ErrorCode): void {
    this.fail(code);
  }

  /** The upstream is done with the request, or was not reached; returns which it was. */
  protected release(): Upstream | null {
    this.lease = null;
    return this.choice.release();
  }

  /** Nothing more is asked of any upstream. */
  protected letGo(): void {
    const { lease, choice } = this;
    this.lease = null;
    if (lease !== null) lease.abort();
    else if (choice.upstream !== null && this.awaitsLease) this.services.pool.forget(choice.upstream, this);
    choice.end();
    this.body?.close();
  }
}
