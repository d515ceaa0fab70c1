/** Apps by names that a DNS server gives out: addresses, services, and a name that is not there. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type TestContext, test } from 'node:test';
import { listenLocally } from '../support/app-behind.js';
import { DnsServer } from '../support/dns-server.js';
import { Client } from '../support/https-client.js';
import { StartedFront } from '../support/started-front.js';

async function startApp(t: TestContext, name: string): Promise<number> {
  const server = createServer((request, response) => response.end(`${name} ${request.headers.host}`));
  const port = await listenLocally(server);
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return port;
}

test('apps are found by name and by service, and a request for a name that is not there gets 503', async (t) => {
  const dns = await DnsServer.start(t);
  const [one, two] = [await startApp(t, 'one'), await startApp(t, 'two')];
  dns.services.set('_http._tcp.app.internal', [`1 1 ${two} two.internal`, `9 1 ${one} one.internal`]);
  dns.absent.add('nobody.internal');
  const front = await StartedFront.start({
    arguments: [
      ...['--listen', '127.0.0.1:0', '--dns-server', dns.address, '--hold', '0', '--change-host'],
      ...['--upstream', `/dns=dns://one.internal:${one}`, '--upstream', '/srv=srv://_http._tcp.app.internal'],
      ...['--upstream', '/gone=dns://nobody.internal:80'],
    ],
  });
  t.after(() => front.stop());
  const client = new Client({ port: front.port(), ca: front.ca }, 'h2');
  t.after(() => client.close());
  assert.equal((await client.request('/dns')).text, `one one.internal:${one}`);
  assert.equal((await client.request('/srv')).text, `two two.internal:${two}`);
  assert.equal((await client.request('/gone')).status, 503);
  await front.logged(
    /^warning: dns:\/\/nobody\.internal:80 is not found \(ENOTFOUND\): nothing is sent there yet$/m,
  );
});
