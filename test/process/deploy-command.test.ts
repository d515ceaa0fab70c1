/** `tlsfront deploy -- command`: the new app is started beside the old one, which ends once it is empty; crashes, a reload and the way back. */
import assert from 'node:assert/strict';
import { mkdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { startControlled } from '../support/controlled.js';
import { until } from '../support/deadline.js';
import { startLoad } from '../support/load.js';
import { PATIENCE_MS } from '../support/started-front.js';
import { makeWorkspace } from '../support/workspace.js';

/** Says its name, its process id and how many requests it holds, and holds `/hold` until it is asked to go on. */
const APP = `
import { createServer } from 'node:http';
const held = [];
createServer((request, response) => {
  if (request.url === '/hold') { held.push(response); return; }
  if (request.url === '/release') for (const one of held.splice(0)) one.end(process.argv[2]);
  response.end(process.argv[2] + ' ' + process.pid + ' ' + held.length);
}).listen(Number(process.env.PORT), '127.0.0.1');
`;

test('a command in the place of a command', async (t) => {
  const folder = makeWorkspace(t);
  const script = folder.at('app.mjs');
  writeFileSync(script, APP);
  const release = folder.at('v2');
  mkdirSync(release);
  const controlled = await startControlled(
    t,
    folder,
    '--http-processes',
    '2',
    '--',
    process.execPath,
    script,
    'one',
  );
  const { front, client, control, post } = controlled;
  const load = startLoad(t, { port: front.port('http'), ca: undefined }, { path: '/', lanes: 2 });
  const pidOf = async (): Promise<number> => {
    const one = client();
    const { text } = await one.request('/');
    one.close();
    return Number(text.split(' ')[1]);
  };
  const nameOf = async (): Promise<string> => (await client().request('/')).text.split(' ')[0] ?? '';
  const isGone = (pid: number) => until(() => !isAlive(pid), PATIENCE_MS, `the end of ${pid}`);

  const first = await pidOf();
  const held = client().request('/hold');
  await until(
    async () => (await client().request('/')).text.endsWith(' 1'),
    PATIENCE_MS,
    'a request in the hands of the app',
  );
  const asked = new URLSearchParams([
    ...[process.execPath, script, 'two'].map((word): [string, string] => ['command', word]),
    ['folder', release],
    ['drain', '60'],
    ['timeout', '60'],
    ['checks', '1'],
  ]);
  const steps: string[] = [];
  const deploying = control.run(`/v1/deploy?${asked}`, (text) => steps.push(text));
  await front.logged(/-- \S+ \S+ two takes the requests of app; -- \S+ \S+ one drains/);
  const second = await pidOf();
  assert.notEqual(second, first);
  assert.equal(readlinkSync(`/proc/${second}/cwd`), release);
  const { upstreams, interventions } = await control.status();
  assert.deepEqual(upstreams.map(({ state }) => state).sort(), ['leaving', 'up']);
  assert.deepEqual(interventions.deployed[0]?.command, [process.execPath, script, 'two']);
  assert.match(
    (await controlled.order('status')).stdout,
    /app +\S+ \(drains: a deploy has taken its place\)/,
  );
  // What the old version has goes on to its end, and it lives until then.
  assert.equal(isAlive(first), true);
  await fetchDirectly(first, upstreams.find(({ state }) => state === 'leaving')?.address ?? '');
  assert.equal((await held).text, 'one');
  assert.match((await deploying) ?? '', /two serves app; the version before it is empty: -- \S+ \S+ one$/);
  assert.deepEqual(
    steps.slice(0, 2).map((text) => text.replace(/-- .* is/, 'it is')),
    ['deploying app: it is started', 'check 1 of 1 passed'],
  );
  await isGone(first);
  await load.stop();
  assert.deepEqual(load.failures, []);

  const from = front.log.length;
  process.kill(second, 'SIGKILL');
  await front.logged(/worker 2 \(pid: \d+\) is ready/, from);
  assert.equal(await nameOf(), 'two', 'after a crash');
  await post('/v1/reload');
  assert.equal(await nameOf(), 'two', 'after a reload');
  const third = await pidOf();
  assert.equal(readlinkSync(`/proc/${third}/cwd`), release);
  // Back to what the configuration says, in the front's own folder; and once more, which starts it anew.
  await post('/v1/deploy?checks=1&timeout=60');
  await isGone(third);
  assert.equal(await nameOf(), 'one');
  const fourth = await pidOf();
  await post('/v1/deploy?checks=1&timeout=60');
  await isGone(fourth);
  assert.equal(await nameOf(), 'one');
  assert.deepEqual((await control.status()).interventions.deployed, []);
});

async function fetchDirectly(pid: number, address: string): Promise<void> {
  const answer = await fetch(`http://${address}/release`);
  assert.equal(await answer.text(), `one ${pid} 0`);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
