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
import type { AcceptedConnection } from '../engine.js';
import { type Admission, RESETS_BEFORE_END, ResetBudget } from '../exchange/access/reset-budget.js';
import { clientKeyOf } from '../exchange/client-address.js';
import { endsWithAnswer } from '../exchange/gate.js';
import { type EndingLimit, noteResets, reportLimit } from '../exchange/log/limit-reports.js';
import type { Forwarder } from './forwarder.js';
import { Forwarding } from './forwarding.js';
import type { LibraryServices } from './forwarding-parts.js';
import type { LibraryRequest } from './read-head.js';
import type { LibraryResponse } from './response-relay.js';

const MAX_STREAM_ID = 2 ** 31 - 1;
const RESET_WINDOW_MS = 10_000;
/** How often requests that wait for what their client owes are looked at. */
const SWEEP_MS = 250;
/** What RFC 9113 §6.5.2 counts for each field beside its bytes. */
const FIELD_BYTES = 32;
/** nghttp2 drops what is longer without a word: what is a little too long comes here and is answered with 431. */
const HEAD_ALLOWANCE = 2;

interface Downstream {
  readonly connection: AcceptedConnection;
  /** Whose resets count together. */
  readonly client: string;
  /** Requests under way. */
  open: number;
  /** Streams broken off since then. */
  resets: number;
  resetsSinceMs: number;
}

interface Arrived {
  readonly request: Http2ServerRequest;
  readonly response: Http2ServerResponse;
  readonly downstream: Downstream;
}

/** Hands each request of node:http2 to a forwarding. */
export class Http2Service {
  private readonly server: Http2Server;
  private readonly sessions = new Map<Http2Session, Downstream>();
  private readonly resets: ResetBudget;
  /** Requests whose client owes for those that it has cut. */
  private owing: Arrived[] = [];
  /** The connection whose session is being made: the session only shows a proxy of its socket. */
  private accepting: AcceptedConnection | null = null;

  constructor(
    private readonly services: LibraryServices,
    private readonly forwarder: Forwarder,
  ) {
    const { limits } = services.policy.config;
    this.server = createServer({
      settings: {
        maxConcurrentStreams: limits.maxConcurrentStreams,
        maxHeaderListSize: limits.maxHeaderBytes * HEAD_ALLOWANCE,
      },
      maxHeaderListPairs: Math.ceil((limits.maxHeaderBytes * HEAD_ALLOWANCE) / FIELD_BYTES),
      maxSessionInvalidFrames: 100,
    });
    this.resets = new ResetBudget(limits.maxStreamResets);
    setInterval(() => this.sweep(), SWEEP_MS).unref();
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
    const connection = this.accepting;
    const client = clientKeyOf(connection.facts.remoteAddress);
    const downstream = { connection, client, open: 0, resets: 0, resetsSinceMs: 0 };
    this.sessions.set(session, downstream);
    session.once('close', () => this.sessions.delete(session));
    session.on('error', (error) => {
      this.tellEnd(downstream, error);
      session.destroy();
    });
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
    downstream.open += 1;
    request.stream.once('close', () => {
      // What the end of a connection takes with it was open then.
      if (!session.destroyed) downstream.open -= 1;
    });
    request.stream.once('aborted', () => this.countReset(session, downstream));
    // Streams reset in the same turn never reach the app (CVE-2023-44487).
    setImmediate(() => this.admit({ request, response, downstream }));
    if (endsWithAnswer(downstream.connection.role)) setImmediate(() => session.close());
  }

  /** Begins a request, or lets it wait until its client owes less. */
  private admit(arrived: Arrived): void {
    const { request, downstream } = arrived;
    if (request.stream.destroyed || request.aborted) return;
    const isTrusted = downstream.connection.facts.trusted;
    const admission = isTrusted ? 'free' : this.resets.begin(downstream.client, performance.now());
    if (admission === 'wait') this.owing.push(arrived);
    else this.forward(arrived, admission);
  }

  private forward({ request, response, downstream }: Arrived, admission: Admission): void {
    const { connection, client } = downstream;
    Forwarding.create({
      // The compatibility classes have the surface of node:http's, but not their types.
      request: request as unknown as LibraryRequest,
      response: response as unknown as LibraryResponse,
      connection,
      services: this.services,
      forwarder: this.forwarder,
      onLast: () => {},
      onEnd: () => {
        if (connection.facts.trusted) return;
        if (!request.stream.aborted) this.resets.answered(client, admission);
        else if (this.resets.cut(client, admission, performance.now())) {
          const { maxStreamResets } = this.services.policy.config.limits;
          noteResets(this.services, client, maxStreamResets);
        }
      },
    }).start();
  }

  private sweep(): void {
    this.resets.sweep(performance.now());
    if (this.owing.length === 0) return;
    const { owing } = this;
    this.owing = [];
    for (const arrived of owing) this.admit(arrived);
  }

  /** nghttp2 has ended the connection; its own words do not tell of a limit, what was open does. */
  private tellEnd(downstream: Downstream, error: Error & { code?: string }): void {
    const { limits } = this.services.policy.config;
    if (error.code !== 'ERR_HTTP2_ERROR' || downstream.open < limits.maxConcurrentStreams) return;
    this.endBy(downstream, 'maxConcurrentStreams');
  }

  private endBy({ connection }: Downstream, limit: EndingLimit): void {
    this.services.counters.refusedByLimit += 1;
    reportLimit(this.services, limit, connection.facts.remoteAddress);
  }

  private countReset(session: ServerHttp2Session | Http2Session, downstream: Downstream): void {
    const nowMs = performance.now();
    if (nowMs - downstream.resetsSinceMs > RESET_WINDOW_MS) {
      downstream.resets = 0;
      downstream.resetsSinceMs = nowMs;
    }
    downstream.resets += 1;
    const { maxStreamResets } = this.services.policy.config.limits;
    if (downstream.resets <= maxStreamResets * RESETS_BEFORE_END || session.destroyed) return;
    this.endBy(downstream, 'maxStreamResets');
    session.destroy(new Error('too many resets'), constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }
}
