/** The codec of multicast DNS: what others send, what we send, and packets that want to break it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { addressBytes, isOnLink } from '../../../src/lan/mdns/addresses.js';
import { nsecData, readPacket, TYPES, writeQuery, writeResponse } from '../../../src/lan/mdns/packet.js';

const HEAD = '0000 0000 0001 0000 0000 0000';
const SHOP = '04 73686f70 05 6c6f63616c 00';

function bytes(...parts: readonly string[]): Buffer {
  return Buffer.from(parts.join('').replaceAll(' ', ''), 'hex');
}

const QUESTIONS = [
  { title: 'a question to all', packet: bytes(HEAD, SHOP, '0001 0001'), is: ['shop.local', 1, false] },
  { title: 'a question to one', packet: bytes(HEAD, SHOP, '001c 8001'), is: ['shop.local', 28, true] },
  {
    title: 'capitals',
    packet: bytes(HEAD, '04 53484f50 05 4c4f43414c 00 00ff 00ff'),
    is: ['shop.local', 255, false],
  },
  { title: 'the root', packet: bytes(HEAD, '00 0001 0001'), is: ['', 1, false] },
] as const;

for (const { title, packet, is } of QUESTIONS) {
  test(`${title} is read`, () => {
    const [question] = readPacket(packet)?.questions ?? [];
    assert.deepEqual([question?.name, question?.type, question?.wantsUnicast], is);
  });
}

test('a question of another class is passed over', () => {
  assert.deepEqual(readPacket(bytes(HEAD, SHOP, '0001 0003'))?.questions, []);
});

test('a name may lead to one before it', () => {
  const packet = bytes(
    '0000 0000 0001 0001 0000 0000',
    SHOP,
    '0001 0001',
    'c00c 0001 0001 00000078 0004 c0a80105',
  );
  const { records = [] } = readPacket(packet) ?? {};
  assert.equal(records[0]?.name, 'shop.local');
  assert.equal(records[0]?.ttlSeconds, 120);
  assert.deepEqual([...(records[0]?.data ?? [])], [192, 168, 1, 5]);
});

/** Long chains of pointers, each to the one before it. */
function pointerChain(length: number): Buffer {
  const names = Array.from({ length }, (_, index) => {
    const at = 12 + index * 6;
    return index === 0 ? '0161 00' : `c0${(at === 18 ? 12 : at - 6).toString(16).padStart(2, '0')}`;
  });
  return bytes('0000 0000 0002 0000 0000 0000', ...names.map((name) => `${name} 0001 0001`));
}

const HOSTILE = [
  { title: 'nothing', packet: bytes('') },
  { title: 'half a head', packet: bytes('0000 0000 0001') },
  { title: 'a head alone that promises a question', packet: bytes(HEAD) },
  { title: 'a name without end', packet: bytes(HEAD, '04 73686f70') },
  { title: 'a label longer than the packet', packet: bytes(HEAD, '3f 73686f70') },
  { title: 'a pointer to itself', packet: bytes(HEAD, 'c00c 0001 0001') },
  { title: 'a pointer forward', packet: bytes(HEAD, 'c010 0001 0001 00') },
  { title: 'a pointer behind the end', packet: bytes(HEAD, 'cfff 0001 0001') },
  { title: 'half a pointer', packet: bytes(HEAD, 'c0') },
  {
    title: 'two pointers in a circle',
    packet: bytes('0000 0000 0002 0000 0000 0000', 'c012 0001 0001', 'c00c 0001 0001'),
  },
  { title: 'a label that runs into its own pointer', packet: bytes(HEAD, '0161 c00c 0001 0001') },
  { title: 'a reserved kind of label', packet: bytes(HEAD, '80 0001 0001') },
  { title: 'a name of 300 bytes', packet: bytes(HEAD, `3f${'61'.repeat(63)}`.repeat(5), '00 0001 0001') },
  { title: 'no type', packet: bytes(HEAD, SHOP) },
  {
    title: 'a record with less data than it says',
    packet: bytes('0000 8400 0000 0001 0000 0000', SHOP, '0001 0001 00000078 ffff 01'),
  },
  {
    title: 'more questions than anybody has',
    packet: bytes('0000 0000 ffff 0000 0000 0000', `${SHOP} 0001 0001`.repeat(100)),
  },
  {
    title: 'more records than anybody has',
    packet: bytes('0000 8400 0000 ffff ffff ffff', '00'.repeat(100)),
  },
  { title: 'an update', packet: bytes('0000 2800 0001 0000 0000 0000', SHOP, '0001 0001') },
  { title: 'a giant', packet: Buffer.concat([bytes(HEAD, SHOP, '0001 0001'), Buffer.alloc(9000)]) },
] as const;

