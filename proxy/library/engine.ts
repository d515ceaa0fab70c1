/** The second engine: node:http and node:http2 downstream, http-proxy-3 upstream. What it cannot do stands in docs/engines.md. */
import type { Socket } from 'node:net';
import type { AcceptedConnection, Engine, EngineServices } from '../engine.js';
import { Forwarder } from './forwarder.js';
import { Http1Service } from './http1-service.js';
import { Http2Service } from './http2-service.js';

/** Serves connections with Node's own HTTP servers. */
export class LibraryEngine implements Engine {
  private readonly forwarder: Forwarder;
  private readonly http1: Http1Service;
  private readonly http2: Http2Service;
  private readonly sockets = new Set<Socket>();

  constructor(services: EngineServices) {
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
    this.http1.drain();
    this.http2.drain();
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.forwarder.close();
  }
}
