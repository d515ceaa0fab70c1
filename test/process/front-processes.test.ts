/** Who runs as whom, who gets which request, and what the app finds in its environment. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { until, within } from '../support/deadline.js';
import { Client } from '../support/https-client.js';
import { PATIENCE_MS, SAMPLE_APP, StartedFront, type StartedFrontOptions } from '../support/started-front.js';
import { nodeApp } from '../support/worker.js';

async function start(t: TestContext, options: StartedFrontOptions): Promise<StartedFront> {
  const front = await StartedFront.start(options);
  t.after(() => front.stop());
  return front;
}

function connectTo(t: TestContext, front: StartedFront, protocol: 'http/1.1' | 'h2' = 'http/1.1'): Client {
  const client = new Client({ port: front.port(), ca: front.ca }, protocol);
  t.after(() => client.close());
  return client;
}

/** Real, effective, saved and file-system ids, and the supplementary groups. */
function identityOf(pid: number): { uids: string; gids: string; groups: string } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string): string =>
    new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1]?.trim().replaceAll('\t', ' ') ?? '';
  return { uids: field('Uid'), gids: field('Gid'), groups: field('Groups') };
}

const asRoot = { skip: process.getuid?.() !== 0 && 'only root can become somebody else' };

test(
  '--uid and --gid: routers and app give up root, its groups too; the master keeps it',
  asRoot,
  async (t) => {
    const front = await start(t, {
      arguments: ['--listen', '127.0.0.1:0', '--uid', 'nobody', '--gid', 'nogroup', '--http-processes', '2'],
      // A copy of the sample app that the other user can read wherever this repository is.
      app: [
        '/usr/bin/env',
        'node',
        '-e',
        nodeApp('listen(require("http").createServer((q, r) => r.end("ok")));')[2] ?? '',
      ],
      folder: '/',
    });
    for (const pid of [front.pid('http', 1), front.pid('http', 2), front.pid('worker')]) {
      const { uids, gids, groups } = identityOf(pid);
      assert.equal(uids, '65534 65534 65534 65534');
      assert.equal(gids, '65534 65534 65534 65534');
      assert.ok(groups === '65534' || groups === '', `groups ${groups}`);
    }
    assert.match(identityOf(front.masterPid).uids, /^0 0 0 0$/);
    assert.doesNotMatch(front.log, /serving as root/);
    assert.equal((await connectTo(t, front).request('/')).text, 'ok');
    process.kill(front.pid('http', 1), 'SIGKILL');
    await front.logged(/respawned tlsfront http 1/);
    assert.equal(identityOf(front.pid('http', 1)).uids, '65534 65534 65534 65534');
  },
);

test('--uid alone takes the primary group of that user', asRoot, async (t) => {
  const front = await start(t, {
    arguments: ['--listen', '127.0.0.1:0', '--uid', 'www-data', '--upstream', '1'],
  });
  assert.deepEqual(identityOf(front.pid('http')), { uids: '33 33 33 33', gids: '33 33 33 33', groups: '33' });
});

test('root without --uid is warned', asRoot, async (t) => {
  const front = await start(t, { arguments: ['--listen', '127.0.0.1:0', '--upstream', '1'] });
  assert.match(front.log, /warning: serving as root: --uid NAME/);
});

test('the boot lines come in the order of uWSGI', async (t) => {
  const front = await start(t, { arguments: ['--listen', '127.0.0.1:0'], app: SAMPLE_APP });
  const expected = [
    /^\*\*\* Starting tlsfront \d+\.\d+\.\d+ .* on \[.*\] \*\*\*$/m,
    /^tlsfront https bound on 127\.0\.0\.1:\d+$/m,
    /^socket 0 bound to TCP address 127\.0\.0\.1:\d+ \(port auto-assigned\)$/m,
    /^your mercy for graceful operations on workers is 60 seconds$/m,
    /^spawned tlsfront master process \(pid: \d+\)$/m,
    /^spawned tlsfront worker 1 \(pid: \d+\)$/m,
    /^spawned tlsfront http 1 \(pid: \d+\)$/m,
    /^tlsfront is ready: https:\/\/127\.0\.0\.1:\d+ -> 127\.0\.0\.1:\d+$/m,
  ];
  const places = expected.map((pattern) => front.log.search(pattern));
  assert.ok(!places.includes(-1), front.log);
  assert.deepEqual(
    places,
    [...places].sort((a, b) => a - b),
  );
  assert.equal(front.pid('worker') > 0 && front.masterPid > 0, true);
  assert.match(front.log, new RegExp(`master process \\(pid: ${front.masterPid}\\)`));
});

