/** `tlsfront deploy` under load: a sound version takes the place without a failed request, a sick, slow or crashing one changes nothing. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import { type Controlled, startControlled } from '../support/controlled.js';
import { until, within } from '../support/deadline.js';
import { startLoad } from '../support/load.js';
import { PATIENCE_MS } from '../support/started-front.js';
import { HANGS, VersionApp } from '../support/version-app.js';
import { makeWorkspace } from '../support/workspace.js';

/** A WebSocket through the front that is closed after the test; `ask` tells which version it speaks with. */
async function openWebSocket(t: TestContext, port: number, path: string) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
  t.after(() => socket.terminate());
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => {});
  await within(new Promise((resolve) => socket.once('open', resolve)), PATIENCE_MS, `a WebSocket at ${path}`);
  const ask = (): Promise<string> => {
    const answer = new Promise<string>((resolve) => socket.once('message', (data) => resolve(String(data))));
    socket.send('hello');
    return within(answer, PATIENCE_MS, `an answer of the WebSocket at ${path}`);
  };
  return { ask, closed: within(closed, PATIENCE_MS, `the end of the WebSocket at ${path}`) };
}

async function served({ client }: Controlled, path = '/'): Promise<string> {
  const one = client();
  const { status, text } = await one.request(path);
  one.close();
  return status === 200 ? text : String(status);
}

const QUICK = 'checks=2&timeout=60';

for (const engine of ['direct', 'library'])
  test(`a sound version takes the place, and only WebSockets of its route end, with the drain (${engine})`, async (t) => {
    const [one, two, other] = await Promise.all(
      ['one', 'two', 'other'].map((name) => VersionApp.start(t, name)),
    );
    assert.ok(one !== undefined && two !== undefined && other !== undefined);
    const folder = makeWorkspace(t);
    const controlled = await startControlled(
      t,
      folder,
      ...['--listen', '127.0.0.1:0', '--engine', engine, '--http-processes', engine === 'direct' ? '2' : '1'],
      ...['--upstream', one.address, '--upstream', `/other=${other.address}`],
    );
    const { front, control, post } = controlled;
    const ca = readFileSync(folder.at('tlsfront/development/authority.pem'), 'utf8');
    const port = front.port('http');
    const [own, foreign] = await Promise.all([
      openWebSocket(t, port, '/socket'),
      openWebSocket(t, port, '/other/socket'),
    ]);
    const loads = [
      startLoad(t, { port, ca: undefined }, { path: '/', lanes: 2 }),
      startLoad(t, { port: front.port('https'), ca }, { path: '/', lanes: 1, protocol: 'h2' }),
    ];
    const before = Number((await control.status()).counters.connections);
    const text = await post(`/v1/deploy?app=app&upstream=${two.address}&drain=0.5&path=/up&${QUICK}`);
    assert.equal(
      text,
      `${two.address} serves app; 1 request, WebSocket or event stream that was still open at the version before it (${one.address}) after 0.5 s is ended`,
    );
    await own.closed;
    await front.logged(/app: 1 request, WebSocket or event stream that was still open at /);
    assert.equal(await foreign.ask(), 'other: hello');
    assert.equal(await served(controlled), 'two');
    assert.equal(await served(controlled, '/other/'), 'other');
    await Promise.all(loads.map((load) => load.stop()));
    assert.deepEqual(
      loads.flatMap(({ failures }) => failures),
      [],
    );
    const connections = Number((await control.status()).counters.connections) - before;
    assert.ok(connections <= 2 + 3, `${connections} new connections: clients keep theirs`);

    const status = await control.status();
    assert.deepEqual(
      status.upstreams.map(({ address, state }) => [address, state]),
      [
        [two.address, 'up'],
        [`/other=${other.address}`, 'up'],
      ],
    );
    assert.deepEqual(
      status.interventions.deployed.map(({ app, upstreams }) => [app, upstreams]),
      [['app', [two.address]]],
    );
    await post('/v1/reload');
    assert.equal(await served(controlled), 'two', 'after a reload');
    const from = front.log.length;
    for (const { pid, state } of (await control.status()).routers)
      if (state === 'serving') process.kill(pid, 'SIGKILL');
    await front.logged(/respawned tlsfront http/, from);
    assert.equal(await served(controlled), 'two', 'after a crash of the routers');
  });

