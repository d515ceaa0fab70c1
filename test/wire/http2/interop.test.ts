/** The codec against a client of other make: node:http2 (nghttp2) over loopback. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { type TestContext, test } from 'node:test';
import type { Http2ServerConnection } from '../../../proxy/wire/http2/connection.js';
import { type PlainHandler, startPlainServer } from '../../support/http2-plain-server.js';

const DEADLINE_MS = 30_000;

interface Answer {
  headers: IncomingHttpHeaders & { ':status'?: number | undefined };
  trailers: IncomingHttpHeaders;
  body: Buffer;
}

/** A server with this handler and a client session on it, both closed with the test. */
async function session(
  context: TestContext,
  handler: PlainHandler,
  options = {},
): Promise<ClientHttp2Session> {
  const server = await startPlainServer(handler);
  const client = connect(`http://127.0.0.1:${server.port}`, options);
  client.on('error', () => {});
  context.after(async () => {
    client.destroy();
    await server.close();
  });
  await once(client, 'remoteSettings', { signal: AbortSignal.timeout(DEADLINE_MS) });
  return client;
}

async function answerOf(stream: ClientHttp2Stream, label: string): Promise<Answer> {
  const answer: Answer = { headers: {}, trailers: {}, body: Buffer.alloc(0) };
  const parts: Buffer[] = [];
  stream.on('response', (headers) => {
    answer.headers = headers;
  });
  stream.on('trailers', (headers) => {
    answer.trailers = headers;
  });
  stream.on('data', (part: Buffer) => parts.push(part));
  const timer = setTimeout(() => stream.destroy(new Error(`no end of ${label}`)), DEADLINE_MS);
  try {
    await once(stream, 'close');
  } finally {
    clearTimeout(timer);
  }
  answer.body = Buffer.concat(parts);
  return answer;
}

function ask(client: ClientHttp2Session, headers: OutgoingHttpHeaders, body?: Buffer): Promise<Answer> {
  const stream = client.request(headers, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  return answerOf(stream, String(headers[':path']));
}

/** Bytes of no pattern, the same in every run. */
function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = 1;
  for (let i = 0; i < length; i += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[i] = state >>> 16;
  }
  return bytes;
}

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Sends a long body as the windows let it, at its own pace for each stream. */
class BodySender {
  private readonly sent = new Map<number, number>();

  constructor(private readonly body: Buffer) {}

  begin(connection: Http2ServerConnection, id: number): void {
    connection.sendHeaders(id, 200, ['content-length', String(this.body.length)], false);
    this.sent.set(id, 0);
    this.go(connection, id);
  }

  go(connection: Http2ServerConnection, id: number): void {
    let at = this.sent.get(id) ?? this.body.length;
    for (let goesOn = true; goesOn && at < this.body.length; ) {
      const end = Math.min(this.body.length, at + 65_536);
      goesOn = connection.sendData(id, this.body, at, end, end === this.body.length);
      at = end;
    }
    this.sent.set(id, at);
  }
}

test('100 streams at once get their own answers, fields and all', async (context) => {
  const client = await session(context, {
    request(connection, id) {
      const { path, headers, authority, scheme, method } = connection.head;
      const seen = headers[headers.indexOf('x-number') + 1] ?? '';
      connection.sendHeaders(
        id,
        200,
        ['server', 'tlsfront', 'x-seen', seen, 'set-cookie', `n=${seen}`],
        false,
      );
      connection.sendLatin1(id, `${method} ${scheme} ${authority} ${path}`, true);
    },
  });
  for (let round = 0; round < 3; round += 1) {
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        ask(client, { ':path': `/${round}/${i}`, 'x-number': String(i) }),
      ),
    );
    answers.forEach((answer, i) => {
      assert.equal(answer.headers[':status'], 200);
      assert.equal(answer.headers['x-seen'], String(i));
      assert.deepEqual(answer.headers['set-cookie'], [`n=${i}`]);
      assert.match(answer.body.toString(), new RegExp(`^GET http 127\\.0\\.0\\.1:\\d+ /${round}/${i}$`));
    });
  }
});

test('large bodies go down on several streams at once, whole', async (context) => {
  const body = noise(3_000_017);
  const sender = new BodySender(body);
  const client = await session(context, {
    request: (connection, id) => sender.begin(connection, id),
    writable: (connection, id) => sender.go(connection, id),
  });
  const answers = await Promise.all(['/a', '/b', '/c', '/d'].map((path) => ask(client, { ':path': path })));
  for (const answer of answers) assert.equal(digest(answer.body), digest(body));
});

test('large bodies go up on several streams at once, whole, with windows that grow', async (context) => {
  const body = noise(3_000_017);
  const hashes = new Map<number, ReturnType<typeof createHash>>();
  const client = await session(context, {
    request: (_connection, id) => hashes.set(id, createHash('sha256')),
    data(connection, id) {
      const piece = connection.data;
      hashes.get(id)?.update(piece);
      connection.consume(id, piece.length);
      if (!connection.endStream) return;
      connection.sendHeaders(id, 200, [], false);
      connection.sendLatin1(id, hashes.get(id)?.digest('hex') ?? '', true);
    },
  });
  const answers = await Promise.all(
    ['/a', '/b', '/c', '/d'].map((path) =>
      ask(client, { ':method': 'POST', ':path': path, 'content-length': body.length }, body),
    ),
  );
  for (const answer of answers) assert.equal(answer.body.toString(), digest(body));
});

