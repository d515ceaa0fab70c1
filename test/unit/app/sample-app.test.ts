/** The sample app's routes do what tests and bench take for granted. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { within } from '../../support/deadline.js';
import { startSample } from '../../support/sample.js';

const WAIT_MS = 30_000;

/** Everything the app writes on one connection for these bytes, as latin1, until it closes. */
async function raw(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    answer += text;
  });
  socket.on('error', () => undefined);
  socket.write(bytes, 'latin1');
  const closed = new Promise((resolve) => socket.on('close', resolve));
  await within(closed, WAIT_MS, `the app closes after ${bytes.slice(0, 40)}`);
  return answer;
}

async function get(t: TestContext, path: string, options: RequestInit = {}): Promise<Response> {
  const { origin } = await startSample(t);
  return fetch(origin + path, { redirect: 'manual', ...options });
}

function get1(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n`;
}

test('/ is a page that shows the facts of the request, escaped', async (t) => {
  const page = await (
    await get(t, '/', { headers: { 'x-forwarded-proto': 'https', 'x-request-id': '<b>"&' } })
  ).text();
  assert.match(page, /<td>https<\/td>/);
  assert.match(page, /&lt;b>&quot;&amp;/);
});

test('/hello is 38 bytes with their length', async (t) => {
  const answer = await get(t, '/hello');
  assert.equal(answer.headers.get('content-length'), '38');
  assert.equal((await answer.arrayBuffer()).byteLength, 38);
});

test('/echo tells method, raw headers with duplicates, and the hash of the body', async (t) => {
  const { port } = await startSample(t);
  const answer = await raw(
    port,
    'DELETE /echo?a=1 HTTP/1.1\r\nHost: app\r\nX-A: 1\r\nx-a: 2\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc',
  );
  const seen = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4));
  assert.equal(seen.method, 'DELETE');
  assert.equal(seen.url, '/echo?a=1');
  assert.deepEqual(seen.rawHeaders.slice(2, 6), ['X-A', '1', 'x-a', '2']);
  assert.deepEqual(seen.body, { bytes: 3, sha256: createHash('sha256').update('abc').digest('hex') });
});

test('/echo/body sends back what has arrived before the request is whole', async (t) => {
  const { port } = await startSample(t);
  const sending = request({ port, method: 'POST', path: '/echo/body' });
  sending.write('first');
  const [answer] = await within(once(sending, 'response'), WAIT_MS, 'the response begins');
  const [chunk] = await within(once(answer, 'data'), WAIT_MS, 'the first chunk comes back');
  assert.equal(String(chunk), 'first');
  sending.end('last');
  const [last] = await within(once(answer, 'data'), WAIT_MS, 'the last chunk comes back');
  assert.equal(String(last), 'last');
});

test('/stream is chunked and whole', async (t) => {
  const answer = await get(t, '/stream?chunks=5&bytes=100000&delayMs=1');
  assert.equal(answer.headers.get('content-length'), null);
  assert.equal((await answer.arrayBuffer()).byteLength, 500_000);
});

test('/bytes has its length and the byte n & 255 at offset n', async (t) => {
  const answer = await get(t, '/bytes?size=200001');
  assert.equal(answer.headers.get('content-length'), '200001');
  const body = Buffer.from(await answer.arrayBuffer());
  assert.equal(body.length, 200_001);
  assert.ok(body.every((byte, index) => byte === (index & 255)));
});

test('HEAD /bytes tells the length without a body', async (t) => {
  const answer = await get(t, '/bytes?size=5000000000', { method: 'HEAD' });
  assert.equal(answer.headers.get('content-length'), '5000000000');
});

test('/range serves one range, a suffix, an unsatisfiable one, and the whole', async (t) => {
  const { origin } = await startSample(t);
  const ask = (range: string, more = {}) =>
    fetch(`${origin}/range?size=1000`, { headers: { range, ...more } });
  const middle = await ask('bytes=300-301');
  assert.deepEqual([middle.status, middle.headers.get('content-range')], [206, 'bytes 300-301/1000']);
  assert.deepEqual([...new Uint8Array(await middle.arrayBuffer())], [44, 45]);
  assert.equal((await ask('bytes=-10')).headers.get('content-range'), 'bytes 990-999/1000');
  assert.equal((await ask('bytes=1000-')).status, 416);
  assert.equal((await ask('bytes=0-1,5-6')).status, 200);
  assert.equal((await ask('bytes=0-1', { 'if-range': '"other"' })).status, 200);
});

test('/sse sends numbered events and ends after count', async (t) => {
  const answer = await get(t, '/sse?count=2&intervalMs=1');
  assert.equal(answer.headers.get('content-type'), 'text/event-stream');
  assert.match(
    await answer.text(),
    /^id: 1\nevent: tick\ndata: \{.+\}\n\nid: 2\nevent: tick\ndata: \{.+\}\n\n$/,
  );
});

test('/status answers that status, 304 without a body', async (t) => {
  assert.equal((await get(t, '/status/418')).status, 418);
  assert.equal((await get(t, '/status/304')).status, 304);
  assert.equal((await get(t, '/status/999')).status, 400);
});

test('/redirect points to the plain http URL of the same host, or to the one given', async (t) => {
  const { origin } = await startSample(t);
  const host = new URL(origin).host;
  const ask = (query: string) => fetch(`${origin}/redirect${query}`, { redirect: 'manual' });
  assert.equal((await ask('')).headers.get('location'), `http://${host}/hello`);
  assert.equal((await ask('?to=/x&status=307')).headers.get('location'), '/x');
  assert.equal((await ask('?to=%0d%0aEvil:1')).status, 400);
});

