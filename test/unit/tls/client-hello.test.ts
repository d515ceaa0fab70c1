/** What is read from a ClientHello, and that no bytes are too strange for the reader. */
import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import tls from 'node:tls';
import { MAX_HELLO_BYTES, readClientHello } from '../../../proxy/tls/client-hello.js';

/** The first flight of node's own client. */
function helloOf(options: tls.ConnectionOptions): Promise<Buffer> {
  return new Promise((resolve) => {
    const wire = new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        resolve(chunk);
        done();
      },
    });
    tls.connect({ socket: wire, ...options }).on('error', () => undefined);
  });
}

test('the server name is read in lower case', async () => {
  const hello = readClientHello(await helloOf({ servername: 'WWW.Example.test' }));
  assert.ok(typeof hello === 'object');
  assert.equal(hello.serverName, 'www.example.test');
  assert.deepEqual(hello.ticketKeyNames, []);
});

test('a hello without a name has none', async () => {
  const hello = readClientHello(await helloOf({}));
  assert.ok(typeof hello === 'object');
  assert.equal(hello.serverName, '');
});

test('a hello that is cut anywhere asks for more, and is the same in several records', async () => {
  const whole = await helloOf({ servername: 'a.test' });
  for (let end = 0; end < whole.length; end += 1) {
    assert.equal(readClientHello(whole.subarray(0, end)), 'more', `cut at ${end}`);
  }
  const body = whole.subarray(5);
  const record = (part: Buffer): Buffer => {
    const head = Buffer.from([22, 3, 1, 0, 0]);
    head.writeUInt16BE(part.length, 3);
    return Buffer.concat([head, part]);
  };
  const pieces = [body.subarray(0, 3), body.subarray(3, 60), body.subarray(60)];
  assert.deepEqual(readClientHello(Buffer.concat(pieces.map(record))), readClientHello(whole));
});

test('what is no ClientHello is told at once', () => {
  assert.equal(readClientHello(Buffer.from('GET / HTTP/1.1\r\n')), 'none');
  assert.equal(readClientHello(Buffer.from([22, 3, 1, 0, 4, 2, 0, 0, 0])), 'none');
  const huge = Buffer.from([22, 3, 1, 0, 4, 1, 0xff, 0xff, 0xff]);
  assert.equal(readClientHello(huge), 'none');
  assert.ok(MAX_HELLO_BYTES < 0xffffff);
});

test('changed bytes never throw', async () => {
  const whole = await helloOf({ servername: 'a.test' });
  for (let at = 5; at < whole.length; at += 1) {
    for (const value of [0, 1, 0x7f, 0xff]) {
      const changed = Buffer.from(whole);
      changed[at] = value;
      readClientHello(changed);
    }
  }
});

test('the protocols are read in their order', async () => {
  const hello = readClientHello(await helloOf({ ALPNProtocols: ['acme-tls/1', 'h2'] }));
  assert.ok(typeof hello === 'object');
  assert.deepEqual(hello.protocols, ['acme-tls/1', 'h2']);
});

test('tickets name their key in their first 16 bytes; what has no more than those is none', () => {
  const extension = (type: number, body: Buffer): Buffer =>
    Buffer.concat([pair(type), pair(body.length), body]);
  const identity = (length: number, fill: number): Buffer =>
    Buffer.concat([pair(length), Buffer.alloc(length, fill), Buffer.alloc(4)]);
  const read = (...extensions: Buffer[]): string[] => {
    const all = Buffer.concat(extensions);
    const rest = [
      Buffer.alloc(34),
      Buffer.from([0]),
      pair(2),
      pair(0x1301),
      Buffer.from([1, 0]),
      pair(all.length),
    ];
    const body = Buffer.concat([...rest, all]);
    const message = Buffer.concat([Buffer.from([1, 0]), pair(body.length), body]);
    const hello = readClientHello(Buffer.concat([Buffer.from([22, 3, 1]), pair(message.length), message]));
    assert.ok(typeof hello === 'object');
    return hello.ticketKeyNames.map((name) => name.toString('hex'));
  };
  const names = (...fills: string[]): string[] => fills.map((fill) => fill.repeat(16));
  assert.deepEqual(read(extension(35, Buffer.alloc(16, 1))), []);
  assert.deepEqual(read(extension(35, Buffer.alloc(17, 1))), names('01'));
  const list = Buffer.concat([identity(16, 2), identity(17, 3), identity(0, 0), identity(40, 4)]);
  assert.deepEqual(read(extension(41, Buffer.concat([pair(list.length), list]))), names('03', '04'));
  // The last one is cut: it is longer than the list says.
  const cut = Buffer.concat([pair(list.length - 5), list]);
  assert.deepEqual(read(extension(41, cut)), names('03'));
  // Its age is not needed.
  assert.deepEqual(read(extension(41, Buffer.concat([pair(list.length - 4), list]))), names('03', '04'));
  assert.deepEqual(read(extension(41, Buffer.alloc(1))), []);
});

function pair(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}
