/** The life of names that got their certificate at a handshake, by a clock that the test turns: renewal, refusal, failure, bounds, restart. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { createServer } from 'node:http';
import { type TestContext, test } from 'node:test';
import { AcmeOrders } from '../../src/certificates/acme/acme-orders.js';
import { requestRenewal } from '../../src/certificates/acme/name-memory.js';
import { ORDER_EVERY_MS, ORDERS_AT_ONCE } from '../../src/certificates/acme/on-demand/order-pace.js';
import { keysOf } from '../../src/certificates/acme/stored-certificate.js';
import { openFileStore } from '../../src/certificates/store/file-store.js';
import type { ChallengeAnswers } from '../../src/shared/config/acme.js';
import { type AuthorityManner, TestAuthority } from '../support/acme-authority.js';
import { listenLocally } from '../support/app-behind.js';
import { testCertificates } from '../support/certificates.js';
import { until } from '../support/deadline.js';
import { makeWorkspace } from '../support/workspace.js';

const NAME = 'shop.example.com';
const DAY_MS = 86_400_000;
const { root } = await testCertificates();

/** An authority, an operator, a store, and fronts on it one after the other. */
async function scene(t: TestContext, manner: Omit<AuthorityManner, 'httpPort'> = {}) {
  let answers = new Map<string, string>();
  const operator = { status: 200, asked: [] as string[] };
  const server = createServer(({ url = '' }, response) => {
    const answer = answers.get(url.split('/').at(-1) ?? '');
    if (answer === undefined) operator.asked.push(url);
    response.writeHead(answer === undefined ? operator.status : 200).end(answer);
  });
  t.after(() => server.close());
  const port = await listenLocally(server);
  const authority = await TestAuthority.start(t, { httpPort: port, ...manner });
  const store = openFileStore(makeWorkspace(t).path);
  const keys = keysOf(authority.directory);
  const clock = { ms: Date.now() };
  const log: string[] = [];
  const changed: string[] = [];
  const begin = () => {
    const sleepers = new Set<() => void>();
    const keep =
      (kind: string) =>
      (text: string): void =>
        void log.push(`${kind}: ${text}`);
    const orders = new AcmeOrders({
      config: {
        ...{ email: 'ops@example.net', directories: [authority.directory], profile: null, caFile: null },
        ...{ names: [], challenges: ['http-01'], dnsHook: null, dnsWaitMs: 0, accountBinding: null },
        ask: `http://127.0.0.1:${port}/may`,
      },
      secrets: { caPem: root.certPem, accountBinding: null },
      environment: {},
      store,
      log: { line: keep('line'), warning: keep('warning'), error: keep('error'), hint: keep('hint') },
      userAgent: 'tlsfront/test',
      now: () => clock.ms,
      random: () => 0.5,
      sleep: (_ms, signal) =>
        new Promise((resolve) => {
          if (signal.aborted) return resolve();
          const wake = (): void => {
            sleepers.delete(wake);
            resolve();
          };
          sleepers.add(wake);
          signal.addEventListener('abort', wake);
        }),
    });
    orders.start({
      publish: ({ http }: Pick<ChallengeAnswers, 'http'>) => {
        answers = new Map(http.map(({ token, keyAuthorization }) => [token, keyAuthorization]));
        return Promise.resolve();
      },
      certificatesChanged: () => undefined,
      leafChanged: (name) => void changed.push(name),
      askApp: () => Promise.resolve(null),
    });
    t.after(() => orders.stop());
    /** Both those who look after given names and those who look after the others. */
    const idle = () => until(() => sleepers.size === 2, 30_000, 'orders that wait');
    return {
      orders,
      idle,
      /** Turns the clock and lets the orders look again. */
      async pass(ms: number) {
        await idle();
        clock.ms += ms;
        for (const wake of [...sleepers]) wake();
        await idle();
      },
      /** The certificate's number, or why there is none. */
      async obtain(name = NAME): Promise<string> {
        const { certificate, refusal } = await orders.obtain(name);
        return certificate === null
          ? (refusal?.kind ?? 'none')
          : new X509Certificate(certificate.chainPem).serialNumber;
      },
    };
  };
  return { authority, operator, store, keys, clock, log, changed, begin };
}

test('before a renewal the operator is asked again, and a yes renews; routers are told', async (t) => {
  const { authority, operator, changed, begin } = await scene(t);
  const front = begin();
  const first = await front.obtain();
  await front.pass(DAY_MS);
  assert.deepEqual([authority.orders.length, operator.asked.length], [1, 1]);
  await front.pass(61 * DAY_MS);
  assert.deepEqual(operator.asked, [`/may?domain=${NAME}`, `/may?domain=${NAME}`]);
  assert.equal(authority.orders.length, 2);
  assert.deepEqual(changed, [NAME]);
  assert.notEqual(await front.obtain(), first);
});

