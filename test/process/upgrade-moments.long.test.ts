/** SIGTERM and kill -9 of either master while `tlsfront reload --upgrade` is under way, and projects that have joined. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { until, within } from '../support/deadline.js';
import { Client } from '../support/https-client.js';
import { startLoad } from '../support/load.js';
import { freePort } from '../support/ports.js';
import { Releases } from '../support/releases.js';
import { PATIENCE_MS, StartedFront } from '../support/started-front.js';
import { childrenOf, NEW, nameOf, OLD, signal, startOld } from '../support/upgraded.js';
import { nodeApp } from '../support/worker.js';
import { Afterwards, makeWorkspace, type Workspace } from '../support/workspace.js';

describe('at every moment of an upgrade', () => {
  const ending = new Afterwards();
  let folder: Workspace;
  let releases: Releases;

  before(() => {
    folder = makeWorkspace(ending);
    releases = new Releases(folder);
    releases.add(OLD);
    releases.add(NEW);
  });
  after(() => ending.run());

  test('SIGTERM while the new master starts ends both', async (t) => {
    const slow = folder.at('slow');
    const app = nodeApp(
      `const server = require("http").createServer((q, r) => r.end("well"));
       if (require("fs").existsSync(${JSON.stringify(slow)})) setInterval(() => {}, 1000); else listen(server);`,
    );
    const { front, upgrade } = await startOld(t, releases, ['--http', '127.0.0.1:0'], app);
    writeFileSync(slow, '');
    releases.use(NEW);
    const upgrading = upgrade();
    await front.logged(new RegExp(`Starting tlsfront ${NEW}`));
    front.child.kill('SIGTERM');
    const result = await upgrading;
    assert.equal(result.code, 1, result.stdout);
    assert.equal(await within(front.ended, PATIENCE_MS, 'the end'), 0);
    await front.nothingLeft();
  });

  test('kill -9 of the new master leaves the old one; kill -9 of the old one under the start leaves the new one', async (t) => {
    const slow = folder.at('slow-start');
    const app = nodeApp(
      `const server = require("http").createServer((q, r) => r.end("well"));
       setTimeout(() => listen(server), require("fs").existsSync(${JSON.stringify(slow)}) ? 1500 : 0);`,
    );
    const { front, upgrade, master, order } = await startOld(t, releases, ['--http', '127.0.0.1:0'], app);
    const plain = { port: front.port('http'), ca: undefined };
    writeFileSync(slow, '');
    releases.use(NEW);
    const killed = upgrade();
    const told = await front.logged(new RegExp(`Starting tlsfront ${NEW}`));
    const child = childrenOf(front.masterPid).find((pid) => nameOf(pid) === 'tlsfront master');
    assert.ok(child !== undefined, told[0]);
    process.kill(child, 'SIGKILL');
    const refused = await killed;
    assert.equal(refused.code, 1, refused.stdout);
    assert.match(refused.stderr, /the new master does not serve: it was ended by SIGKILL/);
    const client = new Client(plain, 'http/1.1');
    t.after(() => client.close());
    assert.equal((await client.request('/')).text, 'well');
    client.close();

    const from = front.log.length;
    const orphaned = upgrade();
    await front.logged(new RegExp(`Starting tlsfront ${NEW}`), from);
    front.child.kill('SIGKILL');
    assert.equal((await orphaned).code, 1);
    await until(() => master() !== front.masterPid, PATIENCE_MS, 'a new master that serves');
    const next = new Client(plain, 'http/1.1');
    t.after(() => next.close());
    assert.equal((await next.request('/')).text, 'well');
    await until(
      async () => (await order('status', '--json', '--pid', String(master()))).code === 0,
      PATIENCE_MS,
      'its control socket',
    );
    signal(master(), 'SIGTERM');
    await front.nothingLeft();
  });

  test('projects that have joined are served on, and join the new master', async (t) => {
    const port = await freePort();
    const listen = ['--listen', `127.0.0.1:${port}`];
    const host = await startOld(t, releases, [...listen, '--name', 'blog']);
    const shop = await StartedFront.start({
      arguments: [...listen, '--name', 'shop'],
      app: nodeApp('listen(require("node:http").createServer((q, r) => r.end("the shop")));'),
      environment: { XDG_RUNTIME_DIR: host.runtime.path },
    });
    t.after(() => shop.stop());
    const load = startLoad(
      t,
      { port, ca: host.front.ca, serverName: 'shop.localhost' },
      { lanes: 2, fresh: true, headers: { host: `shop.localhost:${port}` }, says: 'the shop' },
    );
    await until(() => load.answered() > 10, PATIENCE_MS, 'a load');
    releases.use(NEW);
    assert.equal((await host.upgrade()).code, 0);
    const pid = host.master();
    await shop.logged(new RegExp(`shop joins the front of pid ${pid}`));
    const answered = load.answered();
    await until(() => load.answered() > answered + 20, PATIENCE_MS, 'a load on the new master');
    await load.stop();
    assert.deepEqual(load.failures, []);
    assert.match((await host.order('list')).stdout, /^ {2}shop /m);
  });
});