test('what is not well, and what is not meant, changes nothing and is told', async (t) => {
  const [one, two] = await Promise.all(['one', 'two'].map((name) => VersionApp.start(t, name)));
  assert.ok(one !== undefined && two !== undefined);
  const folder = makeWorkspace(t);
  const flags = ['--upstream', one.address, '--health-path', '/up', '--health-interval', '1h'];
  const controlled = await startControlled(t, folder, ...flags);
  const { control, front, post, order, client } = controlled;
  const load = startLoad(t, { port: front.port('http'), ca: undefined }, { path: '/', lanes: 2 });
  const asWas = async (): Promise<void> => {
    const { upstreams, interventions, workers } = await control.status();
    assert.deepEqual(upstreams, [{ address: one.address, ready: true, state: 'up' }]);
    assert.deepEqual([interventions.deployed, workers], [[], []]);
    assert.equal(await served(controlled), 'one');
  };

  two.upStatus = 503;
  const sick = await order('deploy', '--upstream', two.address, '--timeout', '500ms');
  assert.equal(sick.code, 1, sick.stderr);
  assert.match(
    sick.stderr,
    /^error: the new version is not well after 0\.5 s: \S+ (?:answers GET \/up with 503|does not answer GET \/up)$/m,
  );
  assert.match(sick.stderr, /^hint: it must answer GET \/up with 200 to 399, 3 times in a row/m);
  await asWas();
  two.upStatus = HANGS;
  await assert.rejects(
    post(`/v1/deploy?upstream=${two.address}&timeout=0.5`),
    /not well after 0\.5 s: \S+ does not answer GET \/up/,
  );
  await asWas();
  const crash = folder.at('crash.mjs');
  writeFileSync(crash, "console.error('no database'); process.exit(3);\n");
  const crashing = new URLSearchParams([
    ['command', process.execPath],
    ['command', crash],
  ]);
  await assert.rejects(
    post(`/v1/deploy?${crashing}`),
    /did not start: exit code 3; its last words: no database/,
  );
  await asWas();
  for (const [code, args, pattern] of [
    [2, ['deploy', 'shop', '--upstream', '1'], /^error: there is no app "shop"\nhint: choose one of: app$/m],
    [2, ['deploy'], /^error: app is served by \S+, as the configuration says\nhint: name the new version/m],
    [
      2,
      ['deploy', '--upstream', '1', '--', 'node'],
      /^error: a new version is named or started, not both\nhint: /m,
    ],
    [2, ['deploy', '--upstream', '/x=1'], /^error: --upstream \/x=1 has a route\nhint: /m],
    [2, ['deploy', '--upstream', '1', '--checks', '0'], /^error: "0" is no number of checks\nhint: /m],
    [2, ['deploy', 'a', 'b'], /^error: deploy takes fewer words/m],
  ] as const) {
    const failed = await order(...args);
    assert.equal(failed.code, code, `${args.join(' ')}: ${failed.stderr}`);
    assert.match(failed.stderr, pattern);
  }

  // While one is being asked: another is refused, a reload waits, a router that is killed does not matter, whoever asked may go.
  two.upStatus = 503;
  const asked = two.ups;
  const waiting = post(`/v1/deploy?upstream=${two.address}&checks=3&timeout=60`);
  await until(() => two.ups > asked, PATIENCE_MS, 'the first question');
  await assert.rejects(post(`/v1/deploy?upstream=127.0.0.1:1`), /another version of app is being deployed/);
  await load.stop();
  assert.deepEqual(load.failures, []);
  const from = front.log.length;
  process.kill((await control.status()).routers[0]?.pid ?? 0, 'SIGKILL');
  await front.logged(/respawned tlsfront http/, from);
  const reloading = post('/v1/reload');
  const before = two.ups;
  two.upStatus = 200;
  assert.match((await waiting) ?? '', /serves app; the version before it is empty/);
  assert.ok(two.ups > before);
  await reloading;
  assert.equal(await served(controlled), 'two', 'after the reload that has waited');
  await front.logged(/takes the requests of app[\s\S]*the new generation serves/);

  // The front ends under the next one; what was deployed before is in force again after the restart.
  one.upStatus = 503;
  const seen = one.ups;
  const ended = assert.rejects(
    post(`/v1/deploy?upstream=${one.address}&timeout=60`),
    /the front is ending: nothing is deployed/,
  );
  await until(() => one.ups > seen, PATIENCE_MS, 'a question');
  front.child.kill('SIGTERM');
  await ended;
  client().close();
  assert.equal(await within(front.ended, PATIENCE_MS, 'the end'), 0);
  const again = await startControlled(t, folder, ...flags);
  assert.match(
    again.front.log,
    new RegExp(`warning: as before the restart: ${two.address} serves app\nhint: tlsfront deploy app ends`),
  );
  assert.equal(await served(again), 'two', 'after a restart');
  one.upStatus = 200;
  assert.match((await again.post(`/v1/deploy?${QUICK}`)) ?? '', /serves app; the version before it is empty/);
  assert.equal(await served(again), 'one');
  assert.deepEqual((await again.control.status()).interventions.deployed, []);
});
