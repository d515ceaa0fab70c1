/** Deploys of apps that stream: what a client has with the old version goes on to its own end, and no call fails. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { startControlled } from '../support/controlled.js';
import { until } from '../support/deadline.js';
import {
  calling,
  type Going,
  posting,
  startGrpcApp,
  startStreamingApp,
  talking,
  watching,
} from '../support/lasting.js';
import { startLoad } from '../support/load.js';
import { PATIENCE_MS } from '../support/started-front.js';
import { makeWorkspace } from '../support/workspace.js';

const ROUNDS = 10;

test('twenty deploys: gRPC calls, event streams and WebSockets of the old version go on while it drains, and nothing fails', async (t) => {
  const [one = '', two = ''] = await Promise.all([startStreamingApp(t), startStreamingApp(t)]);
  const [grpcOne = '', grpcTwo = ''] = await Promise.all([startGrpcApp(t), startGrpcApp(t)]);
  const folder = makeWorkspace(t);
  const { front, post } = await startControlled(
    t,
    folder,
    ...['--listen', '127.0.0.1:0', '--http-processes', '2'],
    ...['--upstream', one, '--upstream', `/test.Echo=${grpcOne}`],
  );
  const ca = readFileSync(folder.at('tlsfront/development/authority.pem'), 'utf8');
  const plain = { port: front.port('http'), ca: undefined };
  const secure = { port: front.port('https'), ca };
  const short = [
    startLoad(t, plain, { path: '/', lanes: 1, fresh: true }),
    startLoad(t, secure, { path: '/', lanes: 2, protocol: 'h2' }),
  ];
  const posts = [posting(t, plain, 'http/1.1'), posting(t, secure, 'h2')];
  const failures: string[] = [];
  let calls = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const lasting: readonly Going[] = [
      await talking(t, plain.port),
      await watching(t, plain, 'http/1.1'),
      await watching(t, secure, 'h2'),
      ...calling(t, secure.port, ca),
    ];
    const goesOn = async (when: string): Promise<void> => {
      const before = lasting.map(({ count }) => count());
      const moved = () => lasting.every(({ count }, index) => count() > (before[index] ?? 0));
      await until(moved, PATIENCE_MS, `round ${round}: all goes on ${when}`);
    };
    await goesOn('before');
    const [next, grpcNext] = round % 2 === 0 ? [two, grpcTwo] : [one, grpcOne];
    const deploys: Promise<string | null>[] = [];
    for (const [app, upstream] of [
      ['app', next],
      ['/test.Echo', grpcNext],
    ] as const) {
      const from = front.log.length;
      const query = new URLSearchParams({ app, upstream, drain: '60' });
      deploys.push(post(`/v1/deploy?${query}`));
      await front.logged(/takes the requests of /, from);
    }
    await goesOn('while the old versions drain');
    await Promise.all(lasting.map((each) => each.stop()));
    failures.push(...lasting.flatMap((each) => each.failures));
    calls += lasting.reduce((sum, { count }) => sum + count(), 0);
    for (const told of await Promise.all(deploys)) assert.match(told ?? '', /the version before it is empty/);
  }
  await Promise.all([...short, ...posts].map((each) => each.stop()));
  failures.push(...[...short, ...posts].flatMap((each) => each.failures));
  assert.deepEqual(failures, []);
  t.diagnostic(
    `${calls} calls, ticks and words of what lasts, ${short.reduce((sum, each) => sum + each.answered(), 0)} requests`,
  );
});
