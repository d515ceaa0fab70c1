/** Addresses that are banned: their connections are closed before TLS, and those that are open when the ban comes. */
import { AddressSet } from '../exchange/access/address-set.js';
import type { Bans } from '../exchange/types.js';
import type { ClientConnection } from './client-connection.js';

export class BannedClients implements Bans {
  private set = new AddressSet([]);
  /** All that were let in. */
  private readonly open = new Set<ClientConnection>();

  get isEmpty(): boolean {
    return this.set.isEmpty;
  }

  has(address: string): boolean {
    return !this.set.isEmpty && this.set.has(address);
  }

  /** Notes a connection, until it closes. */
  watch(client: ClientConnection): void {
    this.open.add(client);
    client.socket.once('close', () => this.open.delete(client));
  }

  /** Takes the bans of now. @param blocks in CIDR notation */
  update(blocks: readonly string[]): void {
    this.set = new AddressSet(blocks);
    if (this.set.isEmpty) return;
    for (const client of this.open) if (this.set.has(client.remote.address)) client.socket.destroy();
  }
}
