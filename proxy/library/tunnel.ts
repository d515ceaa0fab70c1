/** WebSocket upgrades in the library engine: admitted as any request, then handed to http-proxy-3. */
import { type ClientRequest, type IncomingMessage, ServerResponse } from 'node:http';
import type { ErrorCode } from '../../src/shared/errors.js';
import type { AcceptedConnection } from '../engine.js';
import { Inquiry } from '../exchange/access/inquiry.js';
import { Exchange } from '../exchange/exchange.js';
import { passGate } from '../exchange/gate.js';
import { asList } from '../exchange/headers/outgoing-fields.js';
import {
  authorityFor,
  buildUpstreamHeaders,
  type UpstreamRequest,
} from '../exchange/headers/request-headers.js';
import { isHandshakeAnswer } from '../exchange/headers/websocket.js';
import type { EndingLimit } from '../exchange/log/limit-reports.js';
import { encodeClosingReply } from '../exchange/reply/closing-reply.js';
import { buildErrorReply, type LocalReply } from '../exchange/reply/local-reply.js';
import { UpstreamChoice, type UpstreamWaiter } from '../routing/choice.js';
import { NO_ROUTE, Route } from '../routing/route-table.js';
import type { Upstream } from '../routing/upstream.js';
import { classifyUpstreamFailure } from '../upstream/failure.js';
import type { Forwarder } from './forwarder.js';
import type { LibraryServices } from './forwarding-parts.js';
import { exceededBy, limitOf, tellLimit } from './limits.js';
import { flatten, readRequestHead, unreadHead } from './read-head.js';
import { isFaultyResponse, type RelayEvents, ResponseRelay } from './response-relay.js';

/** Serves one upgrade request, the last of its connection; answers with an error when it cannot be passed on. */
export function startTunnel(
  request: IncomingMessage,
  firstBytes: Buffer,
  connection: AcceptedConnection,
  services: LibraryServices,
  forwarder: Forwarder,
): void {
  const exceeded = exceededBy(request, services.policy.config.limits);
  const head = exceeded === null ? readRequestHead(request) : 'header_too_large';
  const fault = typeof head === 'string' ? head : null;
  const known = typeof head === 'string' ? unreadHead(request) : head;
  const exchange = new Exchange(known, connection.facts, services);
  const tunnel = new Tunnel(request, firstBytes, exchange, connection, services, forwarder);
  if (fault === null) tunnel.start();
  else tunnel.refuse(fault, exceeded);
}

class Tunnel implements UpstreamWaiter, RelayEvents {
  private readonly choice: UpstreamChoice;
  /** Leads nowhere until the request is admitted. */
  private route = NO_ROUTE;
  /** What is asked before it goes on; null: nothing. */
  private inquiry: Inquiry | null = null;
  private upstreamRequest: ClientRequest | null = null;
  private relay: ResponseRelay | null = null;
  private timer: NodeJS.Timeout | null = null;
  /** A response head, ours or the upstream's, went out. */
  private answered = false;
  /** Nothing more goes out. */
  private ended = false;

  constructor(
    private readonly request: IncomingMessage,
    /** What the client sent behind its request. */
    private readonly firstBytes: Buffer,
    private readonly exchange: Exchange,
    private readonly connection: AcceptedConnection,
    private readonly services: LibraryServices,
    private readonly forwarder: Forwarder,
  ) {
    this.choice = new UpstreamChoice(services.upstreams, this);
  }

  start(): void {
    this.connection.socket.once('close', () => this.finish());
    const { connection, exchange, services } = this;
    const { role } = connection;
    const passed = passGate({ exchange, role, contentLength: 0 }, services.upstreams);
    if (passed instanceof Inquiry) {
      this.inquiry = passed;
      passed.start(exchange, (refusal) => {
        if (refusal === null) this.forward(passed.route);
        else this.endWith(refusal);
      });
    } else if (passed instanceof Route) this.forward(passed);
    else this.endWith(passed);
  }

  /** Its head breaks a rule, or a limit. */
  refuse(code: ErrorCode, exceeded: EndingLimit | null): void {
    this.connection.socket.once('close', () => this.finish());
    this.fail(code, exceeded);
  }

  private forward(route: Route): void {
    this.route = route;
    const upstream = this.choice.pick(route, null);
    if (upstream !== null) this.onUpstream(upstream);
    // Nothing was sent: whoever wants a tunnel may wait for the app.
    else if (!this.choice.hold(route)) this.onNoUpstream();
  }

  onNoUpstream(): void {
    this.fail('upstream_refused');
  }

  onRelayed(): void {}

  onRelayFailure(code: ErrorCode, limit: EndingLimit | null): void {
    this.fail(code, limit);
  }

