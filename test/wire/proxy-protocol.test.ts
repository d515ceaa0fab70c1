/** The PROXY protocol's header, versions 1 and 2: tables, fed whole, byte by byte and with a tail. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32c } from '../../proxy/wire/proxy-protocol/crc32c.js';
import { decodeProxyHeader, SIGNATURE } from '../../proxy/wire/proxy-protocol/decode.js';
import { encodeProxyHeader } from '../../proxy/wire/proxy-protocol/encode.js';
import type { ProxiedConnection } from '../../proxy/wire/proxy-protocol/header.js';

function v2(command: number, family: number, ...parts: readonly (Buffer | readonly number[])[]): Buffer {
  const rest = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return Buffer.concat([
    SIGNATURE,
    Buffer.from([command, family, rest.length >> 8, rest.length & 0xff]),
    rest,
  ]);
}

function tlv(type: number, value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([type, bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

const ENDS4 = [192, 0, 2, 1, 198, 51, 100, 2, 0x30, 0x39, 0x01, 0xbb];
const ENDS6 = [
  ...[0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
  ...[0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2],
  ...[0x30, 0x39, 0x01, 0xbb],
];
const FOUR: ProxiedConnection = {
  sourceAddress: '192.0.2.1',
  sourcePort: 12345,
  destinationAddress: '198.51.100.2',
  destinationPort: 443,
  serverName: '',
  alpn: '',
  tls: null,
};
const SIX = { ...FOUR, sourceAddress: '2001:db8::1', destinationAddress: '2001:db8::2' };
const TLS = {
  version: 'TLSv1.3',
  cipher: 'TLS_AES_128_GCM_SHA256',
  isClientVerified: true,
  commonName: 'joe',
};
const SSL = Buffer.concat([
  Buffer.from([7, 0, 0, 0, 0]),
  tlv(0x21, TLS.version),
  tlv(0x22, TLS.commonName),
  tlv(0x23, TLS.cipher),
]);

/** A v2 header with a checksum over itself. */
function withChecksum(isRight: boolean): Buffer {
  const header = v2(0x21, 0x11, ENDS4, tlv(0x03, Buffer.alloc(4)));
  header.writeUInt32BE(isRight ? crc32c(header) : (crc32c(header) ^ 1) >>> 0, header.length - 4);
  return header;
}

const READ: readonly (readonly [
  name: string,
  bytes: Buffer | string,
  connection: ProxiedConnection | null,
])[] = [
  ['§2.1 TCP4', 'PROXY TCP4 192.0.2.1 198.51.100.2 12345 443\r\n', FOUR],
  ['§2.1 TCP6', 'PROXY TCP6 2001:db8::1 2001:db8::2 12345 443\r\n', SIX],
  ['§2.1 TCP6 in other letters', 'PROXY TCP6 2001:0DB8:0::1 2001:db8::2 12345 443\r\n', SIX],
  ['§2.1 IPv4 within IPv6', 'PROXY TCP6 ::ffff:192.0.2.1 ::ffff:198.51.100.2 12345 443\r\n', FOUR],
  ['§2.1 UNKNOWN', 'PROXY UNKNOWN\r\n', null],
  ['§2.1 UNKNOWN with addresses', 'PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n', null],
  ['§2.2 IPv4', v2(0x21, 0x11, ENDS4), FOUR],
  ['§2.2 IPv6', v2(0x21, 0x21, ENDS6), SIX],
  ['§2.2 LOCAL', v2(0x20, 0x00), null],
  ['§2.2 LOCAL with addresses', v2(0x20, 0x11, ENDS4), null],
  ['§2.2 UNSPEC', v2(0x21, 0x00, [1, 2, 3]), null],
  ['§2.2 UNIX', v2(0x21, 0x31, Buffer.alloc(216)), null],
  [
    '§2.2.1 ALPN and name',
    v2(0x21, 0x11, ENDS4, tlv(1, 'h2'), tlv(2, 'App.Test')),
    { ...FOUR, alpn: 'h2', serverName: 'app.test' },
  ],
  ['§2.2.3 a right checksum', withChecksum(true), FOUR],
  ['§2.2.4 NOOP and unknown TLVs', v2(0x21, 0x11, ENDS4, tlv(4, 'xx'), tlv(0xee, 'mine')), FOUR],
  ['§2.2.6 TLS', v2(0x21, 0x11, ENDS4, tlv(0x20, SSL)), { ...FOUR, tls: TLS }],
  ['§2.2.6 no TLS', v2(0x21, 0x11, ENDS4, tlv(0x20, Buffer.from([0, 0, 0, 0, 1]))), FOUR],
  [
    '§2.2.6 a certificate that was not verified',
    v2(0x21, 0x11, ENDS4, tlv(0x20, Buffer.concat([Buffer.from([7, 0, 0, 0, 1]), tlv(0x21, 'TLSv1.3')]))),
    { ...FOUR, tls: { version: 'TLSv1.3', cipher: '', isClientVerified: false, commonName: '' } },
  ],
];

