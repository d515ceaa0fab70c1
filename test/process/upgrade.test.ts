/** `tlsfront reload --upgrade`: the program on disk takes the place of the one that runs, and nobody notices; or the old one stays and says why. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import { until, within } from '../support/deadline.js';
import { Client } from '../support/https-client.js';
import { startLoad } from '../support/load.js';
import { freePort } from '../support/ports.js';
import { Releases } from '../support/releases.js';
import { PATIENCE_MS } from '../support/started-front.js';
import { isThere, NEW, OLD, signal, startOld } from '../support/upgraded.js';
import { nodeApp } from '../support/worker.js';
import { Afterwards, makeWorkspace, type Workspace } from '../support/workspace.js';

describe('a front that is upgraded', () => {
  const ending = new Afterwards();
  let folder: Workspace;
  let releases: Releases;

  before(() => {
    folder = makeWorkspace(ending);
    releases = new Releases(folder);
    releases.add(OLD);
    releases.add(NEW);
    releases.add('broken');
    writeFileSync(folder.at('broken/dist/bundle/src/cli.js'), 'this is no program');
  });
  after(() => ending.run());

  test('under load nothing fails; sockets, sessions, bans, pid file and control socket are the new one’s', async (t) => {
    const pidFile = folder.at('front.pid');
    const { front, upgrade, control, master, order } = await startOld(t, releases, [
      ...['--listen', '127.0.0.1:0', '--http', '127.0.0.1:0', '--http-processes', '2'],
      ...['--pidfile', pidFile, '--metrics', '127.0.0.1:0', '--processes', '2'],
    ]);
    const [secure, plain] = [
      { port: front.port('https'), ca: front.ca },
      { port: front.port('http'), ca: undefined },
    ];
    const socket = new WebSocket(`ws://127.0.0.1:${plain.port}/socket`);
    t.after(() => socket.terminate());
    await within(new Promise((resolve) => socket.once('open', resolve)), PATIENCE_MS, 'a WebSocket');
    assert.equal((await order('ban', '203.0.113.9')).code, 0);
    const loads = [
      startLoad(t, plain, { lanes: 1 }),
      startLoad(t, plain, { lanes: 1, fresh: true }),
      startLoad(t, secure, { lanes: 1, fresh: true }),
      startLoad(t, secure, { lanes: 1, protocol: 'h2' }),
    ];
    await until(() => loads.every((load) => load.answered() > 5), PATIENCE_MS, 'a load');
    releases.use(NEW);
    const done = await upgrade();
    assert.equal(done.code, 0, `${done.stderr}\n${front.log}`);
    const pid = master();
    assert.notEqual(pid, front.masterPid);
    assert.equal(done.stdout, `the new master (pid ${pid}) serves\n`);
    // The only one from now on.
    const status = JSON.parse((await order('status', '--json')).stdout);
    assert.deepEqual([status.pid, status.version, status.state], [pid, NEW, 'serving']);
    assert.equal(readFileSync(pidFile, 'utf8'), `${pid}\n`);
    assert.match((await order('bans')).stdout, /203\.0\.113\.9/);
    const echo = new Promise((resolve) => socket.once('message', (data) => resolve(String(data))));
    socket.send('still here');
    assert.equal(await within(echo, PATIENCE_MS, 'an echo of the old app'), 'echo still here');
    const served = loads.map((load) => load.answered());
    await until(
      () => loads.every((load, index) => load.answered() > (served[index] ?? 0) + 10),
      PATIENCE_MS,
      'a load on the new master',
    );
    socket.close();
    assert.equal(await within(front.ended, PATIENCE_MS, 'the end of the old master'), 0);
    // Once more, from the new one.
    const again = await upgrade();
    assert.equal(again.code, 0, again.stderr);
    assert.notEqual(master(), pid);
    await Promise.all(loads.map((load) => load.stop()));
    assert.deepEqual(
      loads.flatMap(({ failures }) => failures),
      [],
    );
    assert.match(await control(master()).metrics(), new RegExp(`tlsfront_build_info\\{[^}]*${NEW}`));
    assert.match(front.log, /tlsfront metrics bound on [\s\S]*tlsfront metrics bound on /);
    assert.doesNotMatch(front.log, /error:/);
    await until(() => !isThere(pid), PATIENCE_MS, 'the end of the second master');
    signal(master(), 'SIGTERM');
    await front.nothingLeft();
    assert.equal((await order('list')).stdout.includes('serving'), false);
  });

  test('a new master that does not serve changes nothing, and says why', async (t) => {
    const good = folder.at('good');
    const file = folder.at('front.toml');
    writeFileSync(good, '');
    const kept = await freePort();
    const left = await freePort();
    const listening = (...ports: readonly number[]): string =>
      `http = [${ports.map((port) => `"127.0.0.1:${port}"`).join(', ')}]\n`;
    writeFileSync(file, listening(kept, left));
    const app = nodeApp(
      `if (!require("fs").existsSync(${JSON.stringify(good)})) { console.error("no settings"); process.exit(3); }
       listen(require("http").createServer((q, r) => r.end("well")));`,
    );
    const { front, upgrade, order } = await startOld(t, releases, ['--config', file], app);
    const client = new Client({ port: kept, ca: undefined }, 'http/1.1');
    t.after(() => client.close());
    const refused = async (reason: RegExp): Promise<void> => {
      const result = await upgrade();
      assert.equal(result.code, 1, result.stdout);
      assert.match(result.stderr, reason);
      assert.match(result.stderr, /hint: /);
      assert.equal((await client.request('/')).text, 'well');
      const status = JSON.parse((await order('status', '--json')).stdout);
      assert.deepEqual([status.pid, status.state], [front.masterPid, 'serving']);
    };
    releases.use('broken');
    await refused(/error: the new master does not serve: it ended with exit code 1/);
    releases.use(NEW);
    writeFileSync(file, 'mercy = "long"\n');
    await refused(/error: \S*front\.toml:1: mercy long: not a time/);
    writeFileSync(file, listening(kept));
    rmSync(good);
    await refused(/error: the app \(worker 1\) did not start: exit code 3; its last words: no settings/);
    writeFileSync(good, '');
    assert.equal((await upgrade()).code, 0);
    assert.equal(await within(front.ended, PATIENCE_MS, 'the end of the old master'), 0);
    assert.equal((await client.request('/')).text, 'well');
    // What the configuration has given up meanwhile is closed.
    const gone = new Client({ port: left, ca: undefined }, 'http/1.1');
    t.after(() => gone.close());
    await assert.rejects(gone.request('/'), /ECONNREFUSED/);
  });

  test('where somebody waits for the process it is refused with words', async (t) => {
    const { front, upgrade } = await startOld(t, releases, ['--http', '127.0.0.1:0'], undefined, {
      npm_lifecycle_event: 'start',
    });
    const refused = await upgrade();
    assert.equal(refused.code, 1);
    assert.match(
      refused.stderr,
      /error: no other master can take the place of this one: npm has started it, and waits for it\nhint: stop this/,
    );
    assert.doesNotMatch(front.log, /starting a new master/);
  });
});
