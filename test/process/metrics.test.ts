/** The metrics of a running front: of all its routers, through a reload and the death of a router. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import { until } from '../support/deadline.js';
import { Client } from '../support/https-client.js';
import { freePort } from '../support/ports.js';
import { PATIENCE_MS, SAMPLE_APP, StartedFront } from '../support/started-front.js';

async function start(t: TestContext): Promise<StartedFront> {
  const listen = ['--listen', '127.0.0.1:0', '--metrics', '127.0.0.1:0', '--http-processes', '2'];
  const front = await StartedFront.start({ arguments: listen, app: SAMPLE_APP });
  t.after(() => front.stop());
  return front;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

function ask(front: StartedFront, path: string, method = 'GET', accept = '*/*'): Promise<Answer> {
  const port = Number(/^tlsfront metrics bound on 127\.0\.0\.1:(\d+)$/m.exec(front.log)?.[1]);
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port, path, method, agent: false, headers: { accept } },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', text }),
        );
      },
    );
    asked.on('error', reject).end();
  });
}

/** Sum over all samples whose name begins so. */
async function sum(front: StartedFront, name: string): Promise<number> {
  const { text } = await ask(front, '/metrics');
  const lines = text.split('\n').filter((line) => line.startsWith(name));
  return lines.reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' '))), 0);
}

async function get(front: StartedFront, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const client = new Client({ port: front.port(), ca: front.ca }, 'h2');
    const { status } = await client.request('/');
    assert.equal(status, 200);
    client.close();
  }
}

test('no counter falls when a generation drains or a router dies', async (t) => {
  const front = await start(t);
  await get(front, 8);
  const requests = 'tlsfront_http_requests_total';
  await until(async () => (await sum(front, requests)) === 8, PATIENCE_MS, 'eight requests of two routers');
  process.kill(front.pid('http'), 'SIGKILL');
  await front.logged(/respawned tlsfront http 1/);
  assert.equal(await sum(front, requests), 8);
  assert.equal(await sum(front, 'tlsfront_router_restarts_total'), 1);
  front.child.kill('SIGHUP');
  await front.logged(/the new generation serves; the old one drains/);
  await until(
    async () => (await sum(front, 'tlsfront_routers{state="draining"}')) === 0,
    PATIENCE_MS,
    'the end of the old generation',
  );
  assert.equal(await sum(front, requests), 8);
  assert.equal(await sum(front, 'tlsfront_last_reload_successful'), 1);
  await get(front, 2);
  await until(async () => (await sum(front, requests)) === 10, PATIENCE_MS, 'two more');
});

test('the listener answers what scrapers and probes ask, and nothing else', async (t) => {
  const front = await start(t);
  const plain = await ask(front, '/metrics?x=1');
  assert.deepEqual([plain.status, plain.type], [200, 'text/plain; version=0.0.4; charset=utf-8']);
  assert.match(plain.text, /^tlsfront_build_info\{version="[^"]+",node="[^"]+"\} 1$/m);
  assert.match(
    plain.text,
    /^tlsfront_certificate_not_after_timestamp_seconds\{name="localhost",serial="\w+"\} \d+$/m,
  );
  assert.match(plain.text, /^tlsfront_upstream_up\{upstream="127\.0\.0\.1:\d+"\} 1$/m);
  const open = await ask(front, '/metrics', 'GET', 'application/openmetrics-text; version=1.0.0');
  assert.match(open.type, /^application\/openmetrics-text/);
  assert.deepEqual((await ask(front, '/healthz')).text, 'ok\n');
  assert.equal((await ask(front, '/')).status, 404);
  assert.equal((await ask(front, '/metrics', 'POST')).status, 405);
});