for (const [name, given, connection] of READ) {
  test(`${name} is read, and takes its own bytes alone`, () => {
    const bytes = Buffer.from(given);
    const header = { length: bytes.length, connection };
    assert.deepEqual(decodeProxyHeader(bytes), header);
    assert.deepEqual(
      decodeProxyHeader(Buffer.concat([bytes, Buffer.from('GET / HTTP/1.1\r\n\r\n')])),
      header,
    );
    for (let length = 0; length < bytes.length; length += 1)
      assert.equal(decodeProxyHeader(bytes.subarray(0, length)), 'more', `${length} bytes`);
  });
}

const REFUSED: readonly (readonly [name: string, bytes: Buffer | string])[] = [
  ['HTTP', 'GET / HTTP/1.1\r\n\r\n'],
  ['a ClientHello', Buffer.from([0x16, 3, 1, 0, 5])],
  ['another signature', Buffer.from('\r\n\r\n\0\r\nQUIT ', 'latin1')],
  ['a line that is too long', `PROXY TCP4 ${'1'.repeat(120)}`],
  ['a line end of LF alone', `PROXY TCP4 192.0.2.1 198.51.100.2 12345 443\n${' '.repeat(80)}`],
  ['another family', 'PROXY UDP4 192.0.2.1 198.51.100.2 12345 443\r\n'],
  ['lower case', 'proxy TCP4 192.0.2.1 198.51.100.2 12345 443\r\n'],
  ['two blanks', 'PROXY  TCP4 192.0.2.1 198.51.100.2 12345 443\r\n'],
  ['IPv6 as TCP4', 'PROXY TCP4 ::1 ::1 12345 443\r\n'],
  ['an octal address', 'PROXY TCP4 0192.0.2.1 198.51.100.2 12345 443\r\n'],
  ['a zone', 'PROXY TCP6 fe80::1%eth0 ::1 12345 443\r\n'],
  ['a leading zero in a port', 'PROXY TCP4 192.0.2.1 198.51.100.2 012345 443\r\n'],
  ['port 65536', 'PROXY TCP4 192.0.2.1 198.51.100.2 65536 443\r\n'],
  ['a missing port', 'PROXY TCP4 192.0.2.1 198.51.100.2 12345\r\n'],
  ['a further word', 'PROXY TCP4 192.0.2.1 198.51.100.2 12345 443 x\r\n'],
  ['version 3', v2(0x31, 0x11, ENDS4)],
  ['an unknown command', v2(0x22, 0x11, ENDS4)],
  ['an unknown family', v2(0x21, 0x44, ENDS4)],
  ['addresses that are cut', v2(0x21, 0x11, ENDS4.slice(0, 8))],
  ['a TLV beyond the header', v2(0x21, 0x11, ENDS4, [0x02, 0, 9, 0x61])],
  ['a TLV without a length', v2(0x21, 0x11, ENDS4, [0x02, 0])],
  ['a TLV within TLS beyond it', v2(0x21, 0x11, ENDS4, tlv(0x20, Buffer.from([1, 0, 0, 0, 0, 0x21, 0, 9])))],
  ['a wrong checksum', withChecksum(false)],
  ['a header of 60 KB', Buffer.concat([SIGNATURE, Buffer.from([0x21, 0x11, 0xea, 0x60])])],
];

for (const [name, bytes] of REFUSED) {
  test(`${name} is refused`, () => assert.equal(decodeProxyHeader(Buffer.from(bytes)), 'invalid'));
}

for (const [name, connection] of [
  ['IPv4', FOUR],
  ['IPv6', SIX],
  ['all that can be told', { ...SIX, serverName: 'app.test', alpn: 'h2', tls: TLS }],
  ['our own', null],
] as const) {
  test(`what is written is read again: ${name}`, () => {
    const bytes = encodeProxyHeader('v2', connection);
    assert.deepEqual(decodeProxyHeader(bytes), { length: bytes.length, connection });
    const line = encodeProxyHeader('v1', connection);
    const plain = connection === null ? null : { ...connection, serverName: '', alpn: '', tls: null };
    assert.deepEqual(decodeProxyHeader(line), { length: line.length, connection: plain });
  });
}

test('ends of two families are written as IPv6, and an address that is none as our own connection', () => {
  const mixed = { ...FOUR, destinationAddress: '::1' };
  assert.equal(
    encodeProxyHeader('v1', mixed).toString(),
    'PROXY TCP6 0:0:0:0:0:ffff:c000:201 0:0:0:0:0:0:0:1 12345 443\r\n',
  );
  assert.equal(encodeProxyHeader('v1', { ...FOUR, sourceAddress: '' }).toString(), 'PROXY UNKNOWN\r\n');
});

test('RFC 9260 Appendix A / RFC 3720 B.4: the checksum of 32 zeros', () => {
  assert.equal(crc32c(Buffer.alloc(32)), 0x8a9136aa);
  assert.equal(crc32c(Buffer.alloc(32, 0xff), 0, 32), 0x8a9136aa);
});
