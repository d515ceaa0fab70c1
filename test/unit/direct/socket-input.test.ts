/** What a client's socket reads reaches its reader in order, directly or through the stream's queue. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectPlain, createServer as createPlain, type Server, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { connect as connectTls, createServer as createTls } from 'node:tls';
import { readFrom } from '../../../proxy/direct/socket-input.js';
import { testCertificates } from '../../support/certificates.js';
import { until, within } from '../../support/deadline.js';
import { SeededRandom } from '../../support/random.js';

const PATIENCE_MS = 30_000;

interface Pair {
  readonly client: Socket;
  readonly served: Socket;
}

/** Both ends of a connection, ended after the test. */
async function connectPair(t: TestContext, encrypted: boolean): Promise<Pair> {
  const { root, leaf, intermediate } = await testCertificates();
  const server: Server = encrypted
    ? createTls({ cert: leaf.certPem + intermediate.certPem, key: leaf.keyPem })
    : createPlain();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const at = { host: '127.0.0.1', port: address.port };
  const came = once(server, encrypted ? 'secureConnection' : 'connection');
  const client = encrypted
    ? connectTls({ ...at, ca: root.certPem, servername: 'localhost' })
    : connectPlain(at);
  const [served] = await within(came, PATIENCE_MS, 'the connection');
  t.after(() => {
    client.destroy();
    served.destroy();
    server.close();
  });
  for (const socket of [client, served]) socket.on('error', () => undefined);
  return { client, served };
}

for (const encrypted of [true, false]) {
  const over = encrypted ? 'over TLS' : 'without TLS';

  test(`chunks come without the stream's event (${over})`, async (t) => {
    const { client, served } = await connectPair(t, encrypted);
    let text = '';
    let events = 0;
    readFrom(served, (chunk) => {
      text += chunk.toString();
    });
    served.on('data', () => {
      events += 1;
    });
    for (const word of ['one', 'two', 'three']) {
      client.write(word);
      await until(() => text.endsWith(word) || undefined, PATIENCE_MS, word);
    }
    assert.equal(text, 'onetwothree');
    assert.equal(events, 0, 'Node hands chunks to push() no longer');
  });

  test(`a paused socket gives nothing, lets its client wait, and goes on where it stopped (${over})`, async (t) => {
    const { client, served } = await connectPair(t, encrypted);
    let bytes = 0;
    readFrom(served, (chunk) => {
      bytes += chunk.length;
      if (bytes === 1) served.pause();
    });
    client.write('x');
    await until(() => bytes === 1 || undefined, PATIENCE_MS, 'the first byte');
    const most = 64 * 1024 * 1024;
    client.end(Buffer.alloc(most));
    await until(() => served.readableLength > 0 || undefined, PATIENCE_MS, 'bytes that wait');
    for (let times = 0; times < 50; times += 1) await turn();
    assert.equal(bytes, 1);
    assert.ok(served.readableLength < 1024 * 1024, `${served.readableLength} bytes wait here`);
    assert.ok(client.writableLength > 0, 'and the rest there');
    const ended = once(served, 'end');
    served.resume();
    await within(ended, PATIENCE_MS, 'the end');
    assert.equal(bytes, most + 1);
  });

  test(`every byte comes once and in order, however often the socket is paused (${over})`, async (t) => {
    const { client, served } = await connectPair(t, encrypted);
    const random = new SeededRandom(7);
    const sent = Buffer.from(
      Array.from({ length: 3_000_000 }, (_, index) => (index * 7 + (index >> 8)) & 0xff),
    );
    const got: Buffer[] = [];
    readFrom(served, (chunk) => {
      got.push(Buffer.from(chunk));
      if (!random.oneIn(3)) return;
      served.pause();
      const resume = (): unknown => served.resume();
      if (random.oneIn(2)) setImmediate(resume);
      else process.nextTick(resume);
    });
    const ended = once(served, 'end');
    for (let at = 0; at < sent.length; ) {
      const size = 1 + random.below(60_000);
      client.write(sent.subarray(at, at + size));
      at += size;
      if (random.oneIn(3)) await turn();
    }
    client.end();
    await within(ended, PATIENCE_MS, 'the end');
    assert.ok(Buffer.concat(got).equals(sent));
  });

  test(`a client that is gone in the middle closes the socket, and nothing comes after (${over})`, async (t) => {
    const { client, served } = await connectPair(t, encrypted);
    let closed = false;
    let late = 0;
    readFrom(served, () => {
      if (closed) late += 1;
      else client.destroy();
    });
    served.on('end', () => served.destroy());
    served.on('close', () => {
      closed = true;
    });
    client.write(Buffer.alloc(100_000));
    await until(() => closed || undefined, PATIENCE_MS, 'the close');
    assert.equal(late, 0);
  });
}
