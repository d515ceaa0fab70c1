/** The memory of a connection for requests that repeat: the field list of the last one, and what it became. */
import { FieldsMemo } from '../../syntax/field-lines.js';
import type { FieldKind } from '../../syntax/request-field-kinds.js';
import type { RequestHead } from '../events.js';

/** A longer list is not remembered: what a connection keeps of it stays small. */
const MAX_REMEMBERED_BYTES = 4096;
/** What did not come again for so many calls of `age()` is forgotten. */
const MAX_AGE = 12;

export const NO_FIELDS: readonly string[] = [];
const NO_KINDS: readonly FieldKind[] = [];
/** Of a head that goes nowhere. */
export const NO_MEMO = new FieldsMemo();

/**
 * The last well-formed list of a connection. A browser's requests differ in a field or two and HPACK gives the same strings
 * again, so what stands unchanged in its old place needs no second look; where only pseudo fields differ, the list is the same.
 */
export class LastFields {
  list = NO_FIELDS;
  kinds: readonly FieldKind[] = NO_KINDS;
  /** What the list became in `RequestHead`. */
  private headers = NO_FIELDS;
  private memo = NO_MEMO;
  private calls = 0;

  /** The list was the same again. */
  give(head: RequestHead): void {
    head.headers = this.headers;
    head.memo = this.memo;
    this.calls = 0;
  }

  /** @param kindList a kind for each field, and more */
  remember(list: readonly string[], kindList: readonly FieldKind[], { headers, memo }: RequestHead): void {
    let bytes = 0;
    for (const text of list) bytes += text.length;
    if (bytes > MAX_REMEMBERED_BYTES) return;
    this.list = list.slice();
    this.kinds = kindList.slice(0, list.length >> 1);
    this.headers = headers;
    this.memo = memo;
    this.calls = 0;
  }

  /** Call it a few times a second. */
  age(): void {
    this.calls += 1;
    if (this.calls <= MAX_AGE) return;
    this.list = NO_FIELDS;
    this.kinds = NO_KINDS;
    this.headers = NO_FIELDS;
    this.memo = NO_MEMO;
  }
}
