/** `tlsfront drain` and `undrain`: an app that is taken out gets nothing more, the command returns when it is empty, and it lasts. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Controlled, NamedApp, startControlled } from '../support/controlled.js';
import { until } from '../support/deadline.js';
import { PATIENCE_MS } from '../support/started-front.js';
import { makeWorkspace } from '../support/workspace.js';

interface Pair extends Controlled {
  readonly first: NamedApp;
  readonly second: NamedApp;
}

async function startPair(t: TestContext, ...more: readonly string[]): Promise<Pair> {
  const [first, second] = [await NamedApp.start(t, 'first'), await NamedApp.start(t, 'second')];
  const upstreams = ['--upstream', first.address, '--upstream', second.address];
  const controlled = await startControlled(t, makeWorkspace(t), ...upstreams, ...more);
  return { ...controlled, first, second };
}

/** Who answers requests that each have a connection of their own: either router may take it. */
async function answerers({ client }: Controlled, count = 12): Promise<readonly string[]> {
  const names: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const one = client();
    names.push((await one.request('/')).text);
    one.close();
  }
  return [...new Set(names)].sort();
}

/** Asks until the app has a request in its hands. */
async function holdAt(pair: Pair, app: NamedApp): Promise<Promise<unknown>[]> {
  const asked: Promise<unknown>[] = [];
  await until(
    async () => {
      if (app.held.length > 0) return true;
      asked.push(pair.client().request('/hold'));
      const sent = asked.length;
      await until(() => pair.first.held.length + pair.second.held.length >= sent, PATIENCE_MS, 'it is held');
      return app.held.length > 0;
    },
    PATIENCE_MS,
    `a request at ${app.name}`,
  );
  return asked;
}

for (const [engine, routers] of [
  ['direct', '2'],
  ['library', '1'],
] as const) {
  test(`a drained app ends what it has and gets nothing more, until it is given back (${engine})`, async (t) => {
    const pair = await startPair(t, '--engine', engine, '--http-processes', routers);
    const { first, second, control, post, front } = pair;
    assert.deepEqual(await answerers(pair), ['first', 'second']);
    const asked = await holdAt(pair, first);
    await assert.rejects(
      post(`/v1/drain?upstream=${first.address}&seconds=0.2`),
      /^FrontError: 1 request is still in flight at \S+ after 0\.2 s; it is drained/,
    );
    assert.deepEqual(await answerers(pair), ['second']);
    const draining = post(`/v1/drain?upstream=${first.address}`, () => first.release());
    assert.equal(await draining, `${first.address} is drained: nothing is in flight there`);
    await until(async () => (await first.connections()) === 0, PATIENCE_MS, 'the end of idle connections');
    second.release();
    await Promise.all(asked);
    await assert.rejects(
      post(`/v1/drain?upstream=${second.address}`),
      /^FrontError: \S+ is the last one that takes requests here$/,
    );
    assert.match(
      await control.metrics(),
      new RegExp(`tlsfront_upstream_drained.upstream="${first.address}". 1`),
    );

    await post('/v1/reload');
    assert.deepEqual(await answerers(pair), ['second'], 'after a reload');
    const from = front.log.length;
    process.kill((await control.status()).routers[0]?.pid ?? 0, 'SIGKILL');
    await front.logged(/respawned tlsfront http/, from);
    assert.deepEqual(await answerers(pair), ['second'], 'after the respawn of a router');

    await control.ask('POST', `/v1/undrain?upstream=${first.address}`);
    assert.deepEqual(await answerers(pair), ['first', 'second']);
  });
}

test('the commands, and a client with the cookie of a drained app, which moves on to another', async (t) => {
  const pair = await startPair(t, '--sticky');
  const { order, client } = pair;
  const one = client();
  const begun = await one.request('/');
  const [cookie = ''] = String(begun.headers['set-cookie']).split(';');
  const [own, other] = begun.text === 'first' ? [pair.first, pair.second] : [pair.second, pair.first];
  assert.equal((await one.request('/', { headers: { cookie } })).text, own.name);
  // Its port says enough.
  const drained = await order('drain', own.address.replace(/.*:/, ''));
  assert.equal(drained.code, 0, drained.stderr);
  assert.equal(drained.stderr, `${own.address} gets no new requests\n`);
  assert.equal(drained.stdout, `${own.address} is drained: nothing is in flight there\n`);
  const moved = await one.request('/', { headers: { cookie } });
  assert.equal(moved.text, other.name);
  const [renewed = ''] = String(moved.headers['set-cookie']).split(';');
  assert.match((await order('status')).stdout, new RegExp(`app +${own.address} \\(drained\\)`));
  assert.match((await order('top', '--once')).stdout, new RegExp(`${own.address} +drained`));
  assert.equal((await order('undrain', own.address)).stdout, `${own.address} takes requests again\n`);
  assert.equal((await one.request('/', { headers: { cookie: renewed } })).text, other.name);

  for (const [code, args, pattern] of [
    [2, ['drain', '127.0.0.1:1'], /error: there is no upstream "127\.0\.0\.1:1"\nhint: choose one of: 127/],
    [2, ['drain', own.address, '--timeout', 'soon'], /error: --timeout 'soon' is no duration\nhint: write /],
    [2, ['drain'], /error: drain needs its upstream\nhint: /],
    [2, ['drain', own.address, other.address], /error: drain takes fewer words/],
    [1, ['undrain', own.address], /error: \S+ is not drained\nhint: /],
  ] as const) {
    const failed = await order(...args);
    assert.equal(failed.code, code, `${args.join(' ')}: ${failed.stderr}`);
    assert.match(failed.stderr, pattern);
  }
});
