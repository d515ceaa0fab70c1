/** A listener on `[::]` takes IPv4 clients too: they are known by their IPv4 address everywhere, not by an address within IPv6. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { after, before, describe, test } from 'node:test';
import { listenLocally } from '../support/app-behind.js';
import { until } from '../support/deadline.js';
import { ENGINES } from '../support/fronted.js';
import { Client, PROTOCOLS } from '../support/https-client.js';
import { PATIENCE_MS, StartedFront } from '../support/started-front.js';

const hasIPv6 = Object.values(networkInterfaces()).some((list) =>
  list?.some(({ address }) => address === '::1'),
);
const skip = hasIPv6 ? false : 'no IPv6 on loopback';

for (const engine of ENGINES) {
  describe(`an IPv4 client of [::] (${engine})`, { skip }, () => {
    const app = createServer((request, response) => {
      response.end(JSON.stringify(request.headers));
    });
    let front: StartedFront;
    const open: Socket[] = [];
    before(async () => {
      front = await StartedFront.start({
        arguments: [
          ...['--listen', '[::]:0', '--upstream', String(await listenLocally(app)), '--engine', engine],
          ...['--access-log', '--log-format', 'json', '--trusted-proxies', '127.0.0.1/32'],
          ...['--deny', '198.51.100.7/32', '--max-connections-per-address', '6'],
        ],
      });
    });
    after(async () => {
      for (const socket of open) socket.destroy();
      await front.stop();
      app.closeAllConnections();
      app.close();
    });

    const port = (): number => Number(/is ready: https:\/\/localhost:(\d+) /.exec(front.log)?.[1]);

    for (const protocol of PROTOCOLS) {
      test(`is 127.0.0.1 for the app, the log and --trusted-proxies (${protocol})`, async () => {
        const client = new Client({ port: port(), ca: front.ca }, protocol);
        const plain = JSON.parse((await client.request(`/plain-${protocol}`)).text);
        assert.deepEqual(
          [plain['x-forwarded-for'], plain['x-real-ip'] ?? '127.0.0.1'],
          ['127.0.0.1', '127.0.0.1'],
        );
        const behind = await client.request('/', { headers: { 'x-forwarded-for': '203.0.113.5' } });
        assert.equal(JSON.parse(behind.text)['x-forwarded-for'], '203.0.113.5, 127.0.0.1');
        const denied = await client.request('/', { headers: { 'x-forwarded-for': '198.51.100.7' } });
        assert.equal(denied.status, 403);
        client.close();
        const [line] = await front.logged(new RegExp(`^\\{.*/plain-${protocol}".*$`, 'm'));
        assert.equal(JSON.parse(line).remote, '127.0.0.1');
      });
    }

    test('has its own number of connections, whatever those of ::1 are', async () => {
      const openTo = (host: string): Socket => {
        const socket = connect(port(), host).on('error', () => undefined);
        open.push(socket);
        return socket;
      };
      const old = Array.from({ length: 7 }, () => openTo('127.0.0.1'));
      await until(() => old.some(({ destroyed }) => destroyed), PATIENCE_MS, 'the refusal of one');
      const six = Array.from({ length: 6 }, () => openTo('::1'));
      await until(() => six.every(({ readyState }) => readyState === 'open'), PATIENCE_MS, 'six connections');
      const seventh = openTo('::1');
      await until(() => seventh.destroyed, PATIENCE_MS, 'the refusal of the seventh');
      assert.ok(six.every(({ destroyed }) => !destroyed));
    });
  });
}