describe('a packet that is broken says nothing', () => {
  for (const { title, packet } of HOSTILE) test(title, () => assert.equal(readPacket(packet), null));
});

test('a chain of pointers, each to one before it, ends', () => {
  assert.equal(readPacket(pointerChain(2))?.questions.at(-1)?.name, 'a');
});

test('no cut of a packet, and no byte of it changed, throws', () => {
  const whole = bytes(
    '0000 0000 0001 0001 0000 0000',
    SHOP,
    '0001 0001',
    'c00c 0001 0001 00000078 0004 c0a80105',
  );
  for (let length = 0; length < whole.length; length += 1)
    assert.equal(readPacket(whole.subarray(0, length)), null);
  for (let at = 0; at < whole.length; at += 1) {
    for (const value of [0, 1, 0x3f, 0x40, 0x80, 0xc0, 0xff]) {
      const changed = Buffer.from(whole);
      changed[at] = value;
      readPacket(changed);
    }
  }
});

test('what we write is what was meant', () => {
  const record = { name: 'shop.local', type: TYPES.a, ttlSeconds: 120, data: addressBytes('192.168.1.5') };
  const response = writeResponse({ id: 0, question: null, answers: [record], additional: [], flushes: true });
  assert.equal(
    response.toString('hex'),
    bytes('0000 8400 0000 0001 0000 0000', SHOP, '0001 8001 00000078 0004 c0a80105').toString('hex'),
  );
  assert.equal(
    writeQuery('shop.local', TYPES.any).toString('hex'),
    bytes(HEAD, SHOP, '00ff 0001').toString('hex'),
  );
  assert.equal(nsecData('shop.local', [TYPES.a]).toString('hex'), bytes(SHOP, '00 01 40').toString('hex'));
  assert.equal(
    nsecData('shop.local', [1, 28]).toString('hex'),
    bytes(SHOP, '00 04 40000008').toString('hex'),
  );
  assert.equal(nsecData('shop.local', []).toString('hex'), bytes(SHOP, '00 01 00').toString('hex'));
});

test('addresses are their bytes', () => {
  const all = ['10.0.0.1', 'fd00::2', '::1', 'fd00:1:2:3:4:5:6:7', 'fe80::1%eth0', '::ffff:1.2.3.4', 'x', ''];
  assert.deepEqual(
    all.map((address) => addressBytes(address).toString('hex')),
    [
      ...['0a000001', 'fd000000000000000000000000000002', '00000000000000000000000000000001'],
      ...['fd000001000200030004000500060007', 'fe800000000000000000000000000001'],
      ...['00000000000000000000ffff01020304', '', ''],
    ],
  );
});

test('an address is on the link or not', () => {
  const wifi = {
    interfaceName: 'wlan0',
    family: 4,
    address: '192.168.1.5',
    netmask: '255.255.255.0',
  } as const;
  const six = {
    interfaceName: 'wlan0',
    family: 6,
    address: 'fd00::5',
    netmask: 'ffff:ffff:ffff:ffff::',
  } as const;
  const near = ['192.168.1.77', '192.168.2.77', '8.8.8.8', 'fd00::1', 'x'].map((one) => isOnLink(one, wifi));
  assert.deepEqual(near, [true, false, false, false, false]);
  assert.deepEqual(
    ['fd00::9', 'fd00:0:0:1::9', '192.168.1.5'].map((one) => isOnLink(one, six)),
    [true, false, false],
  );
});
