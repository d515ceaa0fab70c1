/** Answers of uwsgi workers in CGI form that contradict themselves: what follows a bodiless answer reaches nobody, bad statuses are 502. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type RunningFront, startFront } from '../support/front.js';
import { RawHttp1Client } from '../support/raw-client.js';
import { RawHttp2Client } from '../support/raw-http2-client.js';

const SETTLE_MS = 30_000;
const POISON = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON';

/** Path → what the worker answers. */
const ANSWERS: Readonly<Record<string, string>> = {
  '/204': `Status: 204 No Content\r\nContent-Length: ${POISON.length}\r\n\r\n${POISON}`,
  '/204-open': `Status: 204\r\n\r\n${POISON}`,
  '/304': `Status: 304 Not Modified\r\nETag: "a"\r\n\r\n${POISON}`,
  '/304-chunked': `Status: 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  '/twice': 'Status: 200\r\nStatus: 404\r\nContent-Length: 5\r\n\r\nhello',
  '/100': 'Status: 100 Continue\r\nContent-Length: 5\r\n\r\nhello',
  '/101': 'Status: 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nhello',
  '/099': 'Status: 099\r\nContent-Length: 5\r\n\r\nhello',
  '/word': 'Status: OK\r\nContent-Length: 5\r\n\r\nhello',
  '/404': 'Status: 404 Not Found\r\nContent-Length: 5\r\n\r\nhello',
};

describe('a uwsgi worker that answers as CGI', () => {
  const worker = createServer((socket) => {
    socket.on('error', () => undefined);
    let packet = '';
    socket.on('data', (chunk: Buffer) => {
      packet += chunk.toString('latin1');
      const path = /PATH_INFO..(\/[-\w]+?)(?:..[A-Z])/s.exec(packet)?.[1];
      if (path !== undefined) socket.end(ANSWERS[path] ?? '', 'latin1');
    });
  });
  let front: RunningFront;
  before(async () => {
    await new Promise<void>((resolve) => worker.listen(0, '127.0.0.1', resolve));
    const address = worker.address();
    assert.ok(address !== null && typeof address === 'object');
    const upstream = `localhost=uwsgi://127.0.0.1:${address.port}`;
    front = await startFront({
      upstreamPort: address.port,
      engine: 'direct',
      arguments: ['--upstream', upstream],
    });
  });
  after(async () => {
    await front.stop();
    worker.close();
  });

  for (const [path, status] of [
    ['/204', 204],
    ['/204-open', 204],
    ['/304', 304],
    ['/304-chunked', 304],
    ['/twice', 502],
    ['/100', 502],
    ['/101', 502],
    ['/099', 502],
    ['/word', 502],
    ['/404', 404],
  ] as const) {
    test(`${path} is ${status} over HTTP/1.1, and the next answer is its own`, async () => {
      const client = await RawHttp1Client.open(front);
      await client.send(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      assert.ok(await client.settle(1, SETTLE_MS));
      await client.send('GET /404 HTTP/1.1\r\nHost: localhost\r\n\r\n');
      assert.ok(await client.settle(2, SETTLE_MS));
      assert.equal(client.problem, undefined);
      assert.deepEqual([client.responses[0]?.status, client.responses[1]?.status], [status, 404]);
      if (status === 204 || status === 304) assert.equal(client.responses[0]?.body, '');
      assert.doesNotMatch(client.received, /POISON/);
      client.socket.destroy();
    });

    test(`${path} is ${status} over HTTP/2`, async () => {
      const client = await RawHttp2Client.open(front);
      const fields = [':method', 'GET', ':scheme', 'https', ':authority', 'localhost', ':path', path];
      client.headers(1, fields, true);
      assert.ok(await client.settle(1, SETTLE_MS));
      assert.deepEqual(
        [client.problem, client.goaway, client.responses[0]?.status],
        [undefined, undefined, status],
      );
      assert.equal(client.responses[0]?.complete, true);
      assert.doesNotMatch(client.responses[0]?.body ?? '', /POISON/);
      client.socket.destroy();
    });
  }
});
