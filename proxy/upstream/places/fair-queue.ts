/** A bounded queue in which clients take turns: who has many entries waits behind who has few. */
import { Shares } from './shares.js';

/** Something that waits in the name of a client. */
export interface Queued {
  readonly client: string;
  readonly sinceMs: number;
}

export class FairQueue<Entry extends Queued> {
  /** The entries of each client, the oldest first; the client whose turn is next stands first. */
  private readonly clients = new Map<string, Entry[]>();
  private readonly shares: Shares;

  /** @param max most entries */
  constructor(max: number) {
    this.shares = new Shares(max);
  }

  get length(): number {
    return this.shares.used;
  }

  /**
   * Puts an entry in. Returns null, or the entry that finds no place: this one, or the newest of a client that has more
   * entries than the newcomer's would.
   */
  push(entry: Entry): Entry | null {
    const { client } = entry;
    let displaced: Entry | null = null;
    if (!this.shares.mayTake(client, 1)) {
      displaced = this.displace(this.shares.heldBy(client) + 1);
      if (displaced === null) return entry;
    }
    this.shares.take(client, 1);
    const entries = this.clients.get(client);
    if (entries === undefined) this.clients.set(client, [entry]);
    else entries.push(entry);
    return displaced;
  }

  /** Takes the entry whose turn it is, of the clients that `mayTake` lets pass; null: there is none. */
  shift(mayTake: (client: string) => boolean): Entry | null {
    for (const [client, entries] of this.clients) {
      if (!mayTake(client)) continue;
      const entry = entries.shift();
      if (entry === undefined) continue;
      this.shares.give(client, 1);
      // Behind the others.
      this.clients.delete(client);
      if (entries.length > 0) this.clients.set(client, entries);
      return entry;
    }
    return null;
  }

  /** Takes out the entries that waited since before that time. */
  expire(beforeMs: number): Entry[] {
    const expired: Entry[] = [];
    for (const entries of [...this.clients.values()]) {
      for (const entry of [...entries]) {
        if (entry.sinceMs >= beforeMs) break;
        this.remove(entry);
        expired.push(entry);
      }
    }
    return expired;
  }

  /** Takes out every entry. */
  clear(): Entry[] {
    return this.expire(Number.POSITIVE_INFINITY);
  }

  /** The first entry of the client for which `matches` is true, taken out; null: there is none. */
  take(client: string, matches: (entry: Entry) => boolean): Entry | null {
    const found = this.clients.get(client)?.find(matches) ?? null;
    if (found !== null) this.remove(found);
    return found;
  }

  private remove(entry: Entry): void {
    const { client } = entry;
    const entries = this.clients.get(client);
    const at = entries?.indexOf(entry) ?? -1;
    if (entries === undefined || at === -1) return;
    entries.splice(at, 1);
    this.shares.give(client, 1);
    if (entries.length === 0) this.clients.delete(client);
  }

  /** Takes out the newest entry of the client that has most of them, if that is more than `count`. */
  private displace(count: number): Entry | null {
    let most: Entry[] = [];
    for (const entries of this.clients.values()) if (entries.length > most.length) most = entries;
    const newest = most.length > count ? most.at(-1) : undefined;
    if (newest === undefined) return null;
    this.remove(newest);
    return newest;
  }
}
