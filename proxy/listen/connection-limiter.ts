/** Counts the connections of one router, in all and by address. */
export class ConnectionLimiter {
  private open = 0;
  private readonly byAddress = new Map<string, number>();

  constructor(
    private readonly maxConnections: number,
    private readonly maxPerAddress: number,
  ) {}

  /** Counts a connection in; false when there are too many. Pair each true with `leave`. */
  enter(): boolean {
    if (this.open >= this.maxConnections) return false;
    this.open += 1;
    return true;
  }

  leave(): void {
    this.open -= 1;
  }

  /** Counts one of an address in; false when it has too many. Pair each true with `release`. */
  admit(address: string): boolean {
    const count = this.byAddress.get(address) ?? 0;
    if (count >= this.maxPerAddress) return false;
    this.byAddress.set(address, count + 1);
    return true;
  }

  release(address: string): void {
    const count = (this.byAddress.get(address) ?? 1) - 1;
    if (count === 0) this.byAddress.delete(address);
    else this.byAddress.set(address, count);
  }
}
