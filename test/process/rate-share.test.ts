/** `--rate-limit` over several routers: a client that reaches all of them has one rate. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { listenLocally } from '../support/app-behind.js';
import { Client } from '../support/https-client.js';
import { StartedFront } from '../support/started-front.js';

/** As many at once; the next one comes minutes later. */
const BURST = 40;

test('two routers let pass what one would, and little more', async (t) => {
  const app = createServer((_request, response) => response.end('app'));
  const upstream = `127.0.0.1:${await listenLocally(app)}`;
  t.after(() => {
    app.closeAllConnections();
    app.close();
  });
  const front = await StartedFront.start({
    arguments: [
      ...['--http', '127.0.0.1:0', '--upstream', upstream, '--http-processes', '2'],
      ...['--rate-limit', `1/h,burst=${BURST}`, '--access-log', '--log-format', 'uwsgi'],
    ],
  });
  t.after(() => front.stop());
  let passed = 0;
  // Each on a connection of its own, which either router may take.
  for (let round = 0; round < BURST * 4; round += 1) {
    const client = new Client({ port: front.port('http'), ca: undefined }, 'http/1.1');
    const { status } = await client.request('/');
    client.close();
    if (status === 200) passed += 1;
    else assert.equal(status, 429);
  }
  assert.ok(passed >= BURST, `${passed} passed`);
  const asked = new Map<string, number>();
  for (const [, pid = ''] of front.log.matchAll(/\[pid: (\d+)\|/g)) asked.set(pid, (asked.get(pid) ?? 0) + 1);
  // A router that was asked less often than a burst could have let all pass by itself.
  const isShared = asked.size === 2 && [...asked.values()].every((count) => count >= BURST);
  if (isShared) assert.ok(passed < BURST * 2, `${passed} passed`);
  else t.diagnostic('one router took nearly all connections: nothing was shared');
  assert.ok(passed <= BURST * 2);
});
