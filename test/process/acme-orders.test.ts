/** The life of orders by a clock of the test's own: renewal, back-off, two fronts on one store. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type TestContext, test } from 'node:test';
import { AcmeOrders, type AcmeOrdersParts } from '../../src/certificates/acme/acme-orders.js';
import { AcmeError } from '../../src/certificates/acme/protocol/problem.js';
import { keysOf } from '../../src/certificates/acme/stored-certificate.js';
import { issueLeaf } from '../../src/certificates/development/x509-issuer.js';
import { openFileStore } from '../../src/certificates/store/file-store.js';
import type { AcmeConfig } from '../../src/shared/config/acme.js';
import { NO_OTHER_NAMES } from '../support/acme-user.js';
import { testCertificates } from '../support/certificates.js';
import { until, within } from '../support/deadline.js';
import { Pebble } from '../support/pebble.js';
import { MISSING } from '../support/tools.js';
import { makeWorkspace, type Workspace } from '../support/workspace.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const { root } = await testCertificates();

/** Answers http-01 from what is published. */
async function answering(t: TestContext) {
  let answers = new Map<string, string>();
  const server = createServer((request, response) => {
    response.end(answers.get(request.url?.split('/').at(-1) ?? '') ?? 'unknown');
  });
  server.listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    ...NO_OTHER_NAMES,
    changes: 0,
    publish(published: {
      readonly http: readonly { readonly token: string; readonly keyAuthorization: string }[];
    }) {
      answers = new Map(published.http.map(({ token, keyAuthorization }) => [token, keyAuthorization]));
      return Promise.resolve();
    },
    certificatesChanged() {
      this.changes += 1;
    },
  };
}

/** A clock that runs only while the orders sleep; `until` ends it. */
class Clock {
  nowMs = Date.now();
  readonly slept: number[] = [];

  /** @param stretch how many times longer a sleep takes than it was meant to, as when the machine was suspended */
  constructor(
    private readonly endMs: number,
    private readonly stretch = 1,
  ) {}

  readonly sleep = async (ms: number, signal: AbortSignal): Promise<void> => {
    this.slept.push(ms);
    if (this.nowMs >= this.endMs) await new Promise((resolve) => signal.addEventListener('abort', resolve));
    this.nowMs += ms * this.stretch;
    await new Promise((resolve) => setImmediate(resolve));
  };
}

function configFor(directory: string, names: readonly string[]): AcmeConfig {
  return {
    email: 'ops@example.net',
    directories: [directory],
    profile: null,
    ask: null,
    caFile: null,
    names,
    challenges: ['http-01'],
    dnsHook: null,
    dnsWaitMs: 0,
    accountBinding: null,
  };
}

interface Running {
  readonly orders: AcmeOrders;
  readonly log: { readonly atMs: number; readonly text: string }[];
}

function ordersOn(
  data: Workspace,
  config: AcmeConfig,
  clock: Clock,
  more: Partial<AcmeOrdersParts> = {},
): Running {
  const log: Running['log'] = [];
  const keep =
    (kind: string) =>
    (text: string): void => {
      log.push({ atMs: clock.nowMs, text: `${kind}: ${text}` });
    };
  const orders = new AcmeOrders({
    config,
    secrets: { caPem: root.certPem, accountBinding: null },
    store: openFileStore(data.path),
    log: { line: keep('line'), warning: keep('warning'), error: keep('error'), hint: keep('hint') },
    userAgent: 'tlsfront-test',
    environment: {},
    now: () => clock.nowMs,
    random: () => 0.5,
    sleep: clock.sleep,
    ...more,
  });
  return { orders, log };
}

test('a certificate of ninety days is renewed between the 60th and the 63rd, and soon after the machine has slept', async (t) => {
  const user = await answering(t);
  const pebble = await Pebble.start(t, { httpPort: user.port });
  if (pebble === MISSING) return;
  const clock = new Clock(Date.now() + 65 * DAY_MS, 36);
  const startMs = clock.nowMs;
  const { orders, log } = ordersOn(makeWorkspace(t), configFor(pebble.directory, ['one.test']), clock);
  orders.start(user);
  await until(() => user.changes === 2, 60_000, 'the second certificate').finally(() => orders.stop());
  const ordered = log
    .filter(({ text }) => text.includes('ordering'))
    .map(({ atMs }) => (atMs - startMs) / DAY_MS);
  assert.equal(ordered.length, 2);
  assert.equal(ordered[0], 0);
  assert.ok(ordered[1] !== undefined && ordered[1] > 60 && ordered[1] < 63, String(ordered));
  assert.ok(Math.max(...clock.slept) <= 5 * 60_000);
});

