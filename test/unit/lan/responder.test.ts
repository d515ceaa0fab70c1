/** Our answers to multicast DNS over real sockets of loopback: to all, to one, to askers of plain DNS, to nobody. */
import assert from 'node:assert/strict';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { after, before, beforeEach, test } from 'node:test';
import { readPacket, TYPES, writeResponse } from '../../../src/lan/mdns/packet.js';
import { MdnsResponder } from '../../../src/lan/mdns/responder.js';
import { until, within } from '../../support/deadline.js';

const PATIENCE_MS = 30_000;
const NETWORKS = [
  { interfaceName: 'lo', family: 4, address: '127.0.0.1', netmask: '255.0.0.0' },
  { interfaceName: 'lo', family: 6, address: 'fd00::5', netmask: 'ffff:ffff:ffff:ffff::' },
] as const;
const IPV4 = '7f000001';

/** What came, in readable words. */
function describe(bytes: Uint8Array): string {
  const packet = readPacket(bytes);
  if (packet === null) return 'broken';
  const records = packet.records.map(
    ({ name, type, ttlSeconds, data }) =>
      `${name} ${type} ${ttlSeconds} ${Buffer.from(data).toString('hex')}`,
  );
  const head = `${packet.id} ${packet.isResponse ? 'answer' : 'question'}`;
  return [head, ...packet.questions.map(({ name, type }) => `${name}? ${type}`), ...records].join(' | ');
}

function question(type: number, { id = 0, unicast = false, name = 'shop.local' } = {}): Buffer {
  const labels = name
    .split('.')
    .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  const tail = Buffer.from([0, type >> 8, type & 255, unicast ? 0x80 : 0, 1]);
  return Buffer.concat([Buffer.from([id >> 8, id & 255, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]), ...labels, tail]);
}

/** A socket that keeps what it hears. */
class Ear {
  readonly heard: string[] = [];
  readonly raw: Buffer[] = [];
  private constructor(readonly socket: Socket) {
    socket.on('message', (bytes: Buffer, _from: RemoteInfo) => {
      this.raw.push(bytes);
      this.heard.push(describe(bytes));
    });
  }

  static async open(address = '127.0.0.1'): Promise<Ear> {
    const ear = new Ear(createSocket('udp4'));
    await within(
      new Promise<void>((resolve) => ear.socket.bind(0, address, resolve)),
      PATIENCE_MS,
      'a socket',
    );
    return ear;
  }

  get port(): number {
    return this.socket.address().port;
  }

  /** The next that is like it. */
  async hears(pattern: RegExp): Promise<string> {
    await until(
      () => this.heard.some((text) => pattern.test(text)),
      PATIENCE_MS,
      `${pattern} in ${this.heard}`,
    );
    return this.heard.find((text) => pattern.test(text)) ?? '';
  }
}

/** Stands where the multicast group is. */
let all: Ear;
let asker: Ear;
let responder: MdnsResponder;
let port = 0;
const conflicts: string[] = [];

before(async () => {
  all = await Ear.open();
  asker = await Ear.open();
  const place = { group: '127.0.0.1', port: all.port, bindAddress: '127.0.0.1', bindPort: 0 };
  responder = new MdnsResponder('shop.local', NETWORKS, (address) => conflicts.push(address), place);
  port = await responder.open();
});
beforeEach(() => {
  asker.heard.length = 0;
  asker.raw.length = 0;
});
after(async () => {
  await responder.close();
  all.socket.close();
  asker.socket.close();
});

const A = `shop.local 1 120 ${IPV4}`;
const AAAA = 'shop.local 28 120 fd000000000000000000000000000005';

/** Waits until a later question is answered: what came before it was not. */
async function isSilent(send: () => void): Promise<void> {
  send();
  asker.socket.send(question(TYPES.a, { id: 999 }), port, '127.0.0.1');
  await asker.hears(/^999 /);
  assert.equal(asker.heard.length, 1, asker.heard.join('\n'));
}

test('at the start all hear that somebody asks for the name, and then twice that it is ours', async () => {
  await all.hears(/^0 question \| shop\.local\? 255$/);
  await until(
    () => all.heard.filter((text) => text === `0 answer | ${A} | ${AAAA}`).length >= 2,
    PATIENCE_MS,
    'two',
  );
});

