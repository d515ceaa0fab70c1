/** One HTTP/2 downstream connection: streams become flows, and all they write in one turn goes out in one write. */
import type { Socket } from 'node:net';
import type { AcceptedConnection } from '../engine.js';
import { Exchange } from '../exchange/exchange.js';
import { Http2ServerConnection } from '../wire/http2/connection.js';
import { CLOSED, DATA, NEED_DATA, REQUEST, RESET, TRAILERS, WRITABLE } from '../wire/http2/events.js';
import type { Http2Limits, Http2LocalSettings } from '../wire/http2/limits.js';
import type { ConnectionHost, DownstreamConnection } from './connection-host.js';
import { Http2DownstreamStream } from './http2-stream.js';

/** Bytes taken from the codec for one write. */
const WRITE_BYTES = 256 * 1024;

export class Http2DownstreamConnection implements DownstreamConnection {
  readonly wire: Http2ServerConnection;
  private readonly socket: Socket;
  private readonly streams = new Map<number, Http2DownstreamStream>();
  /** Requests of this turn; those that are reset before the next one never reach the app (CVE-2023-44487). */
  private fresh: Http2DownstreamStream[] = [];
  private idleSinceMs: number;
  private progressMs: number;
  private scheduled = false;
  private writing = false;
  private ending = false;
  private shutdownStep = 0;
  private readonly onWritten = (): void => this.written();

  constructor(
    readonly connection: AcceptedConnection,
    readonly host: ConnectionHost,
    settings: Http2LocalSettings,
    limits: Http2Limits,
  ) {
    this.socket = connection.socket;
    this.wire = new Http2ServerConnection(settings, limits);
    this.idleSinceMs = host.nowMs;
    this.progressMs = host.nowMs;
    this.socket.on('data', (chunk: Buffer) => this.receive(chunk));
    this.socket.on('end', () => this.socket.destroySoon());
    this.socket.on('close', () => this.onClose());
    this.schedule();
  }

  /** Writes what the codec holds when this turn of the event loop is over. */
  schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    this.host.soon(this);
  }

  /** A stream's exchange is over. */
  forget(stream: Http2DownstreamStream): void {
    this.streams.delete(stream.id);
    if (this.streams.size === 0) this.idleSinceMs = this.host.nowMs;
  }

  drain(): void {
    if (this.shutdownStep === 0) {
      this.wire.beginShutdown();
      this.wire.ping(this.host.nowMs);
    } else if (this.shutdownStep === 1) this.wire.finishShutdown();
    this.shutdownStep = Math.min(this.shutdownStep + 1, 2);
    this.schedule();
  }

  destroy(): void {
    this.socket.destroy();
  }

  checkTime(nowMs: number): void {
    const { limits } = this.host.services.policy.config;
    if (this.wire.checkTimers(nowMs)) this.schedule();
    const stalledSinceMs = this.wire.stalledSinceMs;
    if (this.socket.writableLength > 0 && nowMs - this.progressMs > limits.clientWriteTimeoutMs)
      this.destroy();
    else if (stalledSinceMs !== 0 && nowMs - stalledSinceMs > limits.clientWriteTimeoutMs) this.destroy();
    else if (this.streams.size === 0 && nowMs - this.idleSinceMs > limits.keepAliveTimeoutMs) this.drain();
    for (const stream of this.streams.values()) stream.checkTime(nowMs, limits.clientBodyTimeoutMs);
  }

  resume(): void {
    this.scheduled = false;
    this.startFresh();
    this.write();
  }

  private receive(chunk: Buffer): void {
    this.wire.receive(chunk, this.host.nowMs);
    this.pull();
    this.schedule();
  }

  private pull(): void {
    for (;;) {
      const event = this.wire.next();
      if (event === NEED_DATA) break;
      if (event === CLOSED) {
        this.ending = true;
        break;
      }
      this.handle(event);
    }
    for (const stream of this.streams.values()) stream.flushRequest();
  }

  private handle(event: number): void {
    const { wire } = this;
    if (event === REQUEST) {
      this.begin();
      return;
    }
    const stream = this.streams.get(wire.streamId);
    if (event === RESET && stream === undefined) wire.releaseStream(wire.streamId);
    if (stream === undefined) return;
    if (event === DATA) stream.receiveBody(wire.data, wire.endStream);
    else if (event === TRAILERS) stream.receiveEnd(wire.trailers);
    else if (event === WRITABLE) stream.writable();
    else if (event === RESET) stream.reset();
  }

  private begin(): void {
    const { wire } = this;
    const stream = new Http2DownstreamStream(wire.streamId, wire.head, this);
    this.streams.set(stream.id, stream);
    this.fresh.push(stream);
  }

  private startFresh(): void {
    if (this.fresh.length === 0) return;
    const { fresh } = this;
    this.fresh = [];
    const { services } = this.host;
    for (const stream of fresh) {
      if (!stream.gone)
        stream.start(new Exchange(stream.requestHead, this.connection.facts, services), services);
    }
  }

  private write(): void {
    // The codec's buffer is one for the process: a socket that still writes would send what comes after it.
    while (!this.writing && !this.socket.destroyed) {
      const output = this.wire.takeOutput(WRITE_BYTES);
      if (output === null) break;
      this.writing = true;
      this.progressMs = this.host.nowMs;
      this.socket.write(output, this.onWritten);
    }
    // Sending may have made room for streams that wait.
    if (!this.ending) this.pull();
    if ((this.ending || this.wire.drained) && !this.writing && !this.wire.hasOutput)
      this.socket.destroySoon();
  }

  private written(): void {
    this.writing = false;
    this.progressMs = this.host.nowMs;
    if (this.wire.hasOutput || this.ending || this.wire.drained) this.write();
  }

  private onClose(): void {
    for (const stream of [...this.streams.values()]) stream.reset();
    this.host.closed(this);
  }
}
