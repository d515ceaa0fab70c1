/** The life of one request in the library engine: admit, choose or hold, forward with http-proxy-3, respond. */
import type { ClientRequest, IncomingMessage } from 'node:http';
import { constants } from 'node:http2';
import type { Socket } from 'node:net';
import { ERRORS, type ErrorCode } from '../../src/shared/errors.js';
import { Inquiry } from '../exchange/access/inquiry.js';
import { Exchange } from '../exchange/exchange.js';
import { passGate } from '../exchange/gate.js';
import { addTransportSecurity } from '../exchange/headers/response-headers.js';
import type { EndingLimit } from '../exchange/log/limit-reports.js';
import { buildAppDownReply, mostHoldMs } from '../exchange/reply/app-down.js';
import { withErrorPage } from '../exchange/reply/error-pages.js';
import { buildErrorReply, type LocalReply } from '../exchange/reply/local-reply.js';
import type { Framing } from '../exchange/types.js';
import { UpstreamChoice, type UpstreamWaiter } from '../routing/choice.js';
import { NO_ROUTE, Route } from '../routing/route-table.js';
import type { Upstream } from '../routing/upstream.js';
import { warnOfConnecting } from '../upstream/connect-warning.js';
import { classifyUpstreamFailure } from '../upstream/failure.js';
import { openNamed } from '../upstream/files/named-answer.js';
import type { NamedFiles } from '../upstream/files/named-files.js';
import { NO_LINES } from '../wire/syntax/field-lines.js';
import { isSafeMethod } from '../wire/syntax/methods.js';
import { FileAnswer, type FileEvents } from './file-answer.js';
import type { ForwarderEvents } from './forwarder.js';
import type { ForwardingParts } from './forwarding-parts.js';
import { buildUpstreamHead } from './heads.js';
import { exceededBy, limitOf, tellLimit } from './limits.js';
import { sendLocalReply } from './local-reply.js';
import { dropBody, readNamed } from './named-response.js';
import { type LibraryRequest, readFraming, readRequestHead, unreadHead } from './read-head.js';
import {
  discardRest,
  emptyBody,
  isWhole,
  RequestBody,
  type RequestBodyEvents,
  stopUpload,
} from './request-body.js';
import { isFaultyResponse, type LibraryResponse, ResponseRelay } from './response-relay.js';
import { type AttemptEvents, UpstreamAttempt } from './upstream-attempt.js';

