/** Fields of a head that may go out more than once. */
import { encodeFields } from './encoder.js';

/** A flat list, and its lines in HTTP/1.1, which are made once. */
export class FieldLines {
  private text = '';
  private uses = 0;

  constructor(readonly list: readonly string[]) {}

  /** The lines, each with its line end. */
  get lines(): string {
    this.uses += 1;
    if (this.uses === 1) this.text = encodeFields(this.list);
    // Put together from many pieces, which each writing would gather again.
    else if (this.uses === 2) this.text = Buffer.from(this.text, 'latin1').toString('latin1');
    return this.text;
  }
}

/** No fields. */
export const NO_LINES = new FieldLines([]);
