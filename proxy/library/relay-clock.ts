/** The time that a response may take: until the app sends more of it, or until the client takes it. */
import type { Limits } from '../../src/shared/config/limits.js';
import type { ErrorCode } from '../../src/shared/errors.js';
import type { EndingLimit } from '../exchange/log/limit-reports.js';
import type { LibraryResponse } from './response-relay.js';

export class RelayClock {
  private timer: NodeJS.Timeout | null = null;

  /** @param onLate called when the time is over */
  constructor(
    private readonly limits: Pick<Limits, 'upstreamIdleTimeoutMs' | 'clientWriteTimeoutMs'>,
    private readonly response: LibraryResponse,
    private readonly onLate: (code: ErrorCode, limit: EndingLimit) => void,
  ) {}

  awaitUpstream(): void {
    this.stop();
    this.timer = setTimeout(
      () => this.onLate('upstream_cut', 'upstreamIdleTimeoutMs'),
      this.limits.upstreamIdleTimeoutMs,
    );
  }

  awaitClient(): void {
    this.stop();
    this.timer = setTimeout(() => {
      // A pipelined response without a socket waits for the one before it, not for the client.
      if (this.response.stream === undefined && this.response.socket === null) this.timer?.refresh();
      else this.onLate('downstream_gone', 'clientWriteTimeoutMs');
    }, this.limits.clientWriteTimeoutMs);
  }

  /** Something has come: the time begins anew. */
  refresh(): void {
    this.timer?.refresh();
  }

  /** No more time is measured. */
  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}