test('a body comes back as it goes up (echo)', async (context) => {
  const body = noise(400_000);
  const client = await session(context, {
    request: (connection, id) => connection.sendHeaders(id, 200, [], false),
    data(connection, id) {
      const { data } = connection;
      connection.sendData(id, data, 0, data.length, connection.endStream);
      connection.consume(id, data.length);
    },
  });
  assert.equal(digest((await ask(client, { ':method': 'POST', ':path': '/' }, body)).body), digest(body));
});

test('trailers pass both ways', async (context) => {
  const client = await session(context, {
    request: (connection, id) => connection.sendHeaders(id, 200, ['trailer', 'x-back'], false),
    trailers(connection, id) {
      const fields = connection.trailers;
      connection.sendLatin1(id, 'body', false);
      connection.sendTrailers(id, ['x-back', fields.join('=')]);
    },
  });
  const stream = client.request({ ':method': 'POST', ':path': '/' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '42' }));
  stream.end('up');
  const answer = await answerOf(stream, 'trailers');
  assert.equal(answer.body.toString(), 'body');
  assert.equal(answer.trailers['x-back'], 'x-sum=42');
});

test('a reset by the client is told, and others on the connection go on', async (context) => {
  let resets = 0;
  const client = await session(context, {
    request(connection, id) {
      if (connection.head.path === '/live') connection.sendHeaders(id, 204, [], true);
      else connection.sendHeaders(id, 200, [], false);
    },
    reset(connection) {
      assert.equal(connection.errorCode, constants.NGHTTP2_CANCEL);
      resets += 1;
    },
  });
  const stream = client.request({ ':path': '/hang' });
  await once(stream, 'response', { signal: AbortSignal.timeout(DEADLINE_MS) });
  stream.close(constants.NGHTTP2_CANCEL);
  await once(stream, 'close', { signal: AbortSignal.timeout(DEADLINE_MS) });
  assert.equal((await ask(client, { ':path': '/live' })).headers[':status'], 204);
  assert.equal(resets, 1);
});

test('a response that is cut is an error to the client, not an end', async (context) => {
  const client = await session(context, {
    request(connection, id) {
      connection.sendHeaders(id, 200, [], false);
      connection.sendLatin1(id, 'half', false);
      connection.resetStream(id, constants.NGHTTP2_INTERNAL_ERROR);
    },
  });
  const stream = client.request({ ':path': '/' });
  stream.resume();
  const signal = AbortSignal.timeout(DEADLINE_MS);
  await assert.rejects(once(stream, 'end', { signal }), /NGHTTP2_INTERNAL_ERROR/);
});

test('an early answer reaches a client that is still sending', async (context) => {
  const client = await session(context, {
    request(connection, id) {
      connection.sendHeaders(id, 413, [], false);
      connection.sendLatin1(id, 'too large', true);
      connection.resetStream(id, constants.NGHTTP2_NO_ERROR);
    },
  });
  const stream = client.request({ ':method': 'POST', ':path': '/' });
  stream.on('error', () => {});
  stream.end(Buffer.alloc(10_000_000));
  const answer = await answerOf(stream, 'the early answer');
  assert.deepEqual([answer.headers[':status'], answer.body.toString()], [413, 'too large']);
  assert.equal((await ask(client, { ':path': '/' })).headers[':status'], 413, 'and the connection goes on');
});

test('RFC 8441: an extended CONNECT opens a tunnel both ways', async (context) => {
  const client = await session(context, {
    request(connection, id) {
      assert.equal(connection.head.protocol, 'websocket');
      connection.sendHeaders(id, 200, ['sec-websocket-protocol', 'chat'], false);
    },
    data(connection, id) {
      const text = connection.data.toString('latin1').toUpperCase();
      connection.consume(id, text.length);
      connection.sendLatin1(id, text, connection.endStream);
    },
  });
  assert.equal(client.remoteSettings.enableConnectProtocol, true);
  const stream = client.request({
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':scheme': 'http',
    ':authority': '127.0.0.1',
    ':path': '/chat',
  });
  await once(stream, 'response', { signal: AbortSignal.timeout(DEADLINE_MS) });
  stream.write('hello');
  const [back] = await once(stream, 'data', { signal: AbortSignal.timeout(DEADLINE_MS) });
  assert.equal(String(back), 'HELLO');
  stream.end('bye');
  assert.equal((await answerOf(stream, 'the tunnel')).body.toString(), 'BYE');
});

test('informational heads arrive before the response', async (context) => {
  const client = await session(context, {
    request(connection, id) {
      connection.sendInformational(id, 103, ['link', '</a.css>; rel=preload']);
      connection.sendHeaders(id, 204, [], true);
    },
  });
  const stream = client.request({ ':path': '/' });
  const early: IncomingHttpHeaders[] = [];
  stream.on('headers', (headers) => early.push(headers));
  const answer = await answerOf(stream, 'the response');
  assert.equal(answer.headers[':status'], 204);
  assert.equal(early[0]?.link, '</a.css>; rel=preload');
});

test('a small header table of the client is kept to', async (context) => {
  const client = await session(
    context,
    {
      request(connection, id) {
        const fields = Array.from({ length: 60 }, (_, i) =>
          i % 2 === 0 ? `x-f${i}` : `value ${i} ${id % 7}`,
        );
        connection.sendHeaders(id, 200, fields, true);
      },
    },
    { settings: { headerTableSize: 128 } },
  );
  for (let i = 0; i < 20; i += 1) {
    const answer = await ask(client, { ':path': '/' });
    assert.equal(answer.headers['x-f58'], `value 59 ${(2 * i + 1) % 7}`);
  }
});
