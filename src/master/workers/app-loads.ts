/** What the routers report of the apps we start: how many requests each has been given, and how many it is working at. */
import type { AppLoad } from '../../shared/router-messages.js';

/** Of one generation. */
export class AppLoads {
  private readonly served = new Map<string, number>();
  /** By app, and in it by router. */
  private readonly inFlight = new Map<string, Map<number, number>>();

  /** @param router its process id */
  note(router: number, loads: readonly AppLoad[]): void {
    for (const { address, served, inFlight } of loads) {
      this.served.set(address, (this.served.get(address) ?? 0) + served);
      const byRouter = this.inFlight.get(address) ?? new Map<number, number>();
      if (inFlight === 0) byRouter.delete(router);
      else byRouter.set(router, inFlight);
      this.inFlight.set(address, byRouter);
    }
  }

  /** What it was working at for this router is over. */
  forgetRouter(router: number): void {
    for (const byRouter of this.inFlight.values()) byRouter.delete(router);
  }

  forgetApp(address: string): void {
    this.served.delete(address);
    this.inFlight.delete(address);
  }

  servedBy(address: string): number {
    return this.served.get(address) ?? 0;
  }

  openAt(address: string): number {
    let sum = 0;
    for (const count of this.inFlight.get(address)?.values() ?? []) sum += count;
    return sum;
  }
}
