/** The decoder's dynamic table, its size updates, and the limits on the decoded list. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HpackDecoder } from '../../../proxy/wire/hpack/decoder.js';
import { decodeBlock, hex } from './blocks.js';

/** A literal with indexing, `name` and `value` plain. */
function literal(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.of(0x40), plain(name), plain(value)]);
}

/** A plain string literal of fewer than 127 + 2^14 octets. */
function plain(text: string): Buffer {
  const rest = text.length - 127;
  const length = rest < 0 ? [text.length] : rest < 128 ? [127, rest] : [127, (rest & 127) | 128, rest >> 7];
  return Buffer.concat([Buffer.from(length), Buffer.from(text, 'latin1')]);
}

test('an entry counts its octets and 32 more, and the oldest gives way first', () => {
  const decoder = new HpackDecoder(34 * 3);
  decodeBlock(decoder, Buffer.concat(['1', '2', '3', '4'].map((value) => literal('a', value))));
  assert.equal(decoder.tableBytes, 34 * 3);
  assert.deepEqual(decodeBlock(decoder, hex('be bf c0')), ['a', '4', 'a', '3', 'a', '2']);
  assert.throws(() => decodeBlock(decoder, hex('c1')), { code: 'compression' });
});

test('an entry that fills the table exactly is kept, one octet more empties it', () => {
  const decoder = new HpackDecoder(64);
  decodeBlock(decoder, literal('a', 'x'.repeat(31)));
  assert.equal(decoder.tableBytes, 64);
  assert.deepEqual(decodeBlock(decoder, literal('b', 'x'.repeat(32))), ['b', 'x'.repeat(32)]);
  assert.equal(decoder.tableBytes, 0);
});

test('a name taken from an entry outlives its eviction (§4.4)', () => {
  const decoder = new HpackDecoder(40);
  decodeBlock(decoder, literal('name', 'old'));
  assert.deepEqual(decodeBlock(decoder, hex('7e 03 6e6577')), ['name', 'new']);
  assert.deepEqual(decodeBlock(decoder, hex('be')), ['name', 'new']);
});

test('a table of many entries keeps their order through growth and eviction', () => {
  const decoder = new HpackDecoder(4096);
  for (let i = 0; i < 1000; i++) decodeBlock(decoder, literal('n', String(i % 10)));
  assert.equal(decoder.tableBytes, 34 * 120);
  const all = decodeBlock(decoder, Buffer.from(Array.from({ length: 65 }, (_, age) => 0x80 + 62 + age)));
  assert.deepEqual(
    all.filter((_, i) => i % 2 === 1),
    Array.from({ length: 65 }, (_, age) => String((999 - age) % 10)),
  );
});

test('size 0 empties the table and a larger size fills it again', () => {
  const decoder = new HpackDecoder(4096);
  decodeBlock(decoder, literal('a', 'b'));
  decodeBlock(decoder, hex('20'));
  assert.equal(decoder.tableBytes, 0);
  assert.throws(() => decodeBlock(decoder, hex('be')), { code: 'compression' });
  const other = new HpackDecoder(4096);
  decodeBlock(other, Buffer.concat([hex('20 3f e1 1f'), literal('a', 'b')]));
  assert.deepEqual(decodeBlock(other, hex('be')), ['a', 'b']);
});

test('a smaller size evicts only what no longer fits', () => {
  const decoder = new HpackDecoder(4096);
  decodeBlock(decoder, Buffer.concat([literal('a', '1'), literal('a', '2')]));
  decodeBlock(decoder, hex('3f 0f'));
  assert.equal(decoder.tableBytes, 34);
  assert.deepEqual(decodeBlock(decoder, hex('be')), ['a', '2']);
});

test('a lowered setting demands a size update at the start of the next block (§4.2)', () => {
  const obeyed = new HpackDecoder(4096);
  obeyed.setMaxTableBytes(0);
  assert.deepEqual(decodeBlock(obeyed, hex('20 82')), [':method', 'GET']);
  assert.deepEqual(decodeBlock(obeyed, hex('82')), [':method', 'GET']);
  for (const block of ['82', '', '21 82', '3f e1 1f 82']) {
    const ignored = new HpackDecoder(4096);
    ignored.setMaxTableBytes(0);
    assert.throws(() => decodeBlock(ignored, hex(block)), { code: 'compression' });
  }
});

