/** The second engine: node:http and node:http2 downstream, http-proxy-3 upstream. What it cannot do stands in docs/engines.md. */
import type { Socket } from 'node:net';
import type { AcceptedConnection, Engine, EngineServices } from '../engine.js';
import type { Upstreams } from '../routing/upstreams.js';
import { FileRoots } from '../upstream/files/file-roots.js';
import { Forwarder } from './forwarder.js';
import { Http1Service } from './http1-service.js';
import { Http2Service } from './http2-service.js';

/** How long requests that were on their way when the drain began may take to arrive. */
const DRAIN_GRACE_MS = 1000;

/** Serves connections with Node's own HTTP servers. */
export class LibraryEngine implements Engine {
  private readonly upstreams: Upstreams;
  private readonly forwarder: Forwarder;
  private readonly http1: Http1Service;
  private readonly http2: Http2Service;
  private readonly sockets = new Set<Socket>();
  /** Since when the router drains; 0 while it does not. */
  private drainingSinceMs = 0;

  constructor(given: EngineServices) {
    const services = { ...given, files: new FileRoots() };
    this.upstreams = services.upstreams;
    this.forwarder = new Forwarder(services.policy.config.limits);
    this.http1 = new Http1Service(services, this.forwarder);
    this.http2 = new Http2Service(services, this.forwarder);
  }

  accept(connection: AcceptedConnection): void {
    const { socket, protocol } = connection;
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
    if (protocol === 'h2') this.http2.accept(connection);
    else this.http1.accept(connection);
  }

  drain(): void {
    if (this.drainingSinceMs === 0) {
      this.drainingSinceMs = performance.now();
      this.http1.announceEnd();
      this.http2.announceEnd();
      return;
    }
    if (performance.now() - this.drainingSinceMs < DRAIN_GRACE_MS) return;
    this.http1.closeIdle();
    this.http2.closeIdle();
  }

  leaveDrained(): void {
    this.forwarder.leave(this.upstreams.all.filter(({ drained }) => drained));
    for (const upstream of this.upstreams.all) if (upstream.leaving === 'cut') this.forwarder.cut(upstream);
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.forwarder.close();
  }
}
