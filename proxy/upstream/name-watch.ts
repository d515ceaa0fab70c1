/** Looks the name of an upstream up again while traffic flows: kept-alive connections would stay at an address that the app has left. */
import { lookup } from 'node:dns';
import { isIP } from 'node:net';
import type { Upstream } from '../routing/upstream.js';

/** As long as the address that took a connection is used without a look-up. */
const EVERY_MS = 30_000;

/** Gives all addresses of a name; null: it is not found, or nobody answers. */
export type AddressesOf = (host: string, done: (addresses: readonly string[] | null) => void) => void;

const bySystem: AddressesOf = (host, done) => {
  lookup(host, { all: true }, (error, found) =>
    done(error === null ? found.map(({ address }) => address) : null),
  );
};

/** Whether connections to an upstream may be at an address that is no longer its own. */
export function mayMove({ host, path }: Upstream): boolean {
  return path === null && host !== 'localhost' && isIP(host) === 0;
}

export class NameWatch {
  /** When each name was looked up last, or first seen in use. */
  private readonly lookedUpAtMs = new Map<Upstream, number>();

  /** @param onFound called with where a name is now; one that is not found has not moved */
  constructor(
    private readonly onFound: (upstream: Upstream, addresses: ReadonlySet<string>) => void,
    private readonly addressesOf: AddressesOf = bySystem,
  ) {}

  /** Call it a few times a second for an upstream in use. */
  check(upstream: Upstream, nowMs: number): void {
    if (!mayMove(upstream)) return;
    const before = this.lookedUpAtMs.get(upstream);
    if (before !== undefined && nowMs - before < EVERY_MS) return;
    this.lookedUpAtMs.set(upstream, nowMs);
    // A connection that has just been made is at an address that has just been looked up.
    if (before === undefined) return;
    this.addressesOf(upstream.host, (addresses) => {
      if (addresses === null || addresses.length === 0 || upstream.gone) return;
      if (upstream.address !== null && !addresses.includes(upstream.address)) upstream.address = null;
      this.onFound(upstream, new Set(addresses));
    });
  }

  /** It is in use no more. */
  forget(upstream: Upstream): void {
    this.lookedUpAtMs.delete(upstream);
  }
}
