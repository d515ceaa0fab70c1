/** The names that have got a certificate at their first handshake, kept in the store so that they are renewed after a restart too. */
import type { Store } from '../../store/store.js';
import { type AuthorityKeys, listAuthorities } from '../stored-certificate.js';

/** More have to wait until others have run out: each is a certificate to renew. */
export const MAX_KEPT_NAMES = 10_000;

export class KeptNames {
  private readonly names = new Set<string>();
  private loading: Promise<void> | null = null;

  /** @param keys of the first authority */
  constructor(
    private readonly store: Store,
    private readonly keys: AuthorityKeys,
  ) {}

  /** Reads them once. @throws FrontError when the store cannot be read; the next call tries again */
  load(): Promise<void> {
    this.loading ??= this.read().catch((error: unknown) => {
      this.loading = null;
      throw error;
    });
    return this.loading;
  }

  get all(): readonly string[] {
    return [...this.names];
  }

  get size(): number {
    return this.names.size;
  }

  has(name: string): boolean {
    return this.names.has(name);
  }

  /** @throws FrontError when the store cannot be written; it counts until the end of the process all the same */
  async add(name: string): Promise<void> {
    if (this.names.has(name)) return;
    this.names.add(name);
    await this.store.put(this.keys.onDemand(name), '');
  }

  /** Forgets a name with its certificates. */
  async drop(name: string, all: readonly AuthorityKeys[]): Promise<void> {
    this.names.delete(name);
    await this.store.delete(this.keys.onDemand(name));
    for (const keys of all) await this.store.delete(keys.certificate(name));
  }

  private async read(): Promise<void> {
    for (const { keys, onDemand } of await listAuthorities(this.store)) {
      if (keys.folder === this.keys.folder) for (const name of onDemand) this.names.add(name);
    }
  }
}
