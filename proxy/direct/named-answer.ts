/** The two who hear of an answer whose app names a file in place of a body: one of the file, one of what the app sends beside it. */
import type { ErrorCode } from '../../src/shared/errors.js';
import { MAX_DROPPED_BYTES } from '../upstream/files/named-answer.js';
import type { Lease, LeaseHandler, UpstreamResponse } from '../upstream/transport.js';
import type { AttemptEvents } from './upstream-attempt.js';

/** Hears what the app still sends. */
export class DroppedBody implements AttemptEvents {
  private bytes = 0;

  /** @param done called when nothing more comes of the app; may be called again */
  constructor(
    private readonly lease: Lease,
    private readonly done: () => void,
  ) {}

  onInformational(): void {}
  onResponse(): void {}
  onTunnel(): void {}
  onFlush(): void {}

  onBody(view: Buffer): void {
    this.bytes += view.length;
    if (this.bytes <= MAX_DROPPED_BYTES) return;
    this.lease.abort();
    this.done();
  }

  onEnd(): void {
    this.done();
  }

  onAttemptFailure(): void {
    this.done();
  }
}

/** Gives what comes of a file to whoever waits for the response. */
export class NamedAnswer implements LeaseHandler {
  readonly needsHttp1 = false;

  constructor(
    readonly client: string,
    private readonly owner: AttemptEvents,
  ) {}

  onLease(): void {}
  onNoLease(): void {}
  onInformational(): void {}
  onTunnel(): void {}
  onWritable(): void {}

  onResponse(response: UpstreamResponse): void {
    this.owner.onResponse(response);
  }

  onBody(view: Buffer): void {
    this.owner.onBody(view);
  }

  onEnd(trailers: readonly string[]): void {
    this.owner.onEnd(trailers);
  }

  onFlush(): void {
    this.owner.onFlush();
  }

  onFailure(code: ErrorCode): void {
    this.owner.onAttemptFailure(code);
    this.owner.onFlush();
  }
}
