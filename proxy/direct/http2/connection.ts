/** One HTTP/2 downstream connection: streams become flows, and all they write in one turn goes out in one write. */
import type { Socket } from 'node:net';
import type { AcceptedConnection } from '../../engine.js';
import type { Admission } from '../../exchange/access/reset-budget.js';
import { clientKeyOf } from '../../exchange/client-address.js';
import { Exchange } from '../../exchange/exchange.js';
import { endsWithAnswer } from '../../exchange/gate.js';
import { noteResets, reportLimit } from '../../exchange/log/limit-reports.js';
import { CANCEL } from '../../wire/http2/codes.js';
import { Http2ServerConnection } from '../../wire/http2/connection.js';
import {
  CLOSED,
  DATA,
  GOAWAY,
  type Http2Event,
  NEED_DATA,
  REQUEST,
  RESET,
  TRAILERS,
  WRITABLE,
} from '../../wire/http2/events.js';
import type { Http2Limits, Http2LocalSettings } from '../../wire/http2/limits.js';
import { ClientPace } from '../client-pace.js';
import type { ConnectionHost, DownstreamConnection } from '../connection-host.js';
import { readFrom } from '../socket-input.js';
import { noteEnd, noteGoaway } from './connection-notices.js';
import { Http2Stream } from './stream.js';

/** Bytes taken from the codec for one write. */
const WRITE_BYTES = 256 * 1024;
/**
 * From the first GOAWAY to the last: a client that has read the first may still have a request on its way that its own
 * program made before it heard (an answered PING proves only that its protocol stack did).
 */
const SHUTDOWN_MS = 1000;
/** After our last byte the client may go on so long and so far: a socket closed on unread bytes would take GOAWAY with it. */
const LINGER_MS = 5000;
const LINGER_BYTES = 16 * 1024 * 1024;

export class Http2DownstreamConnection implements DownstreamConnection {
  readonly wire: Http2ServerConnection;
  private readonly socket: Socket;
  /** In whose name requests are cut. */
  private readonly client: string;
  /** A proxy in front of us, whose connections carry many clients. */
  private readonly isTrusted: boolean;
  private readonly streams = new Map<number, Http2Stream>();
  /** Requests of this turn; those that are reset before the next one never reach the app (CVE-2023-44487). */
  private fresh: Http2Stream[] = [];
  private idleSinceMs: number;
  private progressMs: number;
  private scheduled = false;
  private writing = false;
  private ending = false;
  private endingSinceMs = 0;
  private discardedBytes = 0;
  private toldRefused = 0;
  private readonly pace: ClientPace;
  private shutdownStep: 'none' | 'announced' | 'final' = 'none';
  private shutdownSinceMs = 0;
  private readonly onWritten = (): void => this.written();

  constructor(
    readonly connection: AcceptedConnection,
    readonly host: ConnectionHost,
    settings: Http2LocalSettings,
    limits: Http2Limits,
  ) {
    this.socket = connection.socket;
    this.client = clientKeyOf(connection.facts.remoteAddress);
    this.isTrusted = connection.facts.trusted;
    this.pace = new ClientPace(this.socket);
    this.wire = new Http2ServerConnection(settings, limits);
    this.idleSinceMs = host.nowMs;
    this.progressMs = host.nowMs;
    readFrom(this.socket, (chunk) => {
      try {
        this.receive(chunk);
      } catch (error) {
        host.endAfterDefect(this, error);
      }
    });
    this.socket.on('end', () => {
      this.closeStreams();
      this.socket.destroySoon();
    });
    this.socket.on('close', () => this.onClose());
    this.schedule();
  }

