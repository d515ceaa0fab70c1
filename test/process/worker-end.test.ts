/** Nothing of an app outlives its worker, however the worker or the master ends. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { until, within } from '../support/deadline.js';
import { MISSING, requireTool } from '../support/tools.js';
import { isRunning, nodeApp, PLAIN_APP, planCommand, startWorker, WORKER_MS } from '../support/worker.js';
import { makeWorkspace } from '../support/workspace.js';

/** A server below a shell, as npm starts one; both ignore SIGTERM when `stubborn`. It prints the inner pid. */
function familyApp({ stubborn }: { stubborn: boolean }): string[] {
  const server =
    `${stubborn ? 'process.on("SIGTERM", () => {});' : ''} console.log("inner " + process.pid);` +
    'require("node:net").createServer().listen(process.env.PORT, process.env.HOST);';
  const trap = stubborn ? 'trap "" TERM;' : '';
  return ['/bin/sh', '-c', `${trap} "$0" -e '${server}'; :`, process.execPath];
}

async function innerPid(output: () => string): Promise<number> {
  const pid = await until(
    () => /inner (\d+)/.exec(output())?.[1],
    WORKER_MS,
    'the inner process prints its pid',
  );
  return Number(pid);
}

async function assertGone(...pids: number[]): Promise<void> {
  await until(() => !pids.some(isRunning), WORKER_MS, `the processes ${pids.join(', ')} are gone`);
}

test('stop ends the whole group with SIGTERM', async (t) => {
  const worker = startWorker(t, planCommand(familyApp({ stubborn: false })));
  await worker.report('ready');
  const inner = await innerPid(worker.output);
  worker.send({ type: 'stop', mercyMs: 10_000 });
  assert.equal((await worker.report('exited')).ready, true);
  assert.equal(isRunning(inner), false);
  await worker.gone;
});

test('stop ends what npm run started', async (t) => {
  if (requireTool(t, 'npm') === MISSING) return;
  const folder = makeWorkspace(t);
  folder.write('package.json', '{ "scripts": { "dev": "node server.js" } }');
  folder.write(
    'server.js',
    'console.log("inner " + process.pid); require("node:net").createServer().listen(process.env.PORT);',
  );
  const worker = startWorker(t, planCommand(['npm', 'run', 'dev']), { folder: folder.path });
  await worker.report('ready');
  const inner = await innerPid(worker.output);
  worker.send({ type: 'stop', mercyMs: 10_000 });
  await worker.report('exited');
  assert.equal(isRunning(inner), false);
});

test('stop ends a group that ignores SIGTERM once the mercy is over', async (t) => {
  const worker = startWorker(t, planCommand(familyApp({ stubborn: true })));
  await worker.report('ready');
  const inner = await innerPid(worker.output);
  worker.send({ type: 'stop', mercyMs: 200 });
  assert.equal((await worker.report('exited')).signal, 'SIGKILL');
  assert.equal(isRunning(inner), false);
});

test('a second stop with less mercy ends the app at once', async (t) => {
  const worker = startWorker(t, planCommand(familyApp({ stubborn: true })));
  await worker.report('ready');
  worker.send({ type: 'stop', mercyMs: 600_000 });
  worker.send({ type: 'stop', mercyMs: 0 });
  assert.equal((await worker.report('exited')).signal, 'SIGKILL');
});

test('a program below npm may finish its work within the mercy after its parent is gone', async (t) => {
  const server =
    'process.on("SIGTERM", () => setTimeout(() => { console.log("finished"); process.exit(); }, 300));' +
    'console.log("inner " + process.pid); require("node:net").createServer().listen(process.env.PORT, process.env.HOST);';
  const worker = startWorker(
    t,
    planCommand(['/bin/sh', '-c', `"$0" -e '${server}' & wait`, process.execPath]),
  );
  await worker.report('ready');
  worker.send({ type: 'stop', mercyMs: 10_000 });
  const { lastLines } = await worker.report('exited');
  assert.equal(lastLines.at(-1), 'finished');
});

