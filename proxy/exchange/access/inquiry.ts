/** What is asked about a request that its route would take, and may take a while: passwords, and what an authorizer says. */
import type { Route } from '../../routing/route-table.js';
import type { Upstreams } from '../../routing/upstreams.js';
import type { Exchange } from '../exchange.js';
import type { LocalReply } from '../reply/local-reply.js';

/** Called once: null lets the request in. */
export type InquiryEnd = (refusal: LocalReply | null) => void;

/** One question. */
export interface EntryStep {
  /** Calls `done` once, in this call or later. Returns the way to ask no further; null: it is over. */
  ask(exchange: Exchange, done: InquiryEnd): (() => void) | null;
}

/** What the front has found out about who asks, for the app. */
export interface EntryFields {
  /** Names, lower-case, that the client's own fields must not have. */
  readonly removed: readonly string[];
  /** Flat list. */
  readonly added: readonly string[];
}

/** The questions of one request, one after another. */
export class Inquiry {
  private cancelStep: (() => void) | null = null;
  private over = false;

  constructor(
    private readonly asked: Route,
    private readonly steps: readonly EntryStep[],
    private readonly upstreams: Upstreams,
  ) {}

  /** The route with the upstreams of this moment: an answer may take a while. */
  get route(): Route {
    return this.upstreams.current(this.asked);
  }

  /** Calls `done` once, in this call or later, unless it is cancelled. */
  start(exchange: Exchange, done: InquiryEnd): void {
    this.askFrom(0, exchange, done);
  }

  /** The client has gone. */
  cancel(): void {
    this.over = true;
    this.cancelStep?.();
    this.cancelStep = null;
  }

  private askFrom(index: number, exchange: Exchange, done: InquiryEnd): void {
    const step = this.steps[index];
    if (step === undefined) {
      this.over = true;
      done(null);
      return;
    }
    let isAnswered = false;
    const cancel = step.ask(exchange, (refusal) => {
      if (this.over) return;
      isAnswered = true;
      this.cancelStep = null;
      if (refusal === null) this.askFrom(index + 1, exchange, done);
      else {
        this.over = true;
        done(refusal);
      }
    });
    if (!isAnswered) this.cancelStep = cancel;
  }
}
