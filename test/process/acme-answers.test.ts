/** Answers to challenges reach every router before the authority is told, those that start later too. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ListeningSockets } from '../../src/master/listening/listening-sockets.js';
import { MasterLog } from '../../src/master/log.js';
import { OrdersDesk } from '../../src/master/orders.js';
import { Routers } from '../../src/master/routers/routers.js';
import { type CertificateUser, NO_ANSWERS } from '../../src/shared/config/acme.js';
import { BARE_LINES } from '../../src/shared/log-lines.js';
import { NO_INTERVENTIONS } from '../../src/shared/messages/interventions.js';
import { until } from '../support/deadline.js';
import { Client } from '../support/https-client.js';
import { resolveGiven } from '../support/settings.js';
import { newTicketKeys } from '../support/tls-front.js';
import { makeWorkspace } from '../support/workspace.js';

const ANSWER = { token: 'a-token', keyAuthorization: 'a-token.thumbprint' };
const SHOWN = { http: [ANSWER], tls: [] };
const CONNECTIONS = 12;

/** Two real routers that start, and the desk that speaks for them. */
async function startRouters(t: TestContext) {
  const config = resolveGiven({ flags: { http: ['127.0.0.1:0'], hold: ['0'], upstream: ['127.0.0.1:1'] } });
  const log = new MasterLog(makeWorkspace(t).at('log'), true, BARE_LINES);
  const start = {
    type: 'start',
    config,
    frontSecret: 'secret',
    identity: null,
    lines: BARE_LINES,
  } as const;
  const state = {
    tls: [null],
    ticketKeys: { current: newTicketKeys(), previous: null },
    challenges: NO_ANSWERS,
    upstreams: [],
    access: { addresses: {}, passwords: {} },
    bans: [],
    debts: [],
    interventions: NO_INTERVENTIONS,
    appEnds: [],
    projects: null,
  };
  const sockets = await ListeningSockets.bind(config.listeners);
  t.after(() => sockets.close());
  const routers = new Routers(2, start, sockets, state, log, () =>
    Promise.resolve({ certificate: null, refusal: null }),
  );
  t.after(() => routers.drain(100, true));
  let user: CertificateUser | undefined;
  const orders = {
    start(given: CertificateUser): void {
      user = given;
    },
    stop: () => Promise.resolve(),
    obtain: () => Promise.resolve({ certificate: null, refusal: null }),
    counts: null,
  };
  const desk = new OrdersDesk(
    orders,
    () => [routers],
    () => undefined,
    () => Promise.resolve(null),
  );
  desk.start();
  assert.ok(user !== undefined);
  return { port: sockets.bound[0]?.port ?? 0, routers, user, started: routers.startAll() };
}

/** Each on a connection of its own: the system gives them to one router or the other. */
async function answers(port: number): Promise<Set<string>> {
  const texts = Array.from({ length: CONNECTIONS }, async () => {
    const client = new Client({ port, ca: undefined }, 'http/1.1');
    try {
      const { status, text } = await client.request(`/.well-known/acme-challenge/${ANSWER.token}`);
      return status === 200 ? text : String(status);
    } finally {
      client.close();
    }
  });
  return new Set(await Promise.all(texts));
}

test('once publish resolves every router answers, and none does after it is taken back', async (t) => {
  const { port, user, started } = await startRouters(t);
  await started;
  for (let round = 0; round < 5; round += 1) {
    await user.publish(SHOWN);
    assert.deepEqual(await answers(port), new Set([ANSWER.keyAuthorization]));
    await user.publish({ http: [], tls: [] });
    assert.equal((await answers(port)).has(ANSWER.keyAuthorization), false);
  }
});

test('routers that are still starting are waited for', async (t) => {
  const { port, user, started } = await startRouters(t);
  await user.publish(SHOWN);
  await started;
  assert.deepEqual(await answers(port), new Set([ANSWER.keyAuthorization]));
});

test('a router that is respawned begins with the answers, and a dead one is not waited for', async (t) => {
  const { port, routers, user, started } = await startRouters(t);
  await started;
  await user.publish(SHOWN);
  const [victim] = routers.all;
  assert.ok(victim !== undefined);
  victim.kill();
  await user.publish({ ...SHOWN, http: [ANSWER, { token: 'other', keyAuthorization: 'other' }] });
  await until(
    () => routers.all.length === 2 && routers.all.every(({ ready }) => ready),
    20_000,
    'its successor',
  );
  assert.deepEqual(await answers(port), new Set([ANSWER.keyAuthorization]));
});
