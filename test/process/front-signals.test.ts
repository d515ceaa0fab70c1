/** Signals at awkward moments: the end is obeyed whatever the front is doing, in time, with the right exit code. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { constants, existsSync, openSync, readFileSync, readlinkSync, renameSync } from 'node:fs';
import { Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { CLI, cleanEnvironment } from '../support/command.js';
import { until, within } from '../support/deadline.js';
import { Client } from '../support/https-client.js';
import { PATIENCE_MS, SAMPLE_APP, StartedFront, type StartedFrontOptions } from '../support/started-front.js';
import { isRunning, nodeApp } from '../support/worker.js';
import { makeWorkspace } from '../support/workspace.js';

/** Long enough that a front which waits for its mercy fails the test by its deadline. */
const LONG_MERCY = ['--mercy', '300s'];
const SLOW_APP = nodeApp(
  'setTimeout(() => listen(require("http").createServer((q, r) => r.end("ok"))), 30000);',
);

function launch(t: TestContext, options: StartedFrontOptions): StartedFront {
  const front = StartedFront.launch(options);
  t.after(() => front.stop());
  return front;
}

async function start(t: TestContext, options: StartedFrontOptions): Promise<StartedFront> {
  const front = await StartedFront.start(options);
  t.after(() => front.stop());
  return front;
}

async function endsWith(front: StartedFront, code: number | string): Promise<void> {
  const how = await within(front.ended, PATIENCE_MS, 'the end of the front').catch((error: unknown) => {
    throw new Error(`${String(error)}\n${front.log}`);
  });
  assert.equal(how, code, front.log);
  await front.nothingLeft();
}

describe('the end is obeyed', { concurrency: 2 }, () => {
  for (const afterMs of [0, 40, 120, 250]) {
    test(`SIGTERM ${afterMs} ms after the greeting ends the start`, async (t) => {
      const front = launch(t, {
        arguments: ['--listen', '127.0.0.1:0', '--upstream', '1', ...LONG_MERCY],
      });
      await front.logged(/Starting tlsfront/);
      await pause(afterMs);
      front.child.kill('SIGTERM');
      await endsWith(front, 0);
      assert.doesNotMatch(front.log.slice(front.log.indexOf('received SIGTERM')), /is ready|bound on/);
    });
  }

  test('SIGINT while the front waits for its app: exit code 0, and nothing is said after goodbye', async (t) => {
    const front = launch(t, { arguments: ['--listen', '127.0.0.1:0', ...LONG_MERCY], app: SLOW_APP });
    await front.logged(/waiting for the app to accept connections/);
    front.child.kill('SIGINT');
    await endsWith(front, 0);
    assert.match(front.log, /goodbye to tlsfront\n$/);
  });

  test('SIGTERM while a router is respawned', async (t) => {
    const front = await start(t, {
      arguments: ['--listen', '127.0.0.1:0', '--upstream', '1', ...LONG_MERCY],
    });
    process.kill(front.pid('http'), 'SIGKILL');
    await front.logged(/respawning it/);
    front.child.kill('SIGTERM');
    await endsWith(front, 0);
  });

  test('SIGTERM while an app in a crash loop waits for its next start', async (t) => {
    const front = await start(t, {
      arguments: ['--listen', '127.0.0.1:0', ...LONG_MERCY],
      // Only the first of them lives, so that the front starts; the others end at once.
      app: nodeApp(
        'const fs = require("fs"); if (fs.existsSync("lived")) process.exit(1); fs.writeFileSync("lived", "");' +
          'listen(require("http").createServer((q, r) => process.exit(1))); setTimeout(() => process.exit(1), 1000);',
      ),
      folder: makeWorkspace(t).path,
    });
    // Long enough that a busy machine sends the signal while it lasts.
    await front.logged(/respawning it in (?:1600|3200) ms/);
    front.child.kill('SIGTERM');
    await endsWith(front, 0);
    assert.match(front.log, /goodbye to tlsfront\n$/);
    assert.doesNotMatch(front.log.slice(front.log.indexOf('received SIGTERM')), /respawn/);
  });

  test('SIGTERM during a reload: the new generation never serves, the open request is answered', async (t) => {
    const front = await start(t, {
      arguments: ['--listen', '127.0.0.1:0', ...LONG_MERCY],
      app: nodeApp(
        'const answer = (q, r) => { console.log("asked"); setTimeout(() => r.end("whole"), 2500); };' +
          'setTimeout(() => listen(require("http").createServer(answer)), 1000);',
      ),
    });
    const client = new Client({ port: front.port(), ca: front.ca }, 'http/1.1');
    t.after(() => client.close());
    const answer = client.request('/');
    await front.logged(/asked/);
    front.child.kill('SIGHUP');
    await front.logged(/received SIGHUP/);
    await pause(300);
    front.child.kill('SIGTERM');
    assert.equal((await answer).text, 'whole');
    await endsWith(front, 0);
    assert.doesNotMatch(front.log, /the new generation serves|goes on serving/);
  });

  test('SIGHUP during the start is obeyed when it serves', async (t) => {
    const front = launch(t, { arguments: ['--listen', '127.0.0.1:0'], app: SAMPLE_APP });
    await front.logged(/Starting tlsfront/);
    front.child.kill('SIGHUP');
    await front.logged(/tlsfront is ready[\s\S]*the new generation serves/);
    front.child.kill('SIGTERM');
    await endsWith(front, 0);
  });

  test('SIGQUIT drains as SIGTERM does, as the units of uWSGI and nginx send it', async (t) => {
    const front = await start(t, {
      arguments: ['--listen', '127.0.0.1:0'],
      app: nodeApp(
        'listen(require("http").createServer((q, r) => { console.log("asked"); setTimeout(() => r.end("slow"), 800); }));',
      ),
    });
    const client = new Client({ port: front.port(), ca: front.ca }, 'http/1.1');
    t.after(() => client.close());
    const answer = client.request('/');
    await front.logged(/asked/);
    front.child.kill('SIGQUIT');
    assert.equal((await answer).status, 200);
    await endsWith(front, 0);
  });

  test('a second SIGTERM ends it although keeper and router are stopped', async (t) => {
    const front = await start(t, { arguments: ['--listen', '127.0.0.1:0', ...LONG_MERCY], app: SAMPLE_APP });
    for (const pid of front.processes()) if (pid !== front.masterPid) process.kill(pid, 'SIGSTOP');
    front.child.kill('SIGTERM');
    await front.logged(/received SIGTERM: draining/);
    front.child.kill('SIGTERM');
    await endsWith(front, 1);
  });
});

