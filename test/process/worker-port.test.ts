/** A worker takes the port on which its app really listens, whatever port the app was told. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { test } from 'node:test';
import { findFreePort } from '../../app/readiness.js';
import { until } from '../support/deadline.js';
import { nodeApp, planCommand, startWorker, WORKER_MS } from '../support/worker.js';

const PAGE =
  'const page = (request, response) => response.setHeader("content-type", "text/html").end("page");';
const HTTP = `const http = require("node:http"); ${PAGE}`;

test('an app that ignores PORT is ready on its own port', async (t) => {
  const port = await findFreePort('127.0.0.1');
  const worker = startWorker(t, planCommand(nodeApp(`${HTTP} http.createServer(page).listen(${port});`)));
  const spawned = await worker.report('spawned');
  const { address, isFound } = await worker.report('ready');
  assert.deepEqual({ address, isFound }, { address: { host: '127.0.0.1', port }, isFound: true });
  assert.notEqual(spawned.port, port);
});

test('an app that ignores PORT and listens on ::1 only is found there', async (t) => {
  const port = await findFreePort('::1');
  const script = `${HTTP} http.createServer(page).listen(${port}, "::1");`;
  const { address } = await startWorker(t, planCommand(nodeApp(script))).report('ready');
  assert.deepEqual(address, { host: '::1', port });
});

test('the port of a process that the command started is found', async (t) => {
  const port = await findFreePort('127.0.0.1');
  const [program = '', , script = ''] = nodeApp(`${HTTP} http.createServer(page).listen(${port});`);
  const command = ['sh', '-c', `"$0" -e "$1"; true`, program, script];
  const { address } = await startWorker(t, planCommand(command)).report('ready');
  assert.equal(address.port, port);
});

test('of several ports the one with a page is taken, not a WebSocket server, a silent one or an inspector', async (t) => {
  const [socket, silent, data, page, inspector] = await Promise.all(
    Array.from({ length: 5 }, () => findFreePort('127.0.0.1')),
  );
  const script = `${HTTP}
    http.createServer((_, response) => response.writeHead(426).end("Upgrade Required")).listen(${socket});
    require("node:net").createServer(() => {}).listen(${silent});
    http.createServer((_, response) => response.end("{}")).listen(${data});
    http.createServer(page).listen(${page});`;
  const [program = '', ...rest] = nodeApp(script);
  const command = [program, `--inspect=${inspector}`, ...rest];
  const { address } = await startWorker(t, planCommand(command)).report('ready');
  assert.equal(address.port, page);
});

test('an app that opens a port of its own first, and PORT later, moves to PORT', async (t) => {
  const other = await findFreePort('127.0.0.1');
  const script = `${HTTP} http.createServer(page).listen(${other});
    process.on("SIGUSR2", () => listen(http.createServer(page)));`;
  const worker = startWorker(t, planCommand(nodeApp(script)));
  const { pid, port } = await worker.report('spawned');
  assert.equal((await worker.report('ready')).address.port, other);
  process.kill(pid, 'SIGUSR2');
  const moved = await until(
    () => worker.reports().find((report) => report.type === 'ready' && !report.isFound),
    WORKER_MS,
    'the second ready report',
  );
  assert.equal(moved.type === 'ready' && moved.address.port, port);
});

test('an app that listens where no HTTP is answered is ended, and its ports are named', async (t) => {
  const port = await findFreePort('127.0.0.1');
  const script = `require("node:http").createServer((_, r) => r.writeHead(426).end()).listen(${port});`;
  const worker = startWorker(t, planCommand(nodeApp(script), { readyTimeoutMs: 2500 }));
  const { message } = await worker.report('failed');
  assert.match(message, new RegExp(`; it listens on ${port}, where no HTTP was answered$`));
});

test('a fixed port is given to the app and waited for', async (t) => {
  const port = await findFreePort('127.0.0.1');
  const worker = startWorker(t, planCommand(nodeApp(`${HTTP} listen(http.createServer(page));`), { port }));
  assert.equal((await worker.report('spawned')).port, port);
  assert.equal((await worker.report('ready')).address.port, port);
});

test('a fixed port that another program has is refused before the app starts', async (t) => {
  const server: Server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const worker = startWorker(t, planCommand(nodeApp('process.exit(7)'), { port }));
  const { message, hint } = await worker.report('failed');
  assert.equal(message, `port ${port}, another program listens there already`);
  assert.match(hint, new RegExp(`tlsfront --upstream ${port}$`));
});

test('the app finds the variables of its plan, and names for Vite beside those of the user', async (t) => {
  const variable = '__VITE_ADDITIONAL_SERVER_ALLOWED_HOSTS';
  const script = `console.log("seen", process.env.TLSFRONT_URL, process.env.${variable}); ${HTTP} listen(http.createServer(page));`;
  const plan = planCommand(nodeApp(script), {
    names: ['app.test', '.shop.test'],
    environment: { TLSFRONT_URL: 'https://app.test' },
  });
  const worker = startWorker(t, plan);
  await worker.report('ready');
  await worker.says(/seen https:\/\/app\.test app\.test,\.shop\.test/);
});
