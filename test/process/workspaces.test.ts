/** `tlsfront` alone in a monorepo: its packages are served, each by its own name. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from '../support/https-client.js';
import { StartedFront } from '../support/started-front.js';
import { makeWorkspace } from '../support/workspace.js';

test('each package with a script dev is a site of its own name; one that only builds is left out', async (t) => {
  const folder = makeWorkspace(t);
  const server =
    'require("http").createServer((q, r) => r.end(process.env.npm_package_name)).listen(process.env.PORT, "127.0.0.1")';
  folder.write('package.json', '{"private":true,"workspaces":["apps/*"],"scripts":{"dev":"exit 1"}}');
  for (const [name, dev] of [
    ['shop', 'node server.js'],
    ['api', 'node server.js'],
    ['ui', 'tsc --watch'],
  ] as const) {
    folder.write(`apps/${name}/package.json`, JSON.stringify({ name: `@acme/${name}`, scripts: { dev } }));
    folder.write(`apps/${name}/server.js`, server);
  }
  const front = await StartedFront.start({ arguments: ['--listen', '127.0.0.1:0'], folder: folder.path });
  t.after(() => front.stop());
  const port = front.port();
  assert.match(
    front.log,
    /note: the workspaces with a script dev: apps\/api, apps\/shop\nnote: left out.*apps\/ui/,
  );
  assert.match(
    front.log,
    new RegExp(`ready: https://api\\.localhost:${port} https://shop\\.localhost:${port} ->`),
  );
  const client = new Client({ port, ca: front.ca }, 'http/1.1');
  t.after(() => client.close());
  for (const name of ['shop', 'api']) {
    const { text } = await client.request('/', { headers: { host: `${name}.localhost:${port}` } });
    assert.equal(text, `@acme/${name}`);
  }
});