test('stop while the app is starting ends it', async (t) => {
  const worker = startWorker(t, planCommand(nodeApp('setInterval(() => {}, 1000);')));
  const { pid } = await worker.report('spawned');
  worker.send({ type: 'stop', mercyMs: 5000 });
  assert.equal((await worker.report('exited')).ready, false);
  assert.equal(isRunning(pid), false);
});

test('what the app leaves behind in its group is killed when it exits', async (t) => {
  const script =
    'const child = require("node:child_process").spawn("sleep", ["600"], { stdio: "inherit" });' +
    'console.log("inner " + child.pid); process.exit(0);';
  const worker = startWorker(t, planCommand(nodeApp(script)));
  const { code } = await worker.report('exited');
  assert.equal(code, 0);
  await assertGone(await innerPid(worker.output));
});

test('a job of a job-control shell, in a group of its own, ends too', {
  skip: process.platform !== 'linux',
}, async (t) => {
  const worker = startWorker(t, planCommand(['/bin/bash', '-mc', 'sleep 600 & echo inner $!; exit 0']));
  await worker.report('exited');
  await assertGone(await innerPid(worker.output));
});

test('the app ends when the channel to the master closes', async (t) => {
  const worker = startWorker(t, planCommand(familyApp({ stubborn: false })));
  await worker.report('ready');
  const { pid } = await worker.report('spawned');
  const inner = await innerPid(worker.output);
  worker.process.disconnect();
  await within(worker.gone, WORKER_MS, 'the worker ends after the disconnect');
  assert.deepEqual([pid, inner].map(isRunning), [false, false]);
});

test('SIGINT and SIGTERM of the terminal leave the worker and the app to the master', async (t) => {
  const worker = startWorker(t, planCommand(PLAIN_APP));
  const { address } = await worker.report('ready');
  worker.process.kill('SIGINT');
  worker.process.kill('SIGTERM');
  worker.process.kill('SIGHUP');
  const answer = await fetch(`http://127.0.0.1:${address.port}/`);
  assert.match(await answer.text(), /^pid /);
  worker.send({ type: 'stop', mercyMs: 5000 });
  assert.equal((await worker.report('exited')).signal, 'SIGTERM');
});

test('kill -9 of the master ends worker and app', async (t) => {
  const { parent, pids } = await startBelowParent(t, familyApp({ stubborn: false }));
  parent.kill('SIGKILL');
  await assertGone(...pids);
});

test('kill -9 of the master ends an app that ignores SIGTERM', async (t) => {
  const { parent, pids } = await startBelowParent(t, familyApp({ stubborn: true }));
  parent.kill('SIGKILL');
  await assertGone(...pids);
});

test('kill -9 of the master ends an app whose output nobody reads', async (t) => {
  const full = makeWorkspace(t).at('full');
  const script =
    'listen(require("node:net").createServer()); setInterval(() => { console.log("x".repeat(9999));' +
    'if (process.stdout.writableLength > 1e6) require("node:fs").writeFileSync(process.argv[1], ""); }, 1);';
  const { parent, pids } = await startBelowParent(t, nodeApp(script, full));
  parent.stdout.pause();
  await until(() => existsSync(full), WORKER_MS, "nobody takes the app's output any more");
  parent.kill('SIGKILL');
  await assertGone(...pids);
});

/** Starts worker and app below a parent process that the test may kill. */
async function startBelowParent(t: TestContext, command: readonly string[]) {
  const main = fileURLToPath(new URL('../support/worker-parent.js', import.meta.url));
  const parent = spawn(process.execPath, [main, JSON.stringify(planCommand(command))], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.after(() => parent.kill('SIGKILL'));
  const pids = await within(readPids(parent.stdout), WORKER_MS, 'the app below the parent is ready');
  return { parent, pids };
}

/** Pids of worker and app, once the app is ready. */
function readPids(output: Readable): Promise<number[]> {
  return new Promise((resolve, reject) => {
    let pids: number[] = [];
    output.on('end', () => reject(new Error('the parent ended before the app was ready')));
    createInterface(output).on('line', (line) => {
      const found = /^\{"worker":(\d+),"message":\{"type":"(\w+)"(?:,"pid":(\d+))?/.exec(line);
      if (found?.[3] !== undefined) pids = [Number(found[1]), Number(found[3])];
      if (found?.[2] === 'ready') resolve(pids);
    });
  });
}
