/** The fields of heads that came a moment ago: most peers send the same with one message after the other. */
import type { FieldSection } from './field-section.js';

/** A longer head is not kept, so that a connection costs no more for it. */
const MAX_HEAD_BYTES = 4096;
/** What did not come again for so many calls of `age()` is forgotten. */
const MAX_AGE = 12;

interface Recent {
  text: string;
  fields: FieldSection;
  age: number;
}

export class RecentHeads {
  private entries: (Recent | undefined)[] | null = null;

  /** @param most how many are kept, a power of two; heads whose fields are equally long displace each other */
  constructor(private readonly most: number) {}

  /** The fields that were read from this text. */
  find(text: string): FieldSection | null {
    const entry = this.entries?.[text.length & (this.most - 1)];
    if (entry === undefined || entry.text !== text) return null;
    entry.age = 0;
    return entry.fields;
  }

  /** Keeps complete fields, unless the head that they are of is long. */
  keep(text: string, fields: FieldSection, headBytes: number): void {
    if (headBytes > MAX_HEAD_BYTES) return;
    this.entries ??= new Array<undefined>(this.most).fill(undefined);
    const slot = text.length & (this.most - 1);
    const entry = this.entries[slot];
    if (entry === undefined) this.entries[slot] = { text, fields, age: 0 };
    else {
      entry.text = text;
      entry.fields = fields;
      entry.age = 0;
    }
  }

  /** Call it a few times a second. */
  age(): void {
    if (this.entries === null) return;
    let isUsed = false;
    for (const [index, entry] of this.entries.entries()) {
      if (entry === undefined) continue;
      entry.age += 1;
      if (entry.age > MAX_AGE) this.entries[index] = undefined;
      else isUsed = true;
    }
    if (!isUsed) this.entries = null;
  }
}
