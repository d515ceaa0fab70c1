/** Care for the apps we start: one that does not answer is ended, one that has served enough or grown too large is replaced, and nobody notices. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Client } from '../support/https-client.js';
import { StartedFront } from '../support/started-front.js';
import { nodeApp } from '../support/worker.js';

/** Says its pid; hangs for good at /hang, takes a while at /slow, grows at /grow. */
const APP = nodeApp(`
const kept = [];
const server = require('http').createServer((request, response) => {
  if (request.url === '/hang') for (;;);
  if (request.url === '/grow') kept.push(Buffer.alloc(160 * 1024 * 1024, 1));
  request.resume();
  request.on('end', () => setTimeout(() => response.end(String(process.pid)), request.url === '/slow' ? 3000 : 0));
});
process.on('SIGTERM', () => server.close(() => process.exit(0)));
listen(server);
`);

async function start(t: TestContext, ...options: string[]): Promise<StartedFront> {
  const front = await StartedFront.start({ arguments: ['--listen', '127.0.0.1:0', ...options], app: APP });
  t.after(() => front.stop());
  return front;
}

async function ask(front: StartedFront, path: string, options: { method?: string; body?: Buffer } = {}) {
  const client = new Client({ port: front.port(), ca: front.ca }, 'http/1.1');
  try {
    const { status, text } = await client.request(path, options);
    return { status, text };
  } finally {
    client.close();
  }
}

test('--harakiri ends a worker that hangs, names the request without its query, and leaves the other alone', async (t) => {
  const front = await start(t, '--processes', '2', '--harakiri', '2s');
  const hung = ask(front, '/hang').catch(() => null);
  const [, index = '', pid = ''] = await front.logged(
    /warning: worker (\d) \(pid: (\d+)\) is ended: it has not answered GET \/hang in \d\.\d s \(--harakiri\)/,
  );
  await front.logged(new RegExp(`respawned tlsfront worker ${index} \\(new pid: `));
  await front.logged(new RegExp(`worker ${index} \\(pid: \\d+\\) is ready`));
  assert.ok((await hung)?.status !== 200);
  assert.equal(front.log.split('is ended').length, 2, 'one line, one worker');
  for (let count = 0; count < 6; count += 1) {
    const { status, text } = await ask(front, '/');
    assert.deepEqual([status, text === pid], [200, false]);
  }
});

test('--harakiri does not count what the client takes its time with, nor a tunnel or stream that has begun', async (t) => {
  const front = await start(t, '--harakiri', '4s');
  const answers = await Promise.all([
    ask(front, '/slow'),
    ask(front, '/', { method: 'POST', body: Buffer.alloc(1024) }),
  ]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200],
  );
  assert.doesNotMatch(front.log, /is ended/);
});

test('--max-requests replaces a worker: the next one takes over first, and what the old one works at is answered', async (t) => {
  const front = await start(t, '--max-requests', '5');
  const before = front.pid('worker');
  const slow = ask(front, '/slow');
  for (let count = 0; count < 5; count += 1) assert.equal((await ask(front, '/')).text, String(before));
  await front.logged(
    new RegExp(`worker 1 \\(pid: ${before}\\) is replaced: it has had \\d requests \\(--max-requests\\)`),
  );
  await front.logged(/worker 1 \(pid: \d+\) is ready/);
  assert.deepEqual(await slow, { status: 200, text: String(before) });
  const { status, text } = await ask(front, '/');
  assert.deepEqual([status, text === String(before)], [200, false]);
});

test('--max-rss replaces a worker that has grown', { skip: process.platform !== 'linux' }, async (t) => {
  const front = await start(t, '--max-rss', '200m');
  await ask(front, '/grow');
  await front.logged(/is replaced: it has 2\d\d MiB of memory \(--max-rss\)/);
  await front.logged(/worker 1 \(pid: \d+\) is ready/);
  assert.equal((await ask(front, '/')).status, 200);
});

test('a worker that crashes is respawned with its last words in the warning', async (t) => {
  const front = await StartedFront.start({
    arguments: ['--listen', '127.0.0.1:0'],
    app: nodeApp(
      "listen(require('http').createServer(() => { console.error('out of luck'); process.exit(7); }));",
    ),
  });
  t.after(() => front.stop());
  await ask(front, '/').catch(() => undefined);
  await front.logged(/worker 1 \(pid: \d+\) ended: exit code 7; its last words: out of luck: respawning it/);
});
