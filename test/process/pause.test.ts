/** `tlsfront pause` and `resume`: requests wait with their bodies unread, go on in order, and get 503 where it takes too long. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type TestContext, test } from 'node:test';
import { listenLocally } from '../support/app-behind.js';
import { type Controlled, startControlled } from '../support/controlled.js';
import { until } from '../support/deadline.js';
import { Client } from '../support/https-client.js';
import { PATIENCE_MS } from '../support/started-front.js';
import { makeWorkspace } from '../support/workspace.js';

const BODY_BYTES = 24 * 1024 ** 2;

/** Answers with the number of body bytes. Returns its address, and the paths in the order in which they came. */
async function startApp(t: TestContext): Promise<{ readonly address: string; readonly asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    request.once('end', () => response.end(`${bytes} bytes`));
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { address: `127.0.0.1:${await listenLocally(server)}`, asked };
}

async function measure({ control }: Controlled, name: string): Promise<number> {
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(await control.metrics())?.[1]);
}

function holds(controlled: Controlled, count: number): Promise<boolean> {
  return until(
    async () => (await measure(controlled, 'tlsfront_paused_requests')) === count,
    PATIENCE_MS,
    `${count} requests on hold`,
  );
}

for (const engine of ['direct', 'library']) {
  test(`requests wait with their bodies unread, over a reload too, and go on in order (${engine})`, async (t) => {
    const app = await startApp(t);
    const folder = makeWorkspace(t);
    const controlled = await startControlled(
      t,
      folder,
      ...['--listen', '127.0.0.1:0', '--upstream', app.address, '--engine', engine],
      ...['--max-upstream-connections', '1'],
    );
    const { client, control, front, post } = controlled;
    const ca = readFileSync(folder.at('tlsfront/development/authority.pem'), 'utf8');
    const [secure, left] = [1, 2].map(() => new Client({ port: front.port('https'), ca }, 'h2'));
    assert.ok(secure !== undefined && left !== undefined);
    t.after(() => secure.close());
    await control.ask('POST', '/v1/pause?seconds=600');
    const body = Buffer.alloc(BODY_BYTES);
    const answers = [client().request('/1')];
    await holds(controlled, 1);
    answers.push(client().request('/2', { method: 'POST', body }));
    await holds(controlled, 2);
    answers.push(secure.request('/3', { method: 'PUT', body }));
    await holds(controlled, 3);
    answers.push(client().request('/4'));
    await holds(controlled, 4);
    const small = client().request('/small', { method: 'POST', body: 'x' });
    await holds(controlled, 5);
    const gone = left.request('/gone').catch(() => 'gone');
    await holds(controlled, 6);
    left.close();
    assert.equal(await gone, 'gone');
    await holds(controlled, 5);
    const taken = await measure(controlled, 'tlsfront_http_request_body_bytes_total');
    assert.ok(taken < BODY_BYTES / 4, `${taken} bytes were taken`);
    await post('/v1/reload');
    const later = client().request('/later');
    await holds(controlled, 6);
    assert.deepEqual(app.asked, []);
    assert.equal(await measure(controlled, 'tlsfront_paused'), 1);
    await control.ask('POST', '/v1/resume');
    const texts = (await Promise.all(answers)).map(({ text }) => text);
    assert.deepEqual(texts, ['0 bytes', `${BODY_BYTES} bytes`, `${BODY_BYTES} bytes`, '0 bytes']);
    assert.equal((await small).text, '1 bytes');
    assert.equal((await later).status, 200);
    // Those with a body wait for it first, and another generation's router has its own order.
    assert.deepEqual(
      app.asked.filter((path) => path === '/1' || path === '/4'),
      ['/1', '/4'],
    );
    assert.equal(app.asked.length, 6, 'each once');
    assert.equal(await measure(controlled, 'tlsfront_paused_requests'), 0);
  });
}

test('the commands; who waits too long, and who finds no place, gets 503 with words', async (t) => {
  const app = await startApp(t);
  const controlled = await startControlled(
    t,
    makeWorkspace(t),
    '--upstream',
    app.address,
    ...['--max-upstream-queue', '1'],
  );
  const { client, control, order } = controlled;
  const paused = await order('pause', '--max', '10m');
  assert.equal(paused.code, 0, paused.stderr);
  const words = /requests are paused since \d{4}-\S+Z: each waits for 600 s at most/;
  assert.match(paused.stdout, words);
  assert.match((await order('status')).stdout, words);

  const first = client().request('/first');
  await holds(controlled, 1);
  const full = await client().request('/full');
  assert.equal(full.status, 503);
  assert.match(full.text, /The server is busy/);
  assert.equal((await order('resume')).stdout, 'the pause is over: requests go to the apps\n');
  assert.equal((await first).text, '0 bytes');

  await control.ask('POST', '/v1/pause?seconds=0.1');
  const late = await client().request('/late', { method: 'POST', body: 'x' });
  assert.equal(late.status, 503);
  assert.match(late.text, /The service stands still for a moment, which took too long/);
  assert.equal(late.headers['retry-after'], '2');
  assert.deepEqual(app.asked, ['/first']);
  await control.ask('POST', '/v1/resume');
  for (const [code, args, pattern] of [
    [
      1,
      ['drain', app.address],
      /^error: \S+ is the last one that takes requests here\nhint: there is no other: tlsfront pause/,
    ],
    [1, ['resume'], /^error: requests are not paused\nhint: /],
    [2, ['pause', '--max', 'long'], /^error: --max 'long' is no duration\nhint: /],
    [2, ['pause', '--max', '0'], /^error: requests cannot wait for 0 s\nhint: /],
    [2, ['pause', '--max', '2h'], /^error: requests cannot wait for 7200 s\nhint: .*maintenance/],
    [2, ['pause', '30s'], /^error: pause takes fewer words/],
  ] as const) {
    const failed = await order(...args);
    assert.equal(failed.code, code, `${args.join(' ')}: ${failed.stderr}`);
    assert.match(failed.stderr, pattern);
  }
  assert.equal((await client().request('/on')).status, 200);
});
