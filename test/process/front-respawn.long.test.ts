/** kill -9 of every process of the front while it is under load. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { until, within } from '../support/deadline.js';
import { Client } from '../support/https-client.js';
import { startLoad } from '../support/load.js';
import { PATIENCE_MS, SAMPLE_APP, StartedFront } from '../support/started-front.js';
import { isRunning, nodeApp } from '../support/worker.js';

async function startFront(t: TestContext, ...args: string[]): Promise<StartedFront> {
  const front = await StartedFront.start({
    arguments: ['--listen', '127.0.0.1:0', '--engine', 'direct', ...args],
    app: SAMPLE_APP,
  });
  t.after(() => front.stop());
  return front;
}

describe('kill -9 under load', { concurrency: 2 }, () => {
  test('of a router: the other one serves on, and a new one comes with the reason in the log', async (t) => {
    const front = await startFront(t, '--http-processes', '2');
    const load = startLoad(t, { port: front.port(), ca: front.ca }, { fresh: true });
    await until(() => load.answered() > 20, PATIENCE_MS, 'requests answered before the kill');
    const [victim, other] = [front.pid('http', 1), front.pid('http', 2)];
    process.kill(victim, 'SIGKILL');
    await front.logged(
      new RegExp(`warning: http 1 \\(pid: ${victim}\\) ended by signal SIGKILL: respawning it`),
    );
    await front.logged(/respawned tlsfront http 1 \(new pid: \d+\)/);
    const count = load.answered();
    await until(() => load.answered() > count + 20, PATIENCE_MS, 'requests answered after the kill');
    await load.stop();
    // At most what the dead one had in hand: one request a lane.
    assert.ok(load.failures.length <= 4, load.failures.join(', '));
    assert.ok(isRunning(other), 'the other router lives');
    assert.notEqual(front.pid('http', 1), victim);
  });

  test('of the only router: a new one serves on the same port', async (t) => {
    const front = await startFront(t);
    const load = startLoad(t, { port: front.port(), ca: front.ca }, { protocol: 'h2' });
    await until(() => load.answered() > 20, PATIENCE_MS, 'requests answered before the kill');
    process.kill(front.pid('http'), 'SIGKILL');
    await front.logged(/respawned tlsfront http 1/);
    const count = load.answered();
    await until(() => load.answered() > count + 20, PATIENCE_MS, 'requests answered after the kill');
    await load.stop();
  });

  test('of a router again and again: the front waits longer each time and does not give up', async (t) => {
    const front = await startFront(t);
    for (let round = 1; round <= 3; round += 1) {
      const from = front.log.length;
      process.kill(front.pid('http'), 'SIGKILL');
      await front.logged(/respawned tlsfront http 1/, from);
    }
    assert.match(front.log, /respawning it in 100 ms[\s\S]*respawning it in 200 ms/);
    const client = new Client({ port: front.port(), ca: front.ca }, 'http/1.1');
    t.after(() => client.close());
    assert.equal((await client.request('/hello')).status, 200);
  });

  test('of the app: safe requests wait for the new one', async (t) => {
    const front = await startFront(t);
    const load = startLoad(t, { port: front.port(), ca: front.ca });
    await until(() => load.answered() > 20, PATIENCE_MS, 'requests answered before the kill');
    const victim = front.pid('worker');
    process.kill(victim, 'SIGKILL');
    await front.logged(
      new RegExp(
        `warning: worker 1 \\(pid: ${victim}\\) ended: signal SIGKILL(?:; its last words: .*)?: respawning it`,
      ),
    );
    await front.logged(/worker 1 \(pid: \d+\) is ready/);
    const count = load.answered();
    await until(() => load.answered() > count + 20, PATIENCE_MS, 'requests answered after the kill');
    await load.stop();
    // Those that were inside the dead app.
    assert.ok(load.failures.length <= 4, load.failures.join(', '));
  });

  test('of one app of two: the other takes all requests', async (t) => {
    const front = await startFront(t, '--processes', '2');
    const load = startLoad(t, { port: front.port(), ca: front.ca });
    await until(() => load.answered() > 20, PATIENCE_MS, 'requests answered before the kill');
    process.kill(front.pid('worker', 2), 'SIGKILL');
    await front.logged(/worker 2 \(pid: \d+\) ended: signal SIGKILL/);
    await front.logged(/worker 2 \(pid: \d+\) is ready/);
    await load.stop();
    assert.ok(load.failures.length <= 4, load.failures.join(', '));
  });

  test("of the app's keeper: the app goes with it, and both come anew", async (t) => {
    const front = await startFront(t);
    const app = front.pid('worker');
    const keeper = front.processes().find((pid) => ![app, front.masterPid, front.pid('http')].includes(pid));
    assert.ok(keeper !== undefined);
    process.kill(keeper, 'SIGKILL');
    await front.logged(/respawned tlsfront worker 1/);
    await until(() => !isRunning(app), PATIENCE_MS, 'the end of the app without keeper');
    await front.logged(/worker 1 \(pid: \d+\) is ready/);
  });

  for (const [name, app] of [
    ['an ordinary app', SAMPLE_APP],
    [
      'an app that ignores every signal',
      nodeApp(
        'for (const s of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(s, () => {}); listen(require("node:net").createServer());',
      ),
    ],
    ['an app below a shell', ['/bin/sh', '-c', `"$0" "$1"; :`, ...SAMPLE_APP]],
  ] as const) {
    test(`of the master: no process is left of ${name}`, async (t) => {
      const front = await StartedFront.start({
        arguments: [
          '--listen',
          '127.0.0.1:0',
          '--http-processes',
          '2',
          '--processes',
          '2',
          '--engine',
          'direct',
        ],
        app,
      });
      t.after(() => front.stop());
      assert.ok(front.processes().length >= 7);
      const load = startLoad(t, { port: front.port(), ca: front.ca }, { lanes: 2 });
      front.child.kill('SIGKILL');
      await within(front.ended, PATIENCE_MS, 'the end of the master');
      await front.nothingLeft();
      await load.stop();
    });
  }
});
