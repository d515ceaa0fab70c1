/** The observer that remembers single requests for `tlsfront top` while somebody looks; nothing otherwise. */
import {
  MAX_RECENT,
  type RecentRequest,
  type RecentRequests,
} from '../../../src/shared/messages/recent-requests.js';
import type { Exchange } from '../exchange.js';
import { type AccessRecord, recordOf, redactRecord } from '../log/access-log.js';
import { cut } from '../log/log-text.js';
import { ExchangeObserver } from './observer.js';

/** So long after the last look requests are still remembered. */
const WATCHED_MS = 10_000;
/** Slower ones before are forgotten. */
const SLOW_MS = 60_000;
const MAX_PATH = 300;
const CONTROL = /\p{Cc}/gu;

/** One for each router. */
export class RequestMemory extends ExchangeObserver {
  /** Somebody has looked a moment ago; 0: nobody has. */
  private watchedUntilMs = 0;
  private latest: RecentRequest[] = [];
  private slowest: RecentRequest[] = [];

  /** @param redacted names of `--log-redact` */
  constructor(
    private readonly redacted: readonly string[],
    private readonly clock: () => number = Date.now,
  ) {
    super();
  }

  override onEnd(exchange: Exchange): void {
    // Mostly nobody looks.
    if (this.watchedUntilMs !== 0) this.note(recordOf(exchange));
  }

  /** What is remembered; from now on more is, for a while. */
  read(): RecentRequests {
    this.watchedUntilMs = this.clock() + WATCHED_MS;
    this.forget();
    return { latest: [...this.latest].reverse(), slowest: this.slowest };
  }

  private note(record: AccessRecord): void {
    const atMs = this.clock();
    if (atMs > this.watchedUntilMs) {
      this.watchedUntilMs = 0;
      this.latest = [];
      this.slowest = [];
      return;
    }
    const request = describe(redactRecord(record, this.redacted), atMs);
    this.latest.push(request);
    if (this.latest.length > MAX_RECENT) this.latest.shift();
    const last = this.slowest.at(-1);
    if (this.slowest.length === MAX_RECENT && last !== undefined && last.durationMs >= request.durationMs)
      return;
    this.slowest.push(request);
    this.slowest.sort((a, b) => b.durationMs - a.durationMs);
    if (this.slowest.length > MAX_RECENT) this.slowest.pop();
  }

  private forget(): void {
    const sinceMs = this.clock() - SLOW_MS;
    this.slowest = this.slowest.filter(({ atMs }) => atMs >= sinceMs);
  }
}

function describe(record: AccessRecord, atMs: number): RecentRequest {
  const { head, facts, durationMs, bodyBytes, status, upstream, requestId, error } = record;
  return {
    atMs,
    method: clean(head.method.slice(0, 16)),
    host: clean(cut(head.authority)),
    path: clean(head.path.slice(0, MAX_PATH)),
    protocol: `HTTP/${head.httpVersion}`,
    status,
    durationMs: Math.round(durationMs * 10) / 10,
    bytes: bodyBytes,
    remote: facts.remoteAddress,
    upstream,
    requestId,
    error,
  };
}

/** What goes to a terminal has no controls, whoever wrote it. */
function clean(text: string): string {
  return text.replace(CONTROL, '?');
}
