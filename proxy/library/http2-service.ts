/** HTTP/2 of the library engine: node:http2's server, which never listens itself. */
import {
  constants,
  createServer,
  type Http2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type Http2Session,
  type ServerHttp2Session,
} from 'node:http2';
import type { AcceptedConnection, EngineServices } from '../engine.js';
import type { Forwarder } from './forwarder.js';
import { Forwarding } from './forwarding.js';
import type { LibraryRequest } from './read-head.js';
import type { LibraryResponse } from './response-relay.js';

const MAX_STREAM_ID = 2 ** 31 - 1;
const RESET_WINDOW_MS = 10_000;

interface Downstream {
  readonly connection: AcceptedConnection;
  /** Streams broken off since then. */
  resets: number;
  resetsSinceMs: number;
}

/** Hands each request of node:http2 to a forwarding. */
export class Http2Service {
  private readonly server: Http2Server;
  private readonly sessions = new Map<Http2Session, Downstream>();
  /** The connection whose session is being made: the session only shows a proxy of its socket. */
  private accepting: AcceptedConnection | null = null;

  constructor(
    private readonly services: EngineServices,
    private readonly forwarder: Forwarder,
  ) {
    const { limits } = services.policy.config;
    this.server = createServer({
      settings: {
        maxConcurrentStreams: limits.maxConcurrentStreams,
        maxHeaderListSize: limits.maxHeaderBytes,
      },
      maxHeaderListPairs: limits.maxHeaderCount,
      maxSessionInvalidFrames: 100,
    });
    this.listen();
  }

  accept(connection: AcceptedConnection): void {
    // node:http2 ends its session with the peer's FIN only on sockets that are not half-open.
    connection.socket.allowHalfOpen = false;
    this.accepting = connection;
    this.server.emit('connection', connection.socket);
    this.accepting = null;
  }

  /** First step of RFC 9113 §6.8: no more requests, please; those on their way are served. */
  announceEnd(): void {
    for (const session of this.sessions.keys()) session.goaway(0, MAX_STREAM_ID);
  }

  /** Each connection ends with the requests it is at. */
  closeIdle(): void {
    for (const session of this.sessions.keys()) session.close();
  }

  private listen(): void {
    const { server } = this;
    server.on('session', (session) => this.begin(session));
    server.on('request', (request, response) => this.onRequest(request, response));
    server.on('checkContinue', (request, response) => {
      response.writeContinue();
      this.onRequest(request, response);
    });
    server.on('sessionError', () => {});
  }

  private begin(session: ServerHttp2Session): void {
    if (this.accepting === null) {
      session.destroy();
      return;
    }
    this.sessions.set(session, { connection: this.accepting, resets: 0, resetsSinceMs: 0 });
    session.once('close', () => this.sessions.delete(session));
    session.on('error', () => session.destroy());
    session.setTimeout(this.services.policy.config.limits.keepAliveTimeoutMs, () => session.close());
  }

  private onRequest(request: Http2ServerRequest, response: Http2ServerResponse): void {
    const { session } = request.stream;
    const downstream = session === undefined ? undefined : this.sessions.get(session);
    if (session === undefined || downstream === undefined) {
      request.stream.destroy();
      return;
    }
    request.on('error', () => {});
    response.on('error', () => {});
    request.stream.once('aborted', () => this.countReset(session, downstream));
    // Streams reset in the same turn never reach the app (CVE-2023-44487).
    setImmediate(() => {
      if (request.stream.destroyed || request.aborted) return;
      Forwarding.create({
        // The compatibility classes have the surface of node:http's, but not their types.
        request: request as unknown as LibraryRequest,
        response: response as unknown as LibraryResponse,
        connection: downstream.connection,
        services: this.services,
        forwarder: this.forwarder,
        onLast: () => {},
        onEnd: () => {},
      }).start();
    });
  }

  private countReset(session: ServerHttp2Session | Http2Session, downstream: Downstream): void {
    const nowMs = performance.now();
    if (nowMs - downstream.resetsSinceMs > RESET_WINDOW_MS) {
      downstream.resets = 0;
      downstream.resetsSinceMs = nowMs;
    }
    downstream.resets += 1;
    if (downstream.resets <= this.services.policy.config.limits.maxStreamResets || session.destroyed) return;
    session.destroy(new Error('too many resets'), constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }
}
