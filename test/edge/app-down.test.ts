/** What a person sees, and what programs read, while the app is down: in development a page at once, else what --hold says. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { writeTestCertificates } from '../support/certificates.js';
import { until } from '../support/deadline.js';
import { ENGINES } from '../support/fronted.js';
import { Client, PROTOCOLS } from '../support/https-client.js';
import { freePort } from '../support/ports.js';
import { StartedFront } from '../support/started-front.js';
import { nodeApp } from '../support/worker.js';
import { Afterwards, makeWorkspace } from '../support/workspace.js';

/** Longer than the test may take: who gets an answer was not held. */
const HOLD = ['--hold', '5m'];
const BROWSER = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8', 'sec-fetch-dest': 'document' };
/** Prints, ends when it is told to, and comes up again only when it may. */
const MORTAL = nodeApp(
  `const fs = require("node:fs");
  const [dead, go] = [process.env.DEAD, process.env.GO];
  const serve = () => listen(require("node:http").createServer((q, r) => {
    if (q.url !== "/die") return r.end("alive");
    fs.writeFileSync(dead, "");
    r.end("dying", () => {
      console.log("\\u001b[31mno <database>\\u001b[0m");
      process.exitCode = 3;
      process.exit();
    });
  }));
  const wait = () => fs.existsSync(dead) && !fs.existsSync(go) ? setTimeout(wait, 20) : serve();
  wait();`,
);

for (const engine of ENGINES) {
  describe(`an app that is down (${engine})`, () => {
    const ending = new Afterwards();
    let front: StartedFront;
    let port = 0;
    before(async () => {
      port = await freePort();
      front = await StartedFront.start({
        arguments: [
          '--listen',
          '127.0.0.1:0',
          '--upstream',
          `127.0.0.1:${port}`,
          '--engine',
          engine,
          ...HOLD,
        ],
      });
      ending.after(() => front.stop());
    });
    after(() => ending.run());

    for (const protocol of PROTOCOLS) {
      test(`is told to a browser at once, with its address (${protocol})`, async (t) => {
        const client = new Client({ port: front.port(), ca: front.ca }, protocol);
        t.after(() => client.close());
        for (const headers of [BROWSER, { accept: 'text/html' }]) {
          const page = await client.request('/', { headers });
          assert.equal(page.status, 503);
          assert.match(String(page.headers['content-type']), /^text\/html/);
          assert.match(page.text, /The app is not running yet, or listens elsewhere\./);
          assert.match(page.text, new RegExp(`looked for at 127\\.0\\.0\\.1:${port}\\.`));
          assert.match(page.text, /<script>[\s\S]*location\.reload\(\)/);
          assert.equal(page.headers['cache-control'], 'no-store');
        }
      });
    }

    test('is told to a POST in words, with the mark by which the page knows our own answer', async (t) => {
      const client = new Client({ port: front.port(), ca: front.ca }, 'h2');
      t.after(() => client.close());
      const { status, headers, text } = await client.request('/', {
        method: 'POST',
        body: 'a',
        headers: BROWSER,
      });
      assert.deepEqual([status, headers['tlsfront-app']], [503, 'down']);
      assert.match(text, new RegExp(`looked for at 127\\.0\\.0\\.1:${port}`));
      const plain = await client.request('/', { method: 'POST', body: 'a' });
      assert.match(
        plain.text,
        /^503 Service Unavailable\nThe app is not running yet, or listens elsewhere\./,
      );
    });

    test('has one line in the log', () => {
      assert.equal(front.log.match(/is left out: nothing answers there/g)?.length, 1, front.log);
    });

    test("what the page's script asks for is held until the app is there", async (t) => {
      const client = new Client({ port: front.port(), ca: front.ca }, 'h2');
      t.after(() => client.close());
      const held = client.request('/', {
        method: 'HEAD',
        headers: { accept: '*/*', 'sec-fetch-dest': 'empty' },
      });
      // It is with the front when one that came after it is answered.
      await client.request('/', { method: 'POST', body: 'a' });
      const server = createServer((_request, response) => response.end('here now')).listen(port, '127.0.0.1');
      t.after(() => server.close());
      const { status, headers } = await held;
      assert.deepEqual([status, headers['tlsfront-app']], [200, undefined]);
      assert.equal((await client.request('/', { headers: BROWSER })).text, 'here now');
    });

    test('that we have started is shown with its end and its last words', async (t) => {
      const workspace = makeWorkspace(t);
      const [dead, go] = [workspace.at('dead'), workspace.at('go')];
      const started = await StartedFront.start({
        arguments: ['--listen', '127.0.0.1:0', '--engine', engine, ...HOLD],
        app: MORTAL,
        environment: { DEAD: dead, GO: go },
      });
      t.after(() => started.stop());
      const client = new Client({ port: started.port(), ca: started.ca }, 'h2');
      t.after(() => client.close());
      assert.equal((await client.request('/die')).text, 'dying');
      await started.logged(/worker 1 .* ended: exit code 3/);
      assert.ok(existsSync(dead));
      const ask = () => client.request('/', { headers: BROWSER });
      // The log may be ahead of the routers.
      const page = await until(
        async () => ask().then((one) => one.text.includes('has ended') && one),
        60_000,
        'the page that tells of the end',
      );
      assert.equal(page.status, 503);
      assert.match(page.text, /has ended \(exit code 3\) and is started again/);
      assert.match(page.text, /<pre>no &lt;database>/);
      writeFileSync(go, '');
      assert.equal((await client.request('/')).text, 'alive');
    });
  });
}

test('with a certificate of its own the front holds navigations too, and names no address', async (t) => {
  const workspace = makeWorkspace(t);
  const files = await writeTestCertificates(workspace.path);
  const port = await freePort();
  const front = await StartedFront.start({
    arguments: [
      ...['--listen', '127.0.0.1:0', '--upstream', `127.0.0.1:${port}`, '--hold', '400ms'],
      ...['--cert', files.chainFile, '--key', files.keyFile],
    ],
  });
  t.after(() => front.stop());
  const client = new Client({ port: front.port(), ca: readFileSync(files.rootFile, 'utf8') }, 'h2');
  t.after(() => client.close());
  const page = await client.request('/', { headers: BROWSER });
  assert.match(page.text, /The app is not running yet\.<\/p>/);
  assert.doesNotMatch(page.text, new RegExp(`${port}|<script>`));
  assert.equal(page.headers['tlsfront-app'], undefined);
});
