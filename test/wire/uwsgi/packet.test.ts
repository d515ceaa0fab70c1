/** The uwsgi packet: bytes as the protocol's specification gives them, bounds, and reading back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodeUwsgiPacket,
  encodeUwsgiPacket,
  MAX_VARIABLES_BYTES,
} from '../../../proxy/wire/uwsgi/packet.js';

function packetOf(...variables: string[]): Buffer {
  return Buffer.from(encodeUwsgiPacket(variables) ?? assert.fail('too large'), 'latin1');
}

test('header and sizes are little-endian, with both modifiers 0', () => {
  assert.deepEqual(
    packetOf('REQUEST_METHOD', 'GET'),
    Buffer.concat([
      Buffer.from([0, 21, 0, 0, 14, 0]),
      Buffer.from('REQUEST_METHOD'),
      Buffer.from([3, 0]),
      Buffer.from('GET'),
    ]),
  );
});

test('sizes above 255 use their second byte', () => {
  const packet = packetOf('A', 'x'.repeat(300));
  assert.equal(packet.readUInt16LE(1), 2 + 1 + 2 + 300);
  assert.equal(packet.readUInt16LE(7), 300);
});

test('every byte value and empty values come back', () => {
  const bytes = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('');
  const variables = ['QUERY_STRING', '', 'HTTP_X', bytes];
  assert.deepEqual(decodeUwsgiPacket(packetOf(...variables))?.variables, variables);
});

test('the largest packet is written, one byte more is refused', () => {
  const room = MAX_VARIABLES_BYTES - 2 - 1 - 2;
  assert.equal(packetOf('A', 'x'.repeat(room)).length, 4 + MAX_VARIABLES_BYTES);
  assert.equal(encodeUwsgiPacket(['A', 'x'.repeat(room + 1)]), null);
  assert.equal(encodeUwsgiPacket(['A', 'x'.repeat(70_000)]), null);
});

test('a packet is not read before its last byte is there', () => {
  const packet = packetOf('A', 'b');
  for (let length = 0; length < packet.length; length += 1) {
    assert.equal(decodeUwsgiPacket(packet.subarray(0, length)), null);
  }
  assert.equal(decodeUwsgiPacket(Buffer.concat([packet, Buffer.from('body')]))?.bytesRead, packet.length);
});

test('a variable that reaches beyond its packet is refused', () => {
  assert.throws(() => decodeUwsgiPacket(Buffer.from([0, 3, 0, 0, 9, 0, 65])), RangeError);
  assert.throws(() => decodeUwsgiPacket(Buffer.from([0, 1, 0, 0, 9])), RangeError);
});
