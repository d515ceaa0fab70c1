/** `--compress`: bodies come out whole, stream as they are written, and take nothing with them when they are cut. */
import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { after, test } from 'node:test';
import * as zlib from 'node:zlib';
import { appBehind } from '../support/app-behind.js';
import { atRest, until, within } from '../support/deadline.js';
import { HeldMemory } from '../support/held-memory.js';
import { Client, type Reply } from '../support/https-client.js';
import { PATIENCE_MS } from '../support/started-front.js';

const TEXT = Array.from({ length: 4000 }, (_, line) => `line ${line} of a text that repeats itself\n`).join(
  '',
);
/** Larger than every window and buffer between app and client, and hard to compress. */
const LARGE = Array.from(
  { length: 200_000 },
  (_, line) => `${line} ${(line * 2_654_435_761) % 4_294_967_296}\n`,
).join('');

const memory = new HeldMemory();
after(() => memory.remove());

/** Responses that the app holds open. */
const held = new Set<ServerResponse>();

function app(request: IncomingMessage, response: ServerResponse): void {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://app.test');
  response.setHeader('Content-Type', searchParams.get('type') ?? 'text/plain; charset=utf-8');
  response.setHeader('ETag', '"one"');
  if (pathname === '/length') response.setHeader('Content-Length', Buffer.byteLength(TEXT));
  if (pathname === '/length' || pathname === '/chunked') response.end(TEXT);
  else if (pathname === '/large') response.end(LARGE);
  else if (pathname === '/small') response.end('small');
  else if (pathname === '/range') {
    response.writeHead(206, { 'Content-Range': 'bytes 0-4999/90000', 'Content-Length': 5000 });
    response.end(TEXT.slice(0, 5000));
  } else if (pathname === '/not-modified') response.writeHead(304).end();
  else if (pathname === '/trailers') {
    response.setHeader('Trailer', 'X-Sum');
    response.write(TEXT);
    response.addTrailers({ 'X-Sum': 'abc' });
    response.end();
  } else {
    // Written step by step by the test.
    response.write(pathname === '/endless' ? LARGE : 'first\n');
    held.add(response);
    response.on('close', () => held.delete(response));
    if (pathname === '/endless') response.on('drain', () => response.write(LARGE.slice(0, 100_000)));
    if (pathname === '/cut') setImmediate(() => response.socket?.resetAndDestroy());
  }
}

function decode(coding: string, body: Buffer): string {
  if (coding === 'br') return zlib.brotliDecompressSync(body).toString();
  if (coding === 'gzip') return zlib.gunzipSync(body).toString();
  const decompress: unknown = Reflect.get(zlib, 'zstdDecompressSync');
  assert.ok(typeof decompress === 'function');
  return String(decompress(body));
}

function get(client: Client, path: string, coding: string, method = 'GET'): Promise<Reply> {
  return client.request(path, { method, headers: { 'accept-encoding': coding } });
}

const CODINGS = ['gzip', 'br', ...('createZstdCompress' in zlib ? ['zstd'] : [])];

