/** Heads as large as --max-header-bytes lets them be pass over both protocols; beyond it they are 431, and floods stay bounded. */
import assert from 'node:assert/strict';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import { after, before, describe, test } from 'node:test';
import { within } from '../support/deadline.js';
import { startFront } from '../support/front.js';
import { frame, literalBlock } from '../support/http2-frames.js';
import { ok } from '../support/oracle-answer.js';
import { RawHttp1Client } from '../support/raw-client.js';
import { FRAME, RawHttp2Client } from '../support/raw-http2-client.js';
import { valuesOf } from '../support/strict-head.js';
import { Edge } from './edge.js';

const SETTLE_MS = 30_000;
const KIB = 1024;
/** The largest frame a peer may send that was told nothing else. */
const FRAME_BYTES = 16 * KIB;
const ENHANCE_YOUR_CALM = 11;
/** Characters for which the Huffman code of HPACK is longer than the character. */
const INCOMPRESSIBLE = '<>{}\\^|';

function fieldValue(bytes: number): string {
  return INCOMPRESSIBLE.repeat(Math.ceil(bytes / INCOMPRESSIBLE.length)).slice(0, bytes);
}

function pseudoFields(path: string): string[] {
  return [':method', 'GET', ':scheme', 'https', ':authority', 'localhost', ':path', path];
}