  onUpstream(upstream: Upstream): void {
    if (upstream.row.codec === 'files') {
      this.fail('file_missing');
      return;
    }
    this.exchange.dispatched(upstream.authority);
    const { policy } = this.exchange;
    this.startTimer(policy.config.limits.connectTimeoutMs, 'upstream_connect_timeout');
    const upgrade: UpstreamRequest = {
      requestId: this.exchange.requestId,
      addedFields: this.exchange.addedFields,
      authority: authorityFor(this.exchange.head, policy, upstream.authority),
      framing: 'none',
      contentLength: 0,
      upgrade: 'websocket',
      expectContinue: false,
      entry: this.exchange.entry,
    };
    const fields = buildUpstreamHeaders(this.exchange.head, this.exchange.facts, upgrade, policy);
    this.forwarder.upgrade({
      request: this.request,
      socket: this.connection.socket,
      firstBytes: this.firstBytes,
      upstream,
      path: this.route.strip(this.exchange.head.path, fields),
      headers: asList(fields),
      onRequest: (upstreamRequest) => this.watch(upstreamRequest),
      onFailure: (error) => this.fail(classifyUpstreamFailure(error)),
    });
  }

  private watch(upstreamRequest: ClientRequest): void {
    this.upstreamRequest = upstreamRequest;
    upstreamRequest.once('socket', (socket) => {
      const { upstreamHeadTimeoutMs } = this.exchange.policy.config.limits;
      const awaitHead = (): void => {
        // It may have been answered, or given up, before this is heard.
        if (this.timer !== null) this.startTimer(upstreamHeadTimeoutMs, 'upstream_timeout');
      };
      if (socket.connecting) socket.once('connect', awaitHead);
      else awaitHead();
    });
    // http-proxy-3 would join with whatever a 101 names, and relay any other answer with its hop-by-hop fields.
    queueMicrotask(() => {
      const passes = upstreamRequest.listeners('upgrade');
      upstreamRequest.removeAllListeners('upgrade');
      upstreamRequest.removeAllListeners('response');
      upstreamRequest.on('response', (response) => this.answer(response));
      upstreamRequest.on('upgrade', (response, upstreamSocket, firstBytes) => {
        if (this.open(response)) {
          for (const pass of passes) {
            Reflect.apply(pass, upstreamRequest, [response, upstreamSocket, firstBytes]);
          }
        } else upstreamSocket.destroy();
      });
    });
  }

  /** The upstream has said 101: whether it is one, and the tunnel's clock starts. */
  private open(response: IncomingMessage): boolean {
    this.stopTimer();
    // The client has left in the moment of the answer: nobody would close what is joined to it.
    if (this.connection.socket.destroyed) return false;
    if (!isHandshakeAnswer(this.exchange.head.headers, flatten(response.rawHeaders))) {
      this.fail('upstream_malformed');
      return false;
    }
    if (this.ended) return false;
    this.answered = true;
    this.exchange.answered(101, []);
    const { socket } = this.connection;
    // Both directions pass through it.
    socket.setTimeout(this.services.policy.config.limits.tunnelIdleTimeoutMs, () => {
      tellLimit(this.exchange, 'tunnelIdleTimeoutMs', this.upstreamName);
      socket.destroy();
    });
    return true;
  }

  /** The upstream does not upgrade: an ordinary response, after which the connection closes. */
  private answer(upstreamResponse: IncomingMessage): void {
    this.stopTimer();
    if (this.answered || isFaultyResponse(upstreamResponse)) {
      upstreamResponse.destroy();
      this.fail('upstream_malformed');
      return;
    }
    const { socket } = this.connection;
    const response = new ServerResponse(this.request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    // node:http has let go of the socket and tells its responses no more.
    socket.on('drain', () => response.emit('drain'));
    response.once('finish', () => socket.destroySoon());
    this.relay = new ResponseRelay(this.exchange, upstreamResponse, response, this);
    this.answered = true;
    try {
      this.relay.start(this.choice.upstream?.authority ?? '', this.route.strippedPrefix);
    } catch {
      this.fail('upstream_malformed');
    }
  }

  private fail(code: ErrorCode, limit = limitOf(code)): void {
    if (this.ended) return;
    this.exchange.failed(code);
    if (limit !== null) tellLimit(this.exchange, limit, this.upstreamName);
    if (this.answered) {
      this.exchange.cut();
      this.connection.socket.destroy();
    } else this.endWith(buildErrorReply(code, this.exchange.head, this.exchange.requestId));
    this.upstreamRequest?.destroy();
  }

  private endWith(own: LocalReply): void {
    this.stopTimer();
    this.ended = true;
    this.exchange.answeredItself(own);
    this.connection.socket.end(encodeClosingReply(own));
  }

  private get upstreamName(): string {
    return this.choice.upstream?.name ?? '';
  }

  private startTimer(delayMs: number, code: ErrorCode): void {
    this.stopTimer();
    this.timer = setTimeout(() => this.fail(code), delayMs);
  }

  private stopTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  /** The client's connection is closed. */
  private finish(): void {
    this.stopTimer();
    this.inquiry?.cancel();
    this.choice.end();
    this.relay?.stop();
    this.upstreamRequest?.destroy();
    this.exchange.end();
  }
}
