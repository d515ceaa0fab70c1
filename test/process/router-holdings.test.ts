/** What a router holds once it serves: groups, capabilities, environment and descriptors; and what the master does with what it should not send. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { until, within } from '../support/deadline.js';
import { Client } from '../support/https-client.js';
import { PATIENCE_MS, StartedFront, type StartedFrontOptions } from '../support/started-front.js';
import { nodeApp } from '../support/worker.js';
import { makeWorkspace } from '../support/workspace.js';

const APP = [
  '/usr/bin/env',
  'node',
  '-e',
  nodeApp('listen(require("http").createServer((q, r) => r.end("ok")));')[2] ?? '',
];

async function start(t: TestContext, options: StartedFrontOptions): Promise<StartedFront> {
  const front = await StartedFront.start(options);
  t.after(() => front.stop());
  return front;
}

function environmentOf(pid: number): string[] {
  const lines = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  return lines.filter((line) => line !== '').map((line) => line.replace(/=.*/s, ''));
}

function statusOf(pid: number, field: string): string {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(status)?.[1]?.trim().replaceAll('\t', ' ') ?? '';
}

/** Kinds of what its descriptors are, node's own machinery (epoll, eventfd, its inner pipes and io_uring) left out. */
function descriptorsOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`)
    .map((name) => readlinkSync(`/proc/${pid}/fd/${name}`))
    .filter((link) => !/^anon_inode:/.test(link))
    .map((link) => link.replace(/:\[\d+\]$/, ''))
    .sort();
}

function listeningInodes(): string[] {
  return ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/net/${table}`, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === '0A')
      .flatMap((fields) => fields[9] ?? []),
  );
}

test('a router holds no group, no capability, no variable and no descriptor that it does not need', {
  skip: process.getuid?.() !== 0 && 'only root can become somebody else',
}, async (t) => {
  const front = await start(t, {
    arguments: ['--listen', '127.0.0.1:0', '--http', '127.0.0.1:0', '--uid', 'nobody', '--gid', 'nogroup'],
    app: APP,
    environment: { SECRET_TOKEN: 'of the app', AWS_SECRET_ACCESS_KEY: 'x', TZ: 'UTC' },
    folder: '/',
  });
  const router = front.pid('http');
  // Where this machine's trusted roots are may stand in its environment, and how times are written.
  const expected =
    /^(?:TZ|TLSFRONT_FRONT|TLSFRONT_CODE_CACHE|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|SSL_CERT_DIR|LANG|LC_ALL|TMPDIR)$/;
  assert.deepEqual(
    environmentOf(router).filter((name) => !expected.test(name)),
    [],
  );
  assert.ok(environmentOf(front.pid('worker')).includes('SECRET_TOKEN'), 'the app has its environment');
  for (const field of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb']) assert.match(statusOf(router, field), /^0+$/);
  assert.ok(['65534', ''].includes(statusOf(router, 'Groups')));
  assert.equal(statusOf(router, 'Uid'), '65534 65534 65534 65534');
  const kinds = descriptorsOf(router);
  assert.deepEqual(
    kinds.filter((kind) => !['pipe', 'socket', '/dev/null'].includes(kind)),
    [],
    kinds.join(' '),
  );
  const sockets = readdirSync(`/proc/${router}/fd`)
    .map((name) => /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${router}/fd/${name}`))?.[1])
    .filter((inode) => inode !== undefined);
  const listening = new Set(listeningInodes());
  assert.equal(
    new Set(sockets.filter((inode) => listening.has(inode))).size,
    2,
    'its two listeners and no more',
  );
  assert.equal((await client(t, front).request('/')).text, 'ok');
});

function client(t: TestContext, front: StartedFront): Client {
  const made = new Client({ port: front.port(), ca: front.ca }, 'http/1.1');
  t.after(() => made.close());
  return made;
}

test('while the only router is replaced clients wait in the queue and are served: nobody is refused', async (t) => {
  const front = await start(t, { arguments: ['--listen', '127.0.0.1:0'], app: APP });
  const port = front.port();
  const refused: string[] = [];
  let connected = 0;
  let isOver = false;
  const lane = async (): Promise<void> => {
    while (!isOver) {
      await new Promise<void>((resolve) => {
        const socket = connect(port, '127.0.0.1');
        socket.once('connect', () => {
          connected += 1;
          socket.destroy();
          resolve();
        });
        socket.once('error', (error) => {
          refused.push(error.message);
          resolve();
        });
      });
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };
  const running = lane();
  process.kill(front.pid('http'), 'SIGKILL');
  const waiting = client(t, front).request('/');
  await front.logged(/respawned tlsfront http 1/);
  assert.equal((await within(waiting, PATIENCE_MS, 'the request that waited')).text, 'ok');
  isOver = true;
  await running;
  assert.deepEqual(refused, []);
  assert.ok(connected > 0);
});

/** A router that says what no router says once the file `now` is there. */
function treacherous(t: TestContext, text: string): { environment: NodeJS.ProcessEnv; speak(): void } {
  const folder = makeWorkspace(t);
  const now = folder.at('now');
  const file = folder.write(
    'say.cjs',
    `const fs = require('node:fs');
    if (process.argv[1]?.endsWith('proxy/main.js')) setInterval(() => {
      if (!fs.existsSync(${JSON.stringify(now)})) return;
      fs.rmSync(${JSON.stringify(now)});
      fs.writeSync(3, ${JSON.stringify(text)});
    }, 20);`,
  );
  return { environment: { NODE_OPTIONS: `--require=${file}` }, speak: () => folder.write('now', '') };
}

for (const [name, text] of [
  ['null', 'null\n'],
  ['no JSON', '{"type":\n'],
  [
    'a request of node:cluster',
    '{"cmd":"NODE_CLUSTER","act":"queryServer","address":"/etc/owned","port":-1}\n',
  ],
  ['a handle of Node', '{"cmd":"NODE_HANDLE","type":"net.Native","msg":{}}\n'],
  ['counters that are no numbers', '{"type":"counted","counters":{"requests":"many"}}\n'],
  ['a name that is none', '{"type":"need_leaf","name":"../../etc/passwd"}\n'],
] as const) {
  test(`a router that sends ${name} is replaced, and the master serves on`, async (t) => {
    const { environment, speak } = treacherous(t, text);
    const front = await start(t, { arguments: ['--listen', '127.0.0.1:0'], app: APP, environment });
    speak();
    await front.logged(
      /warning: http 1 \(pid: \d+\) ended by (?:it sent a message|a message)[^\n]*: respawning it/,
    );
    await until(() => front.child.exitCode === null, PATIENCE_MS, 'the master');
    assert.equal(await front.stop(), 0);
  });
}
