/** The default engine: own wire codecs bound to sockets, downstream and upstream. */
import type { AcceptedConnection, Engine, EngineServices } from '../engine.js';
import { RESETS_BEFORE_END, ResetBudget } from '../exchange/access/reset-budget.js';
import { reportLimit } from '../exchange/log/limit-reports.js';
import { dialersOf } from '../upstream/dial.js';
import { ForwardAuthorizer } from '../upstream/forward-auth.js';
import { probeByRequest } from '../upstream/health-check.js';
import { Pool } from '../upstream/pool.js';
import { DEFAULT_HTTP1_LIMITS, type Http1Limits } from '../wire/http1/events.js';
import {
  boundFieldBlocks,
  DEFAULT_HTTP2_LIMITS,
  DEFAULT_HTTP2_SETTINGS,
  type Http2Limits,
  type Http2LocalSettings,
} from '../wire/http2/limits.js';
import { Spool } from './body/spool.js';
import { warnOfSpool } from './body/spool-warning.js';
import type { ConnectionHost, DownstreamConnection } from './connection-host.js';
import { Http1DownstreamConnection } from './http1/connection.js';
import { Http2DownstreamConnection } from './http2/connection.js';
import { selectStalled } from './stalled-clients.js';
import type { ForwardingServices } from './upstream-attempt.js';

/** How often deadlines are looked at: one timer a router instead of several a connection. */
const SWEEP_MS = 250;

export class DirectEngine implements Engine, ConnectionHost {
  readonly services: ForwardingServices;
  readonly resets: ResetBudget;
  nowMs = performance.now();
  private readonly connections = new Set<DownstreamConnection>();
  private readonly http1Limits: Http1Limits;
  private readonly http2Limits: Http2Limits;
  private readonly http2Settings: Http2LocalSettings;
  private turn: DownstreamConnection[] = [];
  private readonly timer: NodeJS.Timeout;
  private readonly endTurn = (): void => this.runTurn();

  constructor(services: EngineServices) {
    const { policy } = services;
    const { config } = policy;
    const { limits } = config;
    const memory = { maxBytes: limits.maxBufferMemoryBytes, usedBytes: 0 };
    const onSpoolFailure = (error: Error): void => warnOfSpool(services.notices, error);
    this.services = {
      ...services,
      pool: new Pool(
        limits,
        dialersOf([...config.apps, ...config.access.forwardAuth.map(({ app }) => app)]),
        (limit, upstream) => reportLimit(services, limit, `the app at ${upstream}`),
        config.routers > 1,
      ),
      spool: new Spool(limits.maxSpoolBytes, memory, onSpoolFailure),
      responseSpool: new Spool(limits.maxSpoolBytes, memory, onSpoolFailure),
    };
    const { pool } = this.services;
    policy.access?.setAuthorizers((rule, index) => new ForwardAuthorizer(rule, index, pool, policy));
    for (const app of config.apps) {
      const { health } = app;
      if (health.path === null) continue;
      const probe = probeByRequest(this.services.pool, health, health.path, limits.upstreamHeadTimeoutMs);
      services.upstreams.check(app, probe);
    }
    this.resets = new ResetBudget(limits.maxStreamResets);
    this.http1Limits = {
      ...DEFAULT_HTTP1_LIMITS,
      headBytes: limits.maxHeaderBytes,
      headerCount: limits.maxHeaderCount,
    };
    this.http2Limits = {
      ...DEFAULT_HTTP2_LIMITS,
      ...boundFieldBlocks(limits.maxHeaderBytes),
      maxFields: limits.maxHeaderCount,
      maxResetsPerPeriod: limits.maxStreamResets * RESETS_BEFORE_END,
      maxOverheadFramesPerPeriod: limits.maxControlFrames,
    };
    this.http2Settings = {
      ...DEFAULT_HTTP2_SETTINGS,
      maxConcurrentStreams: limits.maxConcurrentStreams,
      maxHeaderListBytes: limits.maxHeaderBytes,
    };
    this.timer = setInterval(() => this.sweep(), SWEEP_MS);
    this.timer.unref();
  }

  accept(connection: AcceptedConnection): void {
    const downstream =
      connection.protocol === 'h2'
        ? new Http2DownstreamConnection(connection, this, this.http2Settings, this.http2Limits)
        : new Http1DownstreamConnection(connection, this, this.http1Limits);
    this.connections.add(downstream);
  }

  drain(): void {
    for (const connection of this.connections) connection.drain();
    this.services.pool.closeIdle();
  }

  leaveDrained(): void {
    const { pool, upstreams } = this.services;
    pool.closeDrained();
    for (const upstream of upstreams.all) if (upstream.leaving === 'cut') pool.cut(upstream);
  }

  close(): void {
    for (const connection of this.connections) connection.destroy();
  }

  afterTurn(connection: DownstreamConnection): void {
    if (this.turn.length === 0) setImmediate(this.endTurn);
    this.turn.push(connection);
  }

  endAfterDefect(connection: DownstreamConnection, error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.services.log.say('error', `a defect of the front ended one connection, ${text}`);
    connection.destroy();
  }

  onClosed(connection: DownstreamConnection): void {
    this.connections.delete(connection);
  }

  private runTurn(): void {
    const { turn } = this;
    this.turn = [];
    for (const connection of turn) {
      try {
        connection.resume();
      } catch (error) {
        this.endAfterDefect(connection, error);
      }
    }
  }

  private sweep(): void {
    this.nowMs = performance.now();
    this.services.pool.sweep(this.nowMs);
    this.resets.sweep(this.nowMs);
    let waitingBytes = 0;
    for (const connection of this.connections) {
      try {
        connection.checkTime(this.nowMs);
        waitingBytes += connection.waitingBytes;
      } catch (error) {
        this.endAfterDefect(connection, error);
      }
    }
    const { maxWaitingBytes } = this.services.policy.config.limits;
    if (waitingBytes > maxWaitingBytes) this.endStalled(waitingBytes - maxWaitingBytes);
  }

  /** Ends those that hold most for clients that take nothing, until so many bytes are free. */
  private endStalled(surplusBytes: number): void {
    for (const connection of selectStalled(this.connections, surplusBytes, this.nowMs)) {
      this.services.counters.refusedByLimit += 1;
      reportLimit(this.services, 'maxWaitingBytes', connection.connection.facts.remoteAddress);
      connection.destroy();
    }
  }
}