/** Ways to stop reading. A pipe as a shell makes it, and the socket that Node and journald give. */
const OUTPUTS = {
  pipe: ['/bin/sh', '-c', 'exec "$0" "$@" 2>"$LOG_PIPE"', process.execPath, CLI],
  socket: [process.execPath, CLI],
} as const;

describe('nobody reads the log', { concurrency: 2 }, () => {
  /** A front whose stderr is full, and nobody reads it. */
  async function startUnread(t: TestContext, output: keyof typeof OUTPUTS) {
    const folder = makeWorkspace(t);
    const pipe = folder.at('log');
    execFileSync('mkfifo', [pipe]);
    const descriptor = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    const reader = new Socket({ fd: descriptor, readable: true, writable: false });
    const front = launch(t, {
      arguments: ['--listen', '127.0.0.1:0', '--access-log', '--http-processes', '2'],
      app: SAMPLE_APP,
      program: OUTPUTS[output],
      environment: { LOG_PIPE: pipe },
    });
    reader.on('data', (chunk) => {
      front.written += chunk.toString();
    });
    reader.on('error', () => undefined);
    t.after(() => reader.destroy());
    await front.logged(/tlsfront is ready/);
    reader.pause();
    front.child.stderr?.pause();
    const client = new Client({ port: front.port(), ca: front.ca }, 'h2');
    t.after(() => client.close());
    // Each line is longer than a kilobyte: the pipe, the reader's buffer and the bounds of all writers fill up.
    const path = `/hello?${'x'.repeat(1500)}`;
    for (let round = 0; round < 30; round += 1) {
      const answers = await Promise.all(Array.from({ length: 40 }, () => client.request(path)));
      assert.ok(answers.every(({ status }) => status === 200));
    }
    return front;
  }

  for (const [output, how] of [
    ['pipe', 0],
    ['socket', 'SIGTERM'],
  ] as const) {
    test(`a ${output}: requests are served after a router has ended in order, SIGTERM ends the front`, async (t) => {
      const front = await startUnread(t, output);
      // Node sets the flags of the shared pipe back when a process ends in order.
      process.kill(front.pid('http', 1), 'SIGTERM');
      await until(() => !isRunning(front.pid('http', 1)), PATIENCE_MS, 'the end of one router');
      const client = new Client({ port: front.port(), ca: front.ca }, 'http/1.1');
      for (let round = 0; round < 6; round += 1) assert.equal((await client.request('/hello')).status, 200);
      client.close();
      front.child.kill('SIGTERM');
      assert.equal(await within(front.ended, PATIENCE_MS, 'the end with a full pipe'), how);
      await front.nothingLeft();
    });
  }

  test('no router outlives the master that is killed', async (t) => {
    const front = await startUnread(t, 'socket');
    process.kill(front.pid('http', 1), 'SIGTERM');
    await until(() => !isRunning(front.pid('http', 1)), PATIENCE_MS, 'the end of one router');
    front.child.kill('SIGKILL');
    await within(front.ended, PATIENCE_MS, 'the end of the master');
    await front.nothingLeft();
  });
});

