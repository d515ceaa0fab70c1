/** Priorities that PRIORITY_UPDATE gave to streams that are not open yet (RFC 9218 §7.1). */
import { Http2ConnectionError } from '../faults.js';
import type { StreamTable } from '../streams/stream-table.js';

/** No more of them than streams may be open. */
export class EarlyPriorities {
  private byStream: Map<number, number> | null = null;

  constructor(
    private readonly streams: StreamTable,
    private readonly maxConcurrentStreams: number,
  ) {}

  /** @throws Http2ConnectionError where there are too many */
  remember(streamId: number, priority: number): void {
    this.byStream ??= new Map<number, number>();
    const { byStream } = this;
    byStream.set(streamId, priority);
    if (byStream.size <= this.maxConcurrentStreams) return;
    for (const skipped of byStream.keys()) if (!this.streams.isIdle(skipped)) byStream.delete(skipped);
    if (byStream.size > this.maxConcurrentStreams) {
      throw new Http2ConnectionError('PRIORITY_UPDATE for too many idle streams');
    }
  }

  /** The priority of a stream that opens now; -1 when none came. */
  take(streamId: number): number {
    const { byStream } = this;
    if (byStream === null) return -1;
    const priority = byStream.get(streamId) ?? -1;
    byStream.delete(streamId);
    if (byStream.size === 0) this.byStream = null;
    return priority;
  }
}
