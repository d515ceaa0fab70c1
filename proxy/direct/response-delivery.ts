/** The body of a response on its way to the client: compressed where that is asked for, stored where the client is slow. */
import type { ErrorCode } from '../../src/shared/errors.js';
import type { Exchange } from '../exchange/exchange.js';
import { prepareCompression, removeDigests } from '../exchange/headers/compression.js';
import type { UpstreamResponse } from '../upstream/transport.js';
import { availableCodings, BodyEncoder, type EncodedBodySink } from './body/compressor.js';
import { ResponseBuffer, type ResponseBufferEvents } from './body/response-buffer.js';
import type { ResponseWriter } from './downstream.js';
import type { ForwardingServices, UpstreamAttempt } from './upstream-attempt.js';

/** A client that takes nothing of its response for so long is slow: what follows is buffered. */
const SLOW_MS = 500;

/** Who is told of the end. */
export interface DeliveryEvents {
  /** All of it, and the trailers, are with the writer. */
  onDelivered(): void;
  onDeliveryFailure(code: ErrorCode): void;
}

/** One for each forwarding. What it cannot give on at once stops the app's connection, until there is room again. */
export class ResponseDelivery implements EncodedBodySink, ResponseBufferEvents {
  /** Bytes of the body as the client gets it; -1: not known. */
  contentLength = -1;
  /** Compresses the body; null: it passes as it is. */
  private encoder: BodyEncoder | null = null;
  /** Takes the response from the app where the client is slow; null: it was not yet. */
  private stored: ResponseBuffer | null = null;
  /** What follows the stored rest of a response that the app has ended; null: the app has not, or nothing is stored. */
  private lastTrailers: readonly string[] | null = null;
  /** Since when the client takes no more of the response; 0: it does, -1: since after the last look at the clock. */
  private blockedSinceMs = 0;

  constructor(
    private readonly exchange: Exchange,
    private readonly response: ResponseWriter,
    private readonly attempt: UpstreamAttempt,
    private readonly services: ForwardingServices,
    private readonly owner: DeliveryEvents,
  ) {}

  /** Compresses what follows if client and response allow it. @returns whether it does; `headers` are changed then */
  compress(response: UpstreamResponse, headers: string[]): boolean {
    const coding = prepareCompression(this.exchange.head, response, headers, availableCodings());
    if (coding !== null) this.encoder = new BodyEncoder(coding, this, response.contentLength === -1);
    return coding !== null;
  }

  /** Takes bytes of the app; the memory is theirs again when this returns. */
  give(view: Buffer): void {
    const isFull = this.encoder !== null ? !this.encoder.write(view) : !this.deliver(view);
    if (isFull) this.attempt.lease?.pause();
  }

  /** The app has sent all of it. */
  end(trailers: readonly string[]): void {
    if (this.encoder === null) {
      this.endBody(trailers);
      return;
    }
    // The upstream is done; the exchange is over when the encoder is.
    this.attempt.complete();
    const kept = [...trailers];
    removeDigests(kept);
    this.encoder.end(kept);
  }

  /** Everything that came in one read has been given. */
  flush(): void {
    this.encoder?.flush();
    this.response.flush();
  }

  /** The client takes more. */
  onWritable(): void {
    this.blockedSinceMs = 0;
    if (this.stored !== null && this.stored.bytes > 0) {
      this.stored.drain();
      this.response.flush();
    } else this.resumeApp();
  }

  /** Called a few times a second while a response is relayed: a client that takes it slowly must not hold the app's connection. */
  checkClient(nowMs: number): void {
    if (this.blockedSinceMs === 0 || this.stored !== null) return;
    if (this.blockedSinceMs === -1) {
      this.blockedSinceMs = nowMs;
      return;
    }
    if (nowMs - this.blockedSinceMs >= SLOW_MS) this.store();
  }

  /** The exchange is over. */
  close(): void {
    this.stored?.close();
    this.encoder?.destroy();
    this.encoder = null;
  }

  // From the encoder.

  onEncoded(chunk: Buffer): void {
    if (!this.deliver(chunk)) this.encoder?.pause();
    this.response.flush();
  }

  onEncodedEnd(trailers: readonly string[]): void {
    this.endBody(trailers);
    this.response.flush();
  }

  onEncoderRoom(): void {
    this.attempt.lease?.resume();
  }

  onEncoderFailure(): void {
    this.owner.onDeliveryFailure('internal');
  }

  // From the buffer of the response.

  onStored(piece: Buffer): boolean {
    return this.write(piece);
  }

  onStoredFlush(): void {
    this.response.flush();
  }

  onStoredRoom(): void {
    this.resumeApp();
  }

  onStoredEmpty(): void {
    if (this.lastTrailers !== null) this.endBody(this.lastTrailers);
    else this.resumeApp();
  }

  onStoreFailure(): void {
    this.owner.onDeliveryFailure('internal');
  }

  // Own steps.

  private store(): void {
    const { services, attempt, exchange } = this;
    const { maxBufferedResponseBytes, maxSpoolBytes } = services.policy.config.limits;
    const mostBytes = Math.min(maxBufferedResponseBytes, maxSpoolBytes / 2);
    // Room for what will come, no more: a client has many answers under way, and each that finds none holds a place at the app.
    const left = this.contentLength === -1 ? mostBytes : this.contentLength - exchange.bodyBytes + 1;
    const maxBytes = Math.min(mostBytes, left);
    // A file can wait: it is on the disk already.
    if (maxBytes <= 0 || exchange.isEndless || attempt.isFile) return;
    if (!services.responseSpool.hasRoom(attempt.client, maxBytes)) return;
    this.stored = new ResponseBuffer(services.responseSpool, attempt.client, maxBytes, this);
    this.resumeApp();
  }

  /** Gives response bytes to the client, or puts them behind those that wait for it; false: no more for now. */
  private deliver(view: Buffer): boolean {
    const { stored } = this;
    if (stored !== null && (stored.bytes > 0 || this.blockedSinceMs !== 0)) return stored.add(view);
    return this.write(view) || stored !== null;
  }

  private write(bytes: Buffer): boolean {
    this.exchange.sent(bytes);
    if (this.response.sendBody(bytes)) return true;
    this.blockedSinceMs = -1;
    return false;
  }

  private resumeApp(): void {
    if (this.encoder !== null) this.encoder.resume();
    else this.attempt.lease?.resume();
  }

  /** The response is complete, as far as the app is concerned. */
  private endBody(trailers: readonly string[]): void {
    if (this.stored !== null && this.stored.bytes > 0) {
      this.attempt.complete();
      this.lastTrailers = trailers;
      return;
    }
    this.exchange.trailed('out', trailers);
    this.response.sendEnd(trailers);
    this.owner.onDelivered();
  }
}
