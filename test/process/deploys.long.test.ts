/** Twenty deploys under load, sound, sick, slow and crashing ones, and the front killed at every step of one: as before or as after, never between. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { type Controlled, NamedApp, startControlled } from '../support/controlled.js';
import { until, within } from '../support/deadline.js';
import { startLoad } from '../support/load.js';
import { PATIENCE_MS } from '../support/started-front.js';
import { HANGS, VersionApp } from '../support/version-app.js';
import { makeWorkspace } from '../support/workspace.js';

const APP = `
import { createServer } from 'node:http';
createServer((request, response) => { request.resume(); response.end('command'); }).listen(Number(process.env.PORT), '127.0.0.1');
`;

async function served({ client }: Controlled): Promise<string> {
  const one = client();
  const { status, text } = await one.request('/');
  one.close();
  return status === 200 ? text : String(status);
}

test('twenty deploys under load: no request fails, and a WebSocket of another route lives on', async (t) => {
  const [one, two, sick, slow, other] = await Promise.all(
    ['one', 'two', 'sick', 'slow', 'other'].map((name) => VersionApp.start(t, name)),
  );
  assert.ok(one !== undefined && two !== undefined && sick !== undefined);
  assert.ok(slow !== undefined && other !== undefined);
  sick.upStatus = 500;
  slow.upStatus = HANGS;
  const folder = makeWorkspace(t);
  const script = folder.at('app.mjs');
  writeFileSync(script, APP);
  const crash = folder.at('crash.mjs');
  writeFileSync(crash, 'process.exit(3);\n');
  const controlled = await startControlled(
    t,
    folder,
    ...['--listen', '127.0.0.1:0', '--http-processes', '2'],
    ...['--upstream', one.address, '--upstream', `/other=${other.address}`],
  );
  const { front, post } = controlled;
  const ca = readFileSync(folder.at('tlsfront/development/authority.pem'), 'utf8');
  const [plain, secure] = [
    { port: front.port('http'), ca: undefined },
    { port: front.port('https'), ca },
  ];
  const socket = new WebSocket(`ws://127.0.0.1:${plain.port}/other/socket`);
  t.after(() => socket.terminate());
  await within(new Promise((resolve) => socket.once('open', resolve)), PATIENCE_MS, 'a WebSocket');
  let isOpen = true;
  socket.once('close', () => {
    isOpen = false;
  });
  const loads = [
    startLoad(t, plain, { path: '/', lanes: 2 }),
    startLoad(t, plain, { path: '/', lanes: 1, fresh: true }),
    startLoad(t, secure, { path: '/', lanes: 2, protocol: 'h2' }),
  ];
  const command = (file: string): string => {
    return String(
      new URLSearchParams([...[process.execPath, file].map((word) => ['command', word] as [string, string])]),
    );
  };
  const rounds: readonly (readonly [query: string, serves: string | null])[] = [
    [`upstream=${two.address}`, 'two'],
    [`upstream=${sick.address}&timeout=0.5`, null],
    [`upstream=${slow.address}&timeout=0.5`, null],
    [`${command(crash)}`, null],
    [command(script), 'command'],
    [`upstream=${one.address}`, 'one'],
    [command(script), 'command'],
  ];
  let serves = 'one';
  for (let round = 0; round < 20; round += 1) {
    const [query, next] = rounds[round % rounds.length] ?? ['', null];
    const deploying = post(`/v1/deploy?app=app&path=/up&drain=5&${query}`);
    if (next === null) await assert.rejects(deploying, `round ${round}`);
    else
      assert.match((await deploying) ?? '', /serves app; the version before it is empty/, `round ${round}`);
    serves = next ?? serves;
    assert.equal(await served(controlled), serves, `round ${round}`);
  }
  await Promise.all(loads.map((load) => load.stop()));
  assert.deepEqual(
    loads.flatMap(({ failures }) => failures),
    [],
  );
  assert.ok(isOpen, 'the WebSocket of another route');
  t.diagnostic(`${loads.reduce((sum, load) => sum + load.answered(), 0)} requests answered`);
});

test('kill -9 of the front at every step of a deploy: afterwards it is as before or as after', async (t) => {
  const [one, two] = await Promise.all(['one', 'two'].map((name) => VersionApp.start(t, name)));
  assert.ok(one !== undefined && two !== undefined);
  const folder = makeWorkspace(t);
  const outcomes: string[] = [];
  for (const afterMs of [0, 20, 150, 300, 510, 530, 560, 700]) {
    const controlled = await startControlled(t, folder, '--upstream', one.address, '--health-path', '/up');
    const before = await served(controlled);
    assert.ok(['one', 'two'].includes(before));
    const next: VersionApp = before === 'one' ? two : one;
    const told: Promise<boolean> = controlled.post(`/v1/deploy?upstream=${next.address}&drain=0.2`).then(
      (text) => text !== null,
      () => false,
    );
    await pause(afterMs);
    controlled.front.child.kill('SIGKILL');
    const isDone = await told;
    await within(controlled.front.ended, PATIENCE_MS, 'the end');
    const again = await startControlled(t, folder, '--upstream', one.address, '--health-path', '/up');
    const after = await served(again);
    const { deployed } = (await again.control.status()).interventions;
    assert.ok(after === before || after === next.name, after);
    if (isDone) assert.equal(after, next.name, 'what was said to be done is kept');
    assert.equal(deployed.length, after === 'one' ? 0 : 1, 'status says what serves');
    outcomes.push(`${afterMs} ms: ${after === before ? 'before' : 'after'}`);
    again.front.child.kill('SIGTERM');
    await until(async () => (await again.front.ended) !== null, PATIENCE_MS, 'the end');
  }
  t.diagnostic(outcomes.join(', '));
});

test('kill -9 of a router, of the one and of the other, while the old version drains: only the new version gets requests', async (t) => {
  const [one, two] = await Promise.all(['one', 'two'].map((name) => NamedApp.start(t, name)));
  assert.ok(one !== undefined && two !== undefined);
  const folder = makeWorkspace(t);
  const controlled = await startControlled(t, folder, '--http-processes', '2', '--upstream', one.address);
  const { front, client, control, post } = controlled;
  const load = startLoad(
    t,
    { port: front.port('http'), ca: undefined },
    { path: '/', lanes: 2, fresh: true },
  );
  // Over connections of their own: both routers hold some.
  const holding = Array.from({ length: 12 }, () => client());
  const held = holding.map((each) =>
    each.request('/hold').then(
      ({ text }) => text,
      () => 'cut',
    ),
  );
  await until(() => one.held.length === held.length, PATIENCE_MS, 'requests in the hands of the old version');
  const deploying = post(`/v1/deploy?upstream=${two.address}&drain=60`);
  await front.logged(/takes the requests of app/);
  const before = one.asked.length;
  for (const index of [1, 2]) {
    const pid = front.pid('http', index);
    const from = front.log.length;
    process.kill(pid, 'SIGKILL');
    await front.logged(new RegExp(`respawned tlsfront http ${index} `), from);
    for (let round = 0; round < 10; round += 1) assert.equal(await served(controlled), 'two');
    const { upstreams, interventions } = await control.status();
    assert.equal(upstreams.find(({ state }) => state === 'up')?.address, two.address);
    assert.equal(interventions.deployed.length, 1);
  }
  // What went down with its router is over; the old version is empty then, and the deploy done.
  assert.match(
    (await within(deploying, PATIENCE_MS, 'the end of the deploy')) ?? '',
    /the version before it is empty/,
  );
  assert.deepEqual(new Set(await Promise.all(held)), new Set(['cut']));
  assert.equal(one.asked.length, before, 'nothing more went to the old version');
  await load.stop();
  // A killed router takes what it has with it, and nothing else fails.
  assert.ok(
    load.failures.every((failure) => /ECONNRESET|socket hang up/.test(failure)),
    load.failures.join(),
  );
  assert.ok(load.failures.length <= 8, `${load.failures.length} requests were cut`);
});
