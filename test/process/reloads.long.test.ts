/** Many reloads, and upgrades among them, under load: nothing fails, nothing stale is answered, and nothing grows; FRONT_TEST_RELOADS says how many. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { ControlClient } from '../../src/control/client.js';
import { socketPath } from '../../src/control/runtime-folder.js';
import { until, within } from '../support/deadline.js';
import { Client } from '../support/https-client.js';
import { startLoad } from '../support/load.js';
import { PATIENCE_MS, StartedFront } from '../support/started-front.js';
import { isRunning, nodeApp } from '../support/worker.js';
import { makeWorkspace, PACKAGE_ROOT } from '../support/workspace.js';

const RELOADS = Number(process.env.FRONT_TEST_RELOADS ?? '100');
/** So often a new master takes the place of the old one. */
const UPGRADE_EVERY = 20;
/** And so often a WebSocket is opened before a reload, and asked after it. */
const SOCKET_EVERY = 10;
const MERCY_SECONDS = 3;

/** Says its process id, also over WebSockets, and streams events. */
const APP = nodeApp(`
  const { WebSocketServer } = require(${JSON.stringify(`${PACKAGE_ROOT}/node_modules/ws`)});
  const server = require("node:http").createServer((q, r) => { q.resume(); r.end("app " + process.pid); });
  new WebSocketServer({ server }).on("connection", (s) => s.on("message", () => s.send(String(process.pid))));
  listen(server);
`);

test(`${RELOADS} reloads under load: 0 failed, 0 stale, and no process, descriptor or memory is left`, async (t) => {
  const folder = makeWorkspace(t);
  const front = await StartedFront.start({
    arguments: ['--listen', '127.0.0.1:0', '--http', '127.0.0.1:0', '--mercy', `${MERCY_SECONDS}s`],
    app: APP,
    environment: { XDG_RUNTIME_DIR: folder.path },
  });
  let pid = front.masterPid;
  t.after(async () => {
    if (pid !== front.masterPid && isRunning(pid)) process.kill(pid, 'SIGTERM');
    await front.stop();
  });
  const control = (): ControlClient => new ControlClient(socketPath(folder.at('tlsfront'), pid));
  const plain = { port: front.port('http'), ca: undefined };
  const secure = { port: front.port('https'), ca: front.ca };
  const options = { lanes: 1, says: 'app ' };
  const loads = [
    startLoad(t, plain, options),
    startLoad(t, plain, { ...options, fresh: true }),
    startLoad(t, secure, { ...options, protocol: 'h2' }),
    startLoad(t, secure, { ...options, fresh: true }),
  ];
  await until(() => loads.every((load) => load.answered() > 5), PATIENCE_MS, 'a load');
  const socketOf = async (): Promise<WebSocket> => {
    const socket = new WebSocket(`ws://127.0.0.1:${plain.port}/socket`);
    t.after(() => socket.terminate());
    await within(new Promise((resolve) => socket.once('open', resolve)), PATIENCE_MS, 'a WebSocket');
    return socket;
  };
  const says = async (socket: WebSocket): Promise<number> => {
    const said = new Promise((resolve) => socket.once('message', (data) => resolve(Number(String(data)))));
    socket.send('who');
    return Number(await within(said, PATIENCE_MS, 'an answer over a WebSocket'));
  };
  let figures: { descriptors: number; memoryMiB: number } | null = null;
  const tookMs: number[] = [];
  let closed = 0;
  for (let round = 1; round <= RELOADS; round += 1) {
    const socket = round % SOCKET_EVERY === 0 ? await socketOf() : null;
    const before = socket === null ? 0 : await says(socket);
    const isUpgrade = round % UPGRADE_EVERY === 0;
    const startedMs = performance.now();
    const done = await control().run(isUpgrade ? '/v1/reload?upgrade=1' : `/v1/reload`, () => {});
    tookMs.push(performance.now() - startedMs);
    const old = pid;
    pid = Number(/new master \(pid (\d+)\) serves/.exec(done ?? '')?.[1] ?? pid);
    assert.ok(isUpgrade ? pid !== old : done === 'the new generation serves', `round ${round}: ${done}`);
    // Who connects from now on meets the new generation alone.
    const [worker] = (await control().status()).workers;
    const client = new Client(plain, 'http/1.1');
    assert.equal((await client.request('/')).text, `app ${worker?.pid}`, `round ${round}`);
    client.close();
    if (socket === null) continue;
    assert.equal(await says(socket), before, 'a WebSocket stays with its app');
    socket.once('close', () => {
      closed += 1;
    });
    figures ??= measure(pid);
  }
  await Promise.all(loads.map((load) => load.stop()));
  assert.deepEqual(
    loads.flatMap(({ failures }) => failures),
    [],
  );
  const opened = Math.floor(RELOADS / SOCKET_EVERY);
  await until(() => closed === opened, PATIENCE_MS, 'each WebSocket closed when the mercy was over');
  // Master, keeper, app; a router is known by the mark of the first master alone.
  const left = pid === front.masterPid ? 4 : 3;
  await until(() => front.processes().length === left, PATIENCE_MS, 'the processes of one generation');
  const { routers, workers } = await control().status();
  assert.deepEqual([routers.length, workers.length], [1, 1]);
  const last = measure(pid);
  const sorted = [...tookMs].sort((one, other) => one - other);
  const answered = loads.reduce((sum, load) => sum + load.answered(), 0);
  t.diagnostic(
    `${answered} requests answered; a reload took ${at(sorted, 0.5)} s, 95 % less than ${at(sorted, 0.95)} s; master: ${JSON.stringify(figures)} after ${SOCKET_EVERY} reloads, ${JSON.stringify(last)} at the end`,
  );
  assert.ok(last.descriptors <= (figures?.descriptors ?? last.descriptors) + 5);
});

function at(sorted: readonly number[], share: number): string {
  return ((sorted[Math.floor(sorted.length * share)] ?? 0) / 1000).toFixed(1);
}

function measure(pid: number): { descriptors: number; memoryMiB: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return {
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    memoryMiB: Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024),
  };
}
