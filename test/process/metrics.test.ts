/** The metrics of a running front: of all its routers, through a reload and the death of a router. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { type TestContext, test } from 'node:test';
import { until } from '../support/deadline.js';
import { Client } from '../support/https-client.js';
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