test('while the authority is away attempts come after 1, 2, 4 … minutes and then every six hours', async (t) => {
  const clock = new Clock(Date.now() + 40 * HOUR_MS);
  const startMs = clock.nowMs;
  const config = configFor('https://127.0.0.1:1/dir', ['one.test']);
  const { orders, log } = ordersOn(makeWorkspace(t), config, clock);
  orders.start(await answering(t));
  await until(() => clock.nowMs >= startMs + 40 * HOUR_MS, 30_000, 'the end of the clock');
  await orders.stop();
  const failed = log
    .filter(({ text }) => text.startsWith('error:'))
    .map(({ atMs }) => (atMs - startMs) / 60_000);
  const waits = failed.slice(1).map((at, index) => Math.round(at - (failed[index] ?? 0)));
  assert.deepEqual(waits.slice(0, 12), [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360, 360]);
  assert.match(log.at(-1)?.text ?? '', /hint: check the network/);
});

test('an authority that sets a limit is not asked before its time', async (t) => {
  const data = makeWorkspace(t);
  const clock = new Clock(Date.now() + 10 * HOUR_MS);
  const startMs = clock.nowMs;
  const store = openFileStore(data.path);
  // Stands where the account's registration would fail with the authority's words.
  const refusing = {
    ...store,
    get: () => Promise.reject(new AcmeError('a limit is reached', null, { retryAfterMs: 3 * HOUR_MS })),
  };
  const config = configFor('https://127.0.0.1:1/dir', ['one.test']);
  const { orders, log } = ordersOn(data, config, clock, { store: refusing });
  orders.start(await answering(t));
  await until(() => clock.nowMs >= startMs + 10 * HOUR_MS, 30_000, 'the end of the clock');
  await orders.stop();
  const failed = log
    .filter(({ text }) => text.startsWith('error:'))
    .map(({ atMs }) => (atMs - startMs) / HOUR_MS);
  assert.deepEqual(failed, [0, 3, 6, 9]);
});

test('failed renewals are told as warnings first and as errors near the end', async (t) => {
  const data = makeWorkspace(t);
  const config = configFor('https://127.0.0.1:1/dir', ['one.test']);
  const { certPem, keyPem } = await issueLeaf(root, ['one.test'], { validDays: 90 });
  data.write(keysOf(config.directories[0] ?? '').certificate('one.test'), certPem + keyPem);
  const clock = new Clock(Date.now() + 92 * DAY_MS, 12);
  const startMs = clock.nowMs;
  const { orders, log } = ordersOn(data, config, clock);
  orders.start(await answering(t));
  await until(() => clock.nowMs >= startMs + 92 * DAY_MS, 60_000, 'the end of the clock');
  await orders.stop();
  const days = (kind: string): number[] =>
    log.filter(({ text }) => text.startsWith(kind)).map(({ atMs }) => (atMs - startMs) / DAY_MS);
  const warned = days('warning:');
  const alarmed = days('error:');
  assert.ok(Math.min(...warned) > 60 && Math.max(...warned) < 80.1, `${warned}`);
  assert.ok(Math.min(...alarmed) > 79.9 && Math.min(...alarmed) < 80.5, `${alarmed}`);
  assert.match(
    log.filter(({ text }) => text.startsWith('error:')).at(-1)?.text ?? '',
    /the old one has run out/,
  );
});

test('of two fronts on one store one orders, and the other takes what has come', async (t) => {
  const user = await answering(t);
  const pebble = await Pebble.start(t, { httpPort: user.port });
  if (pebble === MISSING) return;
  const data = makeWorkspace(t);
  const config = configFor(pebble.directory, ['one.test']);
  const other = {
    ...NO_OTHER_NAMES,
    publish: user.publish,
    changes: 0,
    certificatesChanged: () => (other.changes += 1),
  };
  const first = ordersOn(data, config, new Clock(0));
  const second = ordersOn(data, config, new Clock(0));
  first.orders.start(user);
  second.orders.start(other);
  const both = until(() => user.changes > 0 && other.changes > 0, 30_000, 'a certificate for both');
  await within(both, 40_000, 'both').finally(() => Promise.all([first.orders.stop(), second.orders.stop()]));
  const orders = [...first.log, ...second.log].filter(({ text }) => text.includes('ordering'));
  assert.equal(orders.length, 1);
});
