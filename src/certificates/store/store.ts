/** Where certificates, keys and ticket keys are kept: the small interface that a file store implements today and a shared one can later. */

/**
 * Named values that outlive a process. Keys are relative paths of plain segments, such as `development/authority.pem`.
 */
export interface Store {
  /** The value, or undefined when there is none. */
  get(key: string): Promise<Buffer | undefined>;
  /** Replaces the value as a whole: a reader sees the old value or the new one, never a part. */
  put(key: string, value: string | Uint8Array): Promise<void>;
  /** Keys that begin with the prefix, sorted. */
  list(prefix: string): Promise<string[]>;
  /** @returns false when there was nothing to delete. */
  delete(key: string): Promise<boolean>;
  /** Runs the work while no other process runs work under the same name; passes its result or error on. */
  withLock<T>(name: string, work: () => Promise<T>): Promise<T>;
}

/** A store whose values a person can also reach as files on this machine. */
export interface LocalStore extends Store {
  /** The file that holds (or will hold) the key's value. */
  pathOf(key: string): string;
}
