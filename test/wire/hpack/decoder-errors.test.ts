/** Blocks that a decoder must refuse, each with a neighbour that it must take. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HpackDecoder } from '../../../proxy/wire/hpack/decoder.js';
import { HpackError } from '../../../proxy/wire/hpack/hpack-error.js';
import { decodeBlock, hex } from './blocks.js';

const REFUSED: readonly (readonly [string, string])[] = [
  ['index 0 (§6.1)', '80'],
  ['an index just beyond the static table while nothing is indexed (§2.3.3)', 'be'],
  ['an index just beyond the dynamic table', '4001 6101 62 bf'],
  ['a name index beyond the tables, with indexing', '7e 0161'],
  ['a name index beyond the tables, without indexing', '0f 2f 0161'],
  ['a name index beyond the tables, never indexed', '1f 2f 0161'],
  ['an index cut in its integer', 'ff'],
  ['an index cut after a continuation octet', 'ff 80'],
  ['a literal cut before its name', '40'],
  ['a literal cut before its value', '4001 61'],
  ['a literal cut inside its name', '4003 6161'],
  ['a literal cut inside its value', '4001 6103 6262'],
  ['a literal with a static name cut before its value', '41'],
  ['a string length cut in its integer', '4001 617f'],
  ['a string length beyond the block', '4001 617f 7f 62'],
  ['an integer with endless continuation (§5.1)', 'ff 80 80 80 80 80 80 80 80 80 80 80 80 00'],
  ['an integer that overflows 32 bits', 'ff ff ff ff ff ff ff ff 7f'],
  ['a string length that overflows 32 bits', '4001 617f ff ff ff ff 0f'],
  ['a table size that overflows 32 bits', '3f ff ff ff ff ff 0f'],
  ['a table size above the setting (§6.3)', '3f e2 1f'],
  ['a table size update after a field (§4.2)', '82 20'],
  ['a table size update at the end of a block', '4001 6101 62 3f e1 1f'],
  ['three table size updates', '20 21 22'],
  ['Huffman padding of zeros (§5.2)', '4001 6181 18'],
  ['Huffman padding with one wrong bit', '4001 6181 1e'],
  ['Huffman padding of eight ones', '4001 6182 1fff'],
  ['Huffman padding of a whole octet of ones alone', '4001 6181 ff'],
  ['the end-of-string symbol alone', '4001 6184 ffff ffff'],
  ['the end-of-string symbol after a symbol', '4001 6185 1fff ffff ff'],
  ['the end-of-string symbol inside a string', '4001 6185 ffff fffc 18'],
  ['a Huffman code cut in the middle of a long symbol', '4001 6182 fffe'],
  ['a wrong Huffman code in a name', '4081 18 0162'],
];

for (const [title, block] of REFUSED) {
  test(`refuses ${title}`, () => {
    assert.throws(
      () => decodeBlock(new HpackDecoder(4096), hex(block)),
      (error) => error instanceof HpackError && error.code === 'compression',
    );
  });
}

const TAKEN: readonly (readonly [string, string, readonly string[]])[] = [
  ['an empty block', '', []],
  ['the last static entry', 'bd', ['www-authenticate', '']],
  ['the last dynamic entry', '4001 6101 62 be', ['a', 'b', 'a', 'b']],
  ['an empty name and value', '0000 00', ['', '']],
  ['a Huffman string of no octets', '0001 6180', ['a', '']],
  ['an integer padded with empty continuation octets', '3f 80 80 00', []],
  ['a table size at the setting', '3f e1 1f', []],
  ['two table size updates', '20 3f e1 1f 82', [':method', 'GET']],
  ['Huffman padding of three ones', '0001 6181 1f', ['a', 'a']],
  ['a symbol that ends with its octet', '0001 6181 f8', ['a', '&']],
  ['octets above 0x7f as latin1', '0001 6102 e9ff', ['a', 'éÿ']],
  ['a space before no name', '0001 2001 20', [' ', ' ']],
];

for (const [title, block, fields] of TAKEN) {
  test(`takes ${title}`, () => {
    assert.deepEqual(decodeBlock(new HpackDecoder(4096), hex(block)), fields);
  });
}

test('refuses every proper prefix of a literal with Huffman strings', () => {
  const block = hex('4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf');
  for (let end = 1; end < block.length; end++) {
    assert.throws(() => decodeBlock(new HpackDecoder(4096), block.subarray(0, end)), { code: 'compression' });
  }
  assert.deepEqual(decodeBlock(new HpackDecoder(4096), block), ['custom-key', 'custom-value']);
});

test('reads nothing outside the given range', () => {
  const buffer = hex('80 80 82 80 80');
  const fields: string[] = [];
  assert.equal(new HpackDecoder(4096).decode(buffer, 2, 3, fields, 1000, 10), true);
  assert.deepEqual(fields, [':method', 'GET']);
  const cut = hex('4001 6102 62 63');
  assert.throws(() => new HpackDecoder(4096).decode(cut, 0, cut.length - 1, [], 1000, 10), {
    code: 'compression',
  });
});
