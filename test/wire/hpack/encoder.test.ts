/** What the encoder writes: representations, secrets, doubtful fields, size updates, room. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HpackDecoder } from '../../../proxy/wire/hpack/decoder.js';
import { HpackEncoder } from '../../../proxy/wire/hpack/encoder.js';
import { decodeBlock, encodeBlock, encodeListBlock, hex } from './blocks.js';

/** Octets of one field in a block of its own. */
function encodeOne(encoder: HpackEncoder, name: string, value: string): Buffer {
  return encodeBlock(encoder, [name, value]);
}

test('a repeated response costs one octet a field', () => {
  const encoder = new HpackEncoder(4096);
  const fields = [
    ...[':status', '200', 'server', 'example', 'content-type', 'text/html; charset=utf-8'],
    ...['cache-control', 'no-cache', 'vary', 'accept-encoding', 'x-frame-options', 'DENY'],
  ];
  const first = encodeBlock(encoder, fields);
  const second = encodeBlock(encoder, fields);
  assert.ok(first.length > 40);
  assert.equal(second.length, 6);
  const decoder = new HpackDecoder(4096);
  assert.deepEqual(decodeBlock(decoder, first), fields);
  assert.deepEqual(decodeBlock(decoder, second), fields);
});

for (const status of [200, 204, 206, 304, 400, 404, 500]) {
  test(`status ${status} is one octet of the static table`, () => {
    const out = Buffer.alloc(64);
    const end = new HpackEncoder(4096).encodeStatus(status, out, 3);
    assert.equal(end, 4);
    assert.deepEqual(decodeBlock(new HpackDecoder(4096), out.subarray(3, 4)), [':status', String(status)]);
  });
}

test('another status is one octet from its second use on', () => {
  const encoder = new HpackEncoder(4096);
  const decoder = new HpackDecoder(4096);
  const out = Buffer.alloc(64);
  const first = encoder.encodeStatus(302, out, 0);
  assert.deepEqual(decodeBlock(decoder, out.subarray(0, first)), [':status', '302']);
  const second = encoder.encodeStatus(302, out, 0);
  assert.equal(second, 1);
  assert.deepEqual(decodeBlock(decoder, out.subarray(0, second)), [':status', '302']);
});

const SECRETS: readonly (readonly [string, string])[] = [
  ['authorization', 'Bearer 0123456789'],
  ['proxy-authorization', 'Basic AAAA'],
  ['set-cookie', 'session=0123456789012345678901234567890123456789'],
  ['cookie', 'pin=1234'],
  ['x-api-key', 'k'],
  ['x-csrf-token', 'abcdef'],
  ['x-auth-token', 'abcdef'],
  ['x-amz-security-token', 'abcdef'],
  ['x-session-id', '42'],
];

for (const [name, value] of SECRETS) {
  test(`${name} is a literal never indexed, every time`, () => {
    const encoder = new HpackEncoder(4096);
    for (let round = 0; round < 3; round++) {
      assert.equal((encodeOne(encoder, name, value)[0] ?? 0) & 0xf0, 0x10);
      assert.equal(encoder.tableBytes, 0);
    }
  });
}

test('octets of a never-indexed field with a static name (§6.2.3)', () => {
  assert.deepEqual(encodeOne(new HpackEncoder(4096), 'set-cookie', '~'), hex('1f28 01 7e'));
});

test('octets of a never-indexed field with a literal name', () => {
  // t o k e n: 01001 00111 1110101 00101 101010, then ones.
  assert.deepEqual(encodeOne(new HpackEncoder(4096), 'token', '~'), hex('10 84 49fa96af 01 7e'));
});

test('a cookie of twenty characters is no short secret', () => {
  const encoder = new HpackEncoder(4096);
  encodeOne(encoder, 'cookie', 'x'.repeat(20));
  assert.equal(encodeOne(encoder, 'cookie', 'x'.repeat(20)).length, 1);
});

for (const name of [
  'content-length',
  'etag',
  'last-modified',
  'location',
  'age',
  'expires',
  'x-request-id',
  ':path',
]) {
  test(`${name} takes no place in the table`, () => {
    const encoder = new HpackEncoder(4096);
    for (let round = 0; round < 3; round++) {
      assert.equal((encodeOne(encoder, name, 'some value')[0] ?? 0) & 0xf0, 0x00);
      assert.equal(encoder.tableBytes, 0);
    }
  });
}

