/** Each limit in time and size, as the client who meets it sees it: the right status, a body it can read, a front that serves on. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { appBehind } from '../support/app-behind.js';
import { within } from '../support/deadline.js';
import { ENGINES } from '../support/fronted.js';
import { Client, PROTOCOLS } from '../support/https-client.js';
import { RawHttp1Client } from '../support/raw-client.js';
import { StartedFront } from '../support/started-front.js';
import { MISSING, requirePython } from '../support/tools.js';

const LIMITS = [
  ...['--timeout-client-head', '600ms', '--timeout-client-body', '600ms'],
  ...['--timeout-upstream-head', '600ms', '--timeout-upstream-idle', '600ms'],
  ...['--timeout-keepalive', '1500ms', '--max-body-bytes', '100k'],
];

/** Requests of which the app has read the whole body. */
const read: string[] = [];

async function app(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = request.url ?? '';
  if (url === '/silent') return;
  if (url === '/pause') {
    response.writeHead(200, { 'Content-Length': 10 });
    response.write('12345');
    return;
  }
  let bytes = 0;
  try {
    for await (const chunk of request) bytes += Buffer.from(chunk).length;
  } catch {
    return;
  }
  read.push(url);
  response.end(`${bytes} bytes`);
}

/** A body of unknown length that sends some and then stops. */
function stalling(): Readable {
  const body = new Readable({ read: () => undefined });
  body.push('some');
  return body;
}

appBehind('limits', { arguments: LIMITS, app }, (running, protocol, engine) => {
  const accepts = [
    ['text/html', /^text\/html/, /<h1>/],
    ['application/json', /^application\/json/, /"status":/],
    ['*/*', /^text\/plain/, /^\d{3} /],
  ] as const;

  test('an app that does not answer: 504, in the words the client reads', async () => {
    for (const [accept, type, body] of accepts) {
      const reply = await running().client.request('/silent', { headers: { accept } });
      assert.equal(reply.status, 504);
      assert.match(String(reply.headers['content-type']), type);
      assert.match(reply.text, body);
      assert.match(reply.text, /The app did not answer in time\./);
    }
  });

  test('an app that stops in the middle of its answer: the answer is cut', async () => {
    await assert.rejects(running().client.request('/pause'));
  });

  test('a body that stops coming: 408', async () => {
    const reply = await running().client.request('/stalled', { method: 'POST', body: stalling() });
    assert.equal(reply.status, 408);
    assert.match(reply.text, /The request took too long to arrive\./);
    assert.ok(!read.includes('/stalled'));
  });

  test('a body announced too large: 413 before any of it is sent on', async () => {
    const path = `/announced-${engine}-${protocol}`;
    const reply = await running().client.request(path, { method: 'POST', body: 'x'.repeat(102_401) });
    assert.equal(reply.status, 413);
    assert.match(reply.text, /The request body is too large\./);
    assert.ok(!read.includes(path));
  });

  test('a body of unknown length that grows too large: 413, and the app never sees its end', async () => {
    const path = `/grown-${engine}-${protocol}`;
    const body = Readable.from(Array.from({ length: 101 }, () => Buffer.alloc(1024)));
    const reply = await running().client.request(path, { method: 'POST', body });
    assert.equal(reply.status, 413);
    assert.ok(!read.includes(path));
  });

  test('a body of exactly the largest size passes, with and without a length', async () => {
    const { client } = running();
    const whole = await client.request('/whole', { method: 'POST', body: Buffer.alloc(102_400) });
    assert.equal(whole.text, '102400 bytes');
    const body = Readable.from([Buffer.alloc(51_200), Buffer.alloc(51_200)]);
    assert.equal((await client.request('/whole', { method: 'POST', body })).text, '102400 bytes');
  });

  test('a client that comes back after the time for idle connections is served on a new one', async () => {
    const { client } = running();
    assert.equal((await client.request('/first')).status, 200);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    assert.equal((await client.request('/second')).status, 200);
  });
});

for (const engine of ENGINES) {
  test(`half a head: 408, and an idle connection is closed without a word (${engine})`, async (t) => {
    const front = await StartedFront.start({
      arguments: ['--listen', '127.0.0.1:0', '--upstream', '127.0.0.1:9', '--engine', engine, ...LIMITS],
    });
    t.after(() => front.stop());
    const address = { port: front.port(), ca: front.ca };
    const slow = await RawHttp1Client.open(address);
    await slow.send('GET / HTTP/1.1\r\nHost: local');
    assert.ok(await slow.until(() => slow.closed, 30_000), 'the connection is closed');
    assert.equal(slow.responses[0]?.status, 408);
    const idle = await RawHttp1Client.open(address);
    assert.ok(await idle.until(() => idle.closed, 30_000), 'the idle connection is closed');
    assert.equal(idle.received, '');
  });

  for (const protocol of PROTOCOLS) {
    test(`an app that takes no connection: 504 (${engine}, ${protocol})`, async (t) => {
      const python = requirePython(t);
      if (python === MISSING) return;
      // Listens and never accepts: once its queue is full, the kernel leaves further connections unanswered.
      const deaf = spawn(python.path, ['-c', DEAF], { stdio: ['pipe', 'pipe', 'inherit'] });
      t.after(() => deaf.kill('SIGKILL'));
      const [line] = await within(once(deaf.stdout, 'data'), 30_000, 'the port of the deaf app');
      const port = Number(String(line));
      const fillers = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
      for (const filler of fillers) {
        filler.on('error', () => undefined);
        t.after(() => filler.destroy());
      }
      await within(once(fillers[0] ?? deaf, 'connect'), 30_000, 'the first connection');
      const front = await StartedFront.start({
        arguments: [
          ...['--listen', '127.0.0.1:0', '--upstream', `127.0.0.1:${port}`, '--engine', engine],
          ...['--timeout-connect', '600ms'],
        ],
      });
      t.after(() => front.stop());
      const client = new Client({ port: front.port(), ca: front.ca }, protocol);
      t.after(() => client.close());
      const reply = await client.request('/');
      assert.equal(reply.status, 504);
      assert.match(reply.text, /The app did not accept the connection in time\./);
    });
  }
}

const DEAF = `
import socket, sys
s = socket.socket()
s.bind(('127.0.0.1', 0))
s.listen(0)
print(s.getsockname()[1], flush=True)
sys.stdin.read()
`;
