/** Metrics: how samples become one, how they are written, and that docs, dashboard and alert rules name what there is. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createCounters } from '../../../proxy/exchange/counters.js';
import { Measures } from '../../../proxy/exchange/measures.js';
import { formFor, metricsText } from '../../../src/master/metrics/metrics-text.js';
import {
  lastingSamples,
  METRICS,
  type Metric,
  mergeSamples,
  metricOf,
  sampleName,
} from '../../../src/shared/metrics.js';
import { MISSING, requireTool } from '../../support/tools.js';
import { PACKAGE_ROOT } from '../../support/workspace.js';

const REQUEST = 'tlsfront_http_requests_total{port="443",route="/api",method="GET",code="200"}';
const DURATION = 'tlsfront_http_request_duration_seconds';

function measured() {
  const measures = new Measures();
  measures.ended(443, '/api', 'GET', 200, 7);
  measures.ended(443, '/api', 'GET', 200, 10_000);
  measures.ended(443, '/api', 'GET', 200, 10_001);
  measures.ended(443, '/api', 'BREW', 200, 5);
  measures.ended(443, '', 'GET', 101, null);
  measures.failed('no_route');
  measures.handshake('TLSv1.3', 'h2', true);
  const upstreams = [
    { name: '127.0.0.1:1', up: true, inFlight: 2, app: { name: 'app' }, leaving: undefined },
    { name: 'unix:/a"b\\c', up: false, inFlight: 0, app: { name: 'app' }, leaving: undefined },
  ];
  return measures.read(createCounters(), upstreams, 0);
}

test('requests are counted by port, route, method and status; a method that nobody knows is other', () => {
  const samples = measured();
  assert.equal(samples[REQUEST], 3);
  assert.equal(samples[REQUEST.replace('GET', 'other')], 1);
  assert.equal(samples[REQUEST.replace('/api', '').replace('200', '101')], 1);
});

test('what is in flight at a version that leaves is counted by its app, apart from the address as another serves by it', () => {
  const name = '127.0.0.1:1';
  const upstreams = [
    { name, up: true, inFlight: 2, app: { name: 'shop' }, leaving: 'draining' },
    { name, up: true, inFlight: 3, app: { name: 'blog' }, leaving: undefined },
  ];
  const samples = new Measures().read(createCounters(), upstreams, 0);
  const label = { upstream: name };
  assert.equal(samples[sampleName('tlsfront_upstream_requests_leaving', { app: 'shop', ...label })], 2);
  assert.equal(samples[sampleName('tlsfront_upstream_requests_in_flight', label)], 3);
});

test('strangers cannot make series: a thousand methods are one', () => {
  const measures = new Measures();
  for (let index = 0; index < 1000; index += 1) measures.ended(443, '', `M${index}`, 200 + index, 1);
  const names = Object.keys(measures.read(createCounters(), [], 0));
  assert.ok(names.filter((name) => name.includes('requests_total')).length <= 600);
  assert.deepEqual(
    names.filter((name) => name.includes('M1')),
    [],
  );
});

test('the histogram adds up, its bounds belong to the lower bucket, and tunnels are left out', () => {
  const samples = measured();
  const bucket = (le: string, route = '/api') =>
    samples[sampleName(`${DURATION}_bucket`, { port: 443, route, le })];
  assert.deepEqual(
    ['0.005', '0.01', '7.5', '10', '+Inf'].map((le) => bucket(le)),
    [1, 2, 2, 3, 4],
  );
  assert.equal(samples[sampleName(`${DURATION}_count`, { port: 443, route: '/api' })], 4);
  assert.equal(samples[sampleName(`${DURATION}_sum`, { port: 443, route: '/api' })], 20.013);
  assert.equal(bucket('+Inf', ''), 0);
});

test('samples of several routers are added up, but an app is up only where all say so', () => {
  const up = 'tlsfront_upstream_up{upstream="a"}';
  assert.deepEqual(mergeSamples([{ [REQUEST]: 2, [up]: 1 }, { [REQUEST]: 3, [up]: 0 }, {}]), {
    [REQUEST]: 5,
    [up]: 0,
  });
});

test('what only grows stays of a process that has ended', () => {
  const samples = {
    [REQUEST]: 2,
    tlsfront_connections_open: 1,
    [`${DURATION}_sum`]: 3,
    [`${DURATION}_bucket{le="1"}`]: 4,
  };
  const { tlsfront_connections_open: _open, ...rest } = samples;
  assert.deepEqual(lastingSamples(samples), rest);
});

test('every sample of a router belongs to a metric of the table', () => {
  assert.deepEqual(
    Object.keys(measured()).filter((name) => metricOf(name) === null),
    [],
  );
});

test('label values are escaped', () => {
  assert.equal(sampleName('a', { b: 'c"d\\e\nf' }), 'a{b="c\\"d\\\\e\\nf"}');
});

test('the text has help and type before the samples of each metric, and OpenMetrics its own names and end', () => {
  const samples = { tlsfront_connections_open: 1, tlsfront_connections_total: 2 };
  const plain = metricsText(samples, 'prometheus');
  assert.match(
    plain,
    /^# HELP tlsfront_connections_total [^\n]+\n# TYPE tlsfront_connections_total counter\ntlsfront_connections_total 2\n# HELP tlsfront_connections_open /,
  );
  const open = metricsText(samples, 'openmetrics');
  assert.match(
    open,
    /^# HELP tlsfront_connections [^\n]+\n# TYPE tlsfront_connections counter\ntlsfront_connections_total 2\n/,
  );
  assert.match(open, /\n# EOF\n$/);
});

test('OpenMetrics is for those that ask for it', () => {
  assert.equal(formFor('application/openmetrics-text;version=1.0.0,text/plain;q=0.5'), 'openmetrics');
  assert.equal(formFor('*/*'), 'prometheus');
  assert.equal(formFor(undefined), 'prometheus');
});