describe('heads with --max-header-bytes 256k', () => {
  let edge: Edge;
  before(async () => {
    edge = await Edge.start('direct', '--max-header-bytes', '256k');
  });
  after(() => edge.stop());

  /** The status of a request with a field of so many bytes, and what the app got of the field. */
  async function askHttp1(bytes: number): Promise<{ status: number; arrived: string[] }> {
    const token = edge.token();
    const client = await RawHttp1Client.open(edge.front);
    await client.send(`GET /${token} HTTP/1.1\r\nHost: localhost\r\nX-Large: ${fieldValue(bytes)}\r\n\r\n`);
    assert.ok(await client.settle(1, SETTLE_MS));
    client.socket.destroy();
    return { status: client.responses[0]?.status ?? 0, arrived: arrivedOf(token) };
  }

  async function askHttp2(
    client: RawHttp2Client,
    stream: number,
    bytes: number,
    frameBytes: number,
  ): Promise<{ status: number; arrived: string[] }> {
    const token = edge.token();
    client.headers(stream, [...pseudoFields(`/${token}`), 'x-large', fieldValue(bytes)], true, frameBytes);
    const answer = () => client.responses.find((response) => response.stream === stream && response.complete);
    await client.until(() => answer() !== undefined || client.goaway !== undefined, SETTLE_MS);
    return { status: answer()?.status ?? 0, arrived: arrivedOf(token) };
  }

  function arrivedOf(token: string): string[] {
    return edge.oracle.messagesOf(token).flatMap(({ headers }) => valuesOf(headers, 'x-large'));
  }

  test('250 KiB arrive whole over HTTP/1.1, and 257 KiB are 431', async () => {
    const large = await askHttp1(250 * KIB);
    assert.equal(large.status, 200);
    assert.ok(large.arrived[0] === fieldValue(250 * KIB), 'the field is whole');
    assert.deepEqual(await askHttp1(257 * KIB), { status: 431, arrived: [] });
    assert.equal(await edge.probe(), undefined);
  });

  for (const frameBytes of [FRAME_BYTES, 4 * KIB]) {
    test(`250 KiB without Huffman code arrive whole over HTTP/2 in frames of ${frameBytes} octets, and 257 KiB are 431 on their stream`, async () => {
      const client = await RawHttp2Client.open(edge.front);
      const large = await askHttp2(client, 1, 250 * KIB, frameBytes);
      assert.deepEqual([large.status, client.goaway], [200, undefined]);
      assert.ok(large.arrived[0] === fieldValue(250 * KIB), 'the field is whole');
      assert.deepEqual(await askHttp2(client, 3, 257 * KIB, frameBytes), { status: 431, arrived: [] });
      assert.equal((await askHttp2(client, 5, 10, frameBytes)).status, 200, 'the connection goes on');
      client.socket.destroy();
    });
  }

  test('many fields of 250 KiB in all arrive from nghttp2, Huffman code and all', async () => {
    const token = edge.token();
    const session = connectHttp2(edge.front.url, { ca: edge.front.ca, maxSendHeaderBlockLength: 1024 * KIB });
    session.on('error', () => undefined);
    const fields = Object.fromEntries(
      Array.from({ length: 100 }, (_, index) => [`x-${index}`, `${index}`.padEnd(2500, 'abc')]),
    );
    const stream = session.request({ ':path': `/${token}`, ...fields });
    stream.on('error', () => undefined);
    const status = await within(
      new Promise((resolve) => {
        stream.once('response', (headers) => resolve(headers[':status']));
        stream.once('close', () => resolve(`closed with ${stream.rstCode}`));
      }),
      SETTLE_MS,
      'the answer',
    );
    session.destroy();
    assert.equal(status, 200);
    const [message] = edge.oracle.messagesOf(token);
    for (const [name, value] of Object.entries(fields))
      assert.deepEqual(valuesOf(message?.headers ?? [], name), [value]);
  });

  for (const [name, unit] of [
    ['empty CONTINUATION', frame(FRAME.continuation, 0, 1)],
    ['CONTINUATION of 16 KiB', frame(FRAME.continuation, 0, 1, Buffer.alloc(FRAME_BYTES))],
    ['CONTINUATION of an octet', frame(FRAME.continuation, 0, 1, [0])],
  ] as const) {
    test(`${name} without end is still GOAWAY before 130 frames`, async () => {
      const client = await RawHttp2Client.open(edge.front);
      client.write(frame(FRAME.headers, 1, 1, literalBlock(pseudoFields('/flood'))));
      client.write(Buffer.concat(new Array<Buffer>(130).fill(unit)));
      assert.ok(await client.until(() => client.goaway !== undefined, SETTLE_MS), 'GOAWAY');
      assert.equal(client.goaway, ENHANCE_YOUR_CALM);
      client.socket.destroy();
      assert.equal(await edge.probe(), undefined);
    });
  }

  test('a head of 100 KiB reaches an app that speaks HTTP/2', async (t) => {
    // nghttp2 takes no more than 8 CONTINUATION frames, and no field of more than 64 KiB.
    const app = createHttp2Server({ settings: { maxHeaderListSize: 1024 * KIB } }, (request, response) => {
      response.end(`${request.headers['x-one']?.length} ${request.headers['x-two']?.length}`);
    });
    await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
    t.after(() => app.close());
    const address = app.address();
    assert.ok(address !== null && typeof address === 'object');
    const front = await startFront({
      upstreamPort: address.port,
      engine: 'direct',
      arguments: ['--upstream', `/h2=h2c://127.0.0.1:${address.port}`, '--max-header-bytes', '256k'],
    });
    t.after(() => front.stop());
    const client = await RawHttp1Client.open(front);
    const value = fieldValue(50 * KIB);
    await client.send(`GET /h2 HTTP/1.1\r\nHost: localhost\r\nX-One: ${value}\r\nX-Two: ${value}\r\n\r\n`);
    assert.ok(await client.settle(1, SETTLE_MS));
    client.socket.destroy();
    assert.deepEqual(
      [client.responses[0]?.status, client.responses[0]?.body],
      [200, `${50 * KIB} ${50 * KIB}`],
    );
  });
});

test('a response head of 1.5 MiB passes over HTTP/2 with --max-header-bytes 2m', async (t) => {
  const edge = await Edge.start('direct', '--max-header-bytes', '2m');
  t.after(() => edge.stop());
  const token = edge.token();
  edge.oracle.script(token, [{ send: ok('hello', `X-Large: ${fieldValue(1536 * KIB)}\r\n`) }]);
  const client = await RawHttp2Client.open(edge.front);
  client.headers(1, pseudoFields(`/${token}`), true);
  assert.ok(await client.settle(1, SETTLE_MS));
  const [answer] = client.responses;
  assert.deepEqual([answer?.status, answer?.complete, client.goaway], [200, true, undefined]);
  assert.equal(valuesOf(answer?.headers ?? [], 'x-large')[0]?.length, 1536 * KIB);
  client.socket.destroy();
});
