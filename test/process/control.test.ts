/** The control socket and the commands that use it: what they say, what they end with, and who may open it. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CLI, type CommandResult, cleanEnvironment, runCommand } from '../support/command.js';
import { until, within } from '../support/deadline.js';
import { Client } from '../support/https-client.js';
import { PATIENCE_MS, SAMPLE_APP, StartedFront, type StartedFrontOptions } from '../support/started-front.js';
import { MISSING, requireTool } from '../support/tools.js';
import { nodeApp } from '../support/worker.js';
import { makeWorkspace, type Workspace } from '../support/workspace.js';

interface Controlled {
  readonly front: StartedFront;
  readonly runtime: string;
  readonly socket: string;
  order(...args: string[]): Promise<CommandResult>;
}

/** A front whose sockets are in a folder of the test. */
async function start(
  t: TestContext,
  options: StartedFrontOptions = { arguments: ['--listen', '127.0.0.1:0'], app: SAMPLE_APP },
  folder: Workspace = makeWorkspace(t),
): Promise<Controlled> {
  const environment = { XDG_RUNTIME_DIR: folder.path, ...options.environment };
  const front = await StartedFront.start({ ...options, environment });
  t.after(() => front.stop());
  const runtime = join(folder.path, 'tlsfront');
  return {
    front,
    runtime,
    socket: join(runtime, `${front.masterPid}.sock`),
    order: (...args) => runCommand(args, { XDG_RUNTIME_DIR: folder.path }, PATIENCE_MS),
  };
}

function call(socket: string, method: string, path: string): Promise<{ status: number; text: string }> {
  const answer = new Promise<{ status: number; text: string }>((resolve, reject) => {
    const asked = request({ socketPath: socket, method, path, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.once('error', reject);
    });
    asked.once('error', reject);
    asked.end();
  });
  return within(answer, PATIENCE_MS, `${method} ${path}`);
}

test('status, list, health and description of a front that serves', async (t) => {
  const { front, order, socket, runtime } = await start(t);
  assert.equal(statSync(runtime).mode & 0o777, 0o700);
  assert.equal(statSync(socket).mode & 0o777, 0o600);

  const shown = await order('status');
  assert.equal(shown.code, 0, shown.stderr);
  assert.match(shown.stdout, new RegExp(`pid ${front.masterPid}, serving for`));
  assert.match(shown.stdout, new RegExp(`listens +https 127\\.0\\.0\\.1:${front.port()}`));
  assert.match(shown.stdout, /certificate +localhost/);

  const status = JSON.parse((await order('status', '--json')).stdout);
  assert.equal(status.state, 'serving');
  assert.equal(status.routers[0].pid, front.pid('http'));
  assert.equal(status.workers[0].pid, front.pid('worker'));
  assert.deepEqual(status.listeners, [{ kind: 'https', host: '127.0.0.1', port: front.port() }]);
  assert.equal(status.upstreams[0].ready, true);
  assert.equal(status.lastReload, null);

  const listed = await order('list');
  assert.match(listed.stdout, new RegExp(`^${front.masterPid}  serving  https 127`, 'm'));
  assert.deepEqual(await call(socket, 'GET', '/healthz'), { status: 200, text: 'ok\n' });
  const described = JSON.parse((await call(socket, 'GET', '/openapi.json')).text);
  for (const path of Object.keys(described.paths)) {
    const method = Object.keys(described.paths[path])[0] ?? '';
    // The last one has no end.
    if (method === 'get' && path !== '/v1/status' && path !== '/v1/events')
      assert.equal((await call(socket, 'GET', path)).status, 200, path);
  }
  for (const name of described.components.schemas.Status.required) assert.ok(name in status, name);
  assert.equal((await call(socket, 'GET', '/none')).status, 404);
  assert.equal((await call(socket, 'GET', '/v1/stop')).status, 405);
  assert.match((await order('logs')).stdout, /tlsfront is ready/);
});

test('curl speaks with it', async (t) => {
  const curl = requireTool(t, 'curl');
  if (curl === MISSING) return;
  const { socket, front } = await start(t);
  const text = execFileSync(curl, ['-sS', '--unix-socket', socket, 'http://tlsfront/v1/status'], {
    encoding: 'utf8',
  });
  assert.equal(JSON.parse(text).pid, front.masterPid);
});

test('reload returns when the new generation serves', async (t) => {
  const { front, order } = await start(t);
  const before = front.pid('worker');
  const done = await order('reload');
  assert.equal(done.code, 0, done.stderr);
  assert.equal(done.stdout, 'the new generation serves\n');
  const status = JSON.parse((await order('status', '--json')).stdout);
  assert.equal(status.lastReload.error, null);
  assert.notEqual(status.workers[0].pid, before);
  const client = new Client({ port: front.port(), ca: front.ca }, 'http/1.1');
  t.after(() => client.close());
  assert.equal((await client.request('/hello')).status, 200);
});

test('reload says why the old generation stays, and ends with 1', async (t) => {
  const folder = makeWorkspace(t);
  const good = folder.at('good');
  writeFileSync(good, '');
  const { front, order } = await start(t, {
    arguments: ['--listen', '127.0.0.1:0'],
    app: nodeApp(
      `if (!require("fs").existsSync(${JSON.stringify(good)})) { console.error("no settings"); process.exit(3); }
       listen(require("http").createServer((q, r) => r.end("old")));`,
    ),
  });
  rmSync(good);
  const failed = await order('reload');
  assert.equal(failed.code, 1);
  assert.match(
    failed.stderr,
    /error: the app \(worker 1\) did not start: exit code 3; its last words: no settings/,
  );
  assert.match(failed.stderr, /hint: /);
  const status = JSON.parse((await order('status', '--json')).stdout);
  assert.match(status.lastReload.error, /did not start/);
  const client = new Client({ port: front.port(), ca: front.ca }, 'http/1.1');
  t.after(() => client.close());
  assert.equal((await client.request('/')).text, 'old');
});

