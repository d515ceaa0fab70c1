/** The fields of a head that goes out: those that stay the same while a peer repeats itself, and those of this message alone. */
import { type FieldLines, NO_LINES } from '../../wire/syntax/field-lines.js';
import { fieldValue } from '../../wire/syntax/field-list.js';

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
