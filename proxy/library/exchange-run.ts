/** The life of one request in the library engine: admit, choose or hold, forward with http-proxy-3, respond. */
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { ErrorCode } from '../../src/contract/errors.js';
import type { AcceptedConnection, EngineServices } from '../engine.js';
import { answerItself, isSafeMethod } from '../exchange/answer-itself.js';
import { buildErrorResponse, type OwnResponse } from '../exchange/error-response.js';
import { Exchange } from '../exchange/exchange.js';
import { explainRefusal, mayBeRefusal } from '../exchange/refusal-advice.js';
import { authorityFor, buildUpstreamHeaders, type UpstreamRequest } from '../exchange/request-headers.js';
import { addTransportSecurity, buildDownstreamHeaders } from '../exchange/response-headers.js';
import type { RequestHead } from '../exchange/types.js';
import { classifyUpstreamFailure } from '../exchange/upstream-failure.js';
import type { Route } from '../upstream/routes.js';
import type { Upstream } from '../upstream/upstream.js';
import type { Forwarder } from './forwarder.js';
import { flatten, type LibraryRequest, readFraming, readRequestHead } from './read-head.js';

/** A response of node:http, or of node:http2's compatibility API with its stream. */
export type LibraryResponse = ServerResponse & { readonly stream?: ServerHttp2Stream };

const RST_NO_ERROR = 0;
const RST_INTERNAL_ERROR = 2;

