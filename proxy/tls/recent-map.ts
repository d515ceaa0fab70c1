/** A map of so many entries: where it is full, the one that was used longest ago makes room. */

export class RecentMap<Value> {
  private readonly entries = new Map<string, Value>();

  /** @param onForget called with what had to make room */
  constructor(
    private readonly maxEntries: number,
    private readonly onForget: (value: Value) => void = () => undefined,
  ) {}

  get size(): number {
    return this.entries.size;
  }

  /** What is there for the key, which counts as used now. */
  get(key: string): Value | undefined {
    const value = this.entries.get(key);
    if (value === undefined) return undefined;
    this.entries.delete(key);
    this.entries.set(key, value);
    return value;
  }

  set(key: string, value: Value): void {
    this.entries.delete(key);
    this.entries.set(key, value);
    if (this.entries.size <= this.maxEntries) return;
    for (const [oldest, forgotten] of this.entries) {
      this.entries.delete(oldest);
      this.onForget(forgotten);
      return;
    }
  }

  /** Forgets one, as where it has to make room. */
  delete(key: string): void {
    const value = this.entries.get(key);
    if (value === undefined) return;
    this.entries.delete(key);
    this.onForget(value);
  }

  /** Forgets everything, without a word. */
  clear(): void {
    this.entries.clear();
  }
}