test('a no before a renewal orders nothing and is said once; the certificate serves to its end, and is dropped then', async (t) => {
  const { authority, operator, store, keys, log, changed, begin } = await scene(t);
  const front = begin();
  const first = await front.obtain();
  operator.status = 404;
  await front.pass(65 * DAY_MS);
  assert.equal(await front.obtain(), first);
  assert.deepEqual(front.orders.counts, { kept: 1, failing: 1 });
  for (let day = 0; day < 3; day += 1) await front.pass(DAY_MS);
  assert.equal(operator.asked.length, 5);
  assert.equal(log.filter((line) => line.includes('answered with status 404')).length, 1);
  await front.pass(30 * DAY_MS);
  assert.deepEqual(front.orders.counts, { kept: 0, failing: 0 });
  assert.equal(await store.get(keys.certificate(NAME)), undefined);
  assert.equal(await store.get(keys.onDemand(NAME)), undefined);
  assert.deepEqual(changed, [NAME]);
  assert.equal(await front.obtain(), 'denied');
  assert.equal(authority.orders.length, 1);
});

test('an operator who takes a no back has the certificate renewed', async (t) => {
  const { authority, operator, begin } = await scene(t);
  const front = begin();
  const first = await front.obtain();
  operator.status = 404;
  await front.pass(65 * DAY_MS);
  operator.status = 200;
  await front.pass(DAY_MS / 2);
  assert.equal(authority.orders.length, 2);
  assert.notEqual(await front.obtain(), first);
  assert.deepEqual(front.orders.counts, { kept: 1, failing: 0 });
});

test('a restart keeps what there is: it is served unasked, and renewed', async (t) => {
  const { authority, operator, begin } = await scene(t);
  const before = begin();
  const first = await before.obtain();
  await before.orders.stop();
  const after = begin();
  assert.equal(await after.obtain(), first);
  assert.equal(operator.asked.length, 1);
  await after.pass(65 * DAY_MS);
  assert.equal(authority.orders.length, 2);
});

test('an order that failed is not made again at each handshake, nor after a restart, before its time', async (t) => {
  let refusals = 0;
  const { begin, clock } = await scene(t, {
    refuseOrder: () => {
      refusals += 1;
      return ['rejectedIdentifier', 'not this one'];
    },
  });
  const before = begin();
  for (const _time of [1, 2, 3]) assert.equal(await before.obtain(), 'failed');
  assert.equal(refusals, 1);
  await before.orders.stop();
  const after = begin();
  assert.equal(await after.obtain(), 'failed');
  assert.equal(refusals, 1);
  clock.ms += 61_000;
  assert.equal(await after.obtain(), 'failed');
  assert.equal(refusals, 2);
});

test('so many orders are made at once, and then at an even pace', async (t) => {
  let orders = 0;
  const { begin, clock } = await scene(t, {
    refuseOrder: () => {
      orders += 1;
      return ['rejectedIdentifier', 'none at all'];
    },
  });
  const front = begin();
  for (let index = 0; index < ORDERS_AT_ONCE; index += 1) {
    assert.equal(await front.obtain(`n${index}.example.com`), 'failed');
  }
  assert.equal(await front.obtain('late.example.com'), 'limited');
  assert.equal(orders, ORDERS_AT_ONCE);
  await front.orders.stop();
  const again = begin();
  assert.equal(await again.obtain('later.example.com'), 'limited', 'a restart brings no new allowance');
  clock.ms += ORDER_EVERY_MS;
  assert.equal(await again.obtain('late.example.com'), 'failed');
  assert.equal(orders, ORDERS_AT_ONCE + 1);
  assert.equal(await again.obtain('later.example.com'), 'limited');
});

test('what is remembered of names that never got a certificate is forgotten some time after they might have tried again', async (t) => {
  const { begin, store, keys } = await scene(t, { refuseOrder: () => ['rejectedIdentifier', 'none at all'] });
  const front = begin();
  await front.idle();
  assert.equal(await front.obtain('strange.example.com'), 'failed');
  await store.put(keys.failures('damaged.example.com'), 'no JSON');
  const kept = async (): Promise<readonly string[]> =>
    (await store.list(keys.failures('x').replace(/x\.json$/, ''))).map((key) => key.split('/').at(-1) ?? '');
  assert.deepEqual(await kept(), ['damaged.example.com.json', 'strange.example.com.json']);
  await front.pass(DAY_MS / 2);
  assert.ok((await kept()).includes('strange.example.com.json'));
  await front.pass(2 * DAY_MS);
  assert.deepEqual(await kept(), []);
});

test('a person may have such a certificate renewed too', async (t) => {
  const { authority, store, keys, begin } = await scene(t);
  const front = begin();
  const first = await front.obtain();
  await front.pass(DAY_MS);
  await requestRenewal(store, keys, NAME);
  await front.pass(5 * 60_000);
  assert.equal(authority.orders.length, 2);
  assert.notEqual(await front.obtain(), first);
});
