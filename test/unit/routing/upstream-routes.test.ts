/** Routes as users write them, which request takes which, and how the upstreams of one share its requests. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OutgoingFields } from '../../../proxy/exchange/headers/outgoing-fields.js';
import { RouteTable } from '../../../proxy/routing/route-table.js';
import { createUpstream, type Upstream } from '../../../proxy/routing/upstream.js';
import { NO_LINES } from '../../../proxy/wire/syntax/field-lines.js';
import { readUpstream } from '../../../src/options/values/upstream-routes.js';
import { formatRouted } from '../../../src/shared/addresses/upstream-text.js';
import { complaintOf, resolveGiven } from '../../support/settings.js';

const WRITTEN: readonly (readonly [string, string])[] = [
  ['3000', 'localhost:3000'],
  ['=3000', 'localhost:3000'],
  ['/=3000', 'localhost:3000'],
  ['/api=9000', '/api=localhost:9000'],
  ['/api/=9000', '/api=localhost:9000'],
  ['App.Test=3000', 'app.test=localhost:3000'],
  ['app.test/api/v1=127.0.0.1:9000', 'app.test/api/v1=127.0.0.1:9000'],
  ['*.app.test=3000', '*.app.test=localhost:3000'],
  ['192.168.1.5=3000', '192.168.1.5=localhost:3000'],
  ['[::1]=3000', '[::1]=localhost:3000'],
  ['unix:/run/a=b.sock', 'unix:/run/a=b.sock'],
  ['/api=unix:/run/a=b.sock', '/api=unix:/run/a=b.sock'],
  ['http://localhost:80', 'localhost:80'],
  ['/api=http://app:8080', '/api=app:8080'],
  ['/u=uwsgi://127.0.0.1:3031,weight=3', '/u=uwsgi://127.0.0.1:3031,weight=3'],
  ['3000,weight=1', 'localhost:3000'],
];

for (const [text, expected] of WRITTEN) {
  test(`--upstream ${text} is ${expected}`, () => {
    assert.equal(formatRouted(readUpstream('--upstream', text)), expected);
  });
}

const REFUSED: readonly (readonly [string, RegExp])[] = [
  ['app.test:80=3000', /a route has no port/],
  ['a b=3000', /neither a host name nor an address/],
  ['/a b=3000', /no path of a route/],
  ['/a?b=3000', /no path of a route/],
  ['/a/../b=3000', /no path of a route/],
  ['//a=3000', /no path of a route/],
  ['3000,weight=0', /'0' is not a weight/],
  ['3000,weight=1.5', /'1\.5' is not a weight/],
  ['3000,weight=9999', /'9999' is not a weight/],
  ['/api=', /the port is missing/],
  ['/api=/users', /a socket file needs its scheme/],
];

for (const [text, expected] of REFUSED) {
  test(`--upstream '${text}' is refused: ${expected.source}`, () => {
    assert.match(
      complaintOf(() => readUpstream('--upstream', text)),
      expected,
    );
  });
}

/** The routes of these upstreams, all of which are up. */
function tableOf(texts: readonly string[], stripPrefix = false): [table: RouteTable, upstreams: Upstream[]] {
  const { apps } = resolveGiven({
    flags: { upstream: texts, ...(stripPrefix && { stripPrefix: ['true'] }) },
  });
  const upstreams = apps.flatMap((app, index) =>
    app.upstreams.map((upstream, id) =>
      createUpstream(
        { ...upstream, app: index, hostName: null, id, key: `k${id}`, needsLength: false, ready: true },
        app,
      ),
    ),
  );
  return [new RouteTable(apps, upstreams), upstreams];
}

const [TABLE] = tableOf([
  '/=1',
  '/api=2',
  '/api/v1=3',
  'app.test=4',
  'app.test/api=5',
  '*.app.test=6',
  '*.deep.app.test=7',
  'only.test/here=8',
]);

const FOUND: readonly (readonly [host: string, path: string, port: number])[] = [
  ['x.test', '/', 1],
  ['x.test', '/apis', 1],
  ['x.test', '/api', 2],
  ['x.test', '/api?x', 2],
  ['x.test', '/api/', 2],
  ['x.test', '/api/v1/users', 3],
  ['x.test', '/api/v10', 2],
  ['app.test', '/', 4],
  ['app.test', '/api/v1', 5],
  ['a.app.test', '/api', 6],
  ['a.b.app.test', '/', 6],
  ['a.deep.app.test', '/', 7],
  ['deep.app.test', '/', 6],
  ['only.test', '/here', 8],
  ['only.test', '/there', 1],
  ['xapp.test', '/', 1],
];

for (const [host, path, port] of FOUND) {
  test(`${host}${path} goes to port ${port}`, () => {
    assert.equal(TABLE.find(host, path)?.upstreams[0]?.port, port);
  });
}

test('what no route takes has none', () => {
  const [table] = tableOf(['/api=1', 'app.test=2']);
  assert.equal(table.find('x.test', '/'), null);
  assert.equal(table.find('x.test', '/api')?.upstreams[0]?.port, 1);
});

test('a prefix is taken off, and a path stays', () => {
  const route = tableOf(['/api=1'], true)[0].find('', '/api');
  assert.deepEqual(
    ['/api', '/api/', '/api?x=1', '/api/users'].map((path) => route?.strip(path, own([]))),
    ['/', '/', '/?x=1', '/users'],
  );
});

test('an app whose prefix is taken off is told of it once', () => {
  const route = tableOf(['/api=1'], true)[0].find('', '/api');
  const headers = ['host', 'app.test'];
  route?.strip('/api/users', own(headers));
  route?.strip('/api/users', own(headers));
  assert.deepEqual(headers, ['host', 'app.test', 'x-forwarded-prefix', '/api']);
});

test('without --strip-prefix the app gets the whole path and is told nothing', () => {
  const route = tableOf(['/api=1'])[0].find('', '/api');
  const headers: string[] = [];
  assert.equal(route?.strip('/api/users', own(headers)), '/api/users');
  assert.deepEqual(headers, []);
});

function own(headers: string[]): OutgoingFields {
  return { repeated: NO_LINES, own: headers };
}

function picks(route: ReturnType<RouteTable['find']>, count: number): string {
  return Array.from({ length: count }, () => route?.pick()?.port ?? '-').join(' ');
}

test('idle upstreams take turns', () => {
  assert.equal(picks(tableOf(['1', '2', '3'])[0].find('', '/'), 6), '1 2 3 1 2 3');
});

test('weights decide the turns of idle upstreams, spread out', () => {
  assert.equal(picks(tableOf(['1,weight=3', '2'])[0].find('', '/'), 8), '1 1 2 1 1 1 2 1');
});

test('fewest in flight for the weight is first', () => {
  const [table, [heavy, light]] = tableOf(['1,weight=4', '2']);
  if (heavy === undefined || light === undefined) return assert.fail();
  const route = table.find('', '/');
  heavy.inFlight = 3;
  light.inFlight = 1;
  assert.equal(route?.pick(), heavy);
  heavy.inFlight = 5;
  assert.equal(route?.pick(), light);
});

test('who is down or was tried is passed over, and the last one is not another', () => {
  const [table, [first, second, third]] = tableOf(['1', '2', '3']);
  if (first === undefined || second === undefined || third === undefined) return assert.fail();
  const route = table.find('', '/');
  first.up = false;
  assert.equal(route?.pick([second]), third);
  assert.equal(route?.pick([second, third]), null);
  assert.equal(route?.hasOther(third), true);
  second.up = false;
  assert.equal(route?.hasOther(third), false);
  assert.equal(route?.find(['k1', 'k2']), third);
});
