/** A store that reads what is kept and keeps what is put in memory alone: what would be done can be seen, and nothing is. */
import type { LocalStore } from './store.js';

/** Ends with its user: nothing that is put or deleted reaches the store beneath. */
export function rehearse(kept: LocalStore): LocalStore {
  /** Null: deleted. */
  const changed = new Map<string, Buffer | null>();
  const get: LocalStore['get'] = async (key) => {
    const value = changed.get(key);
    return value === undefined ? kept.get(key) : (value ?? undefined);
  };
  return {
    get,
    pathOf: (key) => kept.pathOf(key),
    put: async (key, value) => {
      changed.set(key, Buffer.from(value));
    },
    list: async (prefix) => {
      const keys = new Set(await kept.list(prefix));
      for (const [key, value] of changed) {
        if (value === null) keys.delete(key);
        else if (key.startsWith(prefix)) keys.add(key);
      }
      return [...keys].sort();
    },
    delete: async (key) => {
      const isThere = (await get(key)) !== undefined;
      changed.set(key, null);
      return isThere;
    },
    // A lock is a file, and there is nothing that somebody else could see half done.
    withLock: (_name, work) => work(),
  };
}
