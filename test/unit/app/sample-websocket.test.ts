/** The sample app's WebSocket echo keeps to RFC 6455 and to its limits. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import { within } from '../../support/deadline.js';
import { type RunningSample, startSample } from '../../support/sample.js';

const WAIT_MS = 30_000;

async function open(t: TestContext): Promise<{ socket: WebSocket; sample: RunningSample }> {
  const sample = await startSample(t);
  const socket = new WebSocket(`ws://127.0.0.1:${sample.port}/ws`, ['chat', 'other'], {
    perMessageDeflate: false,
  });
  t.after(() => socket.terminate());
  await within(once(socket, 'open'), WAIT_MS, 'the WebSocket opens');
  return { socket, sample };
}

async function nextMessage(socket: WebSocket): Promise<{ data: Buffer; isBinary: boolean }> {
  const [data, isBinary] = await within(once(socket, 'message'), WAIT_MS, 'a message comes back');
  return { data, isBinary };
}

test('text comes back as text, under the first protocol offered', async (t) => {
  const { socket } = await open(t);
  assert.equal(socket.protocol, 'chat');
  socket.send('grüße');
  const { data, isBinary } = await nextMessage(socket);
  assert.deepEqual([data.toString('utf8'), isBinary], ['grüße', false]);
});

test('binary messages of every length form come back', async (t) => {
  const { socket } = await open(t);
  for (const size of [0, 125, 126, 65_535, 65_536, 1_000_000]) {
    const sent = Buffer.alloc(size, size & 255);
    socket.send(sent);
    const { data, isBinary } = await nextMessage(socket);
    assert.ok(isBinary && data.equals(sent), `${size} bytes`);
  }
});

test('a message in fragments comes back whole', async (t) => {
  const { socket } = await open(t);
  socket.send('one ', { fin: false });
  socket.send('two', { fin: true });
  assert.equal((await nextMessage(socket)).data.toString(), 'one two');
});

test('many messages in one write come back in order', async (t) => {
  const { socket } = await open(t);
  const seen: string[] = [];
  const all = new Promise<void>((resolve) => {
    socket.on('message', (data) => {
      if (seen.push(String(data)) === 200) resolve();
    });
  });
  for (let index = 0; index < 200; index += 1) socket.send(String(index));
  await within(all, WAIT_MS, 'all messages come back');
  assert.deepEqual(
    seen,
    Array.from({ length: 200 }, (_, index) => String(index)),
  );
});

test('a ping is answered with its payload', async (t) => {
  const { socket } = await open(t);
  socket.ping('abc');
  const [payload] = await within(once(socket, 'pong'), WAIT_MS, 'the pong');
  assert.equal(String(payload), 'abc');
});

test('close comes back with its code', async (t) => {
  const { socket } = await open(t);
  socket.close(4321, 'bye');
  const [code, reason] = await within(once(socket, 'close'), WAIT_MS, 'the close');
  assert.deepEqual([code, String(reason)], [4321, 'bye']);
});

test('a frame above the limit is refused with 1009', async (t) => {
  const { socket } = await open(t);
  socket.on('error', () => undefined);
  socket.send(Buffer.alloc(1024 * 1024 + 1));
  const [code] = await within(once(socket, 'close'), WAIT_MS, 'the close');
  assert.equal(code, 1009);
});

test('the app says that it goes away when it ends', async (t) => {
  const { socket, sample } = await open(t);
  const closed = once(socket, 'close');
  await within(sample.end(WAIT_MS), WAIT_MS, 'the app ends');
  const [code] = await within(closed, WAIT_MS, 'the close');
  assert.equal(code, 1001);
});

test('another path, and another version, are refused', async (t) => {
  const { origin } = await startSample(t);
  const refusal = async (path: string, protocolVersion: number): Promise<number | undefined> => {
    const socket = new WebSocket(origin.replace('http', 'ws') + path, { protocolVersion });
    socket.on('error', () => undefined);
    const [, answer] = await within(once(socket, 'unexpected-response'), WAIT_MS, 'the refusal');
    socket.terminate();
    return answer.statusCode;
  };
  assert.equal(await refusal('/nothing', 13), 404);
  assert.equal(await refusal('/ws', 8), 426);
});
