/** The decoder's dynamic table (RFC 7541 §2.3.2, §4): a ring of name, value pairs, the newest first. */

/** What an entry counts beside its octets (RFC 7541 §4.1). */
export const ENTRY_OVERHEAD_BYTES = 32;

/** The size both ends begin with (RFC 9113 §6.5.2, SETTINGS_HEADER_TABLE_SIZE). */
export const INITIAL_TABLE_BYTES = 4096;

const FIRST_ENTRIES = 8;

/** Grows with its content: a connection that indexes nothing holds an empty array. */
export class DynamicTable {
  /** Live entries. */
  count = 0;
  /** The largest size allowed now; change it with resize(). */
  capacityBytes: number;

  /** name and value of ring place p at 2p and 2p + 1. */
  private slots: string[] = [];
  /** Ring places - 1; the number of places is a power of two. */
  private mask = -1;
  private newest = -1;
  private heldBytes = 0;

  constructor(capacityBytes: number) {
    this.capacityBytes = capacityBytes;
  }

  /** RFC 7541 §4.1 size of what is in the table. */
  get bytes(): number {
    return this.heldBytes;
  }

  /** Name of the entry `age` places after the newest; the caller checks `age` < count. */
  nameAt(age: number): string {
    return this.slots[((this.newest - age) & this.mask) << 1] ?? '';
  }

  /** Value of the same entry. */
  valueAt(age: number): string {
    return this.slots[(((this.newest - age) & this.mask) << 1) + 1] ?? '';
  }

  /** Adds an entry, after evicting what has to give way; one larger than the table empties it (RFC 7541 §4.4). */
  insert(name: string, value: string): void {
    const size = name.length + value.length + ENTRY_OVERHEAD_BYTES;
    this.evictTo(this.capacityBytes - size);
    if (size > this.capacityBytes) return;
    if (this.count > this.mask) this.grow();
    this.newest = (this.newest + 1) & this.mask;
    this.slots[this.newest << 1] = name;
    this.slots[(this.newest << 1) + 1] = value;
    this.heldBytes += size;
    this.count++;
  }

  /** Drops every entry: what an insertion larger than the table comes to. */
  clear(): void {
    this.evictTo(0);
  }

  /** Sets the largest size and evicts what no longer fits (RFC 7541 §4.3). */
  resize(capacityBytes: number): void {
    this.capacityBytes = capacityBytes;
    this.evictTo(capacityBytes);
  }

  private evictTo(bytes: number): void {
    while (this.count > 0 && this.heldBytes > bytes) {
      const slot = ((this.newest - this.count + 1) & this.mask) << 1;
      this.heldBytes -= this.nameAt(this.count - 1).length + this.valueAt(this.count - 1).length;
      this.heldBytes -= ENTRY_OVERHEAD_BYTES;
      this.slots[slot] = '';
      this.slots[slot + 1] = '';
      this.count--;
    }
  }

  private grow(): void {
    const slots: string[] = [];
    for (let age = this.count - 1; age >= 0; age--) slots.push(this.nameAt(age), this.valueAt(age));
    const places = Math.max(FIRST_ENTRIES, this.count * 2);
    while (slots.length < places * 2) slots.push('');
    this.slots = slots;
    this.mask = places - 1;
    this.newest = this.count - 1;
  }
}
