/** A request's body between the client and the app: waited for until it is ready, kept for a second try, or buffered until it is whole. */
import type { ErrorCode } from '../../../src/shared/errors.js';
import type { EndingLimit } from '../../exchange/log/limit-reports.js';
import type { Lease } from '../../upstream/transport.js';
import type { RequestSource } from '../downstream.js';
import { BufferedBody, type BufferedBodyEvents } from './buffered-body.js';
import type { Spool } from './spool.js';

/** So much of a body is in, or all of it, before its request takes a place at the app. */
const READY_BYTES = 64 * 1024;
/** Body bytes kept so that an idempotent request can be sent once more. */
const MAX_REPLAY_BYTES = 64 * 1024;

const NONE: readonly string[] = [];

/** Called back by a request's body. */
export interface RequestBodyEvents {
  /** Enough of a gathered body is in, or a buffered one is whole: the request can be sent. */
  onBodyReady(): void;
  /** `request_too_large`, `overloaded`, or `internal` when it cannot be buffered. */
  onBodyFailure(code: ErrorCode, limit: EndingLimit | null): void;
}

/** `streaming`: goes to the app as it comes · `gathering`: the first bytes are waited for · `buffering`: all of it is. */
type Phase = 'streaming' | 'gathering' | 'buffering';

export class RequestBody implements BufferedBodyEvents {
  /** The client has sent all of it. */
  ended = false;
  /** Bytes received. */
  bytes = 0;
  private phase: Phase = 'streaming';
  /** Everything that was sent upstream is still here. */
  private complete = true;
  /** Body bytes not yet written upstream, or written and kept for a second try. */
  private kept: Buffer[] = [];
  /** Bytes of `kept` that count in the budget for memory. */
  private keptBytes = 0;
  /** Body bytes that the upstream has not taken. */
  private untakenBytes = 0;
  private trailers = NONE;
  /** Set while buffering, and for what was buffered. */
  private buffered: BufferedBody | null = null;

  /**
   * @param client key of the client, in whose name room is taken
   * @param maxBytes 0: no bound
   */
  constructor(
    private readonly source: RequestSource,
    private readonly events: RequestBodyEvents,
    private readonly spool: Spool,
    private readonly client: string,
    private readonly maxBytes: number,
  ) {}

  /** The body is sent when its first bytes are in: `onBodyReady` follows. */
  gather(): void {
    this.phase = 'gathering';
    // What came before it was known what is to be done with it; the rest of the body may come in this call, and make it ready.
    this.reportTaken();
    if (this.phase !== 'gathering') return;
    if (this.ended || this.bytes >= READY_BYTES) this.becomeReady();
  }

  /** The body is not sent before it is whole: `onBodyReady` follows. */
  buffer(): void {
    this.phase = 'buffering';
    const { ended } = this;
    this.buffered = new BufferedBody(this.spool, this.client, this);
    if (this.untakenBytes > 0) {
      // What came before it was known what is to be done with it.
      const early = this.kept;
      this.kept = [];
      this.untakenBytes = 0;
      for (const chunk of early) this.buffered.add(chunk);
    }
    // An end that comes in this call has been told.
    if (ended) this.buffered.end();
  }

  /** Bytes of a body that was buffered; -1: it passes as the client sends it. */
  get bufferedBytes(): number {
    return this.buffered === null ? -1 : this.buffered.bytes;
  }

  /** It can be sent once more from its beginning. */
  get replayable(): boolean {
    return this.buffered === null ? this.complete : this.buffered.isInMemory;
  }

  /** Takes bytes from the client, whose memory must stay as it is, and sends them on where there is a lease. */
  receive(chunk: Buffer, lease: Lease | null): void {
    this.bytes += chunk.length;
    if (this.maxBytes > 0 && this.bytes > this.maxBytes) {
      this.events.onBodyFailure('request_too_large', 'maxBodyBytes');
      return;
    }
    switch (this.phase) {
      case 'buffering':
        this.buffered?.add(chunk);
        break;
      case 'gathering':
        this.add(chunk);
        break;
      case 'streaming':
        this.pass(chunk, lease);
        break;
      default:
        this.phase satisfies never;
    }
  }

  /** The client has sent all. */
  end(trailers: readonly string[], lease: Lease | null): void {
    this.ended = true;
    if (this.phase === 'buffering') {
      this.buffered?.end();
      return;
    }
    this.trailers = trailers;
    if (this.phase === 'gathering') this.becomeReady();
    else lease?.endBody(trailers);
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
    this.complete = false;
    if (this.keptBytes > 0) this.spool.giveMemory(this.keptBytes);
    this.keptBytes = 0;
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
    this.events.onBodyReady();
  }

  onBufferedSent(lease: Lease): void {
    lease.endBody(NONE);
  }

  onBufferFailure(code: ErrorCode): void {
    this.events.onBodyFailure(code, code === 'internal' ? null : 'maxSpoolBytes');
  }

  /** Gathers a chunk in memory, or where that is used up begins to put the body into a file, whole. */
  private add(chunk: Buffer): void {
    if (!this.spool.takeMemory(chunk.length)) {
      const { kept, keptBytes } = this;
      this.kept = [];
      this.keptBytes = 0;
      this.buffer();
      this.buffered?.adopt(kept, keptBytes);
      this.buffered?.add(chunk);
      return;
    }
    this.keptBytes += chunk.length;
    this.kept.push(chunk);
    this.source.consumed(chunk.length);
    if (this.bytes >= READY_BYTES) this.becomeReady();
  }

  private becomeReady(): void {
    this.phase = 'streaming';
    this.events.onBodyReady();
  }

  private pass(chunk: Buffer, lease: Lease | null): void {
    this.untakenBytes += chunk.length;
    if (lease === null) this.kept.push(chunk);
    else {
      if (this.complete) this.keep(chunk);
      if (lease.sendBody(chunk)) this.reportTaken();
    }
  }

  private keep(chunk: Buffer): void {
    if (this.bytes > MAX_REPLAY_BYTES || !this.spool.takeMemory(chunk.length)) {
      this.drop();
      return;
    }
    this.keptBytes += chunk.length;
    this.kept.push(chunk);
  }

  private reportTaken(): void {
    const bytes = this.untakenBytes;
    this.untakenBytes = 0;
    if (bytes > 0) this.source.consumed(bytes);
  }
}
