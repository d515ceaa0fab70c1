/** The picture of `tlsfront top`: numbers from two looks at the metrics, and lines that fit every terminal. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { figuresBetween, Look } from '../../../src/commands/control/top-figures.js';
import { drawFrame, type TopData, type View } from '../../../src/commands/control/top-frame.js';
import { NO_INTERVENTIONS } from '../../../src/shared/messages/interventions.js';
import type { RecentRequest } from '../../../src/shared/messages/recent-requests.js';

const NAME = 'tlsfront_http_request_duration_seconds';

/** Metrics after so many requests of 200 and 503, of which so many took up to 10 ms and the others up to 1 s. */
function metrics(well: number, failed: number, fast: number): string {
  const all = well + failed;
  return [
    '# HELP tlsfront_http_requests_total Requests.',
    `tlsfront_http_requests_total{port="443",route="a.test/\\"x\\"",method="GET",code="200"} ${well}`,
    `tlsfront_http_requests_total{port="443",route="a.test/\\"x\\"",method="GET",code="503"} ${failed}`,
    `${NAME}_bucket{port="443",route="a.test/\\"x\\"",le="0.01"} ${fast}`,
    `${NAME}_bucket{port="443",route="a.test/\\"x\\"",le="1"} ${all}`,
    `${NAME}_bucket{port="443",route="a.test/\\"x\\"",le="+Inf"} ${all}`,
    `${NAME}_sum{port="443",route="a.test/\\"x\\""} ${all * 0.02}`,
    `${NAME}_count{port="443",route="a.test/\\"x\\""} ${all}`,
    'tlsfront_http_requests_in_flight 3',
    'tlsfront_upstream_up{upstream="127.0.0.1:8080"} 0',
    'tlsfront_upstream_requests_in_flight{upstream="127.0.0.1:8080"} 2',
    '',
  ].join('\n');
}

const FIGURES = figuresBetween(new Look(metrics(100, 0, 100), 0), new Look(metrics(160, 40, 180), 2000));

function request(change: Partial<RecentRequest>): RecentRequest {
  return {
    ...{
      atMs: 0,
      method: 'GET',
      host: 'a.test',
      path: '/',
      protocol: 'HTTP/2.0',
      status: 200,
      durationMs: 5,
    },
    ...{ bytes: 10, remote: '192.0.2.1', upstream: '127.0.0.1:8080', requestId: 'id-1', error: '' },
    ...change,
  };
}

const DATA: TopData = {
  status: {
    version: '0.1.0',
    node: '24',
    pid: 812,
    state: 'serving',
    uptimeSeconds: 3700,
    listeners: [],
    upstreams: [],
    counters: {},
    routers: [
      { id: 1, pid: 819, state: 'serving', counters: null },
      { id: 2, pid: 820, state: 'draining', counters: null },
    ],
    workers: [{ id: 1, pid: 830, address: '', ready: true }],
    certificates: [{ names: ['a.test', 'b.test'], notAfter: '', secondsLeft: 3 * 86_400 + 5, file: null }],
    interventions: NO_INTERVENTIONS,
    lastReload: null,
    logFile: null,
  },
  figures: FIGURES,
  requests: {
    latest: [request({ path: '/new' }), request({ path: '/bad', status: 502, error: 'upstream_connect' })],
    slowest: [request({ path: `/${'slow'.repeat(100)}`, durationMs: 1234 }), request({ path: '/quick' })],
  },
};
const VIEW: View = { order: 'slowest', selected: 0, opened: null, isPaused: false };
const SCREEN = { columns: 80, rows: 24, coloured: false };

function frame(view: Partial<View> = {}, screen = SCREEN): string {
  return drawFrame(DATA, { ...VIEW, ...view }, screen, new Date()).join('\n');
}

test('two looks make rates, quantiles and shares', () => {
  const { perSecond, p50Ms, p95Ms, serverErrorShare, inFlight, routes, upstreams } = FIGURES;
  assert.deepEqual([perSecond, p50Ms, p95Ms, serverErrorShare, inFlight], [50, 10, 1000, 0.4, 3]);
  assert.deepEqual(routes, [
    { port: '443', route: 'a.test/"x"', perSecond: 50, averageMs: 20, failedShare: 0.4 },
  ]);
  assert.deepEqual(upstreams, [{ name: '127.0.0.1:8080', state: 'left out', inFlight: 2 }]);
});

test('without requests there are no quantiles, and a front that was restarted counts nothing backwards', () => {
  const still = figuresBetween(new Look(metrics(100, 0, 100), 0), new Look(metrics(100, 0, 100), 1000));
  assert.deepEqual([still.perSecond, still.p99Ms, still.routes[0]?.averageMs], [0, null, null]);
  assert.equal(figuresBetween(new Look(metrics(9, 0, 9), 0), new Look(metrics(1, 0, 1), 1000)).perSecond, 0);
  assert.equal(figuresBetween(new Look('', 0), new Look('', 0)).perSecond, 0);
});

test('a frame of 80 columns and 24 rows has everything, and no line is wider', () => {
  const text = frame();
  for (const part of [
    /^tlsfront 0\.1\.0 {2}pid 812 {2}serving for 1 h 1 min .*\d\d:\d\d:\d\d$/m,
    /requests\/s 50\.0 {3}p50 <10 ms {2}p95 <1 s .*5xx 40 %/,
    /a\.test\/"x" :443 +50\.0 +20\.0 ms +40 %/,
    /127\.0\.0\.1:8080 +left out +2/,
    /http 1 \(819\) HANGS {3}http 2 \(820\) HANGS {3}app 1 \(830\) ready/,
    /a\.test b\.test +3 days left/,
    /REQUESTS, slowest\n> \d\d:\d\d:\d\d +1234\.0 ms 200 GET a\.test\/slowslow/,
    /q quit/,
  ])
    assert.match(text, part);
  const lines = text.split('\n');
  assert.ok(lines.length <= 24, `${lines.length}`);
  assert.ok(lines.every((line) => line.length <= 80));
});

test('the old version of a deploy drains, whatever its route', () => {
  for (const address of [
    '127.0.0.1:8080',
    '/api=127.0.0.1:8080',
    'a.test/x=127.0.0.1:8080,weight=2,proxy=v1',
  ]) {
    const upstreams = [{ address, ready: true, state: 'leaving' as const }];
    const text = drawFrame({ ...DATA, status: { ...DATA.status, upstreams } }, VIEW, SCREEN, new Date());
    assert.match(text.join('\n'), /127\.0\.0\.1:8080 +drains +2/);
  }
});

test('a small terminal gets what fits', () => {
  for (const [columns, rows] of [
    [40, 10],
    [1, 1],
    [20, 3],
  ] as const) {
    const lines = drawFrame(DATA, VIEW, { columns, rows, coloured: false }, new Date());
    assert.ok(lines.every((line) => line.length <= columns));
    assert.ok(lines.length <= Math.max(2, rows), `${lines.length} of ${rows}`);
  }
});

test('the order chooses the list; an opened request is shown whole', () => {
  assert.match(frame({ order: 'latest', selected: 1 }), /latest\n {2}.*\/new\n> .* 502 GET a\.test\/bad/);
  assert.match(frame({ order: 'failed' }), /failed\n> .*\/bad\n(?!.*\/new)/);
  const opened = frame({ opened: DATA.requests.latest[1] ?? null, isPaused: true });
  assert.match(opened, /PAUSED/);
  assert.match(opened, /status +502, upstream_connect\n[\s\S]*app +127\.0\.0\.1:8080\nid +id-1/);
});
