/** `--stats`: one connection is one document in uWSGI's shape, with the routers and the processes of the app. */
import assert from 'node:assert/strict';
import { lstatSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { until, within } from '../support/deadline.js';
import { Client } from '../support/https-client.js';
import { freePort } from '../support/ports.js';
import { PATIENCE_MS, StartedFront } from '../support/started-front.js';
import { MISSING, requireTool } from '../support/tools.js';
import { startUwsgi } from '../support/uwsgi.js';
import { nodeApp } from '../support/worker.js';
import { Afterwards, makeWorkspace } from '../support/workspace.js';

const ends = new Afterwards();
after(() => ends.run());

const APP = nodeApp(`
listen(require('http').createServer((request, response) => {
  if (request.url === '/held') return;
  setTimeout(() => response.end('x'.repeat(100)), request.url === '/slow' ? 60 : 0);
}));
`);

interface Core {
  readonly id: number;
  readonly requests: number;
  readonly in_request: number;
}

/** Every field that uwsgitop's source asks for. */
interface Worker {
  readonly id: number;
  readonly pid: number;
  readonly requests: number;
  readonly exceptions: number;
  readonly signals: number;
  readonly status: string;
  readonly avg_rt: number;
  readonly rss: number;
  readonly vsz: number;
  readonly tx: number;
  readonly respawn_count: number;
  readonly harakiri_count: number;
  readonly running_time: number;
  readonly last_spawn: number;
  readonly cores: readonly Core[];
}

interface Document {
  readonly version: string;
  readonly listen_queue: number;
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  readonly cwd: string;
  readonly sockets: readonly object[];
  readonly workers: readonly Worker[];
}

/** All that is sent until the connection is closed; nothing is asked. */
function read(target: { path: string } | { port: number }): Promise<string> {
  return within(
    new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', ...target });
      let text = '';
      socket.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      socket.on('end', () => resolve(text)).on('error', reject);
    }),
    PATIENCE_MS,
    'the statistics',
  );
}

const workspace = makeWorkspace(ends);
const path = join(workspace.path, 'stats.sock');
let front: StartedFront;
before(async () => {
  front = await StartedFront.start({
    arguments: [
      ...['--listen', '127.0.0.1:0', '--http-processes', '2', '--processes', '2'],
      ...['--stats', path],
    ],
    app: APP,
  });
  ends.after(() => front.stop());
});

async function document(): Promise<Document> {
  return JSON.parse(await read({ path }));
}

/** Names of the fields at every place of a document, each with the kind of its value. */
function shape(value: unknown, at = ''): readonly string[] {
  if (Array.isArray(value)) return value.length === 0 ? [`${at}[]`] : shape(value[0], `${at}[]`);
  if (typeof value !== 'object' || value === null) return [`${at}: ${typeof value}`];
  return Object.entries(value).flatMap(([name, inner]) => shape(inner, `${at}.${name}`));
}

test('uwsgitop finds every field that it asks for', async () => {
  const { version, listen_queue: queue, pid, uid, gid, cwd, workers } = await document();
  assert.match(version, /^\d+\.\d+/);
  assert.deepEqual([queue, uid, gid], [0, process.getuid?.(), process.getgid?.()]);
  assert.ok(pid > 0 && cwd.startsWith('/'));
  assert.deepEqual(
    workers.map(({ id }) => id),
    [1, 2, 3, 4],
  );
  for (const worker of workers) {
    const { exceptions, signals, harakiri_count: harakiris, respawn_count: spawns, tx, cores } = worker;
    assert.deepEqual([exceptions, signals, harakiris, spawns], [0, 0, 0, 1]);
    assert.ok(worker.rss > 1e6 && worker.vsz >= worker.rss && tx >= 0);
    assert.ok(Math.abs(worker.last_spawn * 1000 - Date.now()) < PATIENCE_MS * 2);
    assert.ok(['idle', 'busy', 'cheap'].includes(worker.status));
    assert.ok(Number.isInteger(worker.running_time) && Number.isInteger(worker.avg_rt));
    assert.deepEqual(
      cores.map(({ id }) => id),
      [0],
    );
  }
});

