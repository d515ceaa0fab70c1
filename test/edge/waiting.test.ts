/** Requests that come while the app is not there: held, answered, given up, and never sent twice. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { after, before, describe, type TestContext, test } from 'node:test';
import { ENGINES } from '../support/fronted.js';
import { Client, PROTOCOLS, type Protocol } from '../support/https-client.js';
import { freePort } from '../support/ports.js';
import { StartedFront } from '../support/started-front.js';
import { nodeApp } from '../support/worker.js';
import { Afterwards, type Ending, makeWorkspace } from '../support/workspace.js';

async function startFront(t: Ending, ...args: string[]): Promise<StartedFront> {
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

/** What a busy machine does not take for an answer that waits for nothing. */
const HOLD_MS = 60_000;

function routeOf(name: string, protocol: Protocol): string {
  return `/${name}-${protocol.replace('/', '')}`;
}

for (const engine of ENGINES) {
  describe(`an app that is not there (${engine})`, () => {
    const ending = new Afterwards();
    /** A port a test: each has a route of its own, by the first part of its paths. */
    const ports: Record<string, number> = {};
    let front: StartedFront;
    before(async () => {
      const routes: string[] = [];
      for (const protocol of PROTOCOLS) {
        for (const name of ['held', 'posted']) {
          const route = routeOf(name, protocol);
          const port = await freePort();
          ports[route] = port;
          routes.push('--upstream', `${route}=127.0.0.1:${port}`);
        }
      }
      front = await startFront(ending, ...routes, '--hold', `${HOLD_MS}ms`, '--engine', engine);
    });
    after(() => ending.run());

    for (const protocol of PROTOCOLS) {
      test(`holds safe requests until it is there, sends each once (${protocol})`, async (t) => {
        const route = routeOf('held', protocol);
        const client = connect(t, front, protocol);
        const waiting = ['a', 'b', 'c'].map((path) => client.request(`${route}/${path}`));
        const head = client.request(`${route}/head`, { method: 'HEAD' });
        // They are with the front when one that came after them is answered.
        await client.request('/nowhere');
        const seen = await startApp(t, ports[route] ?? 0);
        const replies = await Promise.all(waiting);
        assert.deepEqual(
          replies.map(({ status, text }) => [status, text]),
          Array.from({ length: 3 }, () => [200, 'here now']),
        );
        assert.equal((await head).status, 200);
        const expected = ['GET /a', 'GET /b', 'GET /c', 'HEAD /head'].map((line) =>
          line.replace('/', `${route}/`),
        );
        assert.deepEqual(seen.sort(), expected);
      });

      test(`answers a POST with 503 at once and never sends it later (${protocol})`, async (t) => {
        const route = routeOf('posted', protocol);
        const client = connect(t, front, protocol);
        const startedAt = performance.now();
        const reply = await client.request(`${route}/pay`, { method: 'POST', body: 'amount=1' });
        assert.deepEqual([reply.status, reply.headers['retry-after']], [503, '2']);
        assert.ok(performance.now() - startedAt < HOLD_MS, 'at once');
        const seen = await startApp(t, ports[route] ?? 0);
        assert.equal((await client.request(`${route}/now`)).status, 200);
        assert.deepEqual(seen, [`GET ${route}/now`]);
      });
    }

    test('a browser gets a page that tries again by itself once --hold is over', async (t) => {
      const brief = ['--hold', '300ms', '--engine', engine];
      const other = await startFront(t, '--upstream', `127.0.0.1:${await freePort()}`, ...brief);
      for (const protocol of PROTOCOLS) {
        const client = connect(t, other, protocol);
        const page = await client.request('/', { headers: { accept: 'text/html,*/*;q=0.8' } });
        assert.equal(page.status, 503);
        assert.match(String(page.headers['content-type']), /^text\/html/);
        assert.match(page.text, /http-equiv="refresh"/);
        assert.equal(page.headers['cache-control'], 'no-store');
        assert.equal(page.headers['retry-after'], '2');
        const json = await client.request('/', { headers: { accept: 'application/json' } });
        assert.equal(JSON.parse(json.text).error.status, 503);
      }
    });

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