test('promtool finds nothing wrong with the text or the alert rules', (t) => {
  const promtool = requireTool(t, 'promtool');
  if (promtool === MISSING) return;
  const text = metricsText(measured(), 'prometheus');
  const metrics = spawnSync(promtool, ['check', 'metrics'], { input: text, encoding: 'utf8' });
  assert.deepEqual([metrics.status, metrics.stdout, metrics.stderr], [0, '', '']);
  const file = join(PACKAGE_ROOT, 'docs/metrics/alerts.yml');
  const rules = spawnSync(promtool, ['check', 'rules', file], { encoding: 'utf8' });
  assert.equal(rules.status, 0, rules.stdout + rules.stderr);
});

function namesIn(file: string): readonly string[] {
  const text = readFileSync(join(PACKAGE_ROOT, file), 'utf8');
  return [...new Set([...text.matchAll(/\btlsfront_\w+/g)].map(([name]) => name))];
}

test('the dashboard, the alert rules and docs/metrics.md name no metric that does not exist', () => {
  const files = ['docs/metrics/dashboard.json', 'docs/metrics/alerts.yml', 'docs/metrics.md'];
  assert.deepEqual(
    files.flatMap(namesIn).filter((name) => metricOf(name) === null),
    [],
  );
});

for (const [name, metric] of Object.entries<Metric>(METRICS)) {
  test(`docs/metrics.md has the row of ${name}`, () => {
    const lines = readFileSync(join(PACKAGE_ROOT, 'docs/metrics.md'), 'utf8').split('\n');
    const rows = lines.filter((line) => line.startsWith(`| \`${name}\` |`)).map((line) => line.split(' | '));
    assert.equal(rows.length, 1);
    assert.equal(rows[0]?.[1], metric.type);
    assert.equal(rows[0]?.[3], `${metric.help} |`);
    assert.equal(name.endsWith('_total'), metric.type === 'counter');
  });
}