test('a request counts once, at the app; bytes are told of the router, and who is busy of both', async (t) => {
  const client = new Client({ port: front.port(), ca: front.ca }, 'http/1.1');
  for (let count = 0; count < 4; count += 1) await client.request('/slow');
  const held = client.open('/held').catch(() => null);
  t.after(async () => {
    client.close();
    await held;
  });
  const isBusy = ({ status }: Worker): boolean => status === 'busy';
  const now = await until(
    async () => {
      const { workers } = await document();
      const [routers, apps] = [workers.slice(0, 2), workers.slice(2)];
      const served = apps.reduce((sum, { requests }) => sum + requests, 0);
      const isOnce = routers.every(({ requests }) => requests === 0);
      return served === 5 && isOnce && apps.some(isBusy) && routers.some(isBusy) && { routers, apps };
    },
    PATIENCE_MS,
    'five requests told, one of them open',
  );
  const router = now.routers.find(isBusy);
  assert.ok((router?.tx ?? 0) >= 400);
  assert.ok(now.apps.some(({ avg_rt: average }) => average >= 50_000));
  assert.ok(now.apps.reduce((sum, { running_time: time }) => sum + time, 0) >= 200_000, 'in microseconds');
  assert.equal(now.apps.filter(isBusy).length, 1);
  assert.equal(router?.cores[0]?.in_request, 1);
});

test('the shape is that of a real uWSGI', async (t) => {
  const uwsgi = requireTool(t, 'uwsgi');
  if (uwsgi === MISSING) return;
  const [port, statsPort] = [await freePort(), await freePort()];
  await startUwsgi(t, uwsgi, [
    '--master',
    '--socket',
    `127.0.0.1:${port}`,
    '--stats',
    `127.0.0.1:${statsPort}`,
  ]);
  // The master begins to listen when its workers run.
  const text = await until(
    () => read({ port: statsPort }).catch((): undefined => undefined),
    PATIENCE_MS,
    'uWSGI tells',
  );
  const real = shape(JSON.parse(text));
  // Ours has no locks to name.
  const wanted = real.filter((place) => !place.startsWith('.locks'));
  const own = shape(await document());
  assert.deepEqual(
    own.filter((place) => place !== '.locks[]').sort(),
    wanted.filter((place) => !place.startsWith('.workers[].cores[].req_info')).sort(),
  );
});

test('--stats-http writes an HTTP head before the document', async () => {
  const socket = workspace.at('http.sock');
  const http = await StartedFront.start({
    arguments: ['--upstream', '3000', '--listen', '127.0.0.1:0', '--stats', socket, '--stats-http'],
  });
  ends.after(() => http.stop());
  const [head, body] = (await read({ path: socket })).split('\r\n\r\n');
  assert.match(head ?? '', /^HTTP\/1\.0 200 OK\r\n(?:.*\r\n)*Content-Type: application\/json$/);
  assert.equal(JSON.parse(body ?? '').workers.length, 1);
  const client = new Client({ port: http.port(), ca: http.ca }, 'http/1.1');
  for (let count = 0; count < 3; count += 1) await client.request('/');
  client.close();
  const [, later = ''] = (await read({ path: socket })).split('\r\n\r\n');
  // Nobody else answers them here.
  assert.equal(JSON.parse(later).workers[0].requests, 3);
});

test('the socket file is there while the front serves, and what is no socket is not taken away', async () => {
  assert.ok(lstatSync(path).isSocket());
  const file = workspace.write('file', 'kept');
  const wrong = StartedFront.launch({
    arguments: ['--upstream', '3000', '--listen', '127.0.0.1:0', '--stats', file],
  });
  ends.after(() => wrong.stop());
  await wrong.logged(
    /error: cannot serve stats on \S+file: another process has it\nhint: give --stats another/,
  );
  assert.ok(statSync(file).isFile());
});
