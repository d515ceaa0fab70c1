/** The way of one request to an app: an upstream chosen or waited for, a connection leased or waited for, head and body sent, once more where that is safe. */
import { ERRORS, type ErrorCode } from '../../src/shared/errors.js';
import type { EngineServices } from '../engine.js';
import type { Exchange } from '../exchange/exchange.js';
import { mostHoldMs } from '../exchange/reply/app-down.js';
import { UpstreamChoice, type UpstreamWaiter } from '../routing/choice.js';
import { NO_ROUTE } from '../routing/route-table.js';
import { stickyKeys } from '../routing/sticky.js';
import type { Upstream } from '../routing/upstream.js';
import { warnOfAnswer } from '../upstream/answer-warning.js';
import { warnOfConnecting } from '../upstream/connect-warning.js';
import { openNamed } from '../upstream/files/named-answer.js';
import { fieldsBeside, hasPlace, type NamedFiles, nameIn } from '../upstream/files/named-files.js';
import type { Pool } from '../upstream/pool.js';
import type { Lease, LeaseHandler, ResponseEvents, UpstreamResponse } from '../upstream/transport.js';
import { isIdempotentMethod, isSafeMethod } from '../wire/syntax/methods.js';
import type { RequestBody } from './body/request-body.js';
import type { Spool } from './body/spool.js';
import type { DownstreamRequest } from './downstream.js';
import { sendRequestHead } from './heads.js';
import { DroppedBody, NamedAnswer } from './named-answer.js';

/** What the forwardings of a router share. */
export interface ForwardingServices extends EngineServices {
  readonly pool: Pool;
  /** Room for bodies of requests. */
  readonly spool: Spool;
  /** Room for bodies of responses. */
  readonly responseSpool: Spool;
}

/** Called back by an attempt: with the response, or with why there is none. */
export interface AttemptEvents extends ResponseEvents {
  /** The request cannot be completed: it could not be sent, or its response broke off. */
  onAttemptFailure(code: ErrorCode): void;
}

/**
 * `choosing`: no upstream yet · `leasing`: the pool will call `onLease` or `onNoLease` · `sent`: no response yet ·
 * `answered`: the response has begun, there is no second try · `over`: nothing more is asked of any upstream.
 */
type AttemptPhase = 'choosing' | 'leasing' | 'sent' | 'answered' | 'over';

export class UpstreamAttempt implements UpstreamWaiter, LeaseHandler {
  readonly needsHttp1: boolean;
  lease: Lease | null = null;
  /** Leads nowhere until the request is admitted. */
  route = NO_ROUTE;
  private phase: AttemptPhase = 'choosing';
  /** Who hears of the app: the owner, unless a file answers in the app's place. */
  private events: AttemptEvents;
  private readonly choice: UpstreamChoice;

  constructor(
    private readonly exchange: Exchange,
    private readonly request: DownstreamRequest,
    readonly client: string,
    /** What follows the request's head, also in a tunnel; null: nothing does. */
    private readonly body: RequestBody | null,
    private readonly owner: AttemptEvents,
    private readonly services: ForwardingServices,
  ) {
    this.events = owner;
    this.needsHttp1 = request.upgrade !== '';
    this.choice = new UpstreamChoice(services.upstreams, this);
  }

  /** Where the request is in flight. */
  get upstream(): Upstream | null {
    return this.choice.upstream;
  }

  /** Sends the request to an upstream of its route: in this call where one is up and has an idle connection. */
  send(): void {
    const upstream = this.choice.pick(this.route, this.findKnown());
    if (upstream === null) {
      if (!this.hold()) this.events.onAttemptFailure('upstream_refused');
      return;
    }
    const lease = this.services.pool.tryTake(upstream, this, false);
    if (lease === null) this.awaitLease(upstream, false);
    else this.sendOver(lease);
  }

  /** Nothing more is asked of any upstream. */
  end(): void {
    const { lease, choice, phase } = this;
    this.phase = 'over';
    this.lease = null;
    if (lease !== null) lease.abort();
    else if (phase === 'leasing' && choice.upstream !== null)
      this.services.pool.forget(choice.upstream, this);
    choice.end();
  }

  /** The upstream is done with the request: its connection takes itself back. */
  complete(): void {
    this.release();
  }

  /** The response is none that this request can have: its connection is closed. */
  refuse(): void {
    this.lease?.abort();
    this.events = this.owner;
    this.onFailure('upstream_malformed', false);
  }

  // From the choice of an upstream, after a wait.

  onUpstream(upstream: Upstream): void {
    this.takeOrWait(upstream, false);
  }

  onNoUpstream(): void {
    this.events.onAttemptFailure('upstream_refused');
  }

  // From the pool, after a wait.

  onLease(lease: Lease): void {
    this.sendOver(lease);
    lease.flush();
  }

