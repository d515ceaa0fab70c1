/** Notices that an app takes no new connection while it waits for more on an idle one: with one thread and keep-alive it can do nothing else. */

/** An app with threads, or none of its own, would have answered on another connection in this time. */
const PATIENCE_MS = 50;
/** Where other routers want the app too, one connection of so many that it has shown to take is given back after so long without use, */
const YIELD_IDLE_MS = 250;
/** or in use, at its next rest: often enough for who waits, too seldom for a busy app to notice. */
const YIELD_EVERY_MS = 1_000;

/** What is asked of the connections to one upstream. */
export interface WatchedConnections {
  /** How many there are, those that are being made included. */
  count(): number;
  /** How many of them are idle. */
  idleCount(): number;
  /** The app seems to wait on an idle connection while others get no answer: one has to go. */
  onBlocked(): void;
}

/**
 * One for each upstream. An app that has answered on so many connections at a time as are open now may be waiting for one of
 * them; one that has shown that it takes more is only slow.
 */
export class AcceptWatch {
  /** Open connections on which the app has answered. */
  private heard = 0;
  /** Most of them that there were at a time. */
  private proven = 0;
  /** Connections that were answered for the first time, ever. */
  private answers = 0;
  private timer: NodeJS.Timeout | null = null;
  private yieldedAtMs = 0;

  /** @param hasSiblings other routers have connections to the app, of which this one knows nothing */
  constructor(
    private readonly connections: WatchedConnections,
    private readonly hasSiblings: boolean,
  ) {}

  /** The first byte has come over a connection. */
  onHeard(): void {
    this.answers += 1;
    this.heard += 1;
    if (this.heard > this.proven) this.proven = this.heard;
  }

  /** A connection is closed over which something had come. */
  onClosed(): void {
    this.heard -= 1;
  }

  /** A connection has become idle. */
  onIdle(): void {
    if (this.timer !== null || !this.mayBeBlocked) return;
    const { answers } = this;
    this.timer = setTimeout(() => this.look(answers), PATIENCE_MS);
    this.timer.unref();
  }

  /**
   * Whether a connection that has nothing to do, since `idleSinceMs`, is to be closed: a sibling may be waiting for what it holds.
   * An app of which nobody has seen that it takes more connections has no other for them.
   */
  yields(idleSinceMs: number, nowMs: number): boolean {
    if (!this.hasSiblings || this.heard < this.proven) return false;
    if (nowMs - idleSinceMs < YIELD_IDLE_MS && nowMs - this.yieldedAtMs < YIELD_EVERY_MS) return false;
    this.yieldedAtMs = nowMs;
    return true;
  }

  private get mayBeBlocked(): boolean {
    return this.heard >= this.proven && this.connections.count() > this.heard;
  }

  private look(answersBefore: number): void {
    this.timer = null;
    const { connections } = this;
    if (connections.idleCount() === 0) return;
    if (this.mayBeBlocked && this.answers === answersBefore) connections.onBlocked();
    if (connections.idleCount() > 0) this.onIdle();
  }
}
