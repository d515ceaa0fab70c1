/** The observer that writes the access log: it times the app, and hands on one record when an exchange ends. */
import type { LogFormat } from '../../../src/shared/log-formats.js';
import type { Exchange } from '../exchange.js';
import { formatAccessRecord } from '../log/access-log.js';
import type { LineWriter } from '../log/line-writer.js';
import { ExchangeObserver } from './observer.js';

export class Recording extends ExchangeObserver {
  /** @param redacted names whose values in a query are not logged */
  constructor(
    private readonly log: LineWriter,
    private readonly format: LogFormat,
    private readonly redacted: readonly string[],
  ) {
    super();
  }

  override onDispatched(exchange: Exchange): void {
    exchange.dispatchedAtMs = performance.now();
  }

  override onResponseHead(exchange: Exchange, _headers: readonly string[], isLocal: boolean): void {
    if (!isLocal) exchange.upstreamMs = performance.now() - exchange.dispatchedAtMs;
  }

  override onEnd(exchange: Exchange): void {
    const { head, facts, requestId, status, bodyBytes, durationMs, upstreamMs, upstream, error } = exchange;
    const rest = { status, bodyBytes, durationMs, upstreamMs, upstream, error: error ?? '' };
    const record = { time: new Date(), head, facts, requestId, ...rest };
    this.log.write(formatAccessRecord(record, this.format, this.redacted));
  }
}
