/** Which upstream one request goes to: one of its route, waited for while none is up, another where that one fails. */
import type { ErrorCode } from '../../src/shared/errors.js';
import type { Route } from './route-table.js';
import type { Upstream } from './upstream.js';
import type { HeldRequest, Upstreams } from './upstreams.js';

const NONE: readonly Upstream[] = [];

/** A connection may die under a request; that two do is no accident. */
const MAX_ATTEMPTS = 2;

/** Called back when a request that had to wait for an upstream waits no longer: one of the two, once. */
export interface UpstreamWaiter {
  /** This one is up: the request counts as in flight there. */
  onUpstream(upstream: Upstream): void;
  /** None came up in time. */
  onNoUpstream(): void;
}

export class UpstreamChoice implements HeldRequest {
  /** Where the request is in flight. */
  upstream: Upstream | null = null;
  /** How often an upstream was chosen. */
  private attempts = 0;
  /** Upstreams that could not be reached: nothing was sent, so another may be tried. */
  private tried = NONE;
  private held = false;

  constructor(
    private readonly upstreams: Upstreams,
    private readonly waiter: UpstreamWaiter,
  ) {}

  /**
   * Chooses an upstream that was not tried yet, where the request is in flight from now on; null: none takes requests.
   * @param known the one that the client was served by before, if it takes requests
   */
  pick(route: Route, known: Upstream | null): Upstream | null {
    const upstream = known ?? route.pick(this.tried);
    if (upstream !== null) this.use(upstream);
    return upstream;
  }

  /** Waits for an upstream of the route to come up; false: it may not wait, or too many do. */
  hold(route: Route, mostMs = Number.POSITIVE_INFINITY): boolean {
    this.held = this.upstreams.hold(route, this, mostMs);
    return this.held;
  }

  /** False once it was: a request is repeated no further. */
  get mayRepeat(): boolean {
    return this.attempts < MAX_ATTEMPTS;
  }

  /** Once more at the same upstream, whose connection had died; at another where it has been drained meanwhile, null: there is none. */
  repeat(route: Route, upstream: Upstream): Upstream | null {
    return this.pick(route, upstream.drained ? null : upstream);
  }

  /** It could not be reached, and nothing was sent: `pick` leaves it out, and those who choose next hear of it. */
  avoid(upstream: Upstream, code: ErrorCode): void {
    this.tried = [...this.tried, upstream];
    this.noteFailure(upstream, code);
  }

  /** Reports to those who choose next that the request failed there. */
  noteFailure(upstream: Upstream, code: ErrorCode): void {
    if (code === 'upstream_refused') this.upstreams.markDown(upstream);
    else this.upstreams.noteFailure(upstream);
  }

  /** The request is no longer in flight; returns where it was. */
  release(): Upstream | null {
    const { upstream } = this;
    if (upstream !== null) upstream.inFlight -= 1;
    this.upstream = null;
    return upstream;
  }

  /** The request is over: it is neither in flight nor waits. */
  end(): void {
    if (this.held) this.upstreams.leave(this);
    this.held = false;
    this.release();
  }

  // From the upstreams, while it is held.

  resume(upstream: Upstream): void {
    this.held = false;
    this.use(upstream);
    this.waiter.onUpstream(upstream);
  }

  giveUp(): void {
    this.held = false;
    this.waiter.onNoUpstream();
  }

  private use(upstream: Upstream): void {
    this.attempts += 1;
    this.upstream = upstream;
    upstream.inFlight += 1;
  }
}
