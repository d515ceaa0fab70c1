/** Random lists and random octets, from fixed seeds, through encoder and decoder. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HpackDecoder } from '../../../proxy/wire/hpack/decoder.js';
import { HpackEncoder } from '../../../proxy/wire/hpack/encoder.js';
import { HpackError } from '../../../proxy/wire/hpack/hpack-error.js';
import { SeededRandom } from '../../support/random.js';
import { decodeBlock, encodeBlock, randomFields } from './blocks.js';

const LATIN1 = Buffer.from(Array.from({ length: 256 }, (_, octet) => octet)).toString('latin1');

for (const maxTableBytes of [0, 64, 256, 4096, 65_536]) {
  test(`1500 lists on one connection survive with a table of ${maxTableBytes}`, () => {
    const random = new SeededRandom(maxTableBytes + 1);
    const encoder = new HpackEncoder(maxTableBytes);
    const decoder = new HpackDecoder(Math.max(4096, maxTableBytes));
    encoder.setMaxTableBytes(maxTableBytes);
    for (let round = 0; round < 1500; round++) {
      const fields = randomFields(random, 12);
      assert.deepEqual(decodeBlock(decoder, encodeBlock(encoder, fields)), fields);
      assert.equal(decoder.tableBytes, encoder.tableBytes);
      assert.ok(encoder.tableBytes <= maxTableBytes);
    }
  });
}

test('lists survive while the table size changes at random', () => {
  const random = new SeededRandom(4242);
  const encoder = new HpackEncoder(8192);
  const decoder = new HpackDecoder(4096);
  for (let round = 0; round < 3000; round++) {
    for (let changes = Math.max(0, random.below(8) - 5); changes > 0; changes--) {
      const size = random.of([0, 1, 33, 200, 1000, 4096, 5000, 8192]);
      encoder.setMaxTableBytes(size);
      decoder.setMaxTableBytes(size);
    }
    const fields = randomFields(random, 6);
    assert.deepEqual(decodeBlock(decoder, encodeBlock(encoder, fields)), fields);
    assert.equal(decoder.tableBytes, encoder.tableBytes);
  }
});

test('names and values of every octet survive', () => {
  const random = new SeededRandom(256);
  const encoder = new HpackEncoder(4096);
  const decoder = new HpackDecoder(4096);
  for (let round = 0; round < 1000; round++) {
    const fields = [random.text(LATIN1, random.below(40)), random.text(LATIN1, random.below(400))];
    assert.deepEqual(decodeBlock(decoder, encodeBlock(encoder, fields)), fields);
  }
});

test('no field takes more octets than promised', () => {
  const random = new SeededRandom(99);
  const encoder = new HpackEncoder(4096);
  const out = Buffer.alloc(8192);
  for (let round = 0; round < 3000; round++) {
    const fields = randomFields(random, 1);
    const [name = 'x', value = ''] = fields;
    const end = encoder.encodeField(name, value, out, 0);
    assert.ok(end <= HpackEncoder.maxEncodedBytes(name, value));
  }
});

test('a list over its limit never disturbs the lists after it', () => {
  const random = new SeededRandom(6);
  const encoder = new HpackEncoder(4096);
  const decoder = new HpackDecoder(4096);
  let over = 0;
  for (let round = 0; round < 2000; round++) {
    const fields = randomFields(random, 10);
    const block = encodeBlock(encoder, fields);
    const limitBytes = random.below(1500);
    const maxFields = random.below(12);
    const kept: string[] = [];
    if (!decoder.decode(block, 0, block.length, kept, limitBytes, maxFields)) over++;
    let size = 0;
    let fit = 0;
    for (let i = 0; i < fields.length && i < maxFields * 2; i += 2) {
      size += (fields[i]?.length ?? 0) + (fields[i + 1]?.length ?? 0) + 32;
      if (size > limitBytes) break;
      fit = i + 2;
    }
    assert.deepEqual(kept, fields.slice(0, fit));
    assert.equal(decoder.tableBytes, encoder.tableBytes);
  }
  assert.ok(over > 200 && over < 1800, `${over} lists were over`);
});

/** A valid block with a few octets changed, or octets of which most stand for a field; at times cut short. */
function hostileBlock(random: SeededRandom, valid: Buffer): Buffer {
  const block = Buffer.from(valid);
  if (random.below(3) === 0) {
    for (let i = 0; i < block.length; i++)
      block[i] = random.below(4) > 0 ? 0x81 + random.below(70) : random.below(256);
  }
  for (let mutations = random.below(3); mutations > 0 && block.length > 0; mutations--) {
    const edges = [0x00, 0x20, 0x3f, 0x40, 0x7f, 0x80, 0xbe, 0xff, random.below(256)] as const;
    block[random.below(block.length)] = random.of(edges);
  }
  return random.below(6) === 0 ? block.subarray(0, random.below(block.length + 1)) : block;
}

test('200000 hostile blocks end in a list within the limits or in the error type', () => {
  const random = new SeededRandom(20_000);
  const encoder = new HpackEncoder(4096);
  let decoder = new HpackDecoder(4096);
  let valid: Buffer = Buffer.alloc(0);
  let refused = 0;
  for (let round = 0; round < 200_000; round++) {
    if (round % 8 === 0) valid = encodeBlock(encoder, randomFields(random, 3));
    const block = hostileBlock(random, valid);
    const fields: string[] = [];
    try {
      const within = decoder.decode(block, 0, block.length, fields, 2000, 20);
      assert.ok(fields.length <= 40);
      assert.ok(fields.reduce((sum, text) => sum + text.length + 16, 0) <= 2000);
      assert.ok(within || block.length > 1);
    } catch (error) {
      if (!(error instanceof HpackError)) throw error;
      assert.equal(error.code, 'compression');
      refused++;
      decoder = new HpackDecoder(4096);
    }
    assert.ok(decoder.tableBytes <= 4096);
  }
  assert.ok(refused > 20_000 && refused < 180_000, `${refused} blocks were refused`);
});
