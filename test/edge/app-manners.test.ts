/** Manners of apps that a front must get along with, over HTTP/1.1: late bodies, promised times, padded sizes, many interim responses. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from '../support/https-client.js';
import { StartedFront } from '../support/started-front.js';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

/** What the app says to a request for this path; the connection stays. */
const SCRIPTS: Readonly<Record<string, (socket: Socket) => void>> = {
  '/late': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 48\r\n\r\n');
    setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON'), 3);
  },
  '/brief': (socket) =>
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nKeep-Alive: timeout=1\r\n\r\nok'),
  '/no-more': (socket) =>
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nKeep-Alive: timeout=0\r\n\r\nok'),
  '/padded': (socket) => socket.write(`${CHUNKED}2   \r\nok\r\n0\r\n\r\n`),
  '/equal': (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok'),
  '/trailer': (socket) => socket.write(`${CHUNKED}2\r\nok\r\n0\r\nContent-Length: 1\r\n\r\n`),
  '/interim': (socket) => socket.write(`${'HTTP/1.1 102 Processing\r\n\r\n'.repeat(60)}${OK}`),
  '/bare': (socket) => socket.end('HTTP/1.1 200 OK\nContent-Length: 2\n\nok'),
  '/999': (socket) => socket.end('HTTP/1.1 999 No\r\nContent-Length: 2\r\n\r\nok'),
};

describe('manners of apps', () => {
  let front: StartedFront;
  let client: Client;
  /** Heads that the app got, each with the number of its connection. */
  const heads: { connection: number; text: string }[] = [];
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    const connection = connections;
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      const text = chunk.toString('latin1');
      heads.push({ connection, text });
      const script = SCRIPTS[text.split(' ')[1] ?? ''];
      if (script === undefined) socket.write(OK);
      else script(socket);
    });
  });
  before(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    front = await StartedFront.start({
      arguments: ['--listen', '127.0.0.1:0', '--upstream', `127.0.0.1:${port}`],
    });
    client = new Client({ port: front.port(), ca: front.ca }, 'h2');
  });
  after(async () => {
    client.close();
    await front.stop();
    server.close();
  });

  const connectionOf = (path: string): number =>
    heads.findLast(({ text }) => text.includes(` ${path} `))?.connection ?? 0;

  test('a body that comes late after HEAD never becomes the next answer', async () => {
    for (let round = 0; round < 5; round += 1) {
      assert.equal((await client.request('/late', { method: 'HEAD' })).status, 200);
      const { text } = await client.request('/next');
      assert.equal(text, 'ok');
      await pause(10);
    }
  });

  test('a connection is given up before the time that the app keeps it is over', async () => {
    assert.equal((await client.request('/brief')).text, 'ok');
    const former = connectionOf('/brief');
    await pause(1000);
    assert.equal((await client.request('/after-brief')).text, 'ok');
    assert.notEqual(connectionOf('/after-brief'), former);
  });

  test('an app that keeps no connection gets no second request on it', async () => {
    assert.equal((await client.request('/no-more')).text, 'ok');
    assert.equal((await client.request('/after-no-more')).text, 'ok');
    assert.notEqual(connectionOf('/after-no-more'), connectionOf('/no-more'));
  });

  for (const path of ['/padded', '/equal', '/trailer', '/interim']) {
    test(`${path} is served`, async () => {
      const { status, text } = await client.request(path);
      assert.deepEqual([status, text], [200, 'ok']);
    });
  }

  for (const path of ['/bare', '/999']) {
    test(`${path} is 502, and the log names the rule`, async () => {
      assert.equal((await client.request(path)).status, 502);
      await front.logged(
        /an answer is refused: its status line has a bare LF, or no status between 100 and 599/,
      );
    });
  }

  test('TE goes up with Connection: te (RFC 9110 §10.1.4)', async () => {
    assert.equal((await client.request('/te', { headers: { te: 'trailers' } })).text, 'ok');
    const text = heads.findLast((head) => head.text.includes(' /te '))?.text ?? '';
    assert.match(text, /\r\nte: trailers\r\n/);
    assert.match(text, /\r\nconnection: te\r\n/);
  });
});