test('an asker of plain DNS gets its id and question back, and at most 10 seconds', async () => {
  asker.socket.send(question(TYPES.a, { id: 4660 }), port, '127.0.0.1');
  const text = await asker.hears(/./);
  assert.equal(
    text,
    `4660 answer | shop.local? 1 | ${A.replace('120', '10')} | ${AAAA.replace('120', '10')}`,
  );
  // No cache-flush bit: plain DNS would read another class (RFC 6762 §6.7).
  assert.equal(asker.raw[0]?.includes(Buffer.from('00018001', 'hex')), false);
});

test('the other family comes first where it is asked for, and both where any will do', async () => {
  asker.socket.send(question(TYPES.aaaa, { id: 1 }), port, '127.0.0.1');
  assert.match(await asker.hears(/^1 /), /\| shop\.local\? 28 \| shop\.local 28 10 .* \| shop\.local 1 10 /);
  asker.socket.send(question(TYPES.any, { id: 2 }), port, '127.0.0.1');
  assert.match(await asker.hears(/^2 /), /\| shop\.local\? 255 \| shop\.local 1 10 .* \| shop\.local 28 10 /);
});

test('that there is no such record is an answer too', async () => {
  asker.socket.send(question(65, { id: 3 }), port, '127.0.0.1');
  assert.match(await asker.hears(/^3 /), /\| shop\.local\? 65 \| shop\.local 47 10 \S+000440000008$/);
});

test('who asks from the common port is answered to all, once a second', async () => {
  const before = all.heard.length;
  for (let count = 0; count < 5; count += 1) all.socket.send(question(TYPES.a), port, '127.0.0.1');
  const answer = `0 answer | ${A} | ${AAAA}`;
  await until(() => all.heard.slice(before).includes(answer), PATIENCE_MS, 'an answer to all');
  all.socket.send(question(TYPES.a, { unicast: true }), port, '127.0.0.1');
  await until(() => all.heard.length >= before + 2, PATIENCE_MS, 'an answer to one');
  assert.ok(all.heard.length - before <= 4, all.heard.slice(before).join('\n'));
});

test('another name, a broken packet, and what is known already get no answer', async () => {
  await isSilent(() => asker.socket.send(question(TYPES.a, { name: 'blog.local' }), port, '127.0.0.1'));
  asker.heard.length = 0;
  await isSilent(() =>
    asker.socket.send(Buffer.from('000000000001000000000000c00c00010001', 'hex'), port, '127.0.0.1'),
  );
  asker.heard.length = 0;
  const known = question(TYPES.a, { id: 7 });
  known[7] = 1;
  const record = writeResponse({
    id: 0,
    question: null,
    answers: [{ name: 'shop.local', type: 1, ttlSeconds: 100, data: Buffer.from(IPV4, 'hex') }],
    additional: [],
    flushes: false,
  }).subarray(12);
  await isSilent(() => asker.socket.send(Buffer.concat([known, record]), port, '127.0.0.1'));
});

test('a hundred questions in one packet get four answers', async () => {
  const one = question(65).subarray(12);
  const packet = Buffer.concat([
    Buffer.from('000900000064000000000000', 'hex'),
    ...Array<Buffer>(100).fill(one),
  ]);
  asker.socket.send(packet, port, '127.0.0.1');
  asker.socket.send(question(TYPES.a, { id: 10 }), port, '127.0.0.1');
  await asker.hears(/^10 /);
  assert.equal(asker.heard.filter((text) => text.startsWith('9 ')).length, 4);
});

test('another machine that answers for the name is told, once; a goodbye and our own are none', async () => {
  const other = await Ear.open('127.0.0.2');
  const say = (ttlSeconds: number, hex: string): void => {
    const answers = [{ name: 'shop.local', type: 1, ttlSeconds, data: Buffer.from(hex, 'hex') }];
    other.socket.send(
      writeResponse({ id: 0, question: null, answers, additional: [], flushes: true }),
      port,
      '127.0.0.1',
    );
  };
  say(0, '0a000001');
  say(120, IPV4);
  await isSilent(() => undefined);
  assert.deepEqual(conflicts, []);
  say(120, '0a000001');
  say(120, '0a000001');
  await until(() => conflicts.length > 0, PATIENCE_MS, 'the conflict');
  asker.heard.length = 0;
  await isSilent(() => undefined);
  assert.deepEqual(conflicts, ['127.0.0.2']);
  other.socket.close();
});

test('at the end all hear goodbye', async () => {
  await responder.close();
  await all.hears(/^0 answer \| shop\.local 1 0 7f000001 \| shop\.local 28 0 /);
});