test('each metric moves with what it counts', async (t) => {
  const front = await StartedFront.start({
    arguments: [
      ...['--listen', '127.0.0.1:0', '--metrics', '127.0.0.1:0', '--max-connections-per-address', '8'],
      ...[
        '--upstream',
        `/down=127.0.0.1:${await freePort()}`,
        '--hold',
        '1m',
        '--deny',
        '/kept-out=127.0.0.0/8',
      ],
    ],
    app: SAMPLE_APP,
  });
  t.after(() => front.stop());
  const becomes = (name: string, wanted: (value: number) => boolean): Promise<true> =>
    until(async () => wanted(await sum(front, name)), PATIENCE_MS, `another value of ${name}`);
  const open: { close(): void }[] = [];
  t.after(() => {
    for (const one of open) one.close();
  });
  const client = new Client({ port: front.port(), ca: front.ca }, 'h2');
  open.push(client);

  const nowSeconds = Date.now() / 1000;
  for (const name of ['tlsfront_start_time_seconds', 'tlsfront_last_reload_timestamp_seconds']) {
    await becomes(name, (seconds) => Math.abs(seconds - nowSeconds) < 600);
  }
  await becomes('tlsfront_workers{ready="true"}', (count) => count === 1);
  await becomes('tlsfront_process_resident_memory_bytes', (bytes) => bytes > 10_000_000);
  await becomes('tlsfront_process_cpu_seconds_total', (seconds) => seconds > 0 && seconds < 600);
  await becomes('tlsfront_log_lines_lost_total', (lines) => lines === 0);

  await client.request('/echo', { method: 'POST', body: 'x'.repeat(1_234) });
  await becomes('tlsfront_http_request_body_bytes_total', (bytes) => bytes === 1_234);
  const before = await sum(front, 'tlsfront_http_response_body_bytes_total');
  await client.request('/bytes?size=777');
  await becomes('tlsfront_http_response_body_bytes_total', (bytes) => bytes === before + 777);
  await client.request('/hello', { method: 'TRACE' });
  await becomes('tlsfront_http_errors_total{code="method_refused"}', (count) => count === 1);
  // A request that is refused is no connection that was.
  assert.equal((await client.request('/kept-out')).status, 403);
  await becomes('tlsfront_http_errors_total{code="forbidden"}', (count) => count === 1);
  await becomes('tlsfront_connections_refused_total', (count) => count === 0);
  await assert.rejects(client.request('/cut?after=10'));
  await becomes('tlsfront_upstream_errors_total', (count) => count === 1);

  const slow = client.open('/slow?ms=600000').catch(() => undefined);
  const events = await client.open('/sse');
  events.stream.on('error', () => undefined).resume();
  await becomes('tlsfront_http_requests_in_flight', (count) => count === 2);
  await becomes('tlsfront_upstream_requests_in_flight', (count) => count === 2);
  await becomes('tlsfront_event_streams_open', (count) => count === 1);
  const socket = new WebSocket(`wss://localhost:${front.port()}/ws`, { ca: front.ca });
  open.push({ close: () => socket.terminate() });
  await once(socket, 'open');
  await becomes('tlsfront_tunnels_open', (count) => count === 1);
  const held = client.open('/down').catch(() => undefined);
  await becomes('tlsfront_held_requests', (count) => count === 1);

  await becomes('tlsfront_tls_handshakes_total', (count) => count === 2);
  const noise = connect(front.port(), '127.0.0.1', () => noise.end(Buffer.from('160301000401020304', 'hex')));
  noise.on('error', () => undefined).resume();
  await becomes('tlsfront_tls_handshake_failures_total', (count) => count === 1);
  for (let i = 0; i < 9; i += 1) {
    const one = connect(front.port(), '127.0.0.1').on('error', () => undefined);
    open.push({ close: () => one.destroy() });
  }
  await becomes('tlsfront_connections_refused_total', (count) => count > 0);

  process.kill(front.pid('worker'), 'SIGKILL');
  await becomes('tlsfront_worker_restarts_total', (count) => count === 1);
  client.close();
  socket.terminate();
  await Promise.all([slow, held]);
  await becomes('tlsfront_http_requests_in_flight', (count) => count === 0);
  await becomes('tlsfront_tunnels_open', (count) => count === 0);
  await becomes('tlsfront_event_streams_open', (count) => count === 0);
});