test('date takes a place when it comes a second time, and after that at once', () => {
  const encoder = new HpackEncoder(4096);
  const lengths = ['1', '1', '1', '2', '2'].map((second) => {
    return encodeOne(encoder, 'date', `Mon, 21 Oct 2013 20:13:2${second} GMT`).length;
  });
  assert.ok((lengths[1] ?? 0) > 20);
  assert.deepEqual(lengths.slice(2), [1, lengths[1], 1]);
  assert.equal(encoder.tableBytes, 65 * 2);
});

test('date of rare requests never fills the table', () => {
  const encoder = new HpackEncoder(4096);
  for (let second = 10; second < 60; second++)
    encodeOne(encoder, 'date', `Mon, 21 Oct 2013 20:13:${second} GMT`);
  assert.equal(encoder.tableBytes, 0);
});

test('a field whose values never repeat stops taking places', () => {
  const encoder = new HpackEncoder(4096);
  encodeOne(encoder, 'server', 'example');
  for (let i = 0; i < 500; i++) encodeOne(encoder, 'x-unique', `value number ${i}`);
  assert.ok(encoder.tableBytes < 512, `${encoder.tableBytes} octets`);
  assert.equal(encodeOne(encoder, 'server', 'example').length, 1);
});

test('a field that changed too often comes back once its value repeats', () => {
  const encoder = new HpackEncoder(4096);
  for (let i = 0; i < 20; i++) encodeOne(encoder, 'x-phase', `phase ${i}`);
  encodeOne(encoder, 'x-phase', 'steady');
  encodeOne(encoder, 'x-phase', 'steady');
  assert.equal(encodeOne(encoder, 'x-phase', 'steady').length, 1);
});

test('a field larger than half the table is not indexed', () => {
  const encoder = new HpackEncoder(4096);
  encodeOne(encoder, 'content-security-policy', 'x'.repeat(2048));
  assert.equal(encoder.tableBytes, 0);
  encodeOne(encoder, 'content-security-policy', 'x'.repeat(1900));
  assert.equal(encoder.tableBytes, 1900 + 23 + 32);
});

test('thousands of names from an upstream do not stay in memory', () => {
  const encoder = new HpackEncoder(4096);
  const decoder = new HpackDecoder(4096);
  for (let i = 0; i < 5000; i++) {
    assert.deepEqual(decodeBlock(decoder, encodeOne(encoder, `x-name-${i}`, 'v')), [`x-name-${i}`, 'v']);
  }
  assert.ok(encoder.trackedNames <= 256, `${encoder.trackedNames} names`);
});

test('names of doubtful fields are forgotten with the others', () => {
  const encoder = new HpackEncoder(4096);
  for (let i = 0; i < 3000; i++) {
    for (let value = 0; value < 6; value++) encodeOne(encoder, `x-${i % 1000}`, `${i} ${value}`);
  }
  assert.ok(encoder.trackedNames <= 256, `${encoder.trackedNames} names`);
});

test('a name beyond U+00FF is refused and leaves no trace', () => {
  const encoder = new HpackEncoder(4096);
  const out = Buffer.alloc(64);
  assert.throws(() => encoder.encodeField('x-\u0100', 'b', out, 0), { code: 'compression' });
  assert.equal(encoder.trackedNames, 0);
});

test('Huffman coding is used where it is shorter and only there', () => {
  const encoder = new HpackEncoder(0);
  encoder.beginBlock(Buffer.alloc(16), 0);
  assert.deepEqual(encodeOne(encoder, 'etag', 'aaaa'), hex('0f13 83 18c63f'));
  assert.deepEqual(encodeOne(encoder, 'etag', '{}'), hex('0f13 02 7b7d'));
  // Eight bits either way: plain octets are cheaper to read.
  assert.deepEqual(encodeOne(encoder, 'etag', 'X'), hex('0f13 01 58'));
});

test('no size update is due while both sides use the initial size', () => {
  assert.equal(new HpackEncoder(4096).beginBlock(Buffer.alloc(16), 0), 0);
  const roomy = new HpackEncoder(65_536);
  assert.equal(roomy.beginBlock(Buffer.alloc(16), 0), 0);
  const bounded = new HpackEncoder(4096);
  bounded.setMaxTableBytes(65_536);
  assert.equal(bounded.beginBlock(Buffer.alloc(16), 0), 0);
});

test('a smaller table of our own is announced in the first block', () => {
  const encoder = new HpackEncoder(100);
  assert.deepEqual(encodeBlock(encoder, [':status', '200']), hex('3f45 88'));
  assert.deepEqual(encodeBlock(encoder, [':status', '200']), hex('88'));
});

test('a lowered setting is announced once and evicts at once', () => {
  const encoder = new HpackEncoder(4096);
  encodeOne(encoder, 'server', 'example');
  encoder.setMaxTableBytes(0);
  assert.equal(encoder.tableBytes, 0);
  assert.deepEqual(encodeBlock(encoder, [':status', '200']), hex('20 88'));
  assert.deepEqual(encodeBlock(encoder, [':status', '200']), hex('88'));
});

