/** SIGTERM, SIGINT and the second signal: what is being served ends well, nothing new begins, nothing is left. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs';
import { connect } from 'node:net';
import type { Readable } from 'node:stream';
import { describe, type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import { writeTestCertificates } from '../support/certificates.js';
import { until, within } from '../support/deadline.js';
import { ENGINES } from '../support/fronted.js';
import { Client, PROTOCOLS } from '../support/https-client.js';
import { PATIENCE_MS, SAMPLE_APP, StartedFront } from '../support/started-front.js';
import { makeWorkspace } from '../support/workspace.js';

async function startFront(t: TestContext, ...args: string[]): Promise<StartedFront> {
  const front = await StartedFront.start({
    arguments: ['--listen', '127.0.0.1:0', ...args],
    app: SAMPLE_APP,
  });
  t.after(() => front.stop());
  return front;
}

function refusesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', () => resolve(true));
  });
}

async function countBytes(stream: Readable): Promise<number> {
  let bytes = 0;
  for await (const chunk of stream) bytes += chunk.length;
  return bytes;
}

for (const engine of ENGINES) {
  describe(`the end (${engine})`, { concurrency: 2 }, () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      for (const protocol of PROTOCOLS) {
        test(`${signal} lets a slow request finish and takes no new connection (${protocol})`, async (t) => {
          const front = await startFront(t, '--engine', engine);
          const client = new Client({ port: front.port(), ca: front.ca }, protocol);
          t.after(() => client.close());
          await client.request('/hello');
          const slow = client.request('/slow?ms=1500');
          // Read as it comes: what a Node client has not read when its session ends, it drops.
          const streamed = countBytes((await client.open('/stream?chunks=15&delayMs=100')).stream);
          front.child.kill(signal);
          await front.logged(new RegExp(`received ${signal}: draining`));
          await until(() => refusesConnections(front.port()), PATIENCE_MS, 'new connections being refused');
          assert.equal(front.child.exitCode, null, 'it waits for the slow request');
          assert.equal((await slow).text, 'answered after 1500 ms\n');
          assert.equal(await streamed, 15 * 1024);
          assert.equal(await within(front.ended, PATIENCE_MS, 'the end'), 0);
          assert.match(front.log, /goodbye to tlsfront/);
          await front.nothingLeft();
        });
      }
    }

    test('idle connections, WebSockets and endless streams do not hold the end up', async (t) => {
      const front = await startFront(t, '--engine', engine);
      const target = { port: front.port(), ca: front.ca };
      const clients = PROTOCOLS.map((protocol) => new Client(target, protocol));
      t.after(() => {
        for (const client of clients) client.close();
      });
      for (const client of clients) {
        await client.request('/hello');
        const { stream } = await client.open('/sse?count=0');
        stream.on('error', () => undefined).resume();
      }
      const socket = new WebSocket(`wss://localhost:${front.port()}/ws`, { ca: front.ca });
      socket.on('error', () => undefined);
      await once(socket, 'open');
      const startedAt = performance.now();
      front.child.kill('SIGTERM');
      assert.equal(await within(front.ended, PATIENCE_MS, 'the end'), 0);
      assert.ok(performance.now() - startedAt < 10_000);
      await front.nothingLeft();
    });

    test('the second signal ends everything now', async (t) => {
      const front = await startFront(t, '--engine', engine);
      const client = new Client({ port: front.port(), ca: front.ca }, 'h2');
      t.after(() => client.close());
      await client.request('/hello');
      const slow = client.request('/slow?ms=60000').catch((error: Error) => error);
      // The request must be with the app, and nothing says so but the next one being answered.
      await client.request('/hello');
      front.child.kill('SIGTERM');
      await front.logged(/draining/);
      front.child.kill('SIGTERM');
      assert.equal(await within(front.ended, 30_000, 'the end after the second signal'), 1);
      assert.ok((await slow) instanceof Error);
      await front.nothingLeft();
    });

    test('--mercy ends what does not finish', async (t) => {
      const front = await startFront(t, '--mercy', '1s', '--engine', engine);
      const client = new Client({ port: front.port(), ca: front.ca }, 'http/1.1');
      t.after(() => client.close());
      const slow = client.request('/slow?ms=60000').catch((error: Error) => error);
      const second = new Client({ port: front.port(), ca: front.ca }, 'http/1.1');
      t.after(() => second.close());
      await second.request('/hello');
      front.child.kill('SIGTERM');
      await within(front.ended, PATIENCE_MS, 'the end once the mercy is over');
      assert.match(front.log, /no more mercy after 1 seconds/);
      assert.ok((await slow) instanceof Error);
      await front.nothingLeft();
    });
  });
}

test('a signal while the app is starting ends everything', async (t) => {
  const front = StartedFront.launch({
    arguments: ['--listen', '127.0.0.1:0'],
    app: [process.execPath, '-e', 'setInterval(() => {}, 1000)'],
  });
  t.after(() => front.stop());
  await front.logged(/tlsfront https bound on/);
  front.child.kill('SIGINT');
  await within(front.ended, PATIENCE_MS, 'the end');
  await front.nothingLeft();
});

test('SIGTERM while the certificates are still being read ends the start', async (t) => {
  const workspace = makeWorkspace(t);
  const { chainFile, keyFile } = await writeTestCertificates(workspace.path);
  const slowKey = workspace.at('slow.key');
  execFileSync('mkfifo', [slowKey]);
  const front = StartedFront.launch({
    arguments: ['--https', `127.0.0.1:0,${chainFile},${slowKey}`],
    app: SAMPLE_APP,
  });
  t.after(() => front.stop());
  await front.logged(/Starting tlsfront/);
  front.child.kill('SIGTERM');
  await front.logged(/goodbye to tlsfront/);
  // Where it still waits for the key it gets it now; the end need not have waited.
  const descriptor = openSync(slowKey, constants.O_RDWR | constants.O_NONBLOCK);
  t.after(() => closeSync(descriptor));
  writeSync(descriptor, readFileSync(keyFile));
  assert.equal(await within(front.ended, PATIENCE_MS, 'the end'), 0);
  assert.doesNotMatch(front.log, /tlsfront is ready/);
  await front.nothingLeft();
});
