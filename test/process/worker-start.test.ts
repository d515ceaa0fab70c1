/** A worker starts the app, tells when it is ready, and says what is wrong when it is not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRunning, nodeApp, PLAIN_APP, planCommand, startWorker } from '../support/worker.js';
import { makeWorkspace } from '../support/workspace.js';

test('an app that listens on PORT and HOST is spawned, then ready, and serves', async (t) => {
  const worker = startWorker(t, planCommand(PLAIN_APP));
  const spawned = await worker.report('spawned');
  assert.equal(spawned.kind, 'command');
  assert.deepEqual(spawned.address, { host: '127.0.0.1', port: spawned.port });
  const ready = await worker.report('ready');
  assert.deepEqual(ready.address, { host: '127.0.0.1', port: spawned.port });
  const answer = await fetch(`http://127.0.0.1:${spawned.port}/`);
  assert.equal(await answer.text(), `pid ${spawned.pid}`);
});

test('{port} and {host} are replaced wherever they stand in the arguments', async (t) => {
  const script =
    'const [port, url] = process.argv.slice(1); console.log(url);' +
    'require("node:http").createServer((_, response) => response.end()).listen(port, "127.0.0.1");';
  const command = [process.execPath, '-e', script, '{port}', 'http://{host}:{port}/{port}'];
  const worker = startWorker(t, planCommand(command));
  const { port } = await worker.report('ready').then((ready) => ready.address);
  await worker.says(new RegExp(`http://127\\.0\\.0\\.1:${port}/${port}\n`));
});

test('an app that listens on ::1 only is ready at ::1', async (t) => {
  const script = 'require("node:http").createServer().listen(process.env.PORT, "::1");';
  const worker = startWorker(t, planCommand(nodeApp(script)));
  const ready = await worker.report('ready');
  assert.equal(ready.address.host, '::1');
});

test('an app that exits at once is reported with its code and last lines', async (t) => {
  const script = 'console.log("one"); console.error("no database"); process.exitCode = 3;';
  const worker = startWorker(t, planCommand(nodeApp(script)));
  const { code, signal, ready, lastLines } = await worker.report('exited');
  assert.deepEqual({ code, signal, ready }, { code: 3, signal: null, ready: false });
  assert.deepEqual([...lastLines].sort(), ['no database', 'one']);
  await worker.gone;
});

test('an app that dies after it was ready is reported with the signal', async (t) => {
  const worker = startWorker(t, planCommand(PLAIN_APP));
  await worker.report('ready');
  const { pid } = await worker.report('spawned');
  process.kill(pid, 'SIGKILL');
  const { code, signal, ready } = await worker.report('exited');
  assert.deepEqual({ code, signal, ready }, { code: null, signal: 'SIGKILL', ready: true });
  await worker.gone;
});

test('an app that never listens is ended and reported with a hint', async (t) => {
  const plan = planCommand(nodeApp('setInterval(() => {}, 1000);'), { readyTimeoutMs: 300 });
  const worker = startWorker(t, plan);
  const { pid } = await worker.report('spawned');
  const { message, hint } = await worker.report('failed');
  assert.match(message, /not listening on port \d+ after 0\.3 s$/);
  assert.match(hint, /PORT.*\{port\}.*--ready-timeout/);
  assert.equal(isRunning(pid), false);
  await worker.gone;
});

test('a command that does not exist is reported by name', async (t) => {
  const worker = startWorker(t, planCommand(['tlsfront-no-such-command', '--flag']));
  const { message } = await worker.report('failed');
  assert.equal(message, 'tlsfront-no-such-command, command not found');
  await worker.gone;
});

test('a file that is not executable is reported with the way to make it so', async (t) => {
  const file = makeWorkspace(t).write('serve.sh', '#!/bin/sh\n', 0o600);
  const worker = startWorker(t, planCommand([file]));
  const { message, hint } = await worker.report('failed');
  assert.equal(message, `${file}, not executable`);
  assert.match(hint, /^chmod \+x /);
});

test('output is passed on line by line with the prefix, colours and an unfinished last line', async (t) => {
  const script =
    'process.stdout.write("\\u001b[32mgreen\\u001b[0m\\nhalf a "); setTimeout(() => process.stdout.write("line"), 20);';
  const worker = startWorker(t, planCommand(nodeApp(script), { prefix: '[app 2] ' }));
  await worker.report('exited');
  await worker.gone;
  assert.equal(worker.output(), '[app 2] \u001b[32mgreen\u001b[0m\n[app 2] half a line\n');
});

test('standard input stays open, as development servers quit at its end', async (t) => {
  const script =
    'process.stdin.on("end", () => process.exit(9)).resume(); listen(require("node:net").createServer());';
  const worker = startWorker(t, planCommand(nodeApp(script)));
  await worker.report('ready');
  worker.send({ type: 'stop', mercyMs: 5000 });
  assert.equal((await worker.report('exited')).signal, 'SIGTERM');
});

test('a running worker that cannot take the wanted user says so', async (t) => {
  // setuid(-1) is refused even to root.
  const uid = process.getuid?.() === 0 ? 0xffffffff : 0;
  const worker = startWorker(t, planCommand(PLAIN_APP, { uid, gid: 0, userName: 'root' }));
  assert.match((await worker.report('failed')).message, /^--uid\/--gid, /);
});

test('privileges are dropped before the app starts', {
  skip: process.getuid?.() !== 0 && 'needs root',
}, async (t) => {
  const script =
    'console.log(JSON.stringify([process.getuid(), process.getgid(), process.getgroups()]));' +
    'try { process.setuid(0); console.log("root again"); } catch (error) { console.log(error.code); }';
  const plan = planCommand(['/usr/bin/env', ...nodeApp(script)], {
    uid: 65534,
    gid: 65534,
    userName: 'nobody',
  });
  const worker = startWorker(t, plan, { folder: '/' });
  const { lastLines } = await worker.report('exited');
  assert.deepEqual(lastLines, ['[65534,65534,[65534]]', 'EPERM']);
});