test('a setting lowered and raised again demands the smallest size first', () => {
  const decoder = new HpackDecoder(4096);
  decodeBlock(decoder, literal('a', 'b'));
  decoder.setMaxTableBytes(0);
  decoder.setMaxTableBytes(4096);
  assert.deepEqual(decodeBlock(decoder, hex('20 3f e1 1f 82')), [':method', 'GET']);
  assert.equal(decoder.tableBytes, 0);
});

test('a setting lowered twice, or raised again, does not excuse a first size above the smallest', () => {
  for (const next of [100, 4096]) {
    for (const block of ['3f 45', '3f 45 20', '3f e1 1f']) {
      const decoder = new HpackDecoder(4096);
      decoder.setMaxTableBytes(0);
      decoder.setMaxTableBytes(next);
      assert.throws(() => decodeBlock(decoder, hex(block)), { code: 'compression' });
    }
  }
});

test('a raised setting changes nothing until the peer takes it up', () => {
  const decoder = new HpackDecoder(4096);
  decoder.setMaxTableBytes(8192);
  decodeBlock(decoder, literal('a', 'x'.repeat(5000)));
  assert.equal(decoder.tableBytes, 0);
  decodeBlock(decoder, Buffer.concat([hex('3f e1 3f'), literal('a', 'x'.repeat(5000))]));
  assert.equal(decoder.tableBytes, 5033);
});

test('a list at the limit is kept, one octet more is told', () => {
  const block = hex('0001 6101 62 0001 6101 62');
  for (const [limitBytes, kept, within] of [
    [68, 4, true],
    [67, 2, false],
    [34, 2, false],
    [33, 0, false],
    [0, 0, false],
  ] as const) {
    const fields: string[] = [];
    assert.equal(new HpackDecoder(4096).decode(block, 0, block.length, fields, limitBytes, 10), within);
    assert.equal(fields.length, kept);
  }
});

test('more fields than allowed are told and not kept', () => {
  const fields: string[] = [];
  assert.equal(new HpackDecoder(4096).decode(hex('82 84 86'), 0, 3, fields, 1000, 2), false);
  assert.deepEqual(fields, [':method', 'GET', ':path', '/']);
});

test('a small field after one that went over is not kept either', () => {
  const block = Buffer.concat([literal('a', 'x'.repeat(100)), hex('82')]);
  const fields: string[] = [];
  assert.equal(new HpackDecoder(4096).decode(block, 0, block.length, fields, 100, 10), false);
  assert.deepEqual(fields, []);
});

test('a list over the limit leaves the table as the peer has it', () => {
  const block = Buffer.concat([literal('a', 'x'.repeat(200)), literal('b', '1'), literal('c', '2')]);
  const decoder = new HpackDecoder(4096);
  assert.equal(decoder.decode(block, 0, block.length, [], 50, 10), false);
  assert.deepEqual(decodeBlock(decoder, hex('be bf c0')), ['c', '2', 'b', '1', 'a', 'x'.repeat(200)]);
});

test('what neither the list nor the table can hold still empties the table', () => {
  const decoder = new HpackDecoder(128);
  decodeBlock(decoder, literal('a', 'b'));
  const block = Buffer.concat([literal('n'.repeat(300), 'v'), literal('n', 'v'.repeat(300))]);
  assert.equal(decoder.decode(block, 0, block.length, [], 50, 10), false);
  assert.equal(decoder.tableBytes, 0);
});

test('strings over the limit are checked all the same', () => {
  const block = hex('0001 6181 18');
  assert.throws(() => new HpackDecoder(4096).decode(block, 0, block.length, [], 0, 10), {
    code: 'compression',
  });
});

test('a Huffman string longer than the shared scratch is read whole', () => {
  // 64,000 times `a` (00011) in 40,000 octets, whose length is 127 + 39,873.
  const code = Buffer.alloc(40_000, hex('18 c6 31 8c 63'));
  const block = Buffer.concat([hex('0001 61 ff c1 b7 02'), code]);
  assert.deepEqual(decodeBlock(new HpackDecoder(4096), block), ['a', 'a'.repeat(64_000)]);
});

test('thousands of references to one large entry stop at the limit', () => {
  const decoder = new HpackDecoder(4096);
  decodeBlock(decoder, literal('a', 'x'.repeat(4000)));
  const bomb = Buffer.alloc(16_384, 0xbe);
  const fields: string[] = [];
  assert.equal(decoder.decode(bomb, 0, bomb.length, fields, 65_536, 1000), false);
  assert.equal(fields.length, 2 * Math.floor(65_536 / 4033));
});
