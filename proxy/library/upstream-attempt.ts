/** One try to forward a request with http-proxy-3: its body, its connection, its clock. */
import type { ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { Limits } from '../../src/shared/config/limits.js';
import type { ErrorCode } from '../../src/shared/errors.js';

/** Interim responses before the final one; http-proxy-3 passes none of them on. */
const MAX_INTERIM_RESPONSES = 16;

/** Whose attempt it is. */
export interface AttemptEvents {
  /** The app could not be reached in time, does not answer in time, or makes no sense. */
  onAttemptFailure(code: ErrorCode): void;
}

export class UpstreamAttempt {
  private upstreamRequest: ClientRequest | null = null;
  private socket: Socket | null = null;
  private bytesReadBefore = 0;
  private timer: NodeJS.Timeout | null = null;
  /** No more time is measured: the response's head is in, or the attempt is over. */
  private settled = false;

  constructor(
    readonly body: Readable,
    private readonly limits: Limits,
    private readonly owner: AttemptEvents,
  ) {
    this.startTimer(limits.connectTimeoutMs, 'upstream_connect_timeout');
  }

  /** The upstream request has its socket: connecting and answering are timed from here. */
  connecting(upstreamRequest: ClientRequest, socket: Socket): void {
    this.upstreamRequest = upstreamRequest;
    this.socket = socket;
    this.bytesReadBefore = socket.bytesRead;
    let interims = 0;
    upstreamRequest.on('information', () => {
      interims += 1;
      if (interims > MAX_INTERIM_RESPONSES) this.owner.onAttemptFailure('upstream_malformed');
    });
    const awaitHead = () => this.startTimer(this.limits.upstreamHeadTimeoutMs, 'upstream_timeout');
    if (socket.connecting) socket.once('connect', awaitHead);
    else awaitHead();
  }

  /** It has no connection yet, nor one that is being made. */
  get isQueued(): boolean {
    return this.socket === null;
  }

  /** Not a byte of a response has come. */
  get silent(): boolean {
    return this.socket === null || this.socket.bytesRead === this.bytesReadBefore;
  }

  /** Body bytes came from the client: the time for the response's head counts from the end of the request. */
  noteBody(): void {
    this.timer?.refresh();
  }

  /** The response's head is in. */
  settle(): void {
    this.settled = true;
    this.stopTimer();
  }

  /**
   * Ends it; a connection whose request is not sent, or whose response is not read, to its end is closed.
   * @param isRead the response was read to its end
   */
  end(isRead: boolean): void {
    this.settle();
    const { upstreamRequest } = this;
    this.upstreamRequest = null;
    this.body.destroy();
    if (upstreamRequest !== null && !(isRead && upstreamRequest.writableFinished)) upstreamRequest.destroy();
  }

  private startTimer(delayMs: number, code: ErrorCode): void {
    this.stopTimer();
    if (!this.settled) this.timer = setTimeout(() => this.owner.onAttemptFailure(code), delayMs);
  }

  private stopTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}
