/** `tlsfront maintenance`: a page with 503 in the apps' place, whom it spares, and that it lasts over a reload and a restart. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { NamedApp, startControlled } from '../support/controlled.js';
import { makeWorkspace, type Workspace } from '../support/workspace.js';

const OPTIONS = ['--health-answer', '/up', '--trusted-proxies', '127.0.0.1'];
const PAGE = { accept: 'text/html' };

/** The one file that keeps what is in force; undefined: there is none. */
function keptFile(folder: Workspace): string | undefined {
  const kept = readdirSync(folder.at('tlsfront/front')).filter((name) => name.startsWith('interventions-'));
  return kept[0] === undefined ? undefined : join(folder.at('tlsfront/front'), kept[0]);
}

for (const engine of ['direct', 'library']) {
  test(`requests get a page, but for health checks and whom it spares (${engine})`, async (t) => {
    const app = await NamedApp.start(t, 'app');
    const { client, control } = await startControlled(
      t,
      makeWorkspace(t),
      ...['--upstream', app.address, '--engine', engine, ...OPTIONS],
    );
    const query = new URLSearchParams({ message: 'Back at <b>noon</b> & "well"', allow: '203.0.113.0/24' });
    await control.ask('POST', `/v1/maintenance/on?${query}`);
    const one = client();
    const page = await one.request('/', { headers: PAGE });
    assert.equal(page.status, 503);
    assert.equal(page.headers['retry-after'], '60');
    assert.equal(page.headers['cache-control'], 'no-store');
    assert.match(page.text, /<p>Back at &lt;b>noon&lt;\/b> &amp; &quot;well&quot;<\/p>/);
    const data = await one.request('/', { headers: { accept: 'application/json' } });
    assert.equal(JSON.parse(data.text).error.message, 'Back at <b>noon</b> & "well"');
    assert.equal((await one.request('/', { method: 'POST', body: 'x'.repeat(70_000) })).status, 503);
    assert.equal((await one.request('/', { method: 'HEAD' })).status, 503);
    assert.equal((await one.request('/up')).text, 'ok\n');
    const spared = { 'x-forwarded-for': '203.0.113.9' };
    assert.equal((await one.request('/spared', { headers: spared })).text, 'app');
    const other = { 'x-forwarded-for': '203.0.114.9' };
    assert.equal((await one.request('/', { headers: other })).status, 503);
    assert.deepEqual([...new Set(app.asked)], ['/spared']);
    await control.ask('POST', '/v1/maintenance/off');
    assert.equal((await client().request('/')).text, 'app');
  });
}

test('it lasts over a reload and a restart, which says so, until it is taken back', async (t) => {
  const folder = makeWorkspace(t);
  const app = await NamedApp.start(t, 'app');
  const other = await NamedApp.start(t, 'other');
  const upstreams = ['--upstream', app.address, '--upstream', other.address];
  const first = await startControlled(t, folder, ...upstreams);
  const on = await first.order('maintenance', 'on', '--message', 'Moving house', '--allow', '10.0.0.0/8');
  assert.equal(on.code, 0, on.stderr);
  const words = /maintenance is on since \d{4}-\S+Z, except from 10\.0\.0\.0\/8: Moving house/;
  assert.match(on.stdout, words);
  await first.post(`/v1/drain?upstream=${other.address}`);
  assert.match((await first.order('status')).stdout, words);
  assert.match((await first.order('top', '--once')).stdout, /serving \(MAINTENANCE\) for/);
  assert.match(await first.control.metrics(), /^tlsfront_maintenance 1$/m);
  await first.post('/v1/reload');
  assert.match((await first.client().request('/')).text, /Moving house/);
  await first.front.stop();

  const second = await startControlled(t, folder, ...upstreams);
  assert.match(
    second.front.log,
    /warning: as before the restart: maintenance is on: requests are answered with 503, except from 10\.0\.0\.0\/8; \S+ is drained\n.*hint: tlsfront maintenance off, tlsfront undrain \S+ ends that/,
  );
  assert.match((await second.client().request('/')).text, /Moving house/);
  assert.equal((await second.order('maintenance', 'off')).stdout, 'maintenance is off\n');
  assert.equal((await second.client().request('/')).text, 'app');
  for (const [code, args, pattern] of [
    [1, ['maintenance', 'off'], /^error: maintenance is not on\nhint: /],
    [2, ['maintenance', 'maybe'], /^error: maintenance has no 'maybe'\nhint: /],
    [
      2,
      ['maintenance', 'off', '--message', 'x'],
      /^error: --message and --allow are for maintenance on\nhint: /,
    ],
    [2, ['maintenance', 'on', '--allow', 'home'], /^error: "home" is no address\nhint: /],
    [
      2,
      ['maintenance', 'on', '--message', 'a\u0007b'],
      /^error: the message is empty, too long or has control/,
    ],
    [2, ['maintenance', 'on', 'now'], /^error: maintenance takes fewer words/],
  ] as const) {
    const failed = await second.order(...args);
    assert.equal(failed.code, code, `${args.join(' ')}: ${failed.stderr}`);
    assert.match(failed.stderr, pattern);
  }
  await second.control.ask('POST', `/v1/undrain?upstream=${other.address}`);
  assert.equal(keptFile(folder), undefined);
  await second.control.ask('POST', '/v1/maintenance/on');
  await second.front.stop();

  const file = keptFile(folder) ?? '';
  writeFileSync(file, readFileSync(file, 'utf8').slice(0, 20));
  const third = await startControlled(t, folder, ...upstreams);
  assert.match(
    third.front.log,
    /error: what was ordered before the restart is not in force: \S+: it is not what tlsfront writes/,
  );
  assert.equal((await third.client().request('/')).status, 200);
});