  onNoLease(code: ErrorCode, cause: unknown): void {
    const upstream = this.release();
    if (this.phase === 'over') return;
    if (upstream === null) {
      this.events.onAttemptFailure(code);
      return;
    }
    warnOfConnecting(this.services, upstream, code, cause);
    if (!ERRORS[code].retry) {
      this.events.onAttemptFailure(code);
      return;
    }
    this.choice.avoid(upstream, code);
    const other = this.choice.pick(this.route, null);
    if (other !== null) this.onUpstream(other);
    else if (code !== 'upstream_refused' || !this.hold()) this.events.onAttemptFailure(code);
  }

  // From the connection that is lent.

  onInformational(status: number, headers: readonly string[]): void {
    this.events.onInformational(status, headers);
  }

  onResponse(response: UpstreamResponse): void {
    this.phase = 'answered';
    const { namedFiles } = this.route;
    if (namedFiles === null) this.events.onResponse(response);
    else this.answerNamed(response, namedFiles);
  }

  onTunnel(response: UpstreamResponse): void {
    this.events.onTunnel(response);
    // It may have been refused.
    if (this.phase === 'sent') this.phase = 'answered';
  }

  onBody(view: Buffer): void {
    this.events.onBody(view);
  }

  onEnd(trailers: readonly string[]): void {
    this.events.onEnd(trailers);
  }

  onFlush(): void {
    this.events.onFlush();
  }

  onWritable(): void {
    this.body?.resume(this.lease);
  }

  onFailure(code: ErrorCode, silent: boolean): void {
    if (this.isNamed) {
      this.choice.release();
      return;
    }
    const fault = this.lease?.fault ?? '';
    const upstream = this.release();
    if (upstream !== null) warnOfAnswer(this.services.notices, upstream, fault);
    if (this.phase === 'over') return;
    const again =
      upstream !== null && silent && this.mayRepeat() ? this.choice.repeat(this.route, upstream) : null;
    if (again !== null) this.takeOrWait(again, again === upstream);
    else {
      if (upstream !== null && ERRORS[code].source === 'upstream' && this.phase !== 'answered')
        this.services.upstreams.noteFailure(upstream);
      this.events.onAttemptFailure(code);
    }
    this.events.onFlush();
  }

  /** @param fresh the connection before had died: this time a new one */
  private takeOrWait(upstream: Upstream, fresh: boolean): void {
    const lease = this.services.pool.tryTake(upstream, this, fresh);
    if (lease === null) this.awaitLease(upstream, fresh);
    else this.onLease(lease);
  }

  private awaitLease(upstream: Upstream, fresh: boolean): void {
    this.phase = 'leasing';
    const code = this.services.pool.wait(upstream, this, fresh);
    if (code !== null) this.onNoLease(code, null);
  }

  private sendOver(lease: Lease): void {
    this.phase = 'sent';
    this.lease = lease;
    const { exchange, request, body } = this;
    exchange.dispatched(lease.upstream.name);
    const bufferedBytes = body === null ? -1 : body.bufferedBytes;
    sendRequestHead(lease, exchange, request, this.route, bufferedBytes);
    body?.sendTo(lease);
  }

  private hold(): boolean {
    this.phase = 'choosing';
    return this.mayWait && this.choice.hold(this.route, mostHoldMs(this.exchange));
  }

  /** Answers with the file that the app names, if it does; its own body is read and dropped. */
  private answerNamed(response: UpstreamResponse, files: NamedFiles): void {
    const name = nameIn(response.headers);
    if (name === null) {
      this.events.onResponse(response);
      return;
    }
    if (!hasPlace(response)) {
      this.events.onResponse({ ...response, headers: fieldsBeside(response.headers, false), memo: null });
      return;
    }
    const { lease, exchange, client, owner } = this;
    if (lease === null) return;
    const { upstream } = lease;
    this.events = new DroppedBody(lease, () => this.choice.release());
    const handler = new NamedAnswer(client, owner);
    const file = openNamed({ exchange, upstream, handler }, files, name, response);
    if (typeof file === 'string') {
      this.lease = null;
      owner.onAttemptFailure(file);
      owner.onFlush();
      return;
    }
    this.lease = file.lease;
    file.send();
  }

  /** A file answers in place of the app that has named it. */
  private get isNamed(): boolean {
    return this.events !== this.owner;
  }

  /** A file answers. */
  get isFile(): boolean {
    return this.isNamed || this.route.app.files !== null;
  }

  /** The upstream that the client was served by before, if it is up. */
  private findKnown(): Upstream | null {
    return this.route.app.sticky ? this.route.find(stickyKeys(this.exchange.head)) : null;
  }

  /** Nothing is lost when the request waits and no upstream comes up. */
  private get mayWait(): boolean {
    return this.needsHttp1 || isSafeMethod(this.exchange.head.method);
  }

  private mayRepeat(): boolean {
    if (this.phase === 'answered' || !this.choice.mayRepeat) return false;
    return (this.body === null || this.body.replayable) && isIdempotentMethod(this.exchange.head.method);
  }

  /** The upstream is done with the request, or was not reached; returns which it was. */
  private release(): Upstream | null {
    this.lease = null;
    return this.choice.release();
  }
}
