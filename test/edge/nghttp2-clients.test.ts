/** nghttp2's own clients against the direct engine: nghttp and h2load, over HTTP/2 and (h2load) HTTP/1.1. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { MISSING, requireTool } from '../support/tools.js';
import { Edge } from './edge.js';

const run = promisify(execFile);
const TIMEOUT_MS = 30_000;

describe("nghttp2's clients", () => {
  let edge: Edge;
  before(async () => {
    edge = await Edge.start('direct');
  });
  after(() => edge.stop());

  for (const protocol of [[], ['--h1']]) {
    test(`h2load ${protocol.join(' ')} has every request answered`, async (t) => {
      const h2load = requireTool(t, 'h2load');
      if (h2load === MISSING) return;
      const load = ['-n', '2000', '-c', '8', '-m', '10', `https://127.0.0.1:${edge.front.port}/load`];
      const { stdout } = await run(h2load, [...protocol, ...load], { timeout: TIMEOUT_MS });
      assert.match(stdout, /2000 done, 2000 succeeded, 0 failed, 0 errored, 0 timeout/);
      assert.match(stdout, /2000 2xx, 0 3xx, 0 4xx, 0 5xx/);
    });
  }

  test('nghttp reads several answers on one connection without an error', async (t) => {
    const nghttp = requireTool(t, 'nghttp');
    if (nghttp === MISSING) return;
    const url = `https://127.0.0.1:${edge.front.port}/nghttp`;
    const { stdout } = await run(nghttp, ['-v', url, `${url}-two`, `${url}-three`], { timeout: TIMEOUT_MS });
    assert.equal(stdout.match(/:status: 200/g)?.length, 3);
    assert.doesNotMatch(stdout, /RST_STREAM|error_code=(?!NO_ERROR)/);
  });
});
