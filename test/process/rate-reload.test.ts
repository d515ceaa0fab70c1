/** `--rate-limit` over a reload: what a client has taken of its rate is not given back by SIGHUP. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { listenLocally } from '../support/app-behind.js';
import { until } from '../support/deadline.js';
import { Client } from '../support/https-client.js';
import { PATIENCE_MS, StartedFront } from '../support/started-front.js';
import { makeWorkspace } from '../support/workspace.js';

test('who has used up a rate is refused by the routers of the next generation too, with other numbers also', async (t) => {
  const app = createServer((_request, response) => response.end('app'));
  t.after(() => {
    app.closeAllConnections();
    app.close();
  });
  const folder = makeWorkspace(t);
  const write = (rate: string, processes: number): string =>
    folder.write(
      'tlsfront.toml',
      `http = "127.0.0.1:0"
upstream = "127.0.0.1:${port}"
http-processes = ${processes}
rate-limit = ["${rate}", "/keyed=1/h,burst=2,key=header:X-Key"]
`,
    );
  const port = await listenLocally(app);
  write('1/h,burst=2', 1);
  const front = await StartedFront.start({ arguments: [], folder: folder.path });
  t.after(() => front.stop());
  // Each on a connection of its own: kept ones end with their generation.
  const ask = async (path: string, key = ''): Promise<number> => {
    const client = new Client({ port: front.port('http'), ca: undefined }, 'http/1.1');
    const { status } = await client.request(path, { headers: { 'x-key': key } });
    client.close();
    return status;
  };
  const reload = async (): Promise<void> => {
    const from = front.log.length;
    front.child.kill('SIGHUP');
    await front.logged(/the new generation serves; the old one drains/, from);
  };
  assert.deepEqual([await ask('/keyed', 'a'), await ask('/'), await ask('/')], [200, 200, 429]);
  write('2/h,burst=2', 2);
  await reload();
  assert.equal(await ask('/'), 429, 'a router that was not there when it was asked');
  assert.equal(await ask('/keyed', 'b'), 429, 'both rules count');
  await reload();
  assert.equal(await ask('/'), 429, 'after two reloads');
});

test('a router that dies and is respawned learns from the others who has used up a rate', async (t) => {
  const app = createServer((_request, response) => response.end('app'));
  t.after(() => {
    app.closeAllConnections();
    app.close();
  });
  const front = await StartedFront.start({
    arguments: [
      ...['--http', '127.0.0.1:0', '--upstream', String(await listenLocally(app))],
      ...['--http-processes', '2', '--rate-limit', '1/h,burst=2'],
    ],
  });
  t.after(() => front.stop());
  const ask = async (): Promise<number> => {
    const client = new Client({ port: front.port('http'), ca: undefined }, 'http/1.1');
    const { status } = await client.request('/');
    client.close();
    return status;
  };
  // What one has let pass the other hears a moment later.
  let refused = 0;
  await until(
    async () => {
      refused = (await ask()) === 429 ? refused + 1 : 0;
      return refused === 10;
    },
    PATIENCE_MS,
    'ten refusals one after the other',
  );
  for (const index of [1, 2]) {
    const from = front.log.length;
    process.kill(front.pid('http', index), 'SIGKILL');
    await front.logged(/respawned tlsfront http \d/, from);
  }
  for (let count = 0; count < 6; count += 1) assert.equal(await ask(), 429);
});
