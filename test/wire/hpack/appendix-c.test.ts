/** The examples of RFC 7541, Appendix C. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HpackDecoder } from '../../../proxy/wire/hpack/decoder.js';
import { HpackEncoder } from '../../../proxy/wire/hpack/encoder.js';
import { writeInteger } from '../../../proxy/wire/hpack/integer.js';
import { decodeBlock, encodeBlock, hex } from './blocks.js';

/** One block: its octets, its list, and the size of the dynamic table after it. */
type Example = readonly [string, readonly string[], number];

const AUTHORITY = [':authority', 'www.example.com'];
const REQUESTS = [
  [':method', 'GET', ':scheme', 'http', ':path', '/', ...AUTHORITY],
  [':method', 'GET', ':scheme', 'http', ':path', '/', ...AUTHORITY, 'cache-control', 'no-cache'],
  [':method', 'GET', ':scheme', 'https', ':path', '/index.html', ...AUTHORITY, 'custom-key', 'custom-value'],
] as const;

const PRIVATE = ['cache-control', 'private'];
const LOCATION = ['location', 'https://www.example.com'];
const FIRST_DATE = ['date', 'Mon, 21 Oct 2013 20:13:21 GMT'];
const SECOND_DATE = ['date', 'Mon, 21 Oct 2013 20:13:22 GMT'];
const COOKIE = ['set-cookie', 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'];
const RESPONSES = [
  [':status', '302', ...PRIVATE, ...FIRST_DATE, ...LOCATION],
  [':status', '307', ...PRIVATE, ...FIRST_DATE, ...LOCATION],
  [':status', '200', ...PRIVATE, ...SECOND_DATE, ...LOCATION, 'content-encoding', 'gzip', ...COOKIE],
] as const;

const CASES: readonly (readonly [string, number, readonly Example[]])[] = [
  [
    'C.2.1 literal with indexing',
    4096,
    [
      [
        '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572',
        ['custom-key', 'custom-header'],
        55,
      ],
    ],
  ],
  [
    'C.2.2 literal without indexing',
    4096,
    [['040c 2f73 616d 706c 652f 7061 7468', [':path', '/sample/path'], 0]],
  ],
  [
    'C.2.3 literal never indexed',
    4096,
    [['1008 7061 7373 776f 7264 0673 6563 7265 74', ['password', 'secret'], 0]],
  ],
  ['C.2.4 indexed field', 4096, [['82', [':method', 'GET'], 0]]],
  [
    'C.3 requests without Huffman coding',
    4096,
    [
      ['8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d', REQUESTS[0], 57],
      ['8286 84be 5808 6e6f 2d63 6163 6865', REQUESTS[1], 110],
      ['8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65', REQUESTS[2], 164],
    ],
  ],
  [
    'C.4 requests with Huffman coding',
    4096,
    [
      ['8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff', REQUESTS[0], 57],
      ['8286 84be 5886 a8eb 1064 9cbf', REQUESTS[1], 110],
      ['8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf', REQUESTS[2], 164],
    ],
  ],
  [
    'C.5 responses without Huffman coding, with eviction',
    256,
    [
      [
        `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32
         3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
        RESPONSES[0],
        222,
      ],
      ['4803 3330 37c1 c0bf', RESPONSES[1], 222],
      [
        `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970
         7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61
         6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31`,
        RESPONSES[2],
        215,
      ],
    ],
  ],
  [
    'C.6 responses with Huffman coding, with eviction',
    256,
    [
      [
        `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad
         1718 63c7 8f0b 97c8 e9ae 82ae 43d3`,
        RESPONSES[0],
        222,
      ],
      ['4883 640e ffc1 c0bf', RESPONSES[1], 222],
      [
        `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2
         e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
        RESPONSES[2],
        215,
      ],
    ],
  ],
];

for (const [title, maxTableBytes, examples] of CASES) {
  test(`decodes ${title}`, () => {
    const decoder = new HpackDecoder(maxTableBytes);
    for (const [block, fields, tableBytes] of examples) {
      assert.deepEqual(decodeBlock(decoder, hex(block)), fields);
      assert.equal(decoder.tableBytes, tableBytes);
    }
  });
}

test('C.1 integers are written in their prefixes', () => {
  const out = Buffer.alloc(8);
  assert.equal(out.subarray(0, writeInteger(10, 0, 0x1f, out, 0)).toString('hex'), '0a');
  assert.equal(out.subarray(0, writeInteger(1337, 0, 0x1f, out, 0)).toString('hex'), '1f9a0a');
  assert.equal(out.subarray(0, writeInteger(42, 0, 0xff, out, 0)).toString('hex'), '2a');
});

test('C.1 integers are read from their prefixes', () => {
  // 10, 42 and 1337 as table sizes, whose prefix has five bits: the entry counts 42 and fits or not.
  const entry = hex('4001 61 09 3132 3334 3536 3738 39');
  for (const [size, kept] of [
    ['2a', 0],
    ['3f 0b', 42],
    ['3f 9a 0a', 42],
  ] as const) {
    const decoder = new HpackDecoder(1337);
    decodeBlock(decoder, Buffer.concat([hex(size), entry]));
    assert.equal(decoder.tableBytes, kept);
  }
  assert.throws(() => decodeBlock(new HpackDecoder(1336), hex('3f 9a 0a')), { code: 'compression' });
});

test('the encoder writes the requests of C.4 octet by octet', () => {
  const encoder = new HpackEncoder(4096);
  assert.deepEqual(encodeBlock(encoder, REQUESTS[0]), hex('8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff'));
  assert.deepEqual(encodeBlock(encoder, REQUESTS[1]), hex('8286 84be 5886 a8eb 1064 9cbf'));
  assert.deepEqual(
    encodeBlock(encoder, REQUESTS[2]),
    hex('8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf'),
  );
});
