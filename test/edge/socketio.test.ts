/** socket.io behind the front: long polling, WebSocket, and the upgrade from one to the other, with the real packages. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { Server as SocketServer } from 'socket.io';
import { io } from 'socket.io-client';
import { listenLocally } from '../support/app-behind.js';
import { within } from '../support/deadline.js';
import { ENGINES } from '../support/fronted.js';
import { StartedFront } from '../support/started-front.js';

const PATIENCE_MS = 30_000;
const WAYS: readonly { readonly name: string; readonly transports: readonly ('polling' | 'websocket')[] }[] =
  [
    { name: 'long polling alone', transports: ['polling'] },
    { name: 'WebSocket alone', transports: ['websocket'] },
    { name: 'long polling, upgraded to WebSocket', transports: ['polling', 'websocket'] },
  ];

for (const engine of ENGINES) {
  for (const { name, transports } of WAYS) {
    test(`socket.io by ${name} (${engine})`, async (t) => {
      const server = createServer();
      const sockets = new SocketServer(server);
      t.after(() => sockets.close());
      const left = new Promise<void>((resolve) => {
        sockets.on('connection', (socket) => socket.once('disconnect', () => resolve()));
      });
      sockets.on('connection', (socket) => {
        socket.on('echo', (value: unknown, answer: (value: unknown) => void) => answer(value));
      });
      const upstream = `127.0.0.1:${await listenLocally(server)}`;
      const front = await StartedFront.start({
        arguments: ['--listen', '127.0.0.1:0', '--upstream', upstream, '--engine', engine],
      });
      t.after(() => front.stop());
      const client = io(`https://localhost:${front.port()}`, { ca: front.ca, transports: [...transports] });
      t.after(() => client.close());
      const connected = new Promise<void>((resolve) => client.once('connect', resolve));
      await within(connected, PATIENCE_MS, 'the connection');
      const last = transports.at(-1);
      if (transports.length > 1 && client.io.engine.transport.name !== last) {
        const upgraded = new Promise<void>((resolve) => client.io.engine.once('upgrade', () => resolve()));
        await within(upgraded, PATIENCE_MS, 'the upgrade');
      }
      assert.equal(client.io.engine.transport.name, last);
      for (const value of ['text', { nested: [1, 2, 3] }, 'x'.repeat(100_000)]) {
        assert.deepEqual(await client.timeout(PATIENCE_MS).emitWithAck('echo', value), value);
      }
      // A poll that is open when the app goes would wait for the app's return, and the front's end for the poll.
      client.close();
      await within(left, PATIENCE_MS, 'the end at the app');
    });
  }
}
