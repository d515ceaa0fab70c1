/** Upstreams by names that move: what is looked up, how often, and what stays when a name vanishes. */
import assert from 'node:assert/strict';
import type { SrvRecord } from 'node:dns';
import { type TestContext, test } from 'node:test';
import { lookUp, MovingUpstreams, type Resolver } from '../../../src/master/moving-upstreams.js';
import { readUpstream } from '../../../src/options/values/upstream-routes.js';
import { formatRouted } from '../../../src/shared/addresses/upstream-text.js';
import { appsOf, complaintOf } from '../../support/settings.js';

/** Answers as a test says; a name that is not there does not exist. */
class Names {
  readonly four = new Map<string, readonly string[]>();
  readonly six = new Map<string, readonly string[]>();
  readonly services = new Map<string, readonly SrvRecord[]>();
  ttl = 0;
  asked = 0;

  readonly resolver: Resolver = {
    resolve4: async (name) => this.find(this.four, name),
    resolve6: async (name) => this.find(this.six, name),
    resolveSrv: async (name) => this.services.get(name) ?? Promise.reject(this.absent()),
  };

  private async find(names: ReadonlyMap<string, readonly string[]>, name: string) {
    this.asked += 1;
    const found = names.get(name);
    if (found === undefined) throw this.absent();
    return found.map((address) => ({ address, ttl: this.ttl }));
  }

  private absent(): Error {
    return Object.assign(new Error('queryA ENOTFOUND'), { code: 'ENOTFOUND' });
  }
}

const WRITTEN: readonly (readonly [string, string])[] = [
  ['dns://app.internal:8080', 'dns://app.internal:8080'],
  ['/api=dns://App.internal:80/,weight=2', '/api=dns://app.internal:80,weight=2'],
  ['dns+h2c://app:8080', 'dns+h2c://app:8080'],
  ['srv://_http._tcp.app.internal', 'srv://_http._tcp.app.internal'],
  ['a.test=srv+https://_https._tcp.app.internal', 'a.test=srv+https://_https._tcp.app.internal'],
];

for (const [text, expected] of WRITTEN) {
  test(`--upstream ${text} is ${expected}`, () =>
    assert.equal(formatRouted(readUpstream('--upstream', text)), expected));
}

const REFUSED: readonly (readonly [string, RegExp])[] = [
  ['dns://app.internal', /a name and a port are needed/],
  ['dns://127.0.0.1:80', /a name and a port are needed/],
  ['dns://app:0', /nothing can be reached on port 0/],
  ['dns://app:x', /'x' is not a port/],
  ['dns+ftp://app:80', /'ftp' is spoken by no app/],
  ['srv://app', /not the name of a service/],
  ['srv://_http._tcp.app:80', /not the name of a service/],
];

for (const [text, expected] of REFUSED) {
  test(`--upstream ${text} is refused: ${expected.source}`, () =>
    assert.match(
      complaintOf(() => readUpstream('--upstream', text)),
      expected,
    ));
}

test('a name is at all its addresses of both families, in an order that does not change', async () => {
  const names = new Names();
  names.four.set('app', ['10.0.0.2', '10.0.0.1']);
  names.six.set('app', ['fd00::1']);
  names.ttl = 30;
  const found = await lookUp(readUpstream('', 'dns://app:80'), names.resolver);
  assert.deepEqual(
    [found.lifeMs, found.addresses.map(({ host, port }) => `${host} ${port}`)],
    [30_000, ['10.0.0.1 80', '10.0.0.2 80', 'fd00::1 80']],
  );
});

test('a service is at the hosts of its lowest priority, with their ports and weights', async () => {
  const names = new Names();
  names.services.set('_http._tcp.app', [
    { name: 'b', port: 2, priority: 1, weight: 3 },
    { name: 'a', port: 1, priority: 1, weight: 0 },
    { name: 'spare', port: 3, priority: 2, weight: 1 },
  ]);
  names.four.set('a', ['10.0.0.1']);
  names.four.set('b', ['10.0.0.2']);
  const { addresses } = await lookUp(readUpstream('', 'srv://_http._tcp.app'), names.resolver);
  assert.deepEqual(addresses, [
    { host: '10.0.0.1', port: 1, weight: 1, name: 'a' },
    { host: '10.0.0.2', port: 2, weight: 3, name: 'b' },
  ]);
});

/** Lets what was looked up arrive. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

function watch(t: TestContext, names: Names, text: string) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const lines: string[] = [];
  let moves = 0;
  const log = { line: (line: string) => lines.push(line), warning: (line: string) => lines.push(line) };
  const moving = new MovingUpstreams(
    { apps: appsOf(text), dnsServers: [] },
    log,
    () => {
      moves += 1;
    },
    names.resolver,
  );
  t.after(() => moving.stop());
  const hosts = (): string =>
    moving.all.flatMap(({ addresses }) => addresses.map(({ host }) => host)).join(' ');
  return { moving, lines, hosts, moves: () => moves };
}

test('a name is asked for again when its records have lived, at least 5 s, and moves with them', async (t) => {
  const names = new Names();
  names.four.set('app', ['10.0.0.1']);
  const { moving, hosts, moves } = watch(t, names, 'dns://app:80');
  await moving.start();
  assert.deepEqual([hosts(), moves(), names.asked], ['10.0.0.1', 1, 2]);
  names.four.set('app', ['10.0.0.2']);
  names.ttl = 20;
  t.mock.timers.tick(4_999);
  await settle();
  assert.equal(names.asked, 2, 'a record that lives for no time is asked for every 5 s');
  t.mock.timers.tick(1);
  await settle();
  assert.deepEqual([hosts(), moves(), names.asked], ['10.0.0.2', 2, 4]);
  t.mock.timers.tick(19_999);
  await settle();
  assert.equal(names.asked, 4);
  t.mock.timers.tick(1);
  await settle();
  assert.deepEqual([names.asked, moves()], [6, 2], 'the same addresses are no news');
  moving.stop();
  t.mock.timers.tick(100_000);
  await settle();
  assert.equal(names.asked, 6);
});

test('a name that vanishes keeps its last addresses and says so once, and again when it is back', async (t) => {
  const names = new Names();
  names.four.set('app', ['10.0.0.1']);
  const { moving, lines, hosts } = watch(t, names, 'dns://app:80');
  await moving.start();
  names.four.delete('app');
  for (let times = 0; times < 3; times += 1) {
    t.mock.timers.tick(5_000);
    await settle();
  }
  assert.equal(hosts(), '10.0.0.1');
  assert.deepEqual(lines, ['dns://app:80 is not found (ENOTFOUND): its last addresses are kept']);
  names.four.set('app', ['10.0.0.1']);
  t.mock.timers.tick(5_000);
  await settle();
  assert.deepEqual(lines.slice(1), ['dns://app:80 is found again']);
});

test('a name that is not there yet is told, and found later', async (t) => {
  const names = new Names();
  const { moving, lines, hosts } = watch(t, names, 'dns://app:80');
  await moving.start();
  assert.deepEqual(
    [hosts(), lines],
    ['', ['dns://app:80 is not found (ENOTFOUND): nothing is sent there yet']],
  );
  names.four.set('app', ['10.0.0.1']);
  t.mock.timers.tick(5_000);
  await settle();
  assert.equal(hosts(), '10.0.0.1');
});
