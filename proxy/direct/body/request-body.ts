/** A request's body between the client and the app: counted, kept for a second try, or buffered until it is whole. */
import type { ErrorCode } from '../../../src/shared/errors.js';
import type { Lease } from '../../upstream/transport.js';
import type { RequestSource } from '../downstream.js';
import { BufferedBody, type BufferedBodyEvents } from './buffered-body.js';
import type { Spool } from './spool.js';

/** Body bytes kept so that an idempotent request can be sent once more. */
const MAX_REPLAY_BYTES = 64 * 1024;

const NONE: readonly string[] = [];

/** Called back by a request's body. */
export interface RequestBodyEvents {
  /** A buffered body is whole: the request can be sent. */
  onBodyWhole(): void;
  /** `request_too_large`, `overloaded`, or `internal` when it cannot be buffered. */
  onBodyFailure(code: ErrorCode): void;
}

export class RequestBody implements BufferedBodyEvents {
  /** The client has sent all of it. */
  ended = false;
  /** Everything that was sent upstream is still here. */
  replayable = true;
  /** Body bytes not yet written upstream, or written and kept for a second try. */
  private kept: Buffer[] = [];
  private bytes = 0;
  /** Body bytes that the upstream has not taken. */
  private untakenBytes = 0;
  private trailers = NONE;
  /** Set when the upstream needs a length and the client gave none: the whole body comes first. */
  private buffered: BufferedBody | null = null;

  /** @param maxBytes 0: no bound */
  constructor(
    private readonly source: RequestSource,
    private readonly events: RequestBodyEvents,
    private readonly maxBytes: number,
  ) {}

  /** The body is not sent before it is whole. */
  buffer(spool: Spool): void {
    this.buffered = new BufferedBody(spool, this);
    this.replayable = false;
  }

  /** Bytes of a body that was buffered; -1: it passes as the client sends it. */
  get bufferedBytes(): number {
    return this.buffered === null ? -1 : this.buffered.bytes;
  }

  /** Takes bytes from the client, whose memory must stay as it is, and sends them on where there is a lease. */
  receive(chunk: Buffer, lease: Lease | null): void {
    this.bytes += chunk.length;
    if (this.maxBytes > 0 && this.bytes > this.maxBytes) {
      this.events.onBodyFailure('request_too_large');
      return;
    }
    if (this.buffered !== null) {
      this.buffered.add(chunk);
      return;
    }
    this.untakenBytes += chunk.length;
    if (lease === null) this.kept.push(chunk);
    else {
      if (this.replayable) this.keep(chunk);
      if (lease.sendBody(chunk)) this.reportTaken();
    }
  }

  /** The client has sent all. */
  end(trailers: readonly string[], lease: Lease | null): void {
    this.ended = true;
    if (this.buffered !== null) {
      this.buffered.end();
      return;
    }
    this.trailers = trailers;
    lease?.endBody(trailers);
  }

  /** Sends what has come so far after the head. */
  sendTo(lease: Lease): void {
    if (this.buffered !== null) {
      this.buffered.sendTo(lease);
      return;
    }
    let hasRoom = true;
    for (const chunk of this.kept) hasRoom = lease.sendBody(chunk);
    if (this.bytes > MAX_REPLAY_BYTES) this.drop();
    if (hasRoom) this.reportTaken();
    if (this.ended) lease.endBody(this.trailers);
  }

  /** The upstream takes more. */
  resume(lease: Lease | null): void {
    if (this.buffered !== null && lease !== null) this.buffered.sendTo(lease);
    else this.reportTaken();
  }

  /** There will be no second try. */
  drop(): void {
    this.replayable = false;
    if (this.kept.length > 0) this.kept = [];
  }

  /** The exchange is over. */
  close(): void {
    this.buffered?.close();
    this.untakenBytes = 0;
    this.drop();
  }

  // From the buffered body.

  onBuffered(bytes: number): void {
    this.source.consumed(bytes);
  }

  onBufferedWhole(): void {
    this.events.onBodyWhole();
  }

  onBufferedSent(lease: Lease): void {
    lease.endBody(NONE);
  }

  onBufferFailure(code: ErrorCode): void {
    this.events.onBodyFailure(code);
  }

  private keep(chunk: Buffer): void {
    if (this.bytes > MAX_REPLAY_BYTES) this.drop();
    else this.kept.push(chunk);
  }

  private reportTaken(): void {
    const bytes = this.untakenBytes;
    this.untakenBytes = 0;
    if (bytes > 0) this.source.consumed(bytes);
  }
}
