/** `--health-answer`: the front answers its own path, on every listener, to everybody, whatever the app does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eachEngine } from '../support/fronted.js';
import { Client, PROTOCOLS } from '../support/https-client.js';

eachEngine(
  '--health-answer',
  {
    arguments: [
      ...['--listen', '127.0.0.1:0', '--http', '127.0.0.1:0', '--http-to-https', '127.0.0.1:0'],
      // Nothing answers there, and nobody may come in.
      ...['--upstream', '127.0.0.1:1', '--hold', '0', '--deny', '0.0.0.0/0', '--health-answer', '/up'],
    ],
  },
  (running) => {
    for (const protocol of PROTOCOLS) {
      test(`is 200 over ${protocol}`, async () => {
        const client = new Client({ port: running().port(), ca: running().ca }, protocol);
        for (const path of ['/up', '/up?x=1']) {
          const { status, text, headers } = await client.request(path);
          assert.deepEqual([status, text, headers['cache-control']], [200, 'ok\n', 'no-store']);
        }
        assert.equal((await client.request('/up', { method: 'HEAD' })).status, 200);
        for (const path of ['/', '/upper', '/up/x'])
          assert.equal((await client.request(path)).status, 403, path);
        assert.equal((await client.request('/up', { method: 'POST' })).status, 403);
        client.close();
      });
    }

    test('is 200 on a plain listener and on one that redirects', async () => {
      for (const kind of ['http', 'http-to-https'] as const) {
        const client = new Client({ port: running().port(kind), ca: undefined }, 'http/1.1');
        assert.equal((await client.request('/up')).text, 'ok\n');
        client.close();
      }
    });
  },
);
