/** The ports that routers ask the cluster for: a port of the system's choice (0) must be met again by every later router. */
import type { BoundListener } from '../contract/messages.js';

/**
 * node:cluster shares a listening socket among the routers that ask for the same port. A router beside listening ones
 * must therefore ask for 0 as they did; once none listens the socket is gone, and the number itself is asked for.
 */
export class ListenPorts {
  private bound: readonly number[] | null = null;
  private exact = false;
  private readonly listening = new Set<object>();

  /** @param configured ports by listener index, 0 for any */
  constructor(private readonly configured: readonly number[]) {}

  /** What a router that starts now has to ask for. */
  ask(): readonly number[] {
    const { bound, configured } = this;
    if (bound === null) return configured;
    if (this.listening.size === 0) this.exact = true;
    return bound.map((port, index) => (!this.exact && configured[index] === 0 ? 0 : port));
  }

  /** A router listens. False when it has other ports than those before it, and must not stay. */
  joined(router: object, listeners: readonly (BoundListener | null)[]): boolean {
    this.bound ??= this.configured.map((port, index) => listeners[index]?.port ?? port);
    const { bound } = this;
    if (listeners.some((listener, index) => listener !== null && listener.port !== bound[index]))
      return false;
    this.listening.add(router);
    return true;
  }

  /** A router has ended, or has stopped listening. */
  left(router: object): void {
    this.listening.delete(router);
  }
}
