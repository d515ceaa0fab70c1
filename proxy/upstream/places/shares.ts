/** Who may take how much of something scarce: one client at most half of it while that leaves nothing for the others. */

/** The part of the whole that a client which has half of it leaves for the others. */
const RESERVED_PART = 8;

/** An amount with a bound, shared by clients, whom their key names. */
export class Shares {
  /** Taken by all clients together. */
  used = 0;
  private readonly reserved: number;
  private readonly half: number;
  private readonly held = new Map<string, number>();

  constructor(readonly max: number) {
    this.reserved = Math.floor(max / RESERVED_PART);
    this.half = Math.ceil(max / 2);
  }

  /** What one client can have when nobody else has anything. */
  get maxOfOne(): number {
    return this.max - this.reserved;
  }

  /** Whether the client may take so much: there is room, and others keep theirs where it has half already. */
  mayTake(client: string, amount: number): boolean {
    const used = this.used + amount;
    if (used > this.max) return false;
    return used <= this.max - this.reserved || this.heldBy(client) + amount <= this.half;
  }

  take(client: string, amount: number): void {
    this.used += amount;
    this.held.set(client, this.heldBy(client) + amount);
  }

  give(client: string, amount: number): void {
    this.used -= amount;
    const left = this.heldBy(client) - amount;
    if (left > 0) this.held.set(client, left);
    else this.held.delete(client);
  }

  heldBy(client: string): number {
    return this.held.get(client) ?? 0;
  }
}
