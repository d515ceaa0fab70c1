/** Notices that an app takes no new connection while it waits for more on an idle one: with one thread and keep-alive it can do nothing else. */

/** An app with threads, or none of its own, would have answered on another connection in this time. */
const PATIENCE_MS = 50;

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

  constructor(private readonly connections: WatchedConnections) {}

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
