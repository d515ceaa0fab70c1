/** The observer that counts: requests, bytes, failures, what is open, and how long each took. */
import type { Counters } from '../../../src/shared/counters.js';
import { ERRORS, type ErrorCode } from '../../../src/shared/errors.js';
import type { Exchange } from '../exchange.js';
import type { Measures } from '../measures.js';
import { type Direction, ExchangeObserver } from './observer.js';

/** The gauge of each kind of exchange that lasts as long as the client likes. */
const OPEN = { tunnel: 'tunnelsOpen', 'event stream': 'eventStreamsOpen' } as const;

export class Counting extends ExchangeObserver {
  constructor(
    private readonly counters: Counters,
    private readonly measures: Measures,
  ) {
    super();
  }

  override onRequestHead(): void {
    this.counters.requests += 1;
    this.counters.requestsOpen += 1;
  }

  override onResponseHead({ endless }: Exchange): void {
    if (endless !== null) this.counters[OPEN[endless]] += 1;
  }

  override onBody(_exchange: Exchange, direction: Direction, piece: Buffer | string): void {
    const bytes = typeof piece === 'string' ? Buffer.byteLength(piece) : piece.length;
    if (direction === 'in') this.counters.bytesIn += bytes;
    else this.counters.bytesOut += bytes;
  }

  override onTunnelBytes(exchange: Exchange, direction: Direction, bytes: Buffer): void {
    this.onBody(exchange, direction, bytes);
  }

  override onFailure(_exchange: Exchange, code: ErrorCode, isFirst: boolean): void {
    if (isFirst) this.measures.failed(code);
    if (ERRORS[code].source === 'upstream') this.counters.upstreamErrors += 1;
  }

  override onEnd({ facts, route, head, status, endless, durationMs }: Exchange): void {
    this.measures.ended(facts.localPort, route, head.method, status, endless === null ? durationMs : null);
    this.counters.requestsOpen -= 1;
    if (endless !== null) this.counters[OPEN[endless]] -= 1;
  }
}