  /** Writes what the codec holds when this turn of the event loop is over. */
  schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    this.host.afterTurn(this);
  }

  /** A stream's exchange is over. */
  forget(stream: Http2Stream): void {
    this.streams.delete(stream.id);
    if (stream.admission !== null && !this.isTrusted) this.settle(stream, stream.admission);
    if (this.streams.size === 0) this.idleSinceMs = this.host.nowMs;
  }

  drain(): void {
    const { nowMs } = this.host;
    if (this.shutdownStep === 'none') {
      this.shutdownStep = 'announced';
      this.shutdownSinceMs = nowMs;
      this.wire.beginShutdown();
      this.schedule();
    } else if (nowMs - this.shutdownSinceMs > SHUTDOWN_MS) this.finishShutdown();
  }

  /** Requests that were on their way have come (RFC 9113 §6.8). */
  private finishShutdown(): void {
    if (this.shutdownStep !== 'announced') return;
    this.shutdownStep = 'final';
    this.wire.finishShutdown();
    this.schedule();
  }

  /** Response bytes that wait for the client to take them. */
  get waitingBytes(): number {
    return this.wire.outputBytes + this.socket.writableLength;
  }

  /** Since when the client has taken nothing of what waits; 0 when it has. */
  get stalledSinceMs(): number {
    return this.socket.writableLength > 0 ? this.progressMs : this.wire.stalledSinceMs;
  }

  destroy(): void {
    this.socket.destroy();
  }

  checkTime(nowMs: number): void {
    const { limits } = this.host.services.policy.config;
    if (this.wire.checkTimers(nowMs) && !this.ending) this.closeStreams();
    const lastMs = nowMs - limits.clientWriteTimeoutMs;
    if (this.socket.writableLength > 0 && this.progressMs < lastMs) {
      reportLimit(this.host.services, 'clientWriteTimeoutMs', this.client);
      this.destroy();
    } else if (this.endingSinceMs !== 0 && nowMs - this.endingSinceMs > LINGER_MS) this.destroy();
    else if (this.shutdownStep === 'announced') this.drain();
    else if (this.streams.size === 0 && nowMs - this.idleSinceMs > limits.keepAliveTimeoutMs) this.drain();
    if (this.wire.stalledSinceMs !== 0 && this.wire.stalledSinceMs < lastMs) this.cutStalled(lastMs);
    let owesRead = false;
    for (const stream of this.streams.values()) {
      stream.checkTime(nowMs, limits.clientBodyTimeoutMs);
      owesRead ||= stream.owesRead;
    }
    if (this.pace.isTooSlow(nowMs, owesRead, limits)) this.cutSlow();
    this.tellRefused();
    this.wire.ageFields();
    if (this.fresh.length > 0) this.schedule();
  }

  /** The connection as a whole brings too little: what waits is given up, other streams may go on. */
  private cutSlow(): void {
    for (const stream of [...this.streams.values()]) {
      if (!stream.owesRead) continue;
      reportLimit(this.host.services, 'minClientRateBytes', this.client);
      stream.stalled();
      this.wire.resetStream(stream.id, CANCEL);
    }
    this.schedule();
  }

  /** Requests that the codec has refused since the last look. */
  private tellRefused(): void {
    for (; this.toldRefused < this.wire.refusedStreams; this.toldRefused += 1)
      reportLimit(this.host.services, 'maxConcurrentStreams', this.client);
  }

  /** Other streams of a client that has one paused may go on. */
  private cutStalled(beforeMs: number): void {
    reportLimit(this.host.services, 'clientWriteTimeoutMs', this.client);
    for (const id of this.wire.streamsStalledBefore(beforeMs)) {
      this.streams.get(id)?.stalled();
      this.wire.resetStream(id, CANCEL);
    }
    this.schedule();
  }

  resume(): void {
    this.scheduled = false;
    this.startFresh();
    this.write();
  }

  private receive(chunk: Buffer): void {
    if (this.ending) {
      this.discardedBytes += chunk.length;
      if (this.discardedBytes > LINGER_BYTES) this.destroy();
      return;
    }
    this.wire.receive(chunk, this.host.nowMs);
    this.pull();
    this.schedule();
  }

  private pull(): void {
    for (;;) {
      const event = this.wire.next();
      if (event === NEED_DATA) break;
      if (event === CLOSED) {
        this.closeStreams();
        break;
      }
      this.handle(event);
    }
    for (const stream of this.streams.values()) stream.flushRequest();
  }

  /** The connection is over (GOAWAY stands in the output, or the client has closed its side): what its requests hold upstream is let go at once. */
  private closeStreams(): void {
    if (this.wire.closed && !this.ending) noteEnd(this.host.services, this.client, this.wire);
    this.ending = true;
    for (const stream of [...this.streams.values()]) stream.reset();
    this.schedule();
  }

  private handle(event: Exclude<Http2Event, typeof NEED_DATA | typeof CLOSED>): void {
    const { wire } = this;
    switch (event) {
      case REQUEST:
        this.begin();
        return;
      case DATA:
        this.streams.get(wire.streamId)?.receiveBody(wire.data, wire.endStream);
        return;
      case TRAILERS:
        this.streams.get(wire.streamId)?.receiveEnd(wire.trailers);
        return;
      case WRITABLE:
        this.streams.get(wire.streamId)?.writable();
        return;
      case RESET: {
        const stream = this.streams.get(wire.streamId);
        if (stream === undefined) wire.releaseStream(wire.streamId);
        else stream.reset();
        return;
      }
      case GOAWAY:
        // No more streams will come; what is open goes on (RFC 9113 §6.8).
        noteGoaway(this.host.services, this.client, wire.errorCode);
        return;
      default:
        event satisfies never;
    }
  }

  private begin(): void {
    const { wire } = this;
    const stream = new Http2Stream(wire.streamId, wire.head, this);
    this.streams.set(stream.id, stream);
    this.fresh.push(stream);
    if (endsWithAnswer(this.connection.role)) this.drain();
  }

  /** Counts what the end of a request means for its client: it was answered, or cut what the app had begun. */
  private settle(stream: Http2Stream, admission: Admission): void {
    const { resets, nowMs, services } = this.host;
    if (!stream.gone) {
      resets.answered(this.client, admission);
      return;
    }
    if (!resets.cut(this.client, admission, nowMs)) return;
    noteResets(services, this.client, services.policy.config.limits.maxStreamResets);
  }

  private startFresh(): void {
    if (this.fresh.length === 0) return;
    const { fresh } = this;
    this.fresh = [];
    const { services, resets, nowMs } = this.host;
    for (const stream of fresh) {
      if (stream.gone) continue;
      stream.admission = this.isTrusted ? 'free' : resets.begin(this.client, nowMs);
      // It has time until the next sweep, and may be cut meanwhile without a cost.
      if (stream.admission === 'wait') {
        stream.admission = null;
        this.fresh.push(stream);
      } else stream.start(new Exchange(stream.requestHead, this.connection.facts, services), services);
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
    if ((this.ending || this.wire.drained) && !this.writing && !this.wire.hasOutput) this.end();
  }

  private end(): void {
    if (this.endingSinceMs !== 0) return;
    this.ending = true;
    this.endingSinceMs = this.host.nowMs;
    this.socket.end();
  }

  private written(): void {
    this.writing = false;
    this.progressMs = this.host.nowMs;
    if (this.wire.hasOutput || this.ending || this.wire.drained) this.write();
  }

  private onClose(): void {
    this.tellRefused();
    for (const stream of [...this.streams.values()]) stream.reset();
    this.host.onClosed(this);
  }
}
