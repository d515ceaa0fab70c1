/** Several projects of one user behind one port: joining, names, list, stop, and what is left when one of them ends. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
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

    const deployed = await runCommand(['deploy', 'blog', '--drain', '1s'], environment);
    assert.equal(deployed.code, 0, deployed.stderr);
    assert.match(deployed.stdout, /serves app; the version before it is empty/);
    const joined = await runCommand(['deploy', 'shop'], environment);
    assert.equal(joined.code, 1, joined.stdout);
    assert.match(
      joined.stderr,
      new RegExp(
        `shop has joined the front of pid ${blog.masterPid}, and its app is kept by pid ${shop.masterPid}`,
      ),
    );
    assert.match(joined.stderr, /hint: start it again: tlsfront stop shop/);

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

test('when the front ends, by a crash or a signal, one project serves in its place with its app as it runs, and the rest join it', async (t) => {
  const folder = makeWorkspace(t);
  const environment = { XDG_RUNTIME_DIR: folder.at('run'), XDG_DATA_HOME: folder.at('data') };
  const port = await freePort();
  const start = async (name: string): Promise<StartedFront> => {
    const front = await StartedFront.start({
      arguments: ['--listen', `127.0.0.1:${port}`, '--name', name],
      app: nodeApp('listen(require("node:http").createServer((q, r) => r.end(String(process.pid))));'),
      environment,
    });
    t.after(() => front.stop());
    return front;
  };
  const blog = await start('blog');
  const [shop, docs] = await Promise.all([start('shop'), start('docs')]);
  const ca = readFileSync(folder.at('data/tlsfront/development/authority.pem'), 'utf8');
  const ask = async (name: string): Promise<string> => {
    const client = new Client({ port, ca }, 'http/1.1');
    try {
      return (await client.request('/', { headers: { host: `${name}.localhost:${port}` } })).text;
    } finally {
      client.close();
    }
  };
  const apps = { shop: await ask('shop'), docs: await ask('docs') };

  const parts = [shop, docs].map((front) => front.log.length);
  blog.child.kill('SIGKILL');
  const serves = /nobody else has the port: this project serves by itself[\s\S]*tlsfront is ready/;
  const joins = /(?:shop|docs) joins the front of pid (\d+): https/;
  const fates = await Promise.all(
    [shop, docs].map(async (front, at) => {
      const [text, pid] = await front.logged(new RegExp(`${serves.source}|${joins.source}`), parts[at]);
      return text.startsWith('nobody') ? 'serves' : Number(pid);
    }),
  );
  const [next, other] = fates[0] === 'serves' ? [shop, docs] : [docs, shop];
  assert.deepEqual(new Set(fates), new Set(['serves', next.masterPid]), shop.log + docs.log);
  assert.deepEqual({ shop: await ask('shop'), docs: await ask('docs') }, apps);

  next.child.kill('SIGTERM');
  await other.logged(serves);
  const name = other === shop ? 'shop' : 'docs';
  assert.equal(await ask(name), apps[name]);
  assert.equal(await within(next.ended, PATIENCE_MS, 'the end of the second'), 0);
  await next.nothingLeft();
});
