/** `--upstream-keepalive`: how many idle connections to an app stay open for the next requests. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { appBehind } from '../support/app-behind.js';
import { until } from '../support/deadline.js';
import { PATIENCE_MS } from '../support/started-front.js';

const REQUESTS = 5;
const open = new Set<Socket>();
const used = new Set<Socket>();
let waiting: (() => void)[] = [];

/** Answers when all of them are there, so that each has a connection of its own. */
const app = createServer((request, response) => {
  used.add(request.socket);
  if (request.url === '/alone') {
    response.end('ok');
    return;
  }
  waiting.push(() => response.end('ok'));
  if (waiting.length < REQUESTS) return;
  for (const answer of waiting) answer();
  waiting = [];
});
app.on('connection', (socket: Socket) => {
  open.add(socket);
  socket.once('close', () => open.delete(socket));
});

appBehind(
  'idle connections to the app',
  { arguments: ['--upstream-keepalive', '2'], app, engines: ['direct'] },
  (running) => {
    test('only as many as allowed stay open, and they are used again', async () => {
      const { client } = running();
      const replies = await Promise.all(Array.from({ length: REQUESTS }, () => client.request('/together')));
      assert.deepEqual(
        replies.map(({ status }) => status),
        Array.from({ length: REQUESTS }, () => 200),
      );
      await until(() => open.size === 2, PATIENCE_MS, 'two connections');
      const kept = [...open];
      used.clear();
      assert.equal((await client.request('/alone')).status, 200);
      assert.ok([...used].every((socket) => kept.includes(socket)));
      assert.equal(open.size, 2);
    });
  },
);
