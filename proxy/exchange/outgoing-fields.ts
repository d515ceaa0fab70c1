/** The fields of a head that goes out: those that stay the same while a peer repeats itself, and those of this message alone. */
import { type FieldLines, NO_LINES } from '../wire/http1/field-lines.js';
import { fieldValue } from './fields.js';

export interface OutgoingFields {
  readonly repeated: FieldLines;
  /** Flat. */
  readonly own: string[];
}

/** All of them as fields of this message alone. */
export function asOwn({ repeated, own }: OutgoingFields): OutgoingFields {
  return { repeated: NO_LINES, own: [...repeated.list, ...own] };
}

/** All of them as a flat list. */
export function asList({ repeated, own }: OutgoingFields): string[] {
  return [...repeated.list, ...own];
}

export function hasField({ repeated, own }: OutgoingFields, name: string): boolean {
  return fieldValue(repeated.list, name) !== '' || fieldValue(own, name) !== '';
}

/**
 * What the fields of a connection's last head became. A decoder gives the same list again while its peer repeats itself:
 * a GET with a browser's fields then costs 2.6 instead of 4.9 µs of our code, and 2.6 instead of 6.6 KB of heap.
 */
export class FieldsMemo {
  private source: readonly string[] | null = null;
  private authority = '';
  private made = NO_LINES;

  /** What `keep` was given for the same list and authority; null: nothing is. */
  find(source: readonly string[], authority: string): FieldLines | null {
    return source === this.source && authority === this.authority ? this.made : null;
  }

  keep(source: readonly string[], authority: string, made: FieldLines): void {
    this.source = source;
    this.authority = authority;
    this.made = made;
  }

  forget(): void {
    this.source = null;
    this.authority = '';
    this.made = NO_LINES;
  }
}
