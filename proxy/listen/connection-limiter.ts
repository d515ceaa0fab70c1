/** Counts the connections of one router, in all and by client (`clientKeyOf`: an address, of IPv6 its /64). */
export class ConnectionLimiter {
  private open = 0;
  private readonly byClient = new Map<string, number>();

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

  /** Counts one of a client in; false when it has too many. Pair each true with `release`. */
  admit(client: string): boolean {
    const count = this.byClient.get(client) ?? 0;
    if (count >= this.maxPerAddress) return false;
    this.byClient.set(client, count + 1);
    return true;
  }

  release(client: string): void {
    const count = (this.byClient.get(client) ?? 1) - 1;
    if (count === 0) this.byClient.delete(client);
    else this.byClient.set(client, count);
  }
}
