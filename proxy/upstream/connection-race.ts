/** Connects to the first of several addresses that accepts: a later one begins while an earlier one goes on (RFC 8305 §5). */
import type { Socket } from 'node:net';

/** How long an attempt is alone before the next address is tried as well (RFC 8305 §5: Connection Attempt Delay). */
const ATTEMPT_DELAY_MS = 250;

/** One of the two is called, once; neither after `end()`, and neither before the race's start has returned. */
export interface RaceEvents<Connected extends Socket = Socket> {
  /** The socket is connected, and nobody listens to it any more. */
  onConnected(socket: Connected): void;
  /** No address took the connection; `error` is that of the first. */
  onFailed(error: unknown): void;
}

/** Attempts have no time limit of their own: who waits for the race ends it. */
export class ConnectionRace<Address, Connected extends Socket> {
  private readonly attempts = new Set<Connected>();
  private readonly errors: unknown[] = [];
  private started = 0;
  private over = false;
  private timer: NodeJS.Timeout | null = null;

  /** @param addresses at least one, the best first. @param open begins to connect; its socket's events come later */
  constructor(
    private readonly addresses: readonly Address[],
    private readonly open: (address: Address) => Connected,
    private readonly events: RaceEvents<Connected>,
  ) {}

  /** Begins with the first address. */
  start(): void {
    const address = this.addresses[this.started];
    if (address === undefined) return;
    this.started += 1;
    const socket = this.open(address);
    this.attempts.add(socket);
    const onError = (error: unknown): void => this.failed(socket, error);
    socket.once('error', onError);
    socket.once('connect', () => {
      socket.removeListener('error', onError);
      this.attempts.delete(socket);
      if (this.over) socket.destroy();
      else this.won(socket);
    });
    if (this.started < this.addresses.length)
      this.timer = setTimeout(() => this.start(), ATTEMPT_DELAY_MS).unref();
  }

  /** Lets go of every attempt. */
  end(): void {
    this.over = true;
    this.stopTimer();
    for (const socket of this.attempts) socket.destroy();
    this.attempts.clear();
  }

  private won(socket: Connected): void {
    this.end();
    this.events.onConnected(socket);
  }

  private failed(socket: Connected, error: unknown): void {
    this.attempts.delete(socket);
    if (this.over) return;
    this.errors.push(error);
    if (this.started < this.addresses.length) {
      // RFC 8305 §5: a failure ends the delay.
      this.stopTimer();
      this.start();
    } else if (this.attempts.size === 0) {
      this.end();
      this.events.onFailed(this.errors[0]);
    }
  }

  private stopTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}
