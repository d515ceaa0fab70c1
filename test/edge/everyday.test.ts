/** What every HTTP client counts on, through the real command, over both engines and both protocols. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { eachProtocol } from '../support/fronted.js';
import { SAMPLE_APP } from '../support/started-front.js';

function sha256(data: Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

eachProtocol(
  'everyday requests',
  { arguments: ['--listen', '127.0.0.1:0'], app: SAMPLE_APP },
  (running, _protocol, engine) => {
    test('GET with Content-Length', async () => {
      const { status, headers, text } = await running().client.request('/hello');
      assert.deepEqual([status, text], [200, 'Hello from the app behind the front!\r\n']);
      assert.equal(headers['content-length'], '38');
      assert.match(String(headers.date), /GMT$/);
    });

    test('HEAD keeps the length and has no body', async () => {
      const { status, headers, body } = await running().client.request('/bytes?size=5000', {
        method: 'HEAD',
      });
      assert.deepEqual([status, headers['content-length'], body.length], [200, '5000', 0]);
    });

    for (const status of [204, 304]) {
      test(`${status} has neither body nor framing, and the connection goes on`, async () => {
        const { client } = running();
        const reply = await client.request(`/status/${status}`);
        assert.deepEqual([reply.status, reply.body.length], [status, 0]);
        assert.equal(reply.headers['transfer-encoding'], undefined);
        assert.equal(reply.headers['content-length'], undefined);
        assert.equal((await client.request('/hello')).status, 200);
      });
    }

    test('every other status passes as it is', async () => {
      for (const status of [200, 201, 206, 301, 400, 404, 418, 429, 451, 500, 503, 599]) {
        const reply = await running().client.request(`/status/${status}`);
        assert.deepEqual([reply.status, reply.text], [status, `${status}\n`]);
      }
    });

    test('a body with Content-Length arrives whole at the app', async () => {
      const body = randomBytes(300_000);
      const seen = JSON.parse((await running().client.request('/echo', { method: 'POST', body })).text);
      assert.deepEqual(seen.body, { bytes: 300_000, sha256: sha256(body) });
      assert.equal(seen.headers['content-length'], '300000');
      assert.equal(seen.headers['transfer-encoding'], undefined);
    });

    test('a body of unknown length arrives chunked and whole', async () => {
      const chunks = Array.from({ length: 20 }, () => randomBytes(7001));
      const request = { method: 'PUT', body: Readable.from(chunks) };
      const seen = JSON.parse((await running().client.request('/echo', request)).text);
      assert.deepEqual(seen.body, { bytes: 140_020, sha256: sha256(Buffer.concat(chunks)) });
      assert.equal(seen.headers['content-length'], undefined);
      assert.equal(seen.headers['transfer-encoding'], 'chunked');
    });

    test('a body that is echoed while it arrives comes back whole', async () => {
      const body = randomBytes(2_000_000);
      const reply = await running().client.request('/echo/body', { method: 'POST', body });
      assert.equal(sha256(reply.body), sha256(body));
    });

    test('an empty POST says so to the app', async () => {
      const seen = JSON.parse((await running().client.request('/echo', { method: 'POST' })).text);
      assert.deepEqual([seen.method, seen.body.bytes, seen.headers['content-length']], ['POST', 0, '0']);
    });

    test('a response of unknown length comes whole', async () => {
      const { body, headers } = await running().client.request('/stream?chunks=40&bytes=5000');
      assert.equal(body.length, 200_000);
      assert.equal(headers['content-length'], undefined);
    });

    test('a response that ends with the connection comes whole', async () => {
      const { body } = await running().client.request('/no-length?size=123456');
      assert.equal(body.length, 123_456);
    });

    test('Range gives 206 with exactly those bytes, and 416 past the end', async () => {
      const { client } = running();
      const part = await client.request('/range', { headers: { range: 'bytes=250-259' } });
      assert.deepEqual([part.status, part.headers['content-range']], [206, 'bytes 250-259/1048576']);
      assert.deepEqual([...part.body], [250, 251, 252, 253, 254, 255, 0, 1, 2, 3]);
      const none = await client.request('/range', { headers: { range: 'bytes=9999999-' } });
      assert.deepEqual([none.status, none.headers['content-range']], [416, 'bytes */1048576']);
    });

    test('large header fields pass both ways', async () => {
      const { client } = running();
      const cookie = `big=${'c'.repeat(30_000)}`;
      const seen = JSON.parse((await client.request('/echo', { headers: { cookie } })).text);
      assert.equal(seen.headers.cookie, cookie);
      const reply = await client.request('/headers?size=14000');
      assert.equal(String(reply.headers['x-large']).length, 14_000);
    });

    test('cookies keep their own fields', async () => {
      const { headers } = await running().client.request('/cookies');
      assert.equal(headers['set-cookie']?.length, 3);
    });

    // http-proxy-3 drops trailers and 103; neither is a must (RFC 9110 §6.5.1, §15.2), and the answer itself stays whole.
    const drops = engine === 'library';

    test(`trailers of the app ${drops ? 'are left out' : 'reach the client'}`, async () => {
      const { text, trailers } = await running().client.request('/trailers', { headers: { te: 'trailers' } });
      assert.equal(text, 'first\nsecond\n');
      const expected = drops ? [undefined, undefined] : ['abc123', '2'];
      assert.deepEqual([trailers['x-checksum'], trailers['x-count']], expected);
    });

    test(`103 ${drops ? 'is left out' : 'comes before the answer'}`, async () => {
      const { status, informational } = await running().client.request('/early-hints');
      assert.equal(status, 200);
      assert.deepEqual(
        informational.map((info) => [info.status, info.headers.link]),
        drops ? [] : [[103, '</style.css>; rel=preload; as=style']],
      );
    });

    test('Expect: 100-continue does not stand in the way of a body', async () => {
      const reply = await running().client.request('/echo', {
        method: 'POST',
        headers: { expect: '100-continue' },
        body: 'after the permission',
      });
      assert.equal(JSON.parse(reply.text).body.bytes, 20);
    });

    test('query and escapes of the path reach the app as they were sent', async () => {
      const path = '/echo?a=%2F%2e%2e&b=c%20d&c=%C3%A9&&d=;x';
      const seen = JSON.parse((await running().client.request(path)).text);
      assert.equal(seen.url, path);
      assert.equal(seen.httpVersion, '1.1');
    });

    test('many requests at once over one client all get their own answer', async () => {
      const { client } = running();
      const sizes = Array.from({ length: 40 }, (_, index) => 1000 + index * 997);
      const replies = await Promise.all(sizes.map((size) => client.request(`/bytes?size=${size}`)));
      assert.deepEqual(
        replies.map(({ body }) => body.length),
        sizes,
      );
    });
  },
);
