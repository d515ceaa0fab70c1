/** The upstreams of a router: which are up, how busy each is, and who waits for one to come up. */
import { connect, type Socket } from 'node:net';
import type { UpstreamAddress } from '../../src/contract/config.js';
import type { UpstreamState } from '../../src/contract/messages.js';
import { formatUpstream } from '../../src/contract/upstream-addresses.js';

const PROBE_EVERY_MS = 150;
const PROBE_TIMEOUT_MS = 2000;
const MAX_HELD = 1024;

/** One upstream as this router sees it. */
export interface Upstream extends UpstreamAddress {
  readonly id: number;
  /** host:port, IPv6 in brackets; `localhost` for a socket file. */
  readonly authority: string;
  /** What logs call it. */
  readonly name: string;
  /** Bodies of unknown length are held and sent with a length. */
  readonly needsLength: boolean;
  /** The address of the host that took the last connection, so that the next one needs no look-up; null: not known. */
  address: string | null;
  inFlight: number;
  up: boolean;
  /** Starting workers come up by the master's word, others by our own probe. */
  managed: boolean;
  gone: boolean;
}

/** Somebody who waits for an upstream. Exactly one of the two is called, once. */
export interface Waiter {
  /** An upstream is up now. */
  resume(upstream: Upstream): void;
  /** The hold is over, or too many wait. */
  giveUp(): void;
}

interface Held {
  readonly waiter: Waiter;
  readonly deadlineMs: number;
}

function authorityOf({ host, port, path }: UpstreamAddress): string {
  if (path !== null) return 'localhost';
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Chooses upstreams by fewest requests in flight and holds requests while none is up. */
export class Upstreams {
  private list: Upstream[] = [];
  private held: Held[] = [];
  private timer: NodeJS.Timeout | null = null;
  private probing = false;
  private next = 0;

  /** @param holdMs longest wait of a held request */
  constructor(private readonly holdMs: number) {}

  /** Takes the master's word on which upstreams there are; known ones keep their counts. */
  update(states: readonly UpstreamState[]): void {
    const before = new Map(this.list.map((upstream) => [upstream.id, upstream]));
    this.list = states.map((state) => {
      const known = before.get(state.id);
      before.delete(state.id);
      if (known !== undefined && formatUpstream(known) === formatUpstream(state)) {
        known.managed = !state.ready;
        known.up = state.ready;
        return known;
      }
      return {
        id: state.id,
        scheme: state.scheme,
        host: state.host,
        port: state.port,
        path: state.path,
        authority: authorityOf(state),
        name: formatUpstream(state),
        needsLength: state.needsLength,
        address: null,
        inFlight: 0,
        up: state.ready,
        managed: !state.ready,
        gone: false,
      };
    });
    for (const old of before.values()) old.gone = true;
    this.release();
  }

  /** The upstream that is up and has the fewest requests in flight (in turn when equal), or null. */
  pick(): Upstream | null {
    let best: Upstream | null = null;
    const count = this.list.length;
    for (let step = 0; step < count; step += 1) {
      const upstream = this.list[(this.next + step) % count];
      if (upstream?.up && (best === null || upstream.inFlight < best.inFlight)) best = upstream;
    }
    this.next = count === 0 ? 0 : (this.next + 1) % count;
    return best;
  }

  /** A connection was refused: nobody is sent there until a probe finds it up. */
  markDown(upstream: Upstream): void {
    upstream.up = false;
    this.watch();
  }

  /** Waits for an upstream; `waiter` is told when one is up or the hold is over. Returns a way to leave the queue. */
  hold(waiter: Waiter): () => void {
    if (this.holdMs === 0 || this.held.length >= MAX_HELD) {
      waiter.giveUp();
      return () => {};
    }
    const entry: Held = { waiter, deadlineMs: performance.now() + this.holdMs };
    this.held.push(entry);
    this.watch();
    return () => {
      this.held = this.held.filter((other) => other !== entry);
    };
  }

  /** Number of requests on hold. */
  get heldCount(): number {
    return this.held.length;
  }

  /** True when a body of unknown length must be held whichever upstream is picked. */
  get needsLength(): boolean {
    return this.list.some((upstream) => upstream.needsLength);
  }

  /** All upstreams, for reports. */
  get all(): readonly Upstream[] {
    return this.list;
  }

  /** Gives up every held request and stops probing. */
  close(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
    const held = this.held;
    this.held = [];
    for (const entry of held) entry.waiter.giveUp();
  }

  private watch(): void {
    if (this.timer !== null) return;
    this.timer = setInterval(() => this.tick(), PROBE_EVERY_MS);
    this.timer.unref();
    this.tick();
  }

  private tick(): void {
    const now = performance.now();
    const late = this.held.filter((entry) => entry.deadlineMs <= now);
    if (late.length > 0) {
      this.held = this.held.filter((entry) => entry.deadlineMs > now);
      for (const entry of late) entry.waiter.giveUp();
    }
    const down = this.list.filter((upstream) => !upstream.up && !upstream.managed);
    if (down.length === 0 && this.held.length === 0 && this.timer !== null) {
      clearInterval(this.timer);
      this.timer = null;
    }
    if (this.probing) return;
    for (const upstream of down) this.probe(upstream);
  }

  private probe(upstream: Upstream): void {
    this.probing = true;
    const { path, host, port } = upstream;
    const address = path === null ? { host, port } : { path };
    const socket: Socket = connect({ ...address, timeout: PROBE_TIMEOUT_MS });
    const settle = (up: boolean): void => {
      this.probing = false;
      socket.destroy();
      if (!up || upstream.managed) return;
      upstream.up = true;
      this.release();
    };
    socket.once('connect', () => settle(true));
    socket.once('timeout', () => settle(false));
    socket.once('error', () => settle(false));
  }

  private release(): void {
    while (this.held.length > 0) {
      const upstream = this.pick();
      if (upstream === null) return;
      this.held.shift()?.waiter.resume(upstream);
    }
  }
}
