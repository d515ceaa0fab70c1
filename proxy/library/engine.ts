/** The second engine: node:http and node:http2 downstream, http-proxy-3 upstream. */
import { createServer as createHttp1Server, type IncomingMessage, type Server } from 'node:http';
import { createServer as createHttp2Server, type Http2Server, type Http2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ErrorCode } from '../../src/contract/errors.js';
import type { AcceptedConnection, Engine, EngineServices } from '../engine.js';
import { buildErrorResponse } from '../exchange/error-response.js';
import { encodeClosingResponse } from '../exchange/own-response-text.js';
import { ExchangeRun, type LibraryResponse } from './exchange-run.js';
import { Forwarder } from './forwarder.js';
import type { LibraryRequest } from './read-head.js';
import { startTunnel } from './tunnel-run.js';

const MAX_STREAM_ID = 2 ** 31 - 1;
/** How long requests that were on their way when the drain began may take to arrive. */
const DRAIN_GRACE_MS = 1000;

/** Serves connections with Node's own HTTP servers, which never listen themselves. */
export class LibraryEngine implements Engine {
  private readonly http1: Server;
  private readonly http2: Http2Server;
  private readonly forwarder: Forwarder;
  private readonly connections = new Map<Socket, AcceptedConnection>();
  private readonly sessions = new Map<Http2Session, AcceptedConnection>();
  /** The connection whose session is being made: the session only shows a proxy of its socket. */
  private accepting: AcceptedConnection | null = null;
  /** Since when the router drains; 0 while it does not. */
  private drainingSinceMs = 0;

  constructor(private readonly services: EngineServices) {
    const { limits } = services.policy.config;
    this.forwarder = new Forwarder(limits);
    this.http1 = createHttp1Server({
      maxHeaderSize: limits.maxHeaderBytes,
      requireHostHeader: false,
      connectionsCheckingInterval: 500,
    });
    this.http1.headersTimeout = limits.clientHeadTimeoutMs;
    this.http1.requestTimeout = 0;
    this.http1.keepAliveTimeout = limits.keepAliveTimeoutMs;
    this.http1.maxHeadersCount = limits.maxHeaderCount;
    this.http2 = createHttp2Server({
      settings: {
        maxConcurrentStreams: limits.maxConcurrentStreams,
        maxHeaderListSize: limits.maxHeaderBytes,
      },
      maxHeaderListPairs: limits.maxHeaderCount,
      maxSessionInvalidFrames: 100,
    });
    this.listenHttp1();
    this.listenHttp2();
    // Sets up the list of connections, without which there is neither headersTimeout nor closeIdleConnections.
    this.http1.emit('listening');
  }

  accept(connection: AcceptedConnection): void {
    const { socket, protocol } = connection;
    this.connections.set(socket, connection);
    socket.once('close', () => this.connections.delete(socket));
    if (protocol === 'h2') {
      // node:http2 ends its session with the peer's FIN only on sockets that are not half-open.
      socket.allowHalfOpen = false;
      this.accepting = connection;
      this.http2.emit('connection', socket);
      this.accepting = null;
    } else this.http1.emit('connection', socket);
  }

  drain(): void {
    if (this.drainingSinceMs === 0) {
      this.drainingSinceMs = performance.now();
      // First step of RFC 9113 §6.8: no more requests, please; those on their way are served.
      for (const session of this.sessions.keys()) session.goaway(0, MAX_STREAM_ID);
      return;
    }
    if (performance.now() - this.drainingSinceMs < DRAIN_GRACE_MS) return;
    this.http1.closeIdleConnections();
    for (const session of this.sessions.keys()) session.close();
  }

  close(): void {
    for (const socket of this.connections.keys()) socket.destroy();
    this.forwarder.close();
  }

  private listenHttp1(): void {
    const { http1 } = this;
    http1.on('request', (request, response) => this.serve(request, response));
    http1.on('checkContinue', (request, response) => {
      response.writeContinue();
      this.serve(request, response);
    });
    // Anything but 100-continue: the exchange answers 417.
    http1.on('checkExpectation', (request, response) => this.serve(request, response));
    http1.on('upgrade', (request: IncomingMessage, socket: Socket, firstBytes: Buffer) => {
      const connection = this.connections.get(socket);
      if (connection === undefined) return socket.destroy();
      startTunnel(request, firstBytes, connection, this.services, this.forwarder);
    });
    // CONNECT reaches no request handler unless this listener exists.
    http1.on('connect', (_request, socket) => refuse(socket, 'method_refused'));
    http1.on('clientError', (error: Error & { code?: string }, socket) => {
      if (error.code === 'HPE_HEADER_OVERFLOW') refuse(socket, 'header_too_large');
      else if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') refuse(socket, 'request_timeout');
      else refuse(socket, 'request_malformed');
    });
  }

  private listenHttp2(): void {
    const { http2 } = this;
    const { keepAliveTimeoutMs } = this.services.policy.config.limits;
    http2.on('session', (session) => {
      if (this.accepting === null) return session.destroy();
      this.sessions.set(session, this.accepting);
      session.once('close', () => this.sessions.delete(session));
      session.on('error', () => session.destroy());
      session.setTimeout(keepAliveTimeoutMs, () => session.close());
    });
    http2.on('request', (request, response) => {
      request.on('error', () => {});
      response.on('error', () => {});
      // Streams reset in the same turn never reach the app (CVE-2023-44487).
      setImmediate(() => {
        if (request.stream.destroyed || request.aborted) return;
        // The compatibility classes have the surface of node:http's, but not their types.
        this.serve(request as unknown as LibraryRequest, response as unknown as LibraryResponse);
      });
    });
    http2.on('checkContinue', (request, response) => {
      response.writeContinue();
      http2.emit('request', request, response);
    });
    http2.on('sessionError', () => {});
  }

  private serve(request: LibraryRequest, response: LibraryResponse): void {
    const session = request.stream?.session;
    const connection = session ? this.sessions.get(session) : this.connections.get(request.socket);
    if (connection === undefined) return void response.destroy();
    if (this.drainingSinceMs !== 0 && request.httpVersionMajor === 1) response.shouldKeepAlive = false;
    ExchangeRun.start(request, response, connection, this.services, this.forwarder);
  }
}

function refuse(socket: Duplex, code: ErrorCode): void {
  if (socket.writable) socket.end(encodeClosingResponse(buildErrorResponse(code, null, '')));
  else socket.destroy();
}
