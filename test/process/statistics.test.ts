/** SIGUSR1: what the front tells of itself, and that Node's inspector stays shut. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import { testCertificates, writeTestCertificates } from '../support/certificates.js';
import { within } from '../support/deadline.js';
import { ENGINES } from '../support/fronted.js';
import { Client } from '../support/https-client.js';
import { PATIENCE_MS, SAMPLE_APP, StartedFront } from '../support/started-front.js';
import { makeWorkspace } from '../support/workspace.js';

const { root, leaf } = await testCertificates();

interface Told {
  readonly counters: Readonly<Record<string, number>>;
  readonly routers: readonly {
    readonly pid: number;
    readonly state: string;
    readonly counters: Readonly<Record<string, number>> | null;
  }[];
  readonly workers: readonly { readonly pid: number; readonly ready: boolean }[];
  readonly certificates: readonly Readonly<Record<string, unknown>>[];
}

async function start(t: TestContext, more: readonly string[] = []) {
  const folder = makeWorkspace(t);
  const { chainFile, keyFile } = await writeTestCertificates(folder.path);
  const given = ['--listen', '127.0.0.1:0', '--http-processes', '2', '--cert', chainFile, '--key', keyFile];
  const front = await StartedFront.start({ arguments: [...given, ...more], app: SAMPLE_APP });
  t.after(() => front.stop());
  return { front, chainFile };
}

/** Sends the signal and reads the line that comes of it. */
async function ask(front: StartedFront): Promise<Told> {
  const from = front.log.length;
  front.child.kill('SIGUSR1');
  const [line] = await front.logged(/^\{"type":"statistics".*\}$/m, from);
  return JSON.parse(line);
}

for (const engine of ENGINES) {
  test(`requests, tunnels and processes are counted over all routers (${engine})`, async (t) => {
    const { front } = await start(t, ['--engine', engine]);
    const before = await ask(front);
    assert.equal(before.counters.requests, 0);
    assert.equal(before.routers.length, 2);
    assert.deepEqual(
      before.workers.map(({ ready }) => ready),
      [true],
    );
    for (const protocol of ['http/1.1', 'h2'] as const) {
      for (let count = 0; count < 3; count += 1) {
        const client = new Client({ port: front.port(), ca: root.certPem }, protocol);
        t.after(() => client.close());
        assert.equal((await client.request('/hello')).status, 200);
      }
    }
    const socket = new WebSocket(`wss://localhost:${front.port()}/ws`, { ca: root.certPem });
    t.after(() => socket.terminate());
    await within(once(socket, 'open'), PATIENCE_MS, 'the WebSocket');
    const after = await ask(front);
    assert.equal(after.counters.requests, 7);
    assert.equal(after.counters.tunnelsOpen, 1);
    assert.equal(after.counters.requestsOpen, 1);
    assert.ok(Number(after.counters.connectionsOpen) >= 1);
    assert.ok(Number(after.counters.bytesOut) > 0);
    const each = after.routers.map(({ counters }) => counters?.requests ?? 0);
    assert.equal(
      each.reduce((sum, count) => sum + count),
      7,
    );
    assert.deepEqual(
      after.routers.map(({ pid }) => pid),
      [front.pid('http', 1), front.pid('http', 2)],
    );
  });
}

test('a tunnel that a reload has left to an old router is counted there', async (t) => {
  const { front } = await start(t);
  const socket = new WebSocket(`wss://localhost:${front.port()}/ws`, { ca: root.certPem });
  t.after(() => socket.terminate());
  await within(once(socket, 'open'), PATIENCE_MS, 'the WebSocket');
  front.child.kill('SIGHUP');
  await front.logged(/the new generation serves/);
  const { routers, counters } = await ask(front);
  assert.equal(counters.tunnelsOpen, 1);
  const [holder] = routers.filter((router) => router.counters?.tunnelsOpen === 1);
  assert.equal(holder?.state, 'draining');
  assert.equal(routers.filter(({ state }) => state === 'serving').length, 2);
});

test('each certificate is told with its end, its file and its listeners', async (t) => {
  const { front, chainFile } = await start(t, ['--https', '127.0.0.1:0']);
  const { certificates } = await ask(front);
  const served = new X509Certificate(leaf.certPem);
  assert.equal(certificates.length, 1);
  const [one] = certificates;
  const { secondsLeft, listeners, ...told } = one ?? {};
  assert.deepEqual(told, {
    names: ['localhost', '127.0.0.1', '::1', 'app.test'],
    serialNumber: served.serialNumber,
    sha256: served.fingerprint256.replaceAll(':', '').toLowerCase(),
    notBefore: new Date(served.validFrom).toISOString(),
    notAfter: new Date(served.validTo).toISOString(),
    file: chainFile,
  });
  assert.deepEqual(listeners, [0, 1]);
  assert.ok(Math.abs(Number(secondsLeft) - (Date.parse(served.validTo) - Date.now()) / 1000) < 60);
});

test('the development certificate has no file; --quiet hides no answer', async (t) => {
  const front = await StartedFront.start({
    arguments: ['--listen', '127.0.0.1:0', '--quiet'],
    app: SAMPLE_APP,
  });
  t.after(() => front.stop());
  const { certificates } = await ask(front);
  assert.equal(certificates[0]?.file, null);
  assert.deepEqual(certificates[0]?.names, ['localhost', '127.0.0.1', '::1']);
});

test('a router that does not answer holds nothing up', async (t) => {
  const { front } = await start(t);
  const stuck = front.pid('http', 2);
  process.kill(stuck, 'SIGSTOP');
  const { routers } = await ask(front).finally(() => process.kill(stuck, 'SIGCONT'));
  assert.deepEqual(
    routers.map(({ counters }) => counters === null),
    [false, true],
  );
  assert.ok((await ask(front)).routers.every(({ counters }) => counters !== null));
});

test('SIGUSR1 opens the inspector of no process', async (t) => {
  const { front } = await start(t);
  const app = (await ask(front)).workers[0]?.pid;
  // The app is the user's: its signals are its own. What is left are master, routers and the app's keeper.
  const pids = front.processes().filter((pid) => pid !== app);
  assert.equal(pids.length, 4);
  for (const pid of pids) process.kill(pid, 'SIGUSR1');
  await ask(front);
  const client = new Client({ port: front.port(), ca: root.certPem }, 'h2');
  t.after(() => client.close());
  assert.equal((await client.request('/hello')).status, 200);
  assert.doesNotMatch(front.log, /Debugger listening/);
});
