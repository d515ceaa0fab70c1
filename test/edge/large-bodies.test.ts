/** Bodies larger than memory should ever hold: 1 GB each way, readers and apps that are slow, events that must not wait. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { within } from '../support/deadline.js';
import { ENGINES, eachEngine, eachProtocol } from '../support/fronted.js';
import { Client, PROTOCOLS } from '../support/https-client.js';
import { Oracle } from '../support/oracle.js';
import { SAMPLE_APP, StartedFront } from '../support/started-front.js';
import { MISSING, requireTool } from '../support/tools.js';
import { nodeApp } from '../support/worker.js';
import { makeWorkspace } from '../support/workspace.js';

const GIGABYTE = 2 ** 30;
const MEGABYTE = 2 ** 20;
const TRANSFER_MS = 60_000;

/** Most memory the process ever had, in bytes. */
function peakMemory(pid: number): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}

/** curl's output; it is faster than any client in this process, and the clock is the machine's. */
async function curl(
  t: TestContext,
  program: string,
  front: StartedFront,
  args: readonly string[],
): Promise<string> {
  const child = spawn(program, ['--silent', '--show-error', '--cacert', front.authorityFile, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const [code] = await within(once(child, 'close'), TRANSFER_MS, `curl ${args.join(' ')}`);
  assert.equal(code, 0);
  return output;
}

/** Sends as many bytes as its path says, or counts those of the request; the sample app's hashing would take longest. */
const COUNTING_APP = nodeApp(`
  const block = Buffer.alloc(65536);
  const { Readable } = require('node:stream');
  listen(require('node:http').createServer((request, response) => {
    let count = 0;
    request.on('data', (chunk) => { count += chunk.length; });
    request.on('end', () => {
      if (request.method !== 'GET') return response.end(String(count));
      let left = Number(request.url.slice(1));
      response.setHeader('Content-Length', left);
      const read = function () { this.push(left > 0 ? block : null); left -= block.length; };
      new Readable({ highWaterMark: 262144, read }).pipe(response);
    });
  }));`);

eachEngine(
  'large bodies',
  { arguments: ['--listen', '127.0.0.1:0'], app: COUNTING_APP },
  (running, engine) => {
    // Bounded memory shows as well at a quarter, and the library engine takes twice the time.
    const size = engine === 'direct' ? GIGABYTE : GIGABYTE / 4;
    const bound = engine === 'direct' ? 200 * MEGABYTE : 260 * MEGABYTE;

    for (const version of ['--http1.1', '--http2']) {
      test(`${size / MEGABYTE} MiB down in constant memory (${version})`, async (t) => {
        const program = requireTool(t, 'curl');
        if (program === MISSING) return;
        const front = running();
        const url = `https://localhost:${front.port()}/${size}`;
        const report = ['--output', '/dev/null', '--write-out', '%{http_code} %{size_download}'];
        assert.equal(await curl(t, program, front, [version, ...report, url]), `200 ${size}`);
        const peak = peakMemory(front.pid('http'));
        t.diagnostic(`the router had ${Math.round(peak / MEGABYTE)} MiB`);
        assert.ok(peak < bound, `the router had ${Math.round(peak / MEGABYTE)} MiB`);
      });
    }

    for (const version of ['--http1.1', '--http2']) {
      test(`${size / MEGABYTE} MiB up in constant memory (${version})`, async (t) => {
        const program = requireTool(t, 'curl');
        if (program === MISSING) return;
        const front = running();
        const file = makeWorkspace(t).at('sparse');
        writeFileSync(file, '');
        truncateSync(file, size);
        const url = `https://localhost:${front.port()}/`;
        assert.equal(await curl(t, program, front, [version, '--upload-file', file, url]), String(size));
        const peak = peakMemory(front.pid('http'));
        t.diagnostic(`the router had ${Math.round(peak / MEGABYTE)} MiB`);
        assert.ok(peak < bound, `the router had ${Math.round(peak / MEGABYTE)} MiB`);
      });
    }
  },
);

eachProtocol('slow ends', { arguments: ['--listen', '127.0.0.1:0'], app: SAMPLE_APP }, (running) => {
  test('a client that does not read stops the app instead of filling the memory', async () => {
    const { client, front } = running();
    const before = peakMemory(front.pid('http'));
    const { stream } = await client.open(`/bytes?size=${GIGABYTE}`);
    await once(stream, 'readable');
    await pause(500);
    stream.destroy();
    const grown = peakMemory(front.pid('http')) - before;
    assert.ok(grown < 60 * MEGABYTE, `the router grew by ${Math.round(grown / MEGABYTE)} MiB`);
    assert.equal((await client.request('/hello')).status, 200);
  });

  test('a client that leaves an endless stream ends it at the app', async () => {
    const { client, front } = running();
    const { stream } = await client.open('/sse?count=0&intervalMs=50');
    await once(stream, 'readable');
    stream.destroy();
    assert.equal((await client.request('/hello')).status, 200);
    assert.equal(front.child.exitCode, null);
  });
});

/** Sends one event to each request for `/events`, and one more when `/next` is asked for. */
const EVENT_APP = nodeApp(`
  const open = new Set();
  listen(require('node:http').createServer((request, response) => {
    if (request.url === '/next') {
      for (const stream of open) stream.write('data: next\\n\\n');
      return response.end();
    }
    open.add(response);
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write('data: first\\n\\n');
  }));`);

eachProtocol('events', { arguments: ['--listen', '127.0.0.1:0'], app: EVENT_APP }, (running) => {
  test('reach the client one by one, none waiting for another', async () => {
    const { client } = running();
    const { stream, headers } = await client.open('/events');
    assert.equal(headers['content-type'], 'text/event-stream');
    const events = stream.setEncoding('utf8')[Symbol.asyncIterator]();
    for (const expected of ['first', 'next', 'next']) {
      const { value } = await within(events.next(), 5000, `the event '${expected}'`);
      assert.equal(value, `data: ${expected}\n\n`);
      // The app sends another one only now.
      await client.request('/next');
    }
    stream.destroy();
  });
});

for (const engine of ENGINES) {
  for (const protocol of PROTOCOLS) {
    test(`an app that does not read stops the upload instead of filling the memory (${engine}, ${protocol})`, async (t) => {
      const oracle = await new Oracle().start();
      t.after(() => oracle.stop());
      const front = await StartedFront.start({
        arguments: ['--upstream', `127.0.0.1:${oracle.port}`, '--listen', '127.0.0.1:0', '--engine', engine],
      });
      t.after(() => front.stop());
      const token = oracle.token();
      oracle.script(token, [{ deaf: true }, { awaitBody: true }]);
      const before = peakMemory(front.pid('http'));
      let taken = 0;
      const block = Buffer.alloc(MEGABYTE);
      const endless = new Readable({
        read() {
          taken += block.length;
          this.push(block);
        },
      });
      const client = new Client({ port: front.port(), ca: front.ca }, protocol);
      client.open(`/${token}`, { method: 'POST', body: endless }).catch(() => undefined);
      await pause(800);
      const grown = peakMemory(front.pid('http')) - before;
      endless.destroy();
      client.close();
      assert.ok(taken < 64 * MEGABYTE, `${taken / MEGABYTE} MiB were taken`);
      assert.ok(grown < 60 * MEGABYTE, `the router grew by ${Math.round(grown / MEGABYTE)} MiB`);
    });
  }
}