appBehind(
  '--compress',
  { arguments: ['--compress'], nodeArguments: memory.nodeArguments, app, engines: ['direct'] },
  (running, protocol) => {
    after(() => {
      for (const response of held) response.destroy();
    });

    for (const coding of CODINGS) {
      for (const path of ['/length', '/chunked', '/large']) {
        test(`${path} comes whole in ${coding}`, async () => {
          const { headers, body } = await get(running().client, path, coding);
          assert.equal(headers['content-encoding'], coding);
          assert.equal(headers['content-length'], undefined);
          assert.equal(headers.vary, 'accept-encoding');
          assert.equal(headers.etag, 'W/"one"');
          const text = path === '/large' ? LARGE : TEXT;
          assert.ok(decode(coding, body) === text, 'the text is the same');
          assert.ok(body.length < text.length / 2);
        });
      }

      test(`what the app writes arrives at once in ${coding}`, async () => {
        const path = `/slow-${coding}-${protocol === 'h2' ? 2 : 1}`;
        const reply = await running().client.open(path, { headers: { 'accept-encoding': coding } });
        const chunks: Buffer[] = [];
        reply.stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        const arrived = (count: number): Promise<unknown> =>
          until(() => Buffer.concat(chunks).length > count, 30_000, `more than ${count} bytes of ${path}`);
        await arrived(0);
        const [response] = held;
        for (const line of ['second\n', 'third\n']) {
          const before = Buffer.concat(chunks).length;
          response?.write(line);
          await arrived(before);
        }
        response?.end('last\n');
        await within(
          new Promise((resolve) => reply.stream.once('end', resolve)),
          30_000,
          `the end of ${path}`,
        );
        assert.equal(decode(coding, Buffer.concat(chunks)), 'first\nsecond\nthird\nlast\n');
      });
    }

    test('small, partial, typed otherwise or not wanted: as the app sent it', async () => {
      const { client } = running();
      const small = await get(client, '/small', 'gzip, br');
      assert.deepEqual([small.text, small.headers['content-encoding']], ['small', undefined]);
      const part = await get(client, '/range', 'gzip');
      assert.deepEqual([part.status, part.body.length, part.headers.vary], [206, 5000, undefined]);
      const image = await get(client, '/length?type=image/png', 'gzip');
      assert.deepEqual([image.text === TEXT, image.headers.etag], [true, '"one"']);
      const plain = await get(client, '/length', 'identity');
      assert.deepEqual([plain.text === TEXT, plain.headers['content-length']], [true, String(TEXT.length)]);
      assert.equal(plain.headers.vary, 'accept-encoding');
    });

    test('HEAD and 304 have no body and no coding', async () => {
      const { client } = running();
      const head = await get(client, '/length', 'gzip', 'HEAD');
      assert.deepEqual([head.body.length, head.headers['content-encoding']], [0, undefined]);
      const unchanged = await get(client, '/not-modified', 'gzip');
      assert.deepEqual([unchanged.status, unchanged.headers['content-encoding']], [304, undefined]);
      assert.equal((await get(client, '/small', 'gzip')).text, 'small', 'the connection goes on');
    });

    test('an event stream passes as it is', async () => {
      const path = '/events?type=text/event-stream';
      const reply = await running().client.open(path, { headers: { 'accept-encoding': 'gzip' } });
      const first = new Promise<Buffer>((resolve) => reply.stream.once('data', resolve));
      assert.equal(String(await within(first, 30_000, 'the first event')), 'first\n');
      assert.equal(reply.headers['content-encoding'], undefined);
      for (const response of held) response.end();
      reply.stream.resume();
      await within(
        new Promise((resolve) => reply.stream.once('end', resolve)),
        30_000,
        'the end of the events',
      );
    });

    test('trailers come behind a compressed body', async () => {
      const { body, trailers } = await get(running().client, '/trailers', 'gzip');
      assert.equal(decode('gzip', body), TEXT);
      assert.equal(trailers['x-sum'], 'abc');
    });

    test('a body that the app breaks off is cut, not ended', async () => {
      await assert.rejects(get(running().client, '/cut', 'gzip'));
    });

    test('a client that reads nothing stops the app, and frees all when it goes', async () => {
      const { client, front } = running();
      const heldMib = (): Promise<number> => memory.mib(front.pid('http'));
      const beforeMib = await heldMib();
      const reply = await client.open('/endless', { headers: { 'accept-encoding': 'gzip' } });
      reply.stream.pause();
      const [response] = held;
      assert.ok(response !== undefined);
      const other = new Client({ port: front.port(), ca: front.ca }, 'http/1.1');
      const turn = (): Promise<Reply> => get(other, '/small', 'gzip');
      await atRest(() => response.socket?.bytesWritten ?? 0, turn, PATIENCE_MS, 'the app being stopped');
      other.close();
      const stoppedMib = (await heldMib()) - beforeMib;
      assert.ok(stoppedMib < 16, `${stoppedMib} MiB more`);
      reply.stream.destroy();
      await until(() => held.size === 0, PATIENCE_MS, 'the app hearing of it');
      assert.equal((await get(client, '/small', 'gzip')).text, 'small');
      const goneMib = (await heldMib()) - beforeMib;
      assert.ok(goneMib < 2, `${goneMib} MiB more`);
    });
  },
);