test('SIGUSR2 takes master, routers and app over to a new log file and touches nobody', async (t) => {
  const folder = makeWorkspace(t);
  const log = folder.at('front.log');
  const front = StartedFront.launch({
    arguments: ['--listen', '127.0.0.1:0', '--access-log', '--logto', log],
    app: nodeApp(
      'listen(require("http").createServer((q, r) => { console.log("app says " + q.url); r.end("ok"); }));',
    ),
  });
  t.after(() => front.stop());
  await until(
    () => existsSync(log) && readFileSync(log, 'utf8').includes('tlsfront is ready'),
    PATIENCE_MS,
    'ready',
  );
  const port = Number(/https:\/\/127\.0\.0\.1:(\d+)/.exec(readFileSync(log, 'utf8'))?.[1]);
  const before = front.processes().sort();
  const client = new Client({ port, ca: front.ca }, 'http/1.1');
  t.after(() => client.close());
  assert.equal((await client.request('/one')).status, 200);
  await until(() => /app says \/one/.test(readFileSync(log, 'utf8')), PATIENCE_MS, 'the first lines');
  renameSync(log, `${log}.1`);
  front.child.kill('SIGUSR2');
  await until(() => existsSync(log), PATIENCE_MS, 'the new file');
  await until(
    async () => {
      await client.request('/two');
      const text = readFileSync(log, 'utf8');
      return text.includes('"GET /two HTTP/1.1"') && text.includes('app says /two');
    },
    PATIENCE_MS,
    'lines of a router and of the app in the new file',
  );
  assert.deepEqual(front.processes().sort(), before);
});

test("as a worker of Node's cluster it refuses and ends", async (t) => {
  const folder = makeWorkspace(t);
  const program = folder.write(
    'primary.cjs',
    `const cluster = require('node:cluster');
    cluster.setupPrimary({ exec: ${JSON.stringify(CLI)}, args: ['--upstream', '1', '--listen', '127.0.0.1:0'], silent: true });
    const worker = cluster.fork();
    worker.process.stderr.pipe(process.stdout);
    worker.on('exit', (code) => { console.log('ended with ' + code); process.exit(0); });`,
  );
  const child = spawn(process.execPath, [program], {
    env: { ...cleanEnvironment(), XDG_DATA_HOME: folder.path },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await until(() => said.includes('ended with'), PATIENCE_MS, 'the end of the worker');
  assert.match(said, /error: tlsfront runs as a worker of Node's cluster/);
  assert.match(said, /hint: pm2: exec_mode fork/);
  assert.match(said, /ended with 2/);
});

test('an empty HOME puts nothing into the working folder', async (t) => {
  const folder = makeWorkspace(t);
  const front = await start(t, {
    arguments: ['--listen', '127.0.0.1:0', '--upstream', '1'],
    environment: { HOME: '', XDG_DATA_HOME: '' },
    folder: folder.path,
  });
  assert.equal(existsSync(folder.at('.local')), false);
  assert.equal(readlinkSync(`/proc/${front.masterPid}/cwd`), folder.path);
});
