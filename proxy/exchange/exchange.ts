/** One request and its response as everybody but the engine sees it: identity, times, and what is told to those who watch. */

import type { Counters } from '../../src/shared/counters.js';
import type { ErrorCode } from '../../src/shared/errors.js';
import type { Sites } from '../routing/sites.js';
import { isEventStream } from '../wire/syntax/field-list.js';
import type { EntryFields } from './access/inquiry.js';
import { clientAddressOf } from './client-address.js';
import { requestIdOf } from './headers/request-headers.js';
import { tracingFields } from './headers/tracing.js';
import { type EndingLimit, reportLimit } from './log/limit-reports.js';
import type { LineWriter } from './log/line-writer.js';
import type { Notices } from './log/notices.js';
import type { Measures } from './measures.js';
import type { Direction, Observers } from './observe/observer.js';
import type { LocalReply } from './reply/local-reply.js';
import type { ConnectionFacts, Policy, RequestHead, SitePolicy } from './types.js';

/** What all exchanges of a router share. */
export interface ExchangeServices {
  readonly policy: Policy;
  /** null: there are none. */
  readonly sites: Sites | null;
  readonly counters: Counters;
  readonly measures: Measures;
  readonly log: LineWriter;
  /** Who watches exchanges. */
  readonly observers: Observers;
  /** What the operator should hear of, at a bounded rate. */
  readonly notices: Notices;
}

/** Exchanges that last as long as the client likes. */
export type Endless = 'tunnel' | 'event stream';

/**
 * What is known of one request and its response. Engines call its methods as things happen; each is told to the observers, in
 * the order of a life: made when the request's head is in, `dispatched`, `answered` or `answeredItself`, bodies, `end` exactly once.
 */
export class Exchange {
  readonly requestId: string;
  /** Flat list of what tells the app of trace and time; see tracing.ts. */
  readonly addedFields: readonly string[];
  status = 0;
  /** Bytes of the response's body, or of a tunnel to the client. */
  bodyBytes = 0;
  /** host:port of the upstream asked last. */
  upstream = '';
  error: ErrorCode | null = null;
  ended = false;
  /** Host and prefix of its route; empty: every request, or none was found. */
  route = '';
  /** Who has come in by `--basic-auth`; empty: nobody was asked. */
  user = '';
  /** What the app learns of who asks; null: nobody was asked. */
  entry: EntryFields | null = null;
  /** Flat list of fields that go out with the response, whoever makes it; null: none. */
  replyFields: readonly string[] | null = null;
  endless: Endless | null = null;
  /** From the head of the request to the end; set when it has ended. */
  durationMs = 0;
  /** Kept by whoever logs the exchange: where nobody does, the app is not timed (0.05 µs a look at the clock). */
  dispatchedAtMs = 0;
  /** From the dispatch to the app's response head; null: no app has answered, or nobody logs it. */
  upstreamMs: number | null = null;
  /** What its site says of it. */
  readonly policy: SitePolicy;
  private readonly startedAtMs = performance.now();
  private readonly observers: Observers;

  constructor(
    readonly head: RequestHead,
    readonly facts: ConnectionFacts,
    readonly services: ExchangeServices,
  ) {
    this.requestId = requestIdOf(head.headers);
    this.addedFields = tracingFields(head.headers, facts, services.policy.config, this.startedAtMs);
    const { policy, sites } = services;
    this.policy = sites === null ? policy : sites.find(head, facts);
    this.observers = services.observers;
    this.observers.onRequestHead.onRequestHead(this);
  }

  /** What a question about the request has found out, for the app and the record. */
  admitUser(user: string, removed: readonly string[], added: readonly string[]): void {
    this.user = user;
    this.admitWith(removed, added);
  }

  /** What a question about the request has found out, for the app. */
  admitWith(removed: readonly string[], added: readonly string[]): void {
    const before = this.entry ?? { removed: [], added: [] };
    this.entry = { removed: [...before.removed, ...removed], added: [...before.added, ...added] };
  }

  /** The request goes to an upstream. */
  dispatched(upstream: string): void {
    this.upstream = upstream;
    this.observers.onDispatched.onDispatched(this);
  }

  /** One of our own responses goes out; its text to HEAD does not. */
  answeredItself({ status, headers, body }: LocalReply): void {
    this.status = status;
    this.observers.onResponseHead.onResponseHead(this, headers, true);
    if (this.head.method === 'HEAD') return;
    this.bodyBytes += Buffer.byteLength(body);
    this.observers.onBody.onBody(this, 'out', body);
  }

  /** The upstream's final response head goes out; `headers` is its flat list. */
  answered(status: number, headers: readonly string[]): void {
    this.status = status;
    if (status === 101) this.endless = 'tunnel';
    else if (isEventStream(headers)) this.endless = 'event stream';
    this.observers.onResponseHead.onResponseHead(this, headers, false);
  }

  /** It is a tunnel or an event stream, which last as long as the client likes. */
  get isEndless(): boolean {
    return this.endless !== null;
  }

  /** An interim response goes downstream. */
  informed(status: number, headers: readonly string[]): void {
    this.observers.onInterim.onInterim(this, status, headers);
  }

  /** Bytes of the body or of the tunnel go downstream. */
  sent(piece: Buffer): void {
    this.bodyBytes += piece.length;
    const { observers } = this;
    if (this.endless === 'tunnel') observers.onTunnelBytes.onTunnelBytes(this, 'out', piece);
    else observers.onBody.onBody(this, 'out', piece);
  }

  /** Bytes of the body or of the tunnel came from downstream. */
  received(piece: Buffer): void {
    const { observers } = this;
    if (this.endless === 'tunnel') observers.onTunnelBytes.onTunnelBytes(this, 'in', piece);
    else observers.onBody.onBody(this, 'in', piece);
  }

  /** Trailers came from downstream, or go there. */
  trailed(direction: Direction, trailers: readonly string[]): void {
    if (trailers.length > 0) this.observers.onTrailers.onTrailers(this, direction, trailers);
  }

  /** Notes why the exchange fails; the first reason stays. */
  failed(code: ErrorCode): void {
    const isFirst = this.error === null;
    this.error ??= code;
    this.observers.onFailure.onFailure(this, code, isFirst);
  }

  /** A response that has begun is cut off. */
  cut(): void {
    this.observers.onCut.onCut(this);
  }

  /** A limit of the client's is the reason. */
  reachedLimit(limit: EndingLimit): void {
    const { head, facts, services } = this;
    reportLimit(services, limit, clientAddressOf(head, facts, services.policy));
  }

  /** The exchange is over, well or not. Further calls do nothing. */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.durationMs = performance.now() - this.startedAtMs;
    this.observers.onEnd.onEnd(this);
  }
}
