/** One HTTP/1.1 client connection of the library engine: which of its requests are served, in which order, and what ends it. */
import type { IncomingMessage } from 'node:http';
import type { ErrorCode } from '../../src/shared/errors.js';
import type { AcceptedConnection } from '../engine.js';
import { Exchange } from '../exchange/exchange.js';
import type { EndingLimit } from '../exchange/log/limit-reports.js';
import { encodeClosingReply } from '../exchange/reply/closing-reply.js';
import { buildErrorReply } from '../exchange/reply/local-reply.js';
import { UNREAD_HEAD } from '../exchange/unread-head.js';
import { closeWithin } from '../listen/first-bytes.js';
import type { Forwarder } from './forwarder.js';
import { Forwarding } from './forwarding.js';
import type { LibraryServices } from './forwarding-parts.js';
import { limitOf } from './limits.js';
import type { LibraryRequest } from './read-head.js';
import { readFraming } from './read-head.js';
import { LINGER_MS } from './request-body.js';
import type { LibraryResponse } from './response-relay.js';
import { startTunnel } from './tunnel.js';

/** node:http hands out pipelined requests, upgrades and parse errors as it reads them; here they wait for their turn. */
export class Http1Downstream {
  /** Exchanges that are not over, in the order their requests came. */
  private readonly forwardings: Forwarding[] = [];
  private newest: IncomingMessage | null = null;
  /** Nothing that follows is processed (RFC 9112 §9.6). */
  private closing = false;
  private afterForwardings: (() => void) | null = null;

  /** @param serveAgain reads the connection's unread bytes as HTTP once more */
  constructor(
    private readonly connection: AcceptedConnection,
    private readonly services: LibraryServices,
    private readonly forwarder: Forwarder,
    private readonly serveAgain: () => void,
  ) {
    connection.socket.once('close', () => {
      this.afterForwardings = null;
      // node:http tells the close only to the response whose turn it is.
      for (const forwarding of [...this.forwardings]) forwarding.finish();
    });
  }

  /** A request of node:http; `sayContinue` sends the 100 that it waits for. */
  serve(request: LibraryRequest, response: LibraryResponse, sayContinue: boolean): void {
    if (this.closing) return;
    this.newest = request;
    if (sayContinue) response.writeContinue();
    if (!response.shouldKeepAlive) this.closing = true;
    const forwarding = Forwarding.create({
      request,
      response,
      connection: this.connection,
      services: this.services,
      forwarder: this.forwarder,
      onLast: () => {
        this.closing = true;
      },
      onEnd: () => this.onForwardingEnd(forwarding),
    });
    this.forwardings.push(forwarding);
    forwarding.start();
  }

  /** What came is no request, or the newest one broke off. */
  refuse(code: ErrorCode): void {
    const { newest } = this;
    if (newest !== null && !newest.complete) {
      this.closing = true;
      const broken = this.forwardings.find((forwarding) => forwarding.request === newest);
      if (broken === undefined) this.connection.socket.destroy();
      else broken.refuse(code);
      // Answers before it may take as long as they like.
      if (this.forwardings.length <= 1) this.closeInTime();
      return;
    }
    if (this.closing) return;
    this.closing = true;
    const { socket } = this.connection;
    if (newest === null && code === 'request_timeout' && socket.bytesRead === 0) {
      // Browsers open connections ahead of need: one that has asked for nothing is closed without a word.
      socket.destroy();
      return;
    }
    this.inTurn(() => {
      this.closeInTime();
      this.endWith(code, code === 'request_timeout' ? 'clientHeadTimeoutMs' : limitOf(code));
    });
  }

  /** WebSocket becomes a tunnel; every other upgrade, which only Node before 24.9 gives here, is an ordinary request (RFC 9110 §7.8). */
  upgrade(request: IncomingMessage, firstBytes: Buffer): void {
    if (this.closing) {
      this.inTurn(() => this.connection.socket.destroy());
      return;
    }
    this.inTurn(() => {
      if (isWebSocket(request)) {
        this.closing = true;
        startTunnel(request, firstBytes, this.connection, this.services, this.forwarder);
        return;
      }
      const { socket } = this.connection;
      socket.setTimeout(0);
      socket.unshift(Buffer.concat([encodeWithoutUpgrade(request), firstBytes]));
      this.serveAgain();
    });
  }

  /** node:tls does not tell that an answer cannot be written any more when the client ended its side and then reset the connection. */
  private closeInTime(): void {
    closeWithin(this.connection.socket, LINGER_MS);
  }

  private inTurn(step: () => void): void {
    if (this.forwardings.length === 0) step();
    else this.afterForwardings = step;
  }

  private onForwardingEnd(forwarding: Forwarding): void {
    this.forwardings.splice(this.forwardings.indexOf(forwarding), 1);
    if (this.forwardings.length > 0 || this.afterForwardings === null) return;
    const step = this.afterForwardings;
    this.afterForwardings = null;
    step();
  }

  /** Answers what never became a request of node:http. */
  private endWith(code: ErrorCode, limit: EndingLimit | null): void {
    const { socket, facts } = this.connection;
    const exchange = new Exchange(UNREAD_HEAD, facts, this.services);
    exchange.failed(code);
    if (limit !== null) exchange.reachedLimit(limit);
    const own = buildErrorReply(code, null, exchange.requestId);
    exchange.answeredItself(own);
    if (socket.writable) socket.end(encodeClosingReply(own));
    else socket.destroy();
    exchange.end();
  }
}

/** What http-proxy-3 takes for a WebSocket, and no body that could hide in the tunnel's first bytes. */
export function isWebSocket(request: IncomingMessage): boolean {
  if (request.method !== 'GET' || request.httpVersion !== '1.1') return false;
  return request.headers.upgrade?.toLowerCase() === 'websocket' && readFraming(request).framing === 'none';
}

/** The request's head without its Upgrade fields, as the last of its connection, which it is where node:http itself passes it on. */
function encodeWithoutUpgrade(request: IncomingMessage): Buffer {
  const { method, url, httpVersion, rawHeaders } = request;
  let text = `${method} ${url} HTTP/${httpVersion}\r\n`;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (name.toLowerCase() !== 'upgrade') text += `${name}: ${rawHeaders[index + 1]}\r\n`;
  }
  return Buffer.from(`${text}Connection: close\r\n\r\n`, 'latin1');
}
