/** Drain, pause, maintenance and a reload under HTTP/1.1, HTTP/2, WebSocket, event stream and gRPC load: nothing fails, nothing that lasts is cut. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { startControlled } from '../support/controlled.js';
import { until } from '../support/deadline.js';
import { calling, posting, startGrpcApp, startStreamingApp, talking, watching } from '../support/lasting.js';
import { startLoad } from '../support/load.js';
import { PATIENCE_MS } from '../support/started-front.js';
import { makeWorkspace } from '../support/workspace.js';

const ROUNDS = 3;

test('nothing fails under drains, pauses, maintenance and a reload, and what lasts lives on', async (t) => {
  const apps = await Promise.all([startStreamingApp(t), startStreamingApp(t)]);
  const grpc = await Promise.all([startGrpcApp(t), startGrpcApp(t)]);
  const folder = makeWorkspace(t);
  const { front, control, post } = await startControlled(
    t,
    folder,
    ...['--listen', '127.0.0.1:0', '--http-processes', '2'],
    ...apps.flatMap((address) => ['--upstream', address]),
    ...grpc.flatMap((address) => ['--upstream', `/test.Echo=${address}`]),
  );
  const ca = readFileSync(folder.at('tlsfront/development/authority.pem'), 'utf8');
  const plain = { port: front.port('http'), ca: undefined };
  const secure = { port: front.port('https'), ca };
  const loads = [
    startLoad(t, plain, { path: '/', lanes: 2 }),
    startLoad(t, secure, { path: '/', lanes: 2, protocol: 'h2' }),
    startLoad(t, secure, { path: '/', lanes: 1, fresh: true }),
  ];
  const going = [
    posting(t, plain, 'http/1.1'),
    posting(t, secure, 'h2'),
    await talking(t, plain.port),
    await watching(t, plain, 'http/1.1'),
    await watching(t, secure, 'h2'),
    ...calling(t, secure.port, ca),
  ];
  const failures = (): readonly string[] => [...loads, ...going].flatMap((one) => one.failures);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const address of [...apps, ...grpc]) {
      // What lasts may be there: then it is drained all the same.
      await post(`/v1/drain?upstream=${encodeURIComponent(address)}&seconds=0.5`).catch((error: unknown) =>
        assert.match(String(error), /still in flight at .* after 0\.5 s; it is drained/),
      );
      await control.ask('POST', `/v1/undrain?upstream=${encodeURIComponent(address)}`);
      assert.deepEqual(failures(), [], `round ${round}: drain of ${address}`);
    }
    await control.ask('POST', '/v1/pause?seconds=60');
    await pause(200);
    await control.ask('POST', '/v1/resume');
    assert.deepEqual(failures(), [], `round ${round}: pause`);
    await control.ask('POST', '/v1/maintenance/on?allow=127.0.0.1');
    await pause(200);
    await control.ask('POST', '/v1/maintenance/off');
    assert.deepEqual(failures(), [], `round ${round}: maintenance`);
  }
  await post('/v1/reload');
  const counts = going.map(({ count }) => count());
  await until(
    () => going.every(({ count }, index) => count() > (counts[index] ?? 0)),
    PATIENCE_MS,
    'that all goes on',
  );
  await Promise.all([...loads, ...going].map((one) => one.stop()));
  assert.deepEqual(failures(), []);
  t.diagnostic(
    `${[...loads.map(({ answered }) => answered()), ...going.map(({ count }) => count())].join(', ')} answers`,
  );
});
