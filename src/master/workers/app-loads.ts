/** What the routers report of the apps we start: how many requests each has been given, and how many it is working at. */
import type { AppLoad } from '../../shared/messages/router-messages.js';

/** Of one generation. */
export class AppLoads {
  private readonly served = new Map<string, number>();
  /** From requests to the beginning of their answers. */
  private readonly tookMs = new Map<string, number>();
  private readonly servedByRouter = new Map<number, number>();
  /** By app, and in it by router. */
  private readonly inFlight = new Map<string, Map<number, number>>();

  /** @param router its process id */
  note(router: number, loads: readonly AppLoad[]): void {
    for (const { address, served, inFlight, tookMs } of loads) {
      this.tookMs.set(address, (this.tookMs.get(address) ?? 0) + tookMs);
      this.served.set(address, (this.served.get(address) ?? 0) + served);
      this.servedByRouter.set(router, (this.servedByRouter.get(router) ?? 0) + served);
      const byRouter = this.inFlight.get(address) ?? new Map<number, number>();
      if (inFlight === 0) byRouter.delete(router);
      else byRouter.set(router, inFlight);
      this.inFlight.set(address, byRouter);
    }
  }

  /** What it was working at for this router is over. */
  forgetRouter(router: number): void {
    this.servedByRouter.delete(router);
    for (const byRouter of this.inFlight.values()) byRouter.delete(router);
  }

  forgetApp(address: string): void {
    this.served.delete(address);
    this.tookMs.delete(address);
    this.inFlight.delete(address);
  }

  /** How many requests a router has given to these apps. */
  givenBy(router: number): number {
    return this.servedByRouter.get(router) ?? 0;
  }

  servedBy(address: string): number {
    return this.served.get(address) ?? 0;
  }

  /** Of all that it has served. */
  tookAt(address: string): number {
    return this.tookMs.get(address) ?? 0;
  }

  openAt(address: string): number {
    let sum = 0;
    for (const count of this.inFlight.get(address)?.values() ?? []) sum += count;
    return sum;
  }
}