test('a setting lowered and raised between two blocks is announced as the smallest, then the final size', () => {
  const encoder = new HpackEncoder(8192);
  for (const size of [1000, 0, 500, 8192]) encoder.setMaxTableBytes(size);
  assert.deepEqual(encodeBlock(encoder, [':status', '200']), hex('20 3fe13f 88'));
});

test('a setting changed and changed back is announced, for the peer has evicted', () => {
  const encoder = new HpackEncoder(4096);
  const decoder = new HpackDecoder(4096);
  decodeBlock(decoder, encodeOne(encoder, 'server', 'example'));
  decoder.setMaxTableBytes(0);
  decoder.setMaxTableBytes(4096);
  encoder.setMaxTableBytes(0);
  encoder.setMaxTableBytes(4096);
  const block = encodeOne(encoder, 'server', 'example');
  assert.deepEqual(block.subarray(0, 4), hex('20 3fe11f'));
  assert.deepEqual(decodeBlock(decoder, block), ['server', 'example']);
});

test('a field without room is refused before the table changes', () => {
  const encoder = new HpackEncoder(4096);
  const out = Buffer.alloc(HpackEncoder.maxEncodedBytes('server', 'example') - 1);
  assert.throws(() => encoder.encodeField('server', 'example', out, 0), { code: 'too_large' });
  assert.throws(() => encoder.encodeStatus(200, out, out.length), { code: 'too_large' });
  assert.equal(encoder.tableBytes, 0);
});

test('a character above U+00FF is refused, not cut to a line feed', () => {
  const encoder = new HpackEncoder(4096);
  const out = Buffer.alloc(64);
  for (const [name, value] of [
    ['x-a', 'b\u010ac'],
    ['x-\u0100', 'b'],
    ['etag', '\u{1f600}'],
  ] as const) {
    assert.throws(() => encoder.encodeField(name, value, out, 0), { code: 'compression' });
  }
  assert.equal(encoder.tableBytes, 0);
});

test('an index beyond 126 takes the longer form', () => {
  const encoder = new HpackEncoder(4096);
  const decoder = new HpackDecoder(4096);
  decodeBlock(decoder, encodeOne(encoder, 'first', 'value'));
  for (let i = 0; i < 70; i++) decodeBlock(decoder, encodeOne(encoder, `x-${i}`, 'v'));
  const block = encodeOne(encoder, 'first', 'value');
  assert.deepEqual(block, hex('ff 05'));
  assert.deepEqual(decodeBlock(decoder, block), ['first', 'value']);
});

test('a list that comes again as the same object is decoded the same, whatever happens to the table between', () => {
  const encoder = new HpackEncoder(4096);
  const decoder = new HpackDecoder(4096);
  const list = ['server', 'example', 'vary', 'accept-encoding', 'x-frame-options', 'DENY'];
  const read = (): number => {
    const block = encodeListBlock(encoder, list);
    assert.deepEqual(decodeBlock(decoder, block), list);
    return block.length;
  };
  assert.deepEqual([read() > 30, read(), read()], [true, 3, 3]);
  // Another entry moves their indexes.
  decodeBlock(decoder, encodeBlock(encoder, ['x-other', 'one']));
  assert.deepEqual([read(), read()], [3, 3]);
  // The table is emptied and allowed again: both are told with the next block.
  encoder.setMaxTableBytes(0);
  encoder.setMaxTableBytes(4096);
  assert.deepEqual([read() > 30, read(), read()], [true, 3, 3]);
  encoder.forgetList();
  assert.equal(read(), 3);
});

test('a list with a secret is written as one each time', () => {
  const encoder = new HpackEncoder(4096);
  const list = ['server', 'example', 'set-cookie', 'session=0123456789'];
  const blocks = [1, 2, 3].map(() => encodeListBlock(encoder, list));
  for (const block of blocks.slice(1)) {
    assert.equal((block[1] ?? 0) & 0xf0, 0x10, 'never indexed');
    assert.deepEqual(block, blocks[1]);
  }
});

test('a list whose field earns its place later is written shorter then', () => {
  const encoder = new HpackEncoder(4096);
  const list = ['date', 'Mon, 21 Oct 2013 20:13:21 GMT'];
  const lengths = [1, 2, 3].map(() => encodeListBlock(encoder, list).length);
  assert.deepEqual([(lengths[0] ?? 0) > 20, (lengths[1] ?? 0) > 20, lengths[2]], [true, true, 1]);
});