test('the app gets PORT and HOST, {port} and {host}, and the folder and variables of its user', async (t) => {
  const script =
    'listen(require("http").createServer((q, r) => r.end(JSON.stringify([process.env.PORT, process.env.HOST, process.argv.slice(1), process.cwd(), process.env.MINE]))));';
  const front = await start(t, {
    arguments: ['--listen', '127.0.0.1:0'],
    app: nodeApp(script, '--', '--at={host}:{port}', '{port}'),
    environment: { MINE: 'kept' },
    folder: '/usr',
  });
  const [port, host, args, folder, mine] = JSON.parse((await connectTo(t, front).request('/')).text);
  assert.deepEqual(
    [host, args, folder, mine],
    ['127.0.0.1', [`--at=127.0.0.1:${port}`, port], '/usr', 'kept'],
  );
  assert.match(front.log, new RegExp(`socket 0 bound to TCP address 127.0.0.1:${port} `));
});

test('--processes balances by fewest requests in flight', async (t) => {
  const script =
    'listen(require("http").createServer((q, r) => setTimeout(() => r.end(String(process.pid)), q.url === "/slow" ? 3000 : 0)));';
  const front = await start(t, {
    arguments: ['--listen', '127.0.0.1:0', '--processes', '3'],
    app: nodeApp(script),
  });
  const client = connectTo(t, front, 'h2');
  const pids = [1, 2, 3].map((index) => String(front.pid('worker', index)));
  assert.equal(new Set(pids).size, 3);
  await client.request('/');
  const slow = [client.request('/slow'), client.request('/slow')];
  const quick: string[] = [];
  for (let round = 0; round < 12; round += 1) quick.push((await client.request('/')).text);
  const busy = (await Promise.all(slow)).map(({ text }) => text);
  assert.equal(new Set(busy).size, 2, 'the slow ones went to two apps');
  // While both are busy, the third has the fewest in flight.
  assert.ok(
    quick.every((pid) => !busy.includes(pid)),
    `${quick} while ${busy} were busy`,
  );
  const level = await Promise.all(Array.from({ length: 9 }, () => client.request('/slow')));
  const counts = pids.map((pid) => level.filter(({ text }) => text === pid).length);
  assert.deepEqual(counts, [3, 3, 3]);
});

test('--http-processes auto and --quiet', async (t) => {
  const front = await start(t, {
    arguments: ['--listen', '127.0.0.1:0', '--http-processes', 'auto', '--quiet'],
    app: SAMPLE_APP,
  });
  assert.doesNotMatch(front.log, /spawned|bound on|\*\*\*/);
  assert.match(front.log, /tlsfront is ready: https:/);
});

/** Connects and waits for a session ticket; `reused` says whether the given one was taken. */
async function handshake(
  front: StartedFront,
  port: number,
  version: 'TLSv1.2' | 'TLSv1.3',
  session?: Buffer,
): Promise<{ reused: boolean; session: Buffer; router: string }> {
  const socket: TLSSocket = connect({
    host: '127.0.0.1',
    port,
    ca: front.ca,
    servername: 'localhost',
    minVersion: version,
    maxVersion: version,
    ALPNProtocols: ['http/1.1'],
    ...(session === undefined ? {} : { session }),
  });
  let ticket: Buffer | undefined;
  socket.on('session', (given: Buffer) => {
    ticket = given;
  });
  await within(once(socket, 'secureConnect'), PATIENCE_MS, 'a TLS handshake');
  socket.write('GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  socket.resume();
  const reused = socket.isSessionReused();
  await within(once(socket, 'close'), PATIENCE_MS, 'the end of the connection');
  assert.ok(ticket !== undefined || reused, 'a ticket came');
  return { reused, session: ticket ?? session ?? Buffer.alloc(0), router: '' };
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`${version} sessions resume in every router, after a respawn and after a reload`, async (t) => {
    const front = await start(t, {
      arguments: ['--listen', '127.0.0.1:0', '--http-processes', '2'],
      app: SAMPLE_APP,
    });
    const port = front.port();
    const { session, reused } = await handshake(front, port, version);
    assert.equal(reused, false);
    // Which router takes a connection is up to the kernel: ten leave none out but once in a thousand runs.
    const resumed = await Promise.all(
      Array.from({ length: 10 }, () => handshake(front, port, version, session)),
    );
    assert.ok(resumed.every((one) => one.reused));
    for (const index of [1, 2]) {
      const from = front.log.length;
      process.kill(front.pid('http', index), 'SIGKILL');
      await front.logged(new RegExp(`respawned tlsfront http ${index}`), from);
    }
    assert.equal((await handshake(front, port, version, session)).reused, true);
    front.child.kill('SIGHUP');
    await front.logged(/the new generation serves/);
    await until(
      async () => (await handshake(front, port, version, session)).reused,
      PATIENCE_MS,
      'a session resumed after the reload',
    );
  });
}
