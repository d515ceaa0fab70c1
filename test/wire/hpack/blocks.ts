/** Header blocks for the tests: hex, whole lists in and out, and random lists from a fixed seed. */

import type { HpackDecoder } from '../../../proxy/wire/hpack/decoder.js';
import { HpackEncoder } from '../../../proxy/wire/hpack/encoder.js';
import type { SeededRandom } from '../../support/random.js';

/** Octets from hex with any white space between. */
export function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
}

/** Decodes a block into a flat list; `limits` default to no limit. */
export function decodeBlock(decoder: HpackDecoder, block: Buffer): string[] {
  const fields: string[] = [];
  if (!decoder.decode(block, 0, block.length, fields, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)) {
    throw new Error('a list without limits went over them');
  }
  return fields;
}

/** Encodes a flat list into a block of its own. */
export function encodeBlock(encoder: HpackEncoder, fields: readonly string[]): Buffer {
  const out = roomFor(fields);
  let end = encoder.beginBlock(out, 0);
  for (let i = 0; i < fields.length; i += 2) {
    end = encoder.encodeField(fields[i] ?? '', fields[i + 1] ?? '', out, end);
  }
  return out.subarray(0, end);
}

/** The same by `encodeList()`, which knows the list when it comes again. */
export function encodeListBlock(encoder: HpackEncoder, fields: readonly string[]): Buffer {
  const out = roomFor(fields);
  return out.subarray(0, encoder.encodeList(fields, out, encoder.beginBlock(out, 0)));
}

function roomFor(fields: readonly string[]): Buffer {
  let room = HpackEncoder.maxBeginBytes;
  for (let i = 0; i < fields.length; i += 2) {
    room += HpackEncoder.maxEncodedBytes(fields[i] ?? '', fields[i + 1] ?? '');
  }
  return Buffer.alloc(room);
}

const NAME_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789-_.!#$%&'*+^`|~";
const VALUE_CHARACTERS =
  'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';

const NAMES: readonly [string, ...string[]] = [
  'accept-ranges',
  'age',
  'authorization',
  'cache-control',
  'content-type',
  'cookie',
  'date',
  'etag',
  'link',
  'location',
  'server',
  'set-cookie',
  'vary',
  'x-api-key',
  'x-frame-options',
  'x-one',
];

/** A list of regular fields as a peer may send it: known and unknown names, values that repeat and that do not. */
export function randomFields(random: SeededRandom, most: number): string[] {
  const fields: string[] = [];
  for (let count = random.below(most + 1); count > 0; count--) {
    const known = random.below(5) > 0;
    const name = known ? random.of(NAMES) : `x-${random.text(NAME_CHARACTERS, 1 + random.below(12))}`;
    fields.push(name, randomValue(random));
  }
  return fields;
}

function randomValue(random: SeededRandom): string {
  switch (random.below(6)) {
    case 0:
      return '';
    case 1:
      return random.text(VALUE_CHARACTERS, 1 + random.below(300));
    case 2:
      return random.text(VALUE_CHARACTERS, random.of([1, 126, 127, 128, 254, 255, 256, 1500]));
    default:
      return `value ${random.below(6)}`;
  }
}
