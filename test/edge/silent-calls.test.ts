/** A gRPC call may be silent before its first message for as long as the app allows, where any other body would be late. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createHttp2Server, type Http2Server } from 'node:http2';
import { describe, test } from 'node:test';
import { RawHttp2Client } from '../support/raw-http2-client.js';
import { StartedFront } from '../support/started-front.js';

const WAIT_MS = 60_000;
const POST = [':method', 'POST', ':scheme', 'https', ':authority', 'localhost', ':path', '/talk'];
const CALL = [...POST, 'content-type', 'application/grpc', 'te', 'trailers'];
const LIMITS = [
  ...['--timeout-client-body', '300ms', '--timeout-upstream-head', '300ms'],
  ...['--min-client-rate-grace', '300ms'],
];

/** Answers with the first message. */
const HTTP1 = (): Server =>
  createServer((request, response) =>
    request.once('data', (chunk: Buffer) => response.end(`heard ${chunk}`)),
  );
const HTTP2 = (): Http2Server =>
  createHttp2Server((request, response) => request.once('data', (chunk) => response.end(`heard ${chunk}`)));

for (const [scheme, make] of [
  ['http', HTTP1],
  ['h2c', HTTP2],
] as const) {
  describe(`an app over ${scheme}`, () => {
    test('a call is answered after a silence that another request does not survive', async (t) => {
      const app = make();
      app.listen(0, '127.0.0.1');
      await once(app, 'listening');
      const address = app.address();
      assert.ok(address !== null && typeof address === 'object');
      const upstream = `${scheme}://127.0.0.1:${address.port}`;
      const front = await StartedFront.start({
        arguments: ['--listen', '127.0.0.1:0', '--upstream', upstream, ...LIMITS],
      });
      const client = await RawHttp2Client.open({ port: front.port(), ca: front.ca });
      t.after(async () => {
        client.socket.destroy();
        await front.stop();
        app.close();
      });
      const of = (stream: number) => client.responses.find((response) => response.stream === stream);
      client.headers(1, CALL, false);
      // Each is late after the time that the call has outlived.
      for (const stream of [3, 5, 7]) {
        client.headers(stream, POST, false);
        assert.ok(await client.until(() => of(stream)?.complete === true, WAIT_MS));
        assert.equal(of(stream)?.status, 408);
      }
      assert.equal(of(1), undefined);
      client.data(1, 'hello', false);
      assert.ok(await client.until(() => of(1)?.body === 'heard hello', WAIT_MS));
      assert.equal(of(1)?.status, 200);
      assert.equal(client.resetCodes.has(1), false);
    });
  });
}
