/** Several projects of one user behind one port: joining, names, list, stop, and what is left when one of them ends. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { runCommand } from '../support/command.js';
import { until, within } from '../support/deadline.js';
import { Client } from '../support/https-client.js';
import { freePort } from '../support/ports.js';
import { PATIENCE_MS, StartedFront } from '../support/started-front.js';
import { nodeApp } from '../support/worker.js';
import { Afterwards, makeWorkspace } from '../support/workspace.js';

function saying(text: string): readonly string[] {
  return nodeApp(
    `listen(require("node:http").createServer((q, r) => r.end(${JSON.stringify(text)} + " " + q.headers.host + " " + process.env.TLSFRONT_URL)));`,
  );
}

describe('two projects on one port', () => {
  const ending = new Afterwards();
  let environment: NodeJS.ProcessEnv = {};
  let port = 0;
  let blog: StartedFront;
  let client: Client;

  /** What a name answers; the client does not look names up. */
  async function ask(host: string, headers: Record<string, string> = {}) {
    return client.request('/', { headers: { host: `${host}:${port}`, ...headers } });
  }

  function join(name: string, app: readonly string[]): Promise<StartedFront> {
    return StartedFront.start({
      arguments: ['--listen', `127.0.0.1:${port}`, '--name', name],
      app,
      environment,
    });
  }

  before(async () => {
    environment = { XDG_RUNTIME_DIR: makeWorkspace(ending).at('run') };
    port = await freePort();
    blog = await join('blog', saying('the blog'));
    ending.after(() => blog.stop());
    client = new Client({ port, ca: blog.ca }, 'http/1.1');
    ending.after(() => client.close());
  });
  after(() => ending.run());

  test('the second joins the first; names beneath a name are its too; others get a page of those that run', async (t) => {
    const shop = await join('shop', saying('the shop'));
    t.after(() => shop.stop());
    assert.match(shop.log, new RegExp(`shop joins the front of pid ${blog.masterPid}`));
    assert.match(shop.log, new RegExp(`tlsfront is ready: https://shop\\.localhost:${port} ->`));
    const url = `https://shop.localhost:${port}`;
    assert.equal((await ask('shop.localhost')).text, `the shop shop.localhost:${port} ${url}`);
    assert.match((await ask('api.shop.localhost')).text, /^the shop api\.shop\.localhost/);
    assert.match((await ask('blog.localhost')).text, /^the blog /);
    assert.match((await ask('localhost')).text, /^the blog /);
    const page = await ask('nothing.localhost', { accept: 'text/html' });
    assert.equal(page.status, 404);
    assert.match(page.text, new RegExp(`<a href="${url}">`));
    assert.match(page.text, /blog\.localhost/);
    assert.match(
      (await ask('nothing.localhost')).text,
      new RegExp(`^404 Not Found\n.*nothing[\\s\\S]*${url}\n`),
    );

    const list = await runCommand(['list'], environment);
    assert.match(
      list.stdout,
      new RegExp(`^  blog  https://blog\\.localhost:${port}  .* pid ${blog.masterPid}  since 2`, 'm'),
    );
    assert.match(list.stdout, new RegExp(`^  shop  ${url}  .* pid ${shop.masterPid}  since 2`, 'm'));

    const stopped = await runCommand(['stop', 'shop'], environment);
    assert.equal(stopped.code, 0, stopped.stderr);
    assert.equal(await within(shop.ended, PATIENCE_MS, 'the end of the shop'), 0);
    await shop.nothingLeft();
    // Alone again the first has every name, as before.
    await until(async () => /^the blog /.test((await ask('shop.localhost')).text), PATIENCE_MS, 'the blog');
    const none = await runCommand(['stop', 'shop'], environment);
    assert.equal(none.code, 1);
    assert.match(none.stderr, /no project shop is running\nhint: running are: blog/);
  });

  test('an upstream that runs already joins too, and is gone with a kill of its process', async (t) => {
    const server = createServer((_request, response) => response.end('the docs')).listen(0, '127.0.0.1');
    t.after(() => server.close());
    await within(new Promise((resolve) => server.once('listening', resolve)), PATIENCE_MS, 'a port');
    const address = server.address();
    const docs = await StartedFront.start({
      arguments: [
        ...['--listen', `127.0.0.1:${port}`, '--name', 'docs'],
        ...['--upstream', `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`],
      ],
      environment,
    });
    t.after(() => docs.stop());
    assert.equal((await ask('docs.localhost')).text, 'the docs');
    docs.child.kill('SIGKILL');
    await blog.logged(/docs has left/);
    await until(async () => /^the blog /.test((await ask('docs.localhost')).text), PATIENCE_MS, 'the blog');
  });

  test('a name that is taken is refused with who has it', async (t) => {
    const again = StartedFront.launch({
      arguments: ['--listen', `127.0.0.1:${port}`, '--name', 'blog'],
      app: saying('another blog'),
      environment,
    });
    t.after(() => again.stop());
    assert.equal(await within(again.ended, PATIENCE_MS, 'the refusal'), 2);
    assert.match(
      again.log,
      new RegExp(`the name blog is taken by .* \\(pid ${blog.masterPid}\\)\nhint: .*--name NAME`),
    );
  });
});

test('when the front ends, by a crash too, a project that it served serves by itself, with its own name', async (t) => {
  const environment = { XDG_RUNTIME_DIR: makeWorkspace(t).at('run') };
  const port = await freePort();
  const start = (name: string) =>
    StartedFront.start({
      arguments: ['--listen', `127.0.0.1:${port}`, '--name', name],
      app: saying(`the ${name}`),
      environment,
    });
  const blog = await start('blog');
  t.after(() => blog.stop());
  const shop = await start('shop');
  t.after(() => shop.stop());
  blog.child.kill('SIGKILL');
  await shop.logged(/nobody else has the port[\s\S]*tlsfront is ready/);
  const client = new Client({ port, ca: shop.ca }, 'http/1.1');
  t.after(() => client.close());
  const reply = await client.request('/', { headers: { host: `shop.localhost:${port}` } });
  assert.match(reply.text, /^the shop/);
});