/** One request being served. Methods are called by the engine and by the forwarder's events. */
export class ExchangeRun {
  private upstream: Upstream | null = null;
  private route: Route | null = null;
  private leaveHold: (() => void) | null = null;
  private attempts = 0;
  private settled = false;
  private upstreamRequest: ClientRequest | null = null;
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly exchange: Exchange,
    private readonly request: LibraryRequest,
    private readonly response: LibraryResponse,
    private readonly connection: AcceptedConnection,
    private readonly services: EngineServices,
    private readonly forwarder: Forwarder,
  ) {}

  /** Reads the head and serves; a head that cannot be trusted is answered with 400. */
  static start(
    request: LibraryRequest,
    response: LibraryResponse,
    connection: AcceptedConnection,
    services: EngineServices,
    forwarder: Forwarder,
  ): void {
    const head = readRequestHead(request);
    const unread: RequestHead = {
      method: request.method ?? '',
      path: request.url ?? '',
      authority: '',
      headers: flatten(request.rawHeaders),
      httpVersion: '1.1',
    };
    const exchange = new Exchange(head ?? unread, connection.facts, services);
    const run = new ExchangeRun(exchange, request, response, connection, services, forwarder);
    response.once('close', () => run.finish());
    // RFC 9113 §8.1: the answer is complete, the rest of the request is not wanted.
    response.stream?.once('finish', () => {
      if (!request.complete) response.stream?.close(RST_NO_ERROR);
    });
    if (head === null) run.fail('host_invalid');
    else run.serve();
  }

  private serve(): void {
    const own = answerItself(this.exchange, this.connection.role);
    if (own !== null) {
      this.respondItself(own);
      return;
    }
    const { contentLength } = readFraming(this.request);
    const { maxBodyBytes } = this.services.policy.config.limits;
    if (maxBodyBytes > 0 && contentLength > maxBodyBytes) {
      this.fail('request_too_large');
      return;
    }
    this.route = this.services.upstreams.find(this.exchange.head);
    const upstream = this.route?.pick() ?? null;
    if (this.route === null) this.fail('no_route');
    else if (upstream === null) this.hold();
    else this.forward(upstream);
  }

  private hold(): void {
    if (this.route === null || !isSafeMethod(this.exchange.head.method)) {
      this.fail('upstream_refused');
      return;
    }
    this.leaveHold = this.services.upstreams.hold(this.route, {
      resume: (upstream) => this.forward(upstream),
      giveUp: () => this.fail('upstream_refused'),
    });
  }

  private forward(upstream: Upstream): void {
    const { exchange, request } = this;
    this.leaveHold = null;
    this.attempts += 1;
    this.upstream = upstream;
    upstream.inFlight += 1;
    exchange.dispatched(upstream.authority);
    const { policy } = this.services;
    const upstreamRequest: UpstreamRequest = {
      requestId: exchange.requestId,
      authority: authorityFor(exchange.head, policy, upstream.authority),
      ...readFraming(request),
      upgrade: '',
      // The engine has answered it: http-proxy-3 hides requests with Expect from its hooks.
      expectContinue: false,
    };
    const headers = buildUpstreamHeaders(exchange.head, exchange.facts, upstreamRequest, policy);
    const { method } = exchange.head;
    const { stripPrefix } = this.services.policy.config;
    const path =
      stripPrefix && this.route !== null ? this.route.strip(exchange.head.path) : exchange.head.path;
    if (path !== exchange.head.path) headers.push('x-forwarded-prefix', this.route?.prefix ?? '');
    if (upstreamRequest.framing !== 'none' && this.attempts === 1) this.watchBody();
    this.forwarder.send({ request, response: this.response, upstream, method, path, headers, run: this });
  }

  /** The upstream request has its socket: connecting and answering are timed from here. */
  connecting(upstreamRequest: ClientRequest, socket: Socket): void {
    const { connectTimeoutMs, upstreamHeadTimeoutMs } = this.services.policy.config.limits;
    this.upstreamRequest = upstreamRequest;
    if (!socket.connecting) {
      this.startTimer(upstreamHeadTimeoutMs, 'upstream_timeout');
      return;
    }
    this.startTimer(connectTimeoutMs, 'upstream_connect_timeout');
    socket.once('connect', () => this.startTimer(upstreamHeadTimeoutMs, 'upstream_timeout'));
  }

  /** Bounds the request body in bytes and in time while http-proxy-3 passes it on. */
  private watchBody(): void {
    const { request } = this;
    const { maxBodyBytes, clientBodyTimeoutMs } = this.services.policy.config.limits;
    let bytes = 0;
    const timer = setTimeout(() => {
      // Paused: it is the app that takes nothing.
      if (request.isPaused()) timer.refresh();
      else this.refuseBody('request_timeout');
    }, clientBodyTimeoutMs);
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      timer.refresh();
      if (maxBodyBytes > 0 && bytes > maxBodyBytes) this.refuseBody('request_too_large');
    });
    request.once('end', () => clearTimeout(timer));
    this.response.once('close', () => clearTimeout(timer));
  }

  private refuseBody(code: ErrorCode): void {
    this.fail(code);
    this.upstreamRequest?.destroy();
  }

  private startTimer(delayMs: number, code: ErrorCode): void {
    this.stopTimer();
    if (this.settled) return;
    this.timer = setTimeout(() => {
      // The rest of the request is the client's to send, who has its own time limit.
      if (code === 'upstream_timeout' && !this.request.complete && !this.request.isPaused()) {
        this.startTimer(delayMs, code);
        return;
      }
      this.fail(code);
      this.upstreamRequest?.destroy();
    }, delayMs);
  }

  private stopTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  /** The upstream's response head is in. */
  relay(upstreamResponse: IncomingMessage): void {
    const { exchange, response } = this;
    this.stopTimer();
    const status = upstreamResponse.statusCode ?? 0;
    if (this.settled || status < 200 || status > 599) {
      upstreamResponse.destroy();
      this.fail('upstream_malformed');
      return;
    }
    this.settled = true;
    const headers = buildDownstreamHeaders(
      flatten(upstreamResponse.rawHeaders),
      exchange.head,
      exchange.facts,
      this.services.policy,
      this.upstream?.authority ?? '',
      this.services.policy.config.stripPrefix ? (this.route?.prefix ?? '') : '',
    );
    exchange.answered(status, headers);
    upstreamResponse.setTimeout(this.services.policy.config.limits.upstreamIdleTimeoutMs, () =>
      upstreamResponse.destroy(),
    );
    const length = upstreamResponse.headers['content-length'];
    if (length !== undefined) headers.push('content-length', length);
    writeHead(response, status, headers);
    if (mayBeRefusal(status, Number(length ?? -1))) {
      upstreamResponse.once('data', (chunk: Buffer) =>
        explainRefusal(chunk, exchange.head, this.services.log),
      );
    }
    upstreamResponse.on('data', (chunk: Buffer) => {
      exchange.sent(chunk.length);
      if (!response.write(chunk)) upstreamResponse.pause();
    });
    response.on('drain', () => upstreamResponse.resume());
    upstreamResponse.on('end', () => (upstreamResponse.complete ? response.end() : this.cut('upstream_cut')));
    upstreamResponse.on('aborted', () => this.cut('upstream_cut'));
    upstreamResponse.on('error', () => this.cut('upstream_cut'));
  }

  /** The upstream request failed before a response head, or the downstream broke. */
  upstreamFailed(error: unknown, reused: boolean): void {
    this.stopTimer();
    if (this.exchange.ended) return;
    if (this.settled) {
      if (!this.response.writableEnded) this.cut('upstream_cut');
      return;
    }
    const code = classifyUpstreamFailure(error);
    const upstream = this.release();
    if (code === 'upstream_refused' && upstream !== null) this.services.upstreams.markDown(upstream);
    const repeatable =
      isSafeMethod(this.exchange.head.method) && readFraming(this.request).framing === 'none';
    if (!repeatable) {
      this.fail(code);
      return;
    }
    if (code === 'upstream_refused') {
      this.hold();
      return;
    }
    // A kept-alive connection may close under a request: once more, on a fresh look.
    if (code === 'upstream_reset' && reused && this.attempts < 2 && upstream !== null) this.forward(upstream);
    else this.fail(code === 'upstream_reset' ? 'upstream_closed' : code);
  }

  /** Answers with an error of the table, or cuts a response that has begun. */
  fail(code: ErrorCode): void {
    if (this.exchange.ended) return;
    this.exchange.failed(code);
    if (this.settled) {
      this.cut(code);
      return;
    }
    this.respondItself(buildErrorResponse(code, this.exchange.head, this.exchange.requestId));
  }

  private respondItself(own: OwnResponse): void {
    this.settled = true;
    this.stopTimer();
    addTransportSecurity(own.headers, this.exchange.head, this.exchange.facts, this.services.policy);
    this.exchange.answeredItself(own.status);
    const isHead = this.exchange.head.method === 'HEAD';
    if (!isHead) this.exchange.sent(Buffer.byteLength(own.body));
    const { request, response } = this;
    // A body that nobody will read must not be taken for the next request.
    if (request.httpVersionMajor === 1 && !request.complete) own.headers.push('connection', 'close');
    writeHead(response, own.status, own.headers);
    response.end(isHead ? '' : own.body);
    if (!request.complete) request.resume();
  }

  /** Ends a response that has begun so that the client sees it is not whole. */
  private cut(code: ErrorCode): void {
    this.exchange.failed(code);
    const { response } = this;
    if (response.stream !== undefined) response.stream.close(RST_INTERNAL_ERROR);
    else this.connection.socket.destroy();
  }

  private release(): Upstream | null {
    const upstream = this.upstream;
    if (upstream !== null) upstream.inFlight -= 1;
    this.upstream = null;
    return upstream;
  }

  /** The response is over, well or not. */
  private finish(): void {
    this.leaveHold?.();
    this.stopTimer();
    this.release();
    if (!this.response.writableFinished) this.exchange.failed('downstream_gone');
    this.exchange.end();
  }
}

/** Writes a flat list as the response's head in either API. */
function writeHead(response: LibraryResponse, status: number, headers: string[]): void {
  const byName: Record<string, string | string[]> = {};
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? '';
    const value = headers[index + 1] ?? '';
    const known = byName[name];
    if (known === undefined) byName[name] = value;
    else byName[name] = Array.isArray(known) ? [...known, value] : [known, value];
  }
  response.writeHead(status, byName);
}