/** One request being served. Methods are called by the engine and by the forwarder's events. */
export class Forwarding
  implements UpstreamWaiter, ForwarderEvents, AttemptEvents, RequestBodyEvents, FileEvents
{
  readonly request: LibraryRequest;
  private readonly response: LibraryResponse;
  private readonly choice: UpstreamChoice;
  /** Leads nowhere until the request is admitted. */
  private route = NO_ROUTE;
  /** What the forwarder tells counts while there is one. */
  private attempt: UpstreamAttempt | null = null;
  /** What is asked before it goes on; null: nothing. */
  private inquiry: Inquiry | null = null;
  /** A response head, ours or the upstream's, went out. */
  private answered = false;
  private over = false;
  private relayed: ResponseRelay | FileAnswer | null = null;
  private relayedWhole = false;

  private constructor(
    private readonly exchange: Exchange,
    private readonly parts: ForwardingParts,
    private readonly fault: ErrorCode | null,
    private readonly exceeded: EndingLimit | null,
  ) {
    this.request = parts.request;
    this.response = parts.response;
    this.choice = new UpstreamChoice(parts.services.upstreams, this);
  }

  /** The forwarding of a request; `start` serves it. */
  static create(parts: ForwardingParts): Forwarding {
    const { request, connection, services } = parts;
    const exceeded = exceededBy(request, services.policy.config.limits);
    const head = exceeded === null ? readRequestHead(request) : 'header_too_large';
    const isFault = typeof head === 'string';
    const exchange = new Exchange(isFault ? unreadHead(request) : head, connection.facts, services);
    return new Forwarding(exchange, parts, isFault ? head : null, exceeded);
  }

  start(): void {
    const { fault } = this;
    this.response.once('close', () => this.finish());
    this.request.once('aborted', () => this.finish());
    if (fault !== null) {
      this.fail(fault, this.exceeded);
      return;
    }
    const { framing, contentLength } = readFraming(this.request);
    const { connection, services } = this.parts;
    const { role } = connection;
    const passed = passGate({ exchange: this.exchange, role, contentLength }, services.upstreams);
    if (passed instanceof Inquiry) {
      this.inquiry = passed;
      passed.start(this.exchange, (refusal) => {
        if (refusal === null) this.forward(passed.route, framing);
        else this.respondItself(refusal);
      });
    } else if (passed instanceof Route) this.forward(passed, framing);
    else this.respondItself(passed);
  }

  private forward(route: Route, framing: Framing): void {
    this.route = route;
    // Only the direct engine holds a body until its length is known.
    if (framing === 'unknown' && route.needsLength) this.fail('length_required');
    else this.send();
  }

  /** Sends the request to an upstream of its route, now or when one is up. */
  private send(): void {
    const upstream = this.choice.pick(this.route, null);
    if (upstream !== null) this.onUpstream(upstream);
    else if (!this.hold()) this.fail('upstream_refused');
  }

  private hold(): boolean {
    return this.mayWait && this.choice.hold(this.route, mostHoldMs(this.exchange));
  }

  // From the choice of an upstream.

  private get mayWait(): boolean {
    return isSafeMethod(this.exchange.head.method);
  }

  onNoUpstream(): void {
    this.fail('upstream_refused');
  }

  onUpstream(upstream: Upstream): void {
    const { exchange, request, response } = this;
    const { forwarder } = this.parts;
    if (upstream.row.codec === 'files') {
      this.answerFrom(upstream);
      return;
    }
    if (forwarder.isFull(upstream)) {
      this.fail('overloaded');
      return;
    }
    exchange.dispatched(upstream.authority);
    const framing = readFraming(request);
    const { limits } = exchange.policy.config;
    const hasBody = framing.framing !== 'none';
    if (!hasBody) request.resume();
    const body = hasBody
      ? new RequestBody(request, this, limits.maxBodyBytes, limits.clientBodyTimeoutMs)
      : emptyBody();
    this.attempt = new UpstreamAttempt(body, limits, this);
    const { method } = exchange.head;
    const { path, headers } = buildUpstreamHead(exchange, framing, this.route, upstream);
    forwarder.send({ request, response, upstream, method, path, headers, body, events: this });
  }

  /** A folder answers. */
  private answerFrom(upstream: Upstream): void {
    const { exchange, route, request } = this;
    exchange.dispatched(upstream.name);
    if (readFraming(request).framing === 'none') request.resume();
    const answer = this.beginFile(upstream);
    const lease = this.parts.services.files.lend(upstream, answer);
    answer.follow(lease);
    lease.sendHead(exchange, route.pathFor(exchange.head.path), { repeated: NO_LINES, own: [] }, 'none');
  }

  private beginFile(upstream: Upstream): FileAnswer {
    const { exchange, response, route } = this;
    const answer = new FileAnswer(exchange, response, this, upstream.authority, route.strippedPrefix);
    this.relayed = answer;
    return answer;
  }

  /** The head of a file's answer goes out. */
  onFileHead(): void {
    this.answered = true;
  }

  // From the forwarder.

  /** The upstream request has its socket. */
  connecting(upstreamRequest: ClientRequest, socket: Socket): void {
    if (this.attempt === null) upstreamRequest.destroy();
    else this.attempt.connecting(upstreamRequest, socket);
  }

  onBodyPiece(piece: Buffer): void {
    this.exchange.received(piece);
    this.attempt?.noteBody();
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
    this.attempt?.settle();
    const { upstream } = this.choice;
    if (this.attempt === null || upstream === null || this.answered) {
      upstreamResponse.destroy();
      return;
    }
    if (isFaultyResponse(upstreamResponse)) {
      this.fail('upstream_malformed');
      return;
    }
    const { namedFiles } = this.route;
    if (namedFiles === null) this.relayFrom(upstreamResponse, upstream);
    else this.relayNamed(upstreamResponse, upstream, namedFiles);
  }

  /** @param headers in place of those of the response */
  private relayFrom(
    upstreamResponse: IncomingMessage,
    upstream: Upstream,
    headers?: readonly string[],
  ): void {
    const relay = new ResponseRelay(this.exchange, upstreamResponse, this.response, this);
    this.relayed = relay;
    try {
      relay.start(upstream.authority, this.route.strippedPrefix, headers);
      this.answered = true;
    } catch {
      this.fail('upstream_malformed');
    }
  }

  /** Answers with the file that the app names, if it does; its own body is read and dropped. */
  private relayNamed(upstreamResponse: IncomingMessage, upstream: Upstream, files: NamedFiles): void {
    const { exchange, attempt } = this;
    const { status, headers, name } = readNamed(upstreamResponse);
    if (name === null) {
      this.relayFrom(upstreamResponse, upstream, headers);
      return;
    }
    this.attempt = null;
    this.choice.release();
    const { upstreamIdleTimeoutMs } = exchange.policy.config.limits;
    dropBody(upstreamResponse, upstreamIdleTimeoutMs, (isRead) => attempt?.end(isRead));
    const handler = this.beginFile(upstream);
    const file = openNamed({ exchange, upstream, handler }, files, name, { status, headers });
    if (typeof file === 'string') {
      this.fail(file);
      return;
    }
    handler.follow(file.lease);
    try {
      file.send();
    } catch {
      // A field of the app that node's writeHead does not take.
      this.fail('upstream_malformed');
    }
  }

  onRelayed(): void {
    this.relayedWhole = true;
    this.letGo();
    stopUpload(this.request);
  }

  onRelayFailure(code: ErrorCode, limit: EndingLimit | null): void {
    this.fail(code, limit);
  }

  onAttemptFailure(code: ErrorCode): void {
    const { upstream } = this.choice;
    const isQueued = this.attempt?.isQueued === true && upstream !== null;
    if (isQueued && this.parts.forwarder.hasNoPlace(upstream))
      this.fail('overloaded', 'maxUpstreamConnections');
    else this.fail(code);
  }

  /** The upstream request failed, or the downstream broke. */
  upstreamFailed(error: unknown, reused: boolean): void {
    const { attempt, choice } = this;
    const { upstream } = choice;
    if (attempt === null || upstream === null) return;
    if (this.answered) {
      this.fail('upstream_cut');
      return;
    }
    const code = classifyUpstreamFailure(error);
    warnOfConnecting(this.parts.services, upstream, code, error);
    const isRepeatable = attempt.silent && this.mayWait && readFraming(this.request).framing === 'none';
    this.letGo();
    // A kept-alive connection may close under a request: once more, if not a byte of an answer came.
    if (isRepeatable && code === 'upstream_reset' && reused && choice.mayRepeat) {
      const again = choice.repeat(this.route, upstream);
      if (again !== null) {
        this.onUpstream(again);
        return;
      }
    }
    if (ERRORS[code].source === 'upstream') choice.avoid(upstream, code);
    if (isRepeatable && code === 'upstream_refused') this.send();
    else this.fail(code === 'upstream_reset' ? 'upstream_closed' : code);
  }

  /** The request turned out malformed while its body came: nothing of it can be read any more. */
  refuse(code: ErrorCode): void {
    if (this.over) return;
    if (!this.answered) {
      this.exchange.failed(code);
      const limit = limitOf(code);
      if (limit !== null) this.exchange.reachedLimit(limit);
      this.letGo();
      this.respondItself(buildErrorReply(code, this.exchange.head, this.exchange.requestId), false);
    } else if (this.relayed === null) this.response.end();
    else this.fail(code);
  }

  /** Answers with an error of the table, or cuts a response that has begun. */
  private fail(code: ErrorCode, limit = limitOf(code)): void {
    if (this.over) return;
    this.exchange.failed(code);
    const { upstream } = this.choice;
    if (limit !== null) tellLimit(this.exchange, limit, upstream?.name ?? '');
    const isUpstreams = ERRORS[code].source === 'upstream' && !this.answered;
    if (isUpstreams && upstream !== null) this.parts.services.upstreams.noteFailure(upstream);
    this.letGo();
    this.relayed?.stop();
    if (this.answered) this.cut();
    else if (code === 'upstream_refused') this.respondItself(buildAppDownReply(this.exchange, this.route));
    else this.respondItself(buildErrorReply(code, this.exchange.head, this.exchange.requestId));
  }

  private respondItself(built: LocalReply, lingers = true): void {
    const { request, response } = this;
    this.answered = true;
    const { head, facts, policy } = this.exchange;
    const { errorPages } = policy.config;
    const own = errorPages === null ? built : withErrorPage(built, errorPages);
    addTransportSecurity(own.headers, head, facts, policy);
    this.exchange.answeredItself(own);
    const body = this.exchange.head.method === 'HEAD' ? '' : own.body;
    const isLast = sendLocalReply(request, response, own, body, lingers);
    if (isLast) this.parts.onLast();
  }

  /** Ends a response that has begun so that the client sees it is not whole. */
  private cut(): void {
    if (this.answered) this.exchange.cut();
    const { stream } = this.response;
    if (stream !== undefined) stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    else this.parts.connection.socket.destroy();
  }

  /** Nothing more comes from this attempt. */
  private letGo(): void {
    this.attempt?.end(this.relayedWhole);
    this.attempt = null;
    this.choice.release();
  }

  /** The response is over, or the client has gone: the only exit. */
  finish(): void {
    if (this.over) return;
    this.over = true;
    this.relayed?.stop();
    this.inquiry?.cancel();
    this.letGo();
    this.choice.end();
    const { response, request } = this;
    const gone = response.stream === undefined ? !response.writableFinished : response.stream.aborted;
    if (gone) this.exchange.failed('downstream_gone');
    this.exchange.end();
    this.parts.onEnd();
    if (response.stream === undefined && !gone && !isWhole(request)) {
      discardRest(request, (whole) => whole || this.parts.connection.socket.destroy());
    }
  }
}
