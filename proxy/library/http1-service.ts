/** HTTP/1.1 of the library engine: node:http's server, which never listens itself. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ErrorCode } from '../../src/shared/errors.js';
import type { AcceptedConnection } from '../engine.js';
import type { Forwarder } from './forwarder.js';
import type { LibraryServices } from './forwarding-parts.js';
import { Http1Downstream, isWebSocket } from './http1-downstream.js';

const CODES: ReadonlyMap<string, ErrorCode> = new Map([
  ['HPE_HEADER_OVERFLOW', 'header_too_large'],
  ['ERR_HTTP_REQUEST_TIMEOUT', 'request_timeout'],
]);

/**
 * Node 24.9 and later ask which requests to detach, and treat the others as ordinary ones. Without this, Node 26 gives a body to
 * the request where earlier versions leave it on the socket.
 */
const UPGRADE_CHOICE = { shouldUpgradeCallback: isWebSocket };

/** Hands each event of node:http to the connection it belongs to. */
export class Http1Service {
  private readonly server: Server;
  private readonly connections = new Map<Duplex, Http1Downstream>();
  private draining = false;

  constructor(
    private readonly services: LibraryServices,
    private readonly forwarder: Forwarder,
  ) {
    const { limits } = services.policy.config;
    this.server = createServer({
      maxHeaderSize: limits.maxHeaderBytes,
      requireHostHeader: false,
      connectionsCheckingInterval: 500,
      ...UPGRADE_CHOICE,
    });
    this.server.headersTimeout = limits.clientHeadTimeoutMs;
    this.server.requestTimeout = 0;
    this.server.keepAliveTimeout = limits.keepAliveTimeoutMs;
    // node:http would leave out the fields beyond it, Content-Length among them; the exchange counts them instead.
    this.server.maxHeadersCount = 0;
    this.listen();
    // Sets up the list of connections, without which there is neither headersTimeout nor closeIdleConnections.
    this.server.emit('listening');
  }

  accept(connection: AcceptedConnection): void {
    const { socket } = connection;
    const serveAgain = () => this.server.emit('connection', socket);
    this.connections.set(socket, new Http1Downstream(connection, this.services, this.forwarder, serveAgain));
    socket.once('close', () => this.connections.delete(socket));
    this.server.emit('connection', socket);
  }

  /** Each connection ends with the request it is at. */
  announceEnd(): void {
    this.draining = true;
  }

  closeIdle(): void {
    this.server.closeIdleConnections();
  }

  private listen(): void {
    const { server } = this;
    server.on('request', (request, response) => this.serve(request, response, false));
    server.on('checkContinue', (request, response) => this.serve(request, response, true));
    // Anything but 100-continue: the exchange answers 417.
    server.on('checkExpectation', (request, response) => this.serve(request, response, false));
    server.on('upgrade', (request, socket, firstBytes) => {
      this.connections.get(socket)?.upgrade(request, firstBytes);
    });
    // CONNECT reaches no request handler unless this listener exists.
    server.on('connect', (_request, socket) => this.connections.get(socket)?.refuse('method_refused'));
    server.on('clientError', (error: Error & { code?: string }, socket) => {
      const code = error.code ?? '';
      const isHttp = code.startsWith('HPE_') || CODES.has(code);
      if (isHttp) this.connections.get(socket)?.refuse(CODES.get(code) ?? 'request_malformed');
      else socket.destroy();
    });
  }

  private serve(request: IncomingMessage, response: ServerResponse, sayContinue: boolean): void {
    // Behind an upgrade that it was not asked to carry out, node:http drops what it has read and goes on after it.
    if (this.draining || request.headers.upgrade !== undefined) response.shouldKeepAlive = false;
    const connection = this.connections.get(request.socket);
    if (connection === undefined) response.destroy();
    else connection.serve(request, response, sayContinue);
  }
}
