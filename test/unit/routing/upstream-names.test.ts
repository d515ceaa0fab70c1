/** Names of upstreams: both families, an address kept for a while, and looked up anew when it is old or refuses. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { type TestContext, test } from 'node:test';
import { createUpstream, type Upstream } from '../../../proxy/routing/upstream.js';
import { Dialer, knownAddress } from '../../../proxy/upstream/dial.js';
import { Pool } from '../../../proxy/upstream/pool.js';
import type { Lease, LeaseHandler } from '../../../proxy/upstream/transport.js';
import { readUpstream } from '../../../src/options/upstream-routes.js';
import { DEFAULT_LIMITS } from '../../../src/shared/limits.js';
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
  return createUpstream({ ...address, app: 0, id: 1, key: 'k', needsLength: false, ready: true }, app);
}

/** Takes a connection and gives it back; says what came. */
async function takeOne(t: TestContext, upstream: Upstream): Promise<string> {
  const pool = new Pool(
    DEFAULT_LIMITS,
    () => new Dialer({ ca: null, insecure: false }),
    () => undefined,
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
