/** DNS rebinding: a name that nobody gave the front is refused on loopback, whatever protocol carries it. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { listenLocally } from '../support/app-behind.js';
import { ENGINES } from '../support/fronted.js';
import { Client, PROTOCOLS } from '../support/https-client.js';
import { StartedFront } from '../support/started-front.js';

const seen: string[] = [];
const app = createServer((request, response) => {
  seen.push(`${request.headers.host} ${request.url}`);
  response.end('app');
});
let upstream = '';
before(async () => {
  upstream = `127.0.0.1:${await listenLocally(app)}`;
});
after(() => {
  app.closeAllConnections();
  app.close();
});

for (const engine of ENGINES) {
  test(`a stranger's name gets 403 and a page that says what to do (${engine})`, async (t) => {
    const front = await StartedFront.start({
      arguments: [
        ...['--listen', '127.0.0.1:0', '--http', '127.0.0.1:0', '--change-host'],
        ...['--upstream', upstream, '--engine', engine, '--host', 'app.example'],
      ],
    });
    t.after(() => front.stop());
    const ports = [
      ...PROTOCOLS.map((protocol) => ({ protocol, port: front.port(), ca: front.ca })),
      { protocol: 'http/1.1' as const, port: front.port('http'), ca: undefined },
    ];
    for (const { protocol, port, ca } of ports) {
      const client = new Client({ port, ca }, protocol);
      t.after(() => client.close());
      seen.length = 0;
      const asked = `${protocol} ${ca === undefined ? 'plain' : 'tls'}`;
      const ask = (host: string) =>
        client.request('/secret', { headers: { host: `${host}:${port}`, accept: 'text/html' } });
      const refused = await ask('rebound.evil.example');
      assert.equal(refused.status, 403, asked);
      assert.match(refused.text, /--host NAME/);
      assert.deepEqual(seen, [], asked);
      for (const host of ['localhost', 'x.test', 'app.example', '127.0.0.1'])
        assert.equal((await ask(host)).status, 200, `${asked} ${host}`);
    }
    await front.logged(/warning: requests for rebound\.evil\.example are refused: on loopback only names/);
    await front.logged(/hint: add --host rebound\.evil\.example if the name is yours/);
  });
}

test('--any-host serves every name', async (t) => {
  const front = await StartedFront.start({
    arguments: ['--listen', '127.0.0.1:0', '--upstream', upstream, '--any-host'],
  });
  t.after(() => front.stop());
  const client = new Client({ port: front.port(), ca: front.ca }, 'h2');
  t.after(() => client.close());
  assert.equal((await client.request('/', { headers: { host: 'tunnel.example.com' } })).status, 200);
});
