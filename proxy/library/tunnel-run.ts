/** WebSocket upgrades in the library engine: admitted as any request, then handed to http-proxy-3. */
import type { IncomingMessage } from 'node:http';
import type { AcceptedConnection, EngineServices } from '../engine.js';
import { answerItself } from '../exchange/answer-itself.js';
import { buildErrorResponse, type OwnResponse } from '../exchange/error-response.js';
import { Exchange } from '../exchange/exchange.js';
import { encodeClosingResponse } from '../exchange/own-response-text.js';
import { authorityFor, buildUpstreamHeaders, type UpstreamRequest } from '../exchange/request-headers.js';
import type { RequestHead } from '../exchange/types.js';
import { classifyUpstreamFailure } from '../exchange/upstream-failure.js';
import type { Upstream } from '../upstream/upstream.js';
import type { Forwarder } from './forwarder.js';
import { readRequestHead } from './read-head.js';

/** Serves one upgrade request; answers with an error when it cannot be passed on. */
export function startTunnel(
  request: IncomingMessage,
  firstBytes: Buffer,
  connection: AcceptedConnection,
  services: EngineServices,
  forwarder: Forwarder,
): void {
  const { socket, facts, role } = connection;
  const head = readRequestHead(request);
  if (head === null) {
    endWith(connection, buildErrorResponse('host_invalid', null, ''));
    return;
  }
  const exchange = new Exchange(head, facts, services);
  let upstream: Upstream | null = null;
  socket.once('close', () => {
    if (upstream !== null) upstream.inFlight -= 1;
    exchange.end();
  });
  const own = answerItself(exchange, role);
  if (own !== null) {
    endWith(connection, own);
    return;
  }
  const giveUp = (): void => {
    exchange.failed('upstream_refused');
    endWith(connection, buildErrorResponse('upstream_refused', head, exchange.requestId));
  };
  const join = (chosen: Upstream): void => {
    upstream = chosen;
    chosen.inFlight += 1;
    exchange.dispatched(chosen.authority);
    exchange.answered(101, []);
    forwarder.upgrade({
      request,
      socket,
      firstBytes,
      upstream: chosen,
      path: services.policy.config.stripPrefix
        ? (services.upstreams.find(head)?.strip(head.path) ?? head.path)
        : head.path,
      headers: buildTunnelHeaders(exchange, head, chosen, services),
      onFailure: (error) => {
        const code = classifyUpstreamFailure(error);
        exchange.failed(code);
        if (socket.bytesWritten === 0)
          endWith(connection, buildErrorResponse(code, head, exchange.requestId));
        else socket.destroy();
      },
    });
  };
  const route = services.upstreams.find(head);
  const chosen = route?.pick() ?? null;
  if (route === null) {
    exchange.failed('no_route');
    endWith(connection, buildErrorResponse('no_route', head, exchange.requestId));
  } else if (chosen !== null) join(chosen);
  else services.upstreams.hold(route, { resume: join, giveUp });
}

function buildTunnelHeaders(
  exchange: Exchange,
  head: RequestHead,
  upstream: Upstream,
  services: EngineServices,
): string[] {
  const { policy } = services;
  const request: UpstreamRequest = {
    requestId: exchange.requestId,
    authority: authorityFor(head, policy, upstream.authority),
    framing: 'none',
    contentLength: 0,
    upgrade: 'websocket',
    expectContinue: false,
  };
  return buildUpstreamHeaders(head, exchange.facts, request, policy);
}

function endWith(connection: AcceptedConnection, own: OwnResponse): void {
  connection.socket.end(encodeClosingResponse(own));
}
