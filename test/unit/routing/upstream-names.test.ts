/** Names of upstreams: both families, an address kept for a while, and looked up anew when it is old or refuses. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { type TestContext, test } from 'node:test';
import { createUpstream, type Upstream } from '../../../proxy/routing/upstream.js';
import { Dialer, knownAddress } from '../../../proxy/upstream/dial.js';
import { Http1Connection } from '../../../proxy/upstream/http1/connection.js';
import { Pool } from '../../../proxy/upstream/pool.js';
import type { Lease, LeaseHandler } from '../../../proxy/upstream/transport.js';
import { readUpstream } from '../../../src/options/values/upstream-routes.js';
import { DEFAULT_LIMITS } from '../../../src/shared/config/limits.js';
import { within } from '../../support/deadline.js';
import { appsOf } from '../../support/settings.js';

async function listen(t: TestContext, host: string, port = 0): Promise<number> {
  const server = createServer((socket) => socket.resume());
  server.listen(port, host);
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : assert.fail();
}

function upstreamAt(port: number): Upstream {
  const address = readUpstream('--upstream', `localhost:${port}`);
  const app = appsOf(`localhost:${port}`)[0] ?? assert.fail();
  return createUpstream(
    { ...address, app: 0, hostName: null, id: 1, key: 'k', needsLength: false, ready: true },
    app,
  );
}

/** Takes a connection and gives it back; says what came. */
async function takeOne(t: TestContext, upstream: Upstream): Promise<string> {
  const pool = new Pool(
    DEFAULT_LIMITS,
    () => new Dialer({ ca: null, insecure: false }),
    () => undefined,
    false,
  );
  const nothing = (): void => undefined;
  const outcome = new Promise<string>((resolve) => {
    const holder: LeaseHandler = {
      needsHttp1: false,
      client: '192.0.2.1',
      onLease: (lease: Lease) => {
        t.after(() => lease.abort());
        resolve(upstream.address ?? 'no address');
      },
      onNoLease: (code) => resolve(code),
      onInformational: nothing,
      onResponse: nothing,
      onBody: nothing,
      onEnd: nothing,
      onTunnel: nothing,
      onFlush: nothing,
      onWritable: nothing,
      onFailure: nothing,
    };
    if (pool.wait(upstream, holder, true) !== null) resolve('refused');
  });
  return within(outcome, 30_000, 'a connection');
}

const HAS_IPV6 = Object.values(networkInterfaces())
  .flat()
  .some((one) => one?.address === '::1');

for (const host of HAS_IPV6 ? ['127.0.0.1', '::1'] : ['127.0.0.1']) {
  test(`an app that listens on ${host} only is found by the name localhost`, async (t) => {
    assert.equal(await takeOne(t, upstreamAt(await listen(t, host))), host);
  });
}

test('the address that took a connection is used without a look-up, for a while', async (t) => {
  const upstream = upstreamAt(await listen(t, '127.0.0.1'));
  assert.equal(knownAddress(upstream), null);
  await takeOne(t, upstream);
  assert.equal(knownAddress(upstream), '127.0.0.1');
  upstream.addressUntilMs = performance.now() - 1;
  assert.equal(knownAddress(upstream), null);
});

test('when the known address refuses, the name is looked up anew before anybody hears of it', async (t) => {
  const upstream = upstreamAt(await listen(t, '127.0.0.1'));
  upstream.address = '127.0.0.99';
  upstream.addressUntilMs = performance.now() + 60_000;
  assert.equal(await takeOne(t, upstream), '127.0.0.1');
});

test('a name that refuses at every address is refused once', async (t) => {
  const upstream = upstreamAt(1);
  upstream.address = '127.0.0.99';
  upstream.addressUntilMs = performance.now() + 60_000;
  assert.equal(await takeOne(t, upstream), 'upstream_refused');
});

test('while traffic flows a name is looked up again, and connections to an address that it has left are used no more', async (t) => {
  const port = await listen(t, '127.0.0.2');
  await listen(t, '127.0.0.3', port);
  const upstream = { ...upstreamAt(port), host: 'app.internal' };
  // As after a look-up of the system: the name is at the first.
  upstream.address = '127.0.0.2';
  upstream.addressUntilMs = performance.now() + 60_000;
  let asked = 0;
  let found: readonly string[] | null = ['127.0.0.2'];
  // Nobody answers here, however long the test says that it takes.
  const patient = { connectTimeoutMs: 1e9, upstreamHeadTimeoutMs: 1e9, upstreamIdleTimeoutMs: 1e9 };
  const pool = new Pool(
    { ...DEFAULT_LIMITS, ...patient },
    () => new Dialer({ ca: null, insecure: false }),
    () => undefined,
    false,
    (_host, done) => {
      asked += 1;
      done(found);
    },
  );
  const taken = await new Promise<Http1Connection>((resolve, reject) => {
    const nothing = (): void => undefined;
    const handler: LeaseHandler = {
      needsHttp1: false,
      client: '192.0.2.1',
      onLease: (lease) =>
        lease instanceof Http1Connection ? resolve(lease) : reject(new Error('no HTTP/1.1')),
      onNoLease: (code) => reject(new Error(code)),
      onInformational: nothing,
      onResponse: nothing,
      onBody: nothing,
      onEnd: nothing,
      onTunnel: nothing,
      onFlush: nothing,
      onWritable: nothing,
      onFailure: nothing,
    };
    if (pool.wait(upstream, handler, true) !== null) reject(new Error('refused'));
  });
  t.after(() => taken.close());
  assert.equal(taken.address, '127.0.0.2');
  // A whole number: sums of others are a little less than they should be.
  const startMs = Math.ceil(taken.owner.nowMs);
  pool.sweep(startMs);
  pool.sweep(startMs + 29_000);
  assert.equal(asked, 0);
  pool.sweep(startMs + 30_000);
  assert.deepEqual([asked, upstream.address], [1, '127.0.0.2']);
  found = null;
  pool.sweep(startMs + 60_000);
  assert.deepEqual([asked, upstream.address], [2, '127.0.0.2'], 'a name that is not found has not moved');
  found = ['127.0.0.3'];
  pool.sweep(startMs + 90_000);
  assert.deepEqual([asked, upstream.address], [3, null]);
  taken.owner.onIdle(taken);
  assert.equal(taken.closed, true, 'the connection is not kept for another request');
});
