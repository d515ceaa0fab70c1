/** A request's body between the client and the app: counted, kept for a second try, or held until it is whole. */
import type { ErrorCode } from '../../../src/shared/errors.js';
import type { Lease } from '../../upstream/transport.js';
import { HeldBody, type HeldBodyOwner } from './buffered-body.js';
import type { Spool } from './spool.js';

/** Body bytes kept so that an idempotent request can be sent once more. */
const MAX_REPLAY_BYTES = 64 * 1024;

const NONE: readonly string[] = [];

/** Whose body it is. */
export interface RequestBodyOwner {
  /** So many bytes went on, to the upstream or to where they are held: the client may send more. */
  onBodyTaken(bytes: number): void;
  /** A held body is whole: the request can be sent. */
  onBodyHeld(): void;
  /** `request_too_large`, `overloaded`, or `internal` when it cannot be held. */
  onBodyFailure(code: ErrorCode): void;
}

export class RequestBody implements HeldBodyOwner {
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
  private held: HeldBody | null = null;

  /** @param maxBytes 0: no bound */
  constructor(
    private readonly owner: RequestBodyOwner,
    private readonly maxBytes: number,
  ) {}

  /** The body is not sent before it is whole. */
  hold(spool: Spool): void {
    this.held = new HeldBody(spool, this);
    this.replayable = false;
  }

  /** Bytes of a body that was held; -1 when it was not. */
  get heldBytes(): number {
    return this.held === null ? -1 : this.held.bytes;
  }

  /** Takes bytes from the client, whose memory must stay as it is, and sends them on where there is a lease. */
  receive(chunk: Buffer, lease: Lease | null): void {
    this.bytes += chunk.length;
    if (this.maxBytes > 0 && this.bytes > this.maxBytes) {
      this.owner.onBodyFailure('request_too_large');
      return;
    }
    if (this.held !== null) {
      this.held.add(chunk);
      return;
    }
    this.untakenBytes += chunk.length;
    if (lease === null) this.kept.push(chunk);
    else {
      if (this.replayable) this.keep(chunk);
      if (lease.sendBody(chunk)) this.tellTaken();
    }
  }

  /** The client has sent all. */
  end(trailers: readonly string[], lease: Lease | null): void {
    this.ended = true;
    if (this.held !== null) {
      this.held.end();
      return;
    }
    this.trailers = trailers;
    lease?.endBody(trailers);
  }

  /** Sends what has come so far after the head. */
  sendTo(lease: Lease): void {
    if (this.held !== null) {
      this.held.sendTo(lease);
      return;
    }
    let hasRoom = true;
    for (const chunk of this.kept) hasRoom = lease.sendBody(chunk);
    if (this.bytes > MAX_REPLAY_BYTES) this.drop();
    if (hasRoom) this.tellTaken();
    if (this.ended) lease.endBody(this.trailers);
  }

  /** The upstream takes more. */
  resume(lease: Lease | null): void {
    if (this.held !== null && lease !== null) this.held.sendTo(lease);
    else this.tellTaken();
  }

  /** There will be no second try. */
  drop(): void {
    this.replayable = false;
    if (this.kept.length > 0) this.kept = [];
  }

  /** The exchange is over. */
  close(): void {
    this.held?.close();
    this.drop();
  }

  // From the held body.

  onHeld(bytes: number): void {
    this.owner.onBodyTaken(bytes);
  }

  onHeldWhole(): void {
    this.owner.onBodyHeld();
  }

  onHeldSent(lease: Lease): void {
    lease.endBody(NONE);
  }

  onHeldFailure(code: ErrorCode): void {
    this.owner.onBodyFailure(code);
  }

  private keep(chunk: Buffer): void {
    if (this.bytes > MAX_REPLAY_BYTES) this.drop();
    else this.kept.push(chunk);
  }

  private tellTaken(): void {
    const bytes = this.untakenBytes;
    this.untakenBytes = 0;
    if (bytes > 0) this.owner.onBodyTaken(bytes);
  }
}
