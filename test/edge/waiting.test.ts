/** Requests that come while the app is not there: held, answered, given up, and never sent twice. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { ENGINES } from '../support/fronted.js';
import { Client, PROTOCOLS } from '../support/https-client.js';
import { freePort } from '../support/ports.js';
import { StartedFront } from '../support/started-front.js';
import { nodeApp } from '../support/worker.js';
import { makeWorkspace } from '../support/workspace.js';

async function startFront(t: TestContext, ...args: string[]): Promise<StartedFront> {
  const front = await StartedFront.start({ arguments: ['--listen', '127.0.0.1:0', ...args] });
  t.after(() => front.stop());
  return front;
}

function connect(t: TestContext, front: StartedFront, protocol: 'http/1.1' | 'h2'): Client {
  const client = new Client({ port: front.port(), ca: front.ca }, protocol);
  t.after(() => client.close());
  return client;
}

/** An app that keeps the methods and paths it was asked for. */
async function startApp(t: TestContext, port: number): Promise<string[]> {
  const seen: string[] = [];
  const server: Server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    response.end('here now');
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return seen;
}

for (const engine of ENGINES) {
  describe(`an app that is not there (${engine})`, { concurrency: 3 }, () => {
    for (const protocol of PROTOCOLS) {
      test(`holds safe requests until it is there, sends each once (${protocol})`, async (t) => {
        const port = await freePort();
        const front = await startFront(t, '--upstream', `127.0.0.1:${port}`, '--engine', engine);
        const client = connect(t, front, protocol);
        const waiting = ['/a', '/b', '/c'].map((path) => client.request(path));
        const head = client.request('/head', { method: 'HEAD' });
        await pause(300);
        const seen = await startApp(t, port);
        const replies = await Promise.all(waiting);
        assert.deepEqual(
          replies.map(({ status, text }) => [status, text]),
          Array.from({ length: 3 }, () => [200, 'here now']),
        );
        assert.equal((await head).status, 200);
        assert.deepEqual(seen.sort(), ['GET /a', 'GET /b', 'GET /c', 'HEAD /head']);
      });

      test(`answers a POST with 503 at once and never sends it later (${protocol})`, async (t) => {
        const port = await freePort();
        const front = await startFront(t, '--upstream', `127.0.0.1:${port}`, '--engine', engine);
        const client = connect(t, front, protocol);
        const startedAt = performance.now();
        const reply = await client.request('/pay', { method: 'POST', body: 'amount=1' });
        assert.deepEqual([reply.status, reply.headers['retry-after']], [503, '2']);
        assert.ok(performance.now() - startedAt < 3000, 'at once');
        const seen = await startApp(t, port);
        assert.equal((await client.request('/now')).status, 200);
        assert.deepEqual(seen, ['GET /now']);
      });

      test(`a browser gets a page that tries again by itself once --hold is over (${protocol})`, async (t) => {
        const port = await freePort();
        const hold = ['--hold', '300ms', '--engine', engine];
        const front = await startFront(t, '--upstream', `127.0.0.1:${port}`, ...hold);
        const client = connect(t, front, protocol);
        const page = await client.request('/', { headers: { accept: 'text/html,*/*;q=0.8' } });
        assert.equal(page.status, 503);
        assert.match(String(page.headers['content-type']), /^text\/html/);
        assert.match(page.text, /http-equiv="refresh"/);
        assert.equal(page.headers['cache-control'], 'no-store');
        assert.equal(page.headers['retry-after'], '2');
        const json = await client.request('/', { headers: { accept: 'application/json' } });
        assert.equal(JSON.parse(json.text).error.status, 503);
      });
    }

    test('requests during the start of a worker wait for it', async (t) => {
      const go = makeWorkspace(t).at('go');
      const app = nodeApp(
        `const wait = () => {
          if (!require("node:fs").existsSync(${JSON.stringify(go)})) return setTimeout(wait, 20);
          listen(require("node:http").createServer((q, r) => r.end("at last")));
        };
        wait();`,
      );
      const port = await freePort();
      const front = StartedFront.launch({
        arguments: ['--listen', `127.0.0.1:${port}`, '--engine', engine],
        app,
      });
      t.after(() => front.stop());
      await front.logged(/tlsfront https bound on/);
      assert.doesNotMatch(front.log, /is ready/);
      const client = new Client({ port, ca: front.ca }, 'h2');
      t.after(() => client.close());
      const answered = client.request('/');
      writeFileSync(go, '');
      const { status, text } = await answered;
      assert.deepEqual([status, text], [200, 'at last']);
    });
  });
}
