/** The encoder's picture of the peer's dynamic table, with what it learned of each field name. */

import { ENTRY_OVERHEAD_BYTES } from './dynamic-table.js';
import type { FieldRule } from './field-rules.js';
import { shareString } from './shared-strings.js';
import { STATIC_COUNT } from './static-table.js';

/** Names tracked before the dead ones are swept out. */
const MIN_SWEEP_NAMES = 256;

/** Entries that went unused in a row before a field counts as one that changes too often. */
const PATIENCE = 3;

/** Entries of one name that are compared: a field with more live values gains little from the search. */
const MAX_COMPARED = 12;

/** A doubtful value longer than this is not remembered: its fingerprint would cost more than it promises. */
const MAX_REMEMBERED_LENGTH = 64;

/** The fingerprint of no value. */
const NOTHING = -1;

/** One entry of the peer's table. */
export class SentField {
  readonly name: SentName;
  readonly value: string;
  readonly bytes: number;
  /** Its place in the order of insertion, from 1. */
  readonly sequence: number;
  /** The entry of the same name before this; it may be evicted already. */
  older: SentField | null;
  /** The entry inserted next, of any name. */
  next: SentField | null = null;
  used = false;

  constructor(name: SentName, value: string, bytes: number, sequence: number) {
    this.name = name;
    this.value = value;
    this.bytes = bytes;
    this.sequence = sequence;
    this.older = name.newest;
  }
}

/** What this connection knows of one field name. */
export class SentName {
  readonly rule: FieldRule;
  /** The newest live entry of this name. */
  newest: SentField | null = null;
  /** Fingerprint of the value last sent as a literal while the field was in doubt. */
  private lastSeen = NOTHING;
  /** Entries in a row that were never referred to. */
  private wasted: number;

  constructor(rule: FieldRule) {
    this.rule = rule;
    this.wasted = rule.indexing === 'repeat' ? PATIENCE : 0;
  }

  /** True when the value deserves an entry: at once while entries of this name get used, else on its second sight. */
  deservesEntry(value: string): boolean {
    if (this.newest?.used) this.wasted = 0;
    if (this.wasted < PATIENCE) return true;
    if (value.length > MAX_REMEMBERED_LENGTH) return false;
    const seen = fingerprint(value);
    if (this.lastSeen === seen) return true;
    this.lastSeen = seen;
    return false;
  }

  /** Makes `field` the newest entry of this name. */
  push(field: SentField): void {
    this.settle();
    this.newest = field;
    this.lastSeen = NOTHING;
  }

  /** `field` was evicted. */
  release(field: SentField): void {
    if (this.newest !== field) return;
    this.settle();
    this.newest = null;
  }

  private settle(): void {
    if (this.newest === null) return;
    this.wasted = this.newest.used ? 0 : this.wasted + 1;
  }
}

/** Evicts exactly as the peer does (RFC 7541 §4.3, §4.4): oldest first, by RFC size. */
export class SentTable {
  readonly names = new Map<string, SentName>();
  capacityBytes: number;
  /** How often an entry was added or the size was set. */
  changes = 0;

  private heldBytes = 0;
  private inserted = 0;
  /** Sequence of the last entry that is gone: later ones live. */
  private evicted = 0;
  private oldest: SentField | null = null;
  private newest: SentField | null = null;
  private sweepAtNames = MIN_SWEEP_NAMES;

  constructor(capacityBytes: number) {
    this.capacityBytes = capacityBytes;
  }

  /** RFC 7541 §4.1 size of what is in the table. */
  get bytes(): number {
    return this.heldBytes;
  }

  /** The live entry with this value among the newest of the name, or null. */
  find(name: SentName, value: string): SentField | null {
    let field = name.newest;
    for (let i = 0; i < MAX_COMPARED && field !== null && field.sequence > this.evicted; i++) {
      if (field.value === value) return field;
      field = field.older;
    }
    return null;
  }

  /** The index of a live entry (RFC 7541 §2.3.3). */
  indexOf(field: SentField): number {
    return STATIC_COUNT + 1 + this.inserted - field.sequence;
  }

  /** The index of a live entry of this name, or 0. */
  nameIndexOf(name: SentName): number {
    return name.newest === null ? 0 : this.indexOf(name.newest);
  }

  /** Starts to keep track of a name. */
  track(text: string, name: SentName): void {
    if (this.names.size >= this.sweepAtNames) this.forgetDeadNames();
    this.names.set(shareString(text), name);
  }

  /** Adds an entry; the caller has made sure that it is not larger than the table. */
  insert(name: SentName, value: string, bytes: number): void {
    this.changes += 1;
    this.evictTo(this.capacityBytes - bytes);
    const field = new SentField(name, shareString(value), bytes, ++this.inserted);
    name.push(field);
    if (this.newest === null) this.oldest = field;
    else this.newest.next = field;
    this.newest = field;
    this.heldBytes += bytes;
  }

  /** Sets the largest size and evicts what no longer fits. */
  resize(capacityBytes: number): void {
    this.changes += 1;
    this.capacityBytes = capacityBytes;
    this.evictTo(capacityBytes);
  }

  private evictTo(bytes: number): void {
    while (this.oldest !== null && this.heldBytes > bytes) {
      const field = this.oldest;
      this.oldest = field.next;
      if (this.oldest === null) this.newest = null;
      this.heldBytes -= field.bytes;
      this.evicted = field.sequence;
      // The only way from a live entry to dead ones is one step long, or memory would grow without end.
      field.older = null;
      field.name.release(field);
    }
  }

  private forgetDeadNames(): void {
    for (const [text, name] of this.names) {
      if (name.newest === null) this.names.delete(text);
    }
    this.sweepAtNames = Math.max(MIN_SWEEP_NAMES, this.names.size * 2);
  }
}

/** A number for a short value, so that a field in doubt holds on to no string; a collision costs one early entry. */
function fingerprint(value: string): number {
  let hash = value.length;
  for (let i = 0; i < value.length; i++) hash = (Math.imul(hash, 31) + value.charCodeAt(i)) | 0;
  return hash & 0x7fffffff;
}

/** RFC 7541 §4.1. */
export function entryBytes(name: string, value: string): number {
  return name.length + value.length + ENTRY_OVERHEAD_BYTES;
}