test('two reloads at once both get an answer', async (t) => {
  const { order } = await start(t);
  const both = await Promise.all([order('reload'), order('reload')]);
  assert.deepEqual(
    both.map(({ code }) => code),
    [0, 0],
  );
});

test('stop returns when the front has ended; its socket is gone', async (t) => {
  const { front, order, runtime } = await start(t);
  const stopped = await order('stop');
  assert.equal(stopped.code, 0, stopped.stderr);
  assert.match(stopped.stdout, new RegExp(`tlsfront \\(pid ${front.masterPid}\\) has ended`));
  assert.equal(await within(front.ended, PATIENCE_MS, 'the end'), 0);
  assert.deepEqual(readdirSync(runtime), []);
  const again = await order('stop');
  assert.equal(again.code, 1);
  assert.match(again.stderr, /error: no tlsfront of this user is running/);
});

test('stop --now cuts what is open', async (t) => {
  const { front, order } = await start(t);
  const client = new Client({ port: front.port(), ca: front.ca }, 'http/1.1');
  t.after(() => client.close());
  const cut = client.request('/slow?ms=120000').catch(() => 'cut');
  await until(
    async () => JSON.parse((await order('status', '--json')).stdout).counters.requestsOpen === 1,
    PATIENCE_MS,
    'the open request',
  );
  assert.equal((await order('stop', '--now')).code, 0);
  assert.equal(await cut, 'cut');
  assert.equal(await within(front.ended, PATIENCE_MS, 'the end'), 1);
});

test('of several fronts one must be named', async (t) => {
  const folder = makeWorkspace(t);
  const options = { arguments: ['--listen', '127.0.0.1:0', '--upstream', '1'] };
  const [one, other] = [await start(t, options, folder), await start(t, options, folder)];
  const unclear = await one.order('status');
  assert.equal(unclear.code, 1);
  assert.match(unclear.stderr, /error: several fronts are running\nhint: name one with --pid: \d+, \d+/);
  const named = await one.order('status', '--json', '--pid', String(other.front.masterPid));
  assert.equal(JSON.parse(named.stdout).pid, other.front.masterPid);
  assert.equal((await one.order('list')).stdout.trim().split('\n').length, 2);
});

test('the socket of a master that was killed is cleared away by the next', async (t) => {
  const folder = makeWorkspace(t);
  const options = { arguments: ['--listen', '127.0.0.1:0', '--upstream', '1'] };
  const first = await start(t, options, folder);
  first.front.child.kill('SIGKILL');
  await within(first.front.ended, PATIENCE_MS, 'the end');
  const second = await start(t, options, folder);
  await until(() => readdirSync(second.runtime).length === 1, PATIENCE_MS, 'one socket');
  assert.equal((await second.order('status')).code, 0);
});

test('a runtime folder that is a link or of somebody else is refused, and the front serves on', async (t) => {
  const folder = makeWorkspace(t);
  mkdirSync(folder.at('elsewhere'));
  symlinkSync(folder.at('elsewhere'), folder.at('tlsfront'));
  const { front } = await start(t, { arguments: ['--listen', '127.0.0.1:0', '--upstream', '1'] }, folder);
  await front.logged(/error: the runtime folder \S+ cannot be used: it is no folder/);
  assert.deepEqual(readdirSync(folder.at('elsewhere')), []);
});

test('a folder that is open to others is closed', async (t) => {
  const folder = makeWorkspace(t);
  mkdirSync(folder.at('tlsfront'));
  chmodSync(folder.at('tlsfront'), 0o777);
  const { order } = await start(t, { arguments: ['--listen', '127.0.0.1:0', '--upstream', '1'] }, folder);
  assert.equal((await order('status')).code, 0);
  assert.equal(statSync(folder.at('tlsfront')).mode & 0o777, 0o700);
});

test('logs -f follows a log file over its rotation', async (t) => {
  const folder = makeWorkspace(t);
  const log = folder.at('front.log');
  const front = StartedFront.launch({
    arguments: ['--listen', '127.0.0.1:0', '--upstream', '1', '--logto', log],
    environment: { XDG_RUNTIME_DIR: folder.path },
  });
  t.after(() => front.stop());
  await until(() => readOr(log).includes('tlsfront is ready'), PATIENCE_MS, 'ready');
  const tail = spawn(process.execPath, [CLI, 'logs', '-f'], {
    env: { ...cleanEnvironment(), XDG_RUNTIME_DIR: folder.path },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => tail.kill('SIGKILL'));
  let said = '';
  tail.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await until(() => said.includes('tlsfront is ready'), PATIENCE_MS, 'the end of the file');
  renameSync(log, `${log}.1`);
  front.child.kill('SIGUSR2');
  front.child.kill('SIGUSR1');
  await until(() => said.includes('"type":"statistics"'), PATIENCE_MS, 'a line of the new file');
});

function readOr(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

test('usage: an unknown option ends with 2', async () => {
  const wrong = await runCommand(['status', '--jsn']);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /error: .*--jsn/);
});
