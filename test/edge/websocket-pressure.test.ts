/** WebSocket over HTTP/1.1: what one side does not read is not taken from the other, and comes once it reads. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { atRest, until, within } from '../support/deadline.js';
import { type RunningFront, startFront } from '../support/front.js';
import { Client } from '../support/https-client.js';

/** 32 MiB pass through a machine that may be busy with other tests. */
const WAIT_MS = 120_000;
const MIB = 1024 ** 2;
const MESSAGES = 32;

describe('WebSocket under back-pressure', () => {
  const atApp: WebSocket[] = [];
  const app = createServer((_request, response) => response.end('plain'));
  const webSockets = new WebSocketServer({ server: app });
  let front: RunningFront;
  let other: Client;

  before(async () => {
    webSockets.on('connection', (socket) => atApp.push(socket.on('error', () => undefined)));
    app.listen(0, '127.0.0.1');
    await once(app, 'listening');
    const address = app.address();
    assert.ok(typeof address === 'object' && address !== null);
    front = await startFront({ upstreamPort: address.port, engine: 'direct' });
    other = new Client(front, 'http/1.1');
  });
  after(async () => {
    other.close();
    await front.stop();
    for (const socket of atApp) socket.terminate();
    app.closeAllConnections();
    app.close();
  });

  /** One end sends what the other does not read, then reads. */
  async function stopAndGo(sender: WebSocket, reader: WebSocket): Promise<void> {
    let messages = 0;
    reader.on('message', () => {
      messages += 1;
    });
    reader.pause();
    for (let sent = 0; sent < MESSAGES; sent += 1) sender.send(Buffer.alloc(MIB));
    await atRest(
      () => sender.bufferedAmount,
      () => other.request('/'),
      WAIT_MS,
      'the sender being stopped',
    );
    assert.ok(sender.bufferedAmount > 8 * MIB, `${sender.bufferedAmount} bytes are still at the sender`);
    reader.resume();
    await until(() => messages === MESSAGES, WAIT_MS, 'all of it, once the other end reads');
    sender.terminate();
    reader.terminate();
  }

  async function opened(): Promise<{ readonly client: WebSocket; readonly server: WebSocket }> {
    const count = atApp.length;
    const client = new WebSocket(`wss://localhost:${front.port}/`, {
      ca: front.ca,
      perMessageDeflate: false,
    });
    client.on('error', () => undefined);
    await within(once(client, 'open'), WAIT_MS, 'the WebSocket opening');
    return { client, server: await until(() => atApp[count], WAIT_MS, 'the WebSocket at the app') };
  }

  test('what the app does not read is not taken from the client', async () => {
    const { client, server } = await opened();
    await stopAndGo(client, server);
  });

  test('what the client does not read is not taken from the app', async () => {
    const { client, server } = await opened();
    await stopAndGo(server, client);
  });
});
