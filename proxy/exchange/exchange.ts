/** One request and its response as everybody but the engine sees it: identity, times, counters, the record at the end. */

import type { Counters } from '../../src/shared/counters.js';
import { ERRORS, type ErrorCode } from '../../src/shared/errors.js';
import { isEventStream } from '../wire/syntax/field-list.js';
import { requestIdOf } from './headers/request-headers.js';
import { formatAccessRecord } from './log/access-log.js';
import type { LineWriter } from './log/line-writer.js';
import type { Notices } from './log/notices.js';
import type { Measures } from './measures.js';
import type { ConnectionFacts, Policy, RequestHead } from './types.js';

/** What all exchanges of a router share. */
export interface ExchangeServices {
  readonly policy: Policy;
  readonly counters: Counters;
  readonly measures: Measures;
  readonly log: LineWriter;
  /** What the operator should hear of, at a bounded rate. */
  readonly notices: Notices;
}

/**
 * The observation points of an exchange: made when the request head is in, `answered` when a response head goes out,
 * `sent` for each body chunk, `end` exactly once.
 */
export class Exchange {
  readonly requestId: string;
  status = 0;
  bodyBytes = 0;
  /** host:port of the upstream asked last. */
  upstream = '';
  private upstreamMs: number | null = null;
  error: ErrorCode | null = null;
  ended = false;
  /** Host and prefix of its route; empty: every request, or none was found. */
  route = '';
  /** A record will be written; where none is, the app is not timed (0.05 µs a look at the clock). */
  private readonly isLogged: boolean;
  private readonly startedAtMs: number;
  private dispatchedAtMs = 0;
  private endless: 'tunnelsOpen' | 'eventStreamsOpen' | null = null;

  constructor(
    readonly head: RequestHead,
    readonly facts: ConnectionFacts,
    readonly services: ExchangeServices,
  ) {
    this.requestId = requestIdOf(head.headers);
    this.isLogged = services.policy.config.accessLog;
    this.startedAtMs = performance.now();
    services.counters.requests += 1;
    services.counters.requestsOpen += 1;
  }

  /** The request goes to an upstream. */
  dispatched(upstream: string): void {
    this.upstream = upstream;
    if (this.isLogged) this.dispatchedAtMs = performance.now();
  }

  /** One of our own responses goes out. */
  answeredItself(status: number): void {
    this.status = status;
  }

  /** The upstream's final response head goes out; `headers` is its flat list. */
  answered(status: number, headers: readonly string[]): void {
    this.status = status;
    if (this.isLogged) this.upstreamMs = performance.now() - this.dispatchedAtMs;
    if (status === 101) this.becomeEndless('tunnelsOpen');
    else if (isEventStream(headers)) {
      this.becomeEndless('eventStreamsOpen');
    }
  }

  /** It is a tunnel or an event stream, which last as long as the client likes. */
  get isEndless(): boolean {
    return this.endless !== null;
  }

  private becomeEndless(counter: 'tunnelsOpen' | 'eventStreamsOpen'): void {
    this.endless = counter;
    this.services.counters[counter] += 1;
  }

  /** Body bytes went downstream. */
  sent(bytes: number): void {
    this.bodyBytes += bytes;
    this.services.counters.bytesOut += bytes;
  }

  /** Body bytes came from downstream. */
  received(bytes: number): void {
    this.services.counters.bytesIn += bytes;
  }

  /** Notes why the exchange fails; the first reason stays. */
  failed(code: ErrorCode): void {
    if (this.error === null) this.services.measures.failed(code);
    this.error ??= code;
    if (ERRORS[code].source === 'upstream') this.services.counters.upstreamErrors += 1;
  }

  /** The exchange is over, well or not; writes the access record. Further calls do nothing. */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    const { counters, measures, policy, log } = this.services;
    const durationMs = performance.now() - this.startedAtMs;
    const timedMs = this.endless === null ? durationMs : null;
    measures.ended(this.facts.localPort, this.route, this.head.method, this.status, timedMs);
    counters.requestsOpen -= 1;
    if (this.endless !== null) counters[this.endless] -= 1;
    if (!this.isLogged) return;
    log.write(
      formatAccessRecord(
        {
          time: new Date(),
          head: this.head,
          facts: this.facts,
          requestId: this.requestId,
          status: this.status,
          bodyBytes: this.bodyBytes,
          durationMs,
          upstreamMs: this.upstreamMs,
          upstream: this.upstream,
          error: this.error ?? '',
        },
        policy.config.logFormat,
        policy.config.logRedact,
      ),
    );
  }
}
