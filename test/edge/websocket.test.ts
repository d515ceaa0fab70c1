/** WebSockets over HTTP/1.1 with a real client library, before the sample app's echo. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { within } from '../support/deadline.js';
import { eachEngine } from '../support/fronted.js';
import { RawHttp1Client } from '../support/raw-client.js';
import { PATIENCE_MS, SAMPLE_APP, type StartedFront } from '../support/started-front.js';

async function open(front: StartedFront, path = '/ws', protocols: string[] = []): Promise<WebSocket> {
  const socket = new WebSocket(`wss://localhost:${front.port()}${path}`, protocols, { ca: front.ca });
  await within(once(socket, 'open'), PATIENCE_MS, 'the WebSocket opening');
  return socket;
}

async function echo(socket: WebSocket, data: string | Buffer): Promise<[Buffer, boolean]> {
  const answered = once(socket, 'message');
  socket.send(data);
  const [message, isBinary] = await within(answered, PATIENCE_MS, 'the echo');
  return [Buffer.from(message), Boolean(isBinary)];
}

async function closed(socket: WebSocket): Promise<[number, string]> {
  const [code, reason] = await within(once(socket, 'close'), PATIENCE_MS, 'the WebSocket closing');
  return [Number(code), String(reason)];
}

eachEngine('WebSocket', { arguments: ['--listen', '127.0.0.1:0'], app: SAMPLE_APP }, (running) => {
  test('text and binary messages come back as they were sent', async () => {
    const socket = await open(running());
    const [text, textIsBinary] = await echo(socket, 'grüß dich');
    assert.deepEqual([text.toString(), textIsBinary], ['grüß dich', false]);
    const data = randomBytes(1000);
    const [binary, binaryIsBinary] = await echo(socket, data);
    assert.deepEqual([binary.equals(data), binaryIsBinary], [true, true]);
    socket.terminate();
  });

  test('large messages pass, and fragments stay fragments', async () => {
    const socket = await open(running());
    for (const size of [125, 126, 65_535, 65_536, 1_000_000]) {
      const data = randomBytes(size);
      const [message] = await echo(socket, data);
      assert.ok(message.equals(data), `${size} bytes`);
    }
    const parts = Array.from({ length: 8 }, () => randomBytes(1_000_000));
    const answered = once(socket, 'message');
    for (const [index, part] of parts.entries()) socket.send(part, { fin: index === 7, binary: true });
    const [message] = await within(answered, PATIENCE_MS, 'the echo of eight fragments');
    assert.ok(Buffer.concat(parts).equals(message));
    socket.terminate();
  });

  test('ping is answered by the app', async () => {
    const socket = await open(running());
    const pong = once(socket, 'pong');
    socket.ping('are you there');
    const [data] = await within(pong, PATIENCE_MS, 'the pong');
    assert.equal(String(data), 'are you there');
    socket.terminate();
  });

  test('close code and reason go there and back', async () => {
    const socket = await open(running());
    socket.close(4321, 'enough');
    assert.deepEqual(await closed(socket), [4321, 'enough']);
  });

  test('a close by the app reaches a client that is still sending', async () => {
    const socket = await open(running());
    // The sample app takes no frame above 1 MiB: it closes with 1009.
    socket.send(Buffer.alloc(17 * 1024 * 1024));
    const [code] = await closed(socket);
    assert.equal(code, 1009);
  });

  test('the subprotocol is agreed on through the front', async () => {
    const socket = await open(running(), '/ws', ['chat', 'superchat']);
    assert.equal(socket.protocol, 'chat');
    socket.terminate();
  });

  test("the app's refusal reaches the client as it is", async () => {
    const socket = new WebSocket(`wss://localhost:${running().port()}/nowhere`, { ca: running().ca });
    socket.on('error', () => undefined);
    const [, response] = await within(
      once(socket, 'unexpected-response'),
      PATIENCE_MS,
      'the refusal of the upgrade',
    );
    assert.equal(response.statusCode, 404);
    response.destroy();
  });

  test('bytes sent together with the upgrade request are not lost', async () => {
    const front = running();
    const client = await RawHttp1Client.open({ port: front.port(), ca: front.ca });
    const frame = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]).toString('latin1');
    await client.send(
      `GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n${frame}`,
    );
    assert.ok(await client.until(() => client.tunnel === '\x81\x02hi', 30_000), client.received);
    await client.finish(1000);
  });

  test('an upgrade behind a chunked answer on the same connection carries plain bytes', async () => {
    const front = running();
    const client = await RawHttp1Client.open({ port: front.port(), ca: front.ca });
    await client.send('GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n');
    assert.ok(await client.settle(1, PATIENCE_MS));
    assert.deepEqual(client.responses[0]?.headers.includes('chunked'), true);
    await client.send(
      `GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
    );
    assert.ok(await client.until(() => client.responses.length === 2, PATIENCE_MS), client.received);
    await client.send('\x81\x82\0\0\0\0hi');
    assert.ok(await client.until(() => client.tunnel.length >= 4, PATIENCE_MS), client.received);
    assert.equal(client.tunnel, '\x81\x02hi');
    await client.finish(1000);
  });

  test('a hundred at once all echo, and the front serves on after they are gone', async () => {
    const sockets = await Promise.all(Array.from({ length: 100 }, () => open(running())));
    const echoes = await Promise.all(sockets.map((socket, index) => echo(socket, `number ${index}`)));
    assert.deepEqual(
      echoes.map(([message]) => message.toString()),
      sockets.map((_, index) => `number ${index}`),
    );
    for (const socket of sockets) socket.terminate();
    const socket = await open(running());
    assert.equal((await echo(socket, 'still here'))[0].toString(), 'still here');
    socket.close();
    await closed(socket);
    assert.doesNotMatch(running().log, /respawn/);
  });
});
