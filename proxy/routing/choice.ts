/** Which upstream one request goes to: one of its route, waited for while none is up, another where that one fails. */
import type { ErrorCode } from '../../src/shared/errors.js';
import type { Route } from './route-table.js';
import type { Upstream } from './upstream.js';
import type { Upstreams } from './upstreams.js';

const NONE: readonly Upstream[] = [];

/** A connection may die under a request; that two do is no accident. */
const MAX_ATTEMPTS = 2;

/** Who needs an upstream. */
export interface Seeker {
  /** Nothing is lost when the request waits and no upstream comes up. */
  readonly mayWait: boolean;
  /**
   * Send the request there: it counts as in flight until `release`.
   * @param fresh over a connection that was not used before
   */
  onUpstream(upstream: Upstream, fresh: boolean): void;
  /** None is up, and none came up in time. */
  onNoUpstream(): void;
}

export class UpstreamChoice {
  /** Where the request is in flight. */
  upstream: Upstream | null = null;
  /** How often an upstream was chosen. */
  private attempts = 0;
  /** Upstreams that could not be reached: nothing was sent, so another may be tried. */
  private tried = NONE;
  private leaveHold: (() => void) | null = null;

  constructor(
    private readonly upstreams: Upstreams,
    private readonly seeker: Seeker,
  ) {}

  /** Chooses for the first time. @param known the one that the client was served by before, if it is up */
  begin(route: Route, known: Upstream | null): void {
    const upstream = known ?? route.pick();
    if (upstream === null) this.hold(route);
    else this.use(upstream, false);
  }

  /** False once it was: a request is repeated no further. */
  get mayRepeat(): boolean {
    return this.attempts < MAX_ATTEMPTS;
  }

  /** Once more to the same upstream, whose connection had died. */
  repeat(upstream: Upstream): void {
    this.use(upstream, true);
  }

  /** Takes another upstream than the one that could not be reached; false when there is none and none to wait for. */
  tryAnother(route: Route, failed: Upstream, code: ErrorCode): boolean {
    this.tried = [...this.tried, failed];
    const other = route.pick(this.tried);
    if (other !== null) this.use(other, false);
    else if (code === 'upstream_refused') this.hold(route);
    else return false;
    return true;
  }

  /** Tells those who choose next that the request failed there. */
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
    this.leaveHold?.();
    this.release();
  }

  private use(upstream: Upstream, fresh: boolean): void {
    this.leaveHold = null;
    this.attempts += 1;
    this.upstream = upstream;
    upstream.inFlight += 1;
    this.seeker.onUpstream(upstream, fresh);
  }

  private hold(route: Route): void {
    if (!this.seeker.mayWait) {
      this.seeker.onNoUpstream();
      return;
    }
    this.leaveHold = this.upstreams.hold(route, {
      resume: (upstream) => this.use(upstream, false),
      giveUp: () => this.seeker.onNoUpstream(),
    });
  }
}