test('/cookies sends three Set-Cookie fields', async (t) => {
  assert.equal((await get(t, '/cookies')).headers.getSetCookie().length, 3);
});

test('/headers sends a large header field', async (t) => {
  assert.equal((await get(t, '/headers?size=9000')).headers.get('x-large')?.length, 9000);
});

test('/slow answers after the time given', async (t) => {
  assert.equal(await (await get(t, '/slow?ms=20')).text(), 'answered after 20 ms\n');
});

test('/trailers ends with a trailer section', async (t) => {
  const { port } = await startSample(t);
  assert.match(await raw(port, get1('/trailers')), /\r\n0\r\nX-Checksum: abc123\r\nX-Count: 2\r\n\r\n$/);
});

test('/early-hints sends 103 before 200', async (t) => {
  const { port } = await startSample(t);
  const answer = await raw(port, get1('/early-hints'));
  assert.match(answer, /^HTTP\/1\.1 103 Early Hints\r\nLink: .+\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
});

test('/cut ends before the length it promised, and before the last chunk', async (t) => {
  const { port } = await startSample(t);
  const cut = await raw(port, get1('/cut?after=10'));
  assert.match(cut, /Content-Length: 1010\r\n(.+\r\n)*\r\nc{10}$/);
  assert.match(await raw(port, get1('/cut?after=10&framing=chunked')), /\r\na\r\nc{10}\r\n$/);
});

test('/no-length ends with the connection', async (t) => {
  const { port } = await startSample(t);
  const answer = await raw(port, 'GET /no-length?size=11 HTTP/1.1\r\nHost: app\r\n\r\n');
  assert.doesNotMatch(answer, /Content-Length|Transfer-Encoding/i);
  assert.match(answer, /\r\n\r\nn{11}$/);
});

test('an unknown path is 404 and names the routes', async (t) => {
  const answer = await get(t, '/nothing');
  assert.equal(answer.status, 404);
  assert.match(await answer.text(), /\/hello .*\/ws/);
});

test('end lets the request at hand finish and ends event streams', async (t) => {
  const sample = await startSample(t);
  const events = await fetch(`${sample.origin}/sse?count=0&intervalMs=60000`);
  const slow = fetch(`${sample.origin}/slow?ms=300`);
  await within(once(sample.server, 'request'), WAIT_MS, 'the slow request arrives');
  const ended = sample.end(WAIT_MS);
  assert.equal((await slow).status, 200);
  assert.match(await events.text(), /^id: 1\n/);
  await within(ended, WAIT_MS, 'the app has ended');
});
