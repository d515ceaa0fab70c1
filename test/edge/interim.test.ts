/** What passes beside head and body: 100 and 103, trailers in both directions, and answers that come before the request's end. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { request as requestHttps } from 'node:https';
import { createServer as createSocketServer } from 'node:net';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { type AppBehind, appBehind } from '../support/app-behind.js';
import { within } from '../support/deadline.js';
import { Client, PROTOCOLS, type Protocol, type ReplyHeaders } from '../support/https-client.js';
import { StartedFront } from '../support/started-front.js';

async function readAll(request: IncomingMessage): Promise<number> {
  let bytes = 0;
  for await (const chunk of request) bytes += Buffer.from(chunk).length;
  return bytes;
}

async function app(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = request.url ?? '';
  if (url === '/hints') {
    response.writeEarlyHints({ link: ['</a.css>; rel=preload', '</b.js>; rel=preload'], 'x-hint': 'one' });
    response.writeEarlyHints({ link: '</c.js>; rel=preload' });
    response.end('hinted');
    return;
  }
  const bytes = await readAll(request);
  response.end(JSON.stringify({ bytes, trailers: request.trailers, announced: request.headers.trailer }));
}

/** Says 100 late, or answers at once without it. */
function expecting(): ReturnType<typeof createServer> {
  const server = createServer(app);
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (request.url === '/refused') {
      response.writeHead(413, { 'Content-Length': 8, Connection: 'close' });
      response.end('refused\n');
      return;
    }
    // The client is still waiting when the permission comes.
    setTimeout(() => {
      response.writeContinue();
      void app(request, response);
    }, 50);
  });
  return server;
}

interface Expectation {
  readonly status: number;
  readonly text: string;
  readonly continued: boolean;
}

/** Sends a body of 20 bytes only when permitted. */
async function expectContinue(running: AppBehind, protocol: Protocol, path: string): Promise<Expectation> {
  const { front } = running;
  const headers = { expect: '100-continue', 'content-length': '20' };
  let continued = false;
  const chunks: Buffer[] = [];
  if (protocol === 'h2') {
    const session = connectHttp2(`https://localhost:${front.port()}`, { ca: front.ca });
    try {
      const stream = session.request({ ':method': 'POST', ':path': path, ...headers });
      stream.on('error', () => undefined);
      stream.once('continue', () => {
        continued = true;
        stream.end('x'.repeat(20));
      });
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      const ended = once(stream, 'end');
      const [fields] = await within(once(stream, 'response'), 30_000, `the answer to ${path}`);
      await within(ended, 30_000, `the end of ${path}`);
      return { status: Number(fields[':status']), text: Buffer.concat(chunks).toString(), continued };
    } finally {
      session.destroy();
    }
  }
  const request = requestHttps({
    port: front.port(),
    ca: front.ca,
    method: 'POST',
    path,
    headers,
    agent: false,
  });
  request.on('error', () => undefined);
  request.once('continue', () => {
    continued = true;
    request.end('x'.repeat(20));
  });
  request.flushHeaders();
  const [response] = await within(once(request, 'response'), 30_000, `the answer to ${path}`);
  for await (const chunk of response) chunks.push(Buffer.from(chunk));
  request.destroy();
  return { status: Number(response.statusCode), text: Buffer.concat(chunks).toString(), continued };
}

/** Sends `hello` with the trailer X-Sum. */
async function sendTrailers({ front }: AppBehind, protocol: Protocol): Promise<string> {
  const chunks: Buffer[] = [];
  if (protocol === 'h2') {
    const session = connectHttp2(`https://localhost:${front.port()}`, { ca: front.ca });
    try {
      const head = { ':method': 'POST', ':path': '/trailers', trailer: 'x-sum' };
      const stream = session.request(head, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': 'abc' }));
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.end('hello');
      await within(once(stream, 'end'), 30_000, 'the answer to trailers');
    } finally {
      session.destroy();
    }
  } else {
    const headers = { trailer: 'x-sum', 'transfer-encoding': 'chunked' };
    const request = requestHttps({
      ...{ port: front.port(), ca: front.ca, method: 'POST', path: '/trailers', headers, agent: false },
    });
    request.write('hello');
    request.addTrailers({ 'x-sum': 'abc' });
    request.end();
    const [response] = await within(once(request, 'response'), 30_000, 'the answer to trailers');
    for await (const chunk of response) chunks.push(Buffer.from(chunk));
  }
  return Buffer.concat(chunks).toString();
}

appBehind('between the lines', { app: expecting(), engines: ['direct'] }, (running, protocol) => {
  test('every 103 arrives, with all its fields, before the answer', async () => {
    const { status, text, informational } = await running().client.request('/hints');
    assert.deepEqual([status, text], [200, 'hinted']);
    const told = informational.map(({ status: code, headers }: { status: number; headers: ReplyHeaders }) => [
      code,
      headers.link,
      headers['x-hint'],
    ]);
    assert.deepEqual(told, [
      [103, '</a.css>; rel=preload, </b.js>; rel=preload', 'one'],
      [103, '</c.js>; rel=preload', undefined],
    ]);
  });

  test('100 comes from the app, and the body behind it arrives', async () => {
    const { status, text, continued } = await expectContinue(running(), protocol, '/permitted');
    assert.deepEqual([status, continued], [200, true]);
    assert.equal(JSON.parse(text).bytes, 20);
  });

  test('an app that refuses instead of saying 100 is heard, and no body is asked for', async () => {
    const refused = await expectContinue(running(), protocol, '/refused');
    assert.deepEqual(refused, { status: 413, text: 'refused\n', continued: false });
  });

  test('trailers of the client reach the app', async () => {
    const seen = JSON.parse(await sendTrailers(running(), protocol));
    assert.deepEqual(seen, { bytes: 5, trailers: { 'x-sum': 'abc' }, announced: 'x-sum' });
  });
});

const TEN_MEGABYTES = 10 * 1024 * 1024;

describe('an app that refuses a large upload before its end', () => {
  // As uWSGI does it: the answer, then the socket is closed with the rest of the body unread.
  const refusing = createSocketServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.pause();
      socket.end(
        'HTTP/1.1 413 Content Too Large\r\nContent-Length: 10\r\nConnection: close\r\n\r\ntoo large\n',
      );
    });
  });
  let front: StartedFront | undefined;
  before(async () => {
    const port = await new Promise<number>((resolve) => {
      refusing.listen(0, '127.0.0.1', () => {
        const address = refusing.address();
        resolve(typeof address === 'object' ? (address?.port ?? 0) : 0);
      });
    });
    front = await StartedFront.start({
      arguments: ['--listen', '127.0.0.1:0', '--upstream', String(port), '--engine', 'direct'],
    });
  });
  after(async () => {
    refusing.close();
    await front?.stop();
  });

  for (const protocol of PROTOCOLS) {
    for (const kind of ['with', 'without'] as const) {
      test(`is heard over ${protocol}, ${kind} a length`, async () => {
        if (front === undefined) throw new Error('the front did not start');
        const client = new Client({ port: front.port(), ca: front.ca }, protocol);
        try {
          const body = Buffer.alloc(TEN_MEGABYTES, 'x');
          const headers = kind === 'with' ? { 'content-length': String(body.length) } : {};
          const stream = Readable.from([body.subarray(0, 1_000_000), body.subarray(1_000_000)]);
          const reply = await client.request('/upload', { method: 'POST', headers, body: stream });
          assert.deepEqual([reply.status, reply.text], [413, 'too large\n']);
        } finally {
          client.close();
        }
      });
    }
  }
});
