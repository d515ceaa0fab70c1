/** The observer that writes the access log: it times the app, and hands on one record when an exchange ends. */
import type { Exchange } from '../exchange.js';
import type { AccessLog } from '../log/access-lines.js';
import { recordOf } from '../log/access-log.js';
import { ExchangeObserver } from './observer.js';

export class Recording extends ExchangeObserver {
  constructor(private readonly log: AccessLog) {
    super();
  }

  override onDispatched(exchange: Exchange): void {
    exchange.dispatchedAtMs = performance.now();
  }

  override onResponseHead(exchange: Exchange, _headers: readonly string[], isLocal: boolean): void {
    if (!isLocal) exchange.upstreamMs = performance.now() - exchange.dispatchedAtMs;
  }

  override onEnd(exchange: Exchange): void {
    this.log.write(recordOf(exchange));
  }
}
