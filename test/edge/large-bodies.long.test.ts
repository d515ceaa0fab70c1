/** Bodies of a gigabyte each way by curl, in constant resident memory. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { within } from '../support/deadline.js';
import { eachEngine } from '../support/fronted.js';
import type { StartedFront } from '../support/started-front.js';
import { MISSING, requireTool } from '../support/tools.js';
import { nodeApp } from '../support/worker.js';
import { makeWorkspace } from '../support/workspace.js';

const GIGABYTE = 2 ** 30;
const MEGABYTE = 2 ** 20;
const TRANSFER_MS = 300_000;

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
