/** Proxies of the environment on the way to an authority: which one counts, who is excepted, and what is said when it fails. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { type ProxyEnvironment, proxyFor } from '../../../src/certificates/acme/protocol/proxy.js';
import { AcmeTransport } from '../../../src/certificates/acme/protocol/transport.js';
import { TestAuthority } from '../../support/acme-authority.js';
import { listenLocally } from '../../support/app-behind.js';
import { testCertificates } from '../../support/certificates.js';
import { until } from '../../support/deadline.js';

const { root } = await testCertificates();
const PROXY = 'http://proxy.test:3128';

for (const [url, environment, expected] of [
  ['https://ca.example/dir', {}, null],
  ['https://ca.example/dir', { HTTPS_PROXY: '' }, null],
  ['https://ca.example/dir', { HTTPS_PROXY: PROXY }, 'proxy.test:3128'],
  ['https://ca.example/dir', { https_proxy: PROXY, HTTPS_PROXY: 'http://other.test' }, 'proxy.test:3128'],
  ['https://ca.example/dir', { ALL_PROXY: PROXY }, 'proxy.test:3128'],
  ['https://ca.example/dir', { all_proxy: PROXY, HTTPS_PROXY: 'http://own.test:1' }, 'own.test:1'],
  ['https://ca.example/dir', { HTTP_PROXY: PROXY }, null],
  ['https://ca.example/dir', { HTTPS_PROXY: 'proxy.test:3128' }, 'proxy.test:3128'],
  ['https://ca.example/dir', { HTTPS_PROXY: 'https://proxy.test' }, 'proxy.test'],
  ['https://ca.example/dir', { HTTPS_PROXY: PROXY, NO_PROXY: '*' }, null],
  ['https://ca.example/dir', { HTTPS_PROXY: PROXY, NO_PROXY: 'ca.example' }, null],
  ['https://ca.example/dir', { HTTPS_PROXY: PROXY, no_proxy: 'example' }, null],
  ['https://ca.example/dir', { HTTPS_PROXY: PROXY, NO_PROXY: '.ca.example' }, null],
  ['https://a.ca.example/dir', { HTTPS_PROXY: PROXY, NO_PROXY: 'localhost, *.ca.example' }, null],
  ['https://CA.EXAMPLE/dir', { HTTPS_PROXY: PROXY, NO_PROXY: 'Ca.Example' }, null],
  ['https://xca.example/dir', { HTTPS_PROXY: PROXY, NO_PROXY: 'ca.example' }, 'proxy.test:3128'],
  ['https://ca.example/dir', { HTTPS_PROXY: PROXY, NO_PROXY: 'ca.example:8443' }, 'proxy.test:3128'],
  ['https://ca.example:8443/dir', { HTTPS_PROXY: PROXY, NO_PROXY: 'ca.example:8443' }, null],
  ['https://ca.example/dir', { HTTPS_PROXY: PROXY, NO_PROXY: 'ca.example:443' }, null],
  ['https://127.0.0.1/dir', { HTTPS_PROXY: PROXY, NO_PROXY: 'localhost 127.0.0.1' }, null],
  ['https://10.0.0.1/dir', { HTTPS_PROXY: PROXY, NO_PROXY: '0.0.1' }, 'proxy.test:3128'],
  ['https://[::1]/dir', { HTTPS_PROXY: PROXY, NO_PROXY: '::1' }, null],
  ['https://[::1]/dir', { HTTPS_PROXY: PROXY, NO_PROXY: '[::1]' }, null],
  ['https://10.20.0.1/dir', { HTTPS_PROXY: PROXY, NO_PROXY: '192.168.0.0/16,10.0.0.0/8' }, null],
  ['https://11.0.0.1/dir', { HTTPS_PROXY: PROXY, NO_PROXY: '10.0.0.0/8' }, 'proxy.test:3128'],
  ['https://[fd00::7]/dir', { HTTPS_PROXY: PROXY, NO_PROXY: 'fd00::/8' }, null],
  ['https://[fe80::7]/dir', { HTTPS_PROXY: PROXY, NO_PROXY: 'fd00::/8' }, 'proxy.test:3128'],
  ['https://10.0.0.1/dir', { HTTPS_PROXY: PROXY, NO_PROXY: '10.0.0.1/32' }, null],
  ['https://10.0.0.1/dir', { HTTPS_PROXY: PROXY, NO_PROXY: '10.0.0.0/33' }, 'proxy.test:3128'],
  ['https://ca.example/dir', { HTTPS_PROXY: PROXY, NO_PROXY: '0.0.0.0/0' }, 'proxy.test:3128'],
] as const satisfies readonly (readonly [string, ProxyEnvironment, string | null])[]) {
  test(`${url} with ${JSON.stringify(environment)}: ${expected ?? 'no proxy'}`, () => {
    assert.equal(proxyFor(new URL(url), environment)?.host ?? null, expected);
  });
}

test('what is no proxy, or one of another kind, is refused in words', () => {
  for (const [text, words] of [
    ['socks5://proxy.test:1080', /^HTTPS_PROXY names a kind of proxy that is not supported: socks5:/],
    ['http://', /^HTTPS_PROXY is no address of a proxy: http:/],
  ] as const) {
    const ask = () => proxyFor(new URL('https://ca.example/'), { HTTPS_PROXY: text });
    assert.throws(ask, ({ message }: Error) => words.test(message));
  }
});

/** An authority, and a proxy in front that tells whom it was asked for, with what credentials. */
async function scene(t: TestContext, status = 200) {
  const authority = await TestAuthority.start(t, { httpPort: 1 });
  const asked: string[] = [];
  const tunnels = new Set<Socket>();
  const proxy = createServer().on('connect', (request, client: Socket) => {
    tunnels.add(client);
    client.on('error', () => undefined).once('close', () => tunnels.delete(client));
    asked.push(`${request.url} ${request.headers['proxy-authorization'] ?? '-'}`);
    if (status !== 200) {
      client.end(`HTTP/1.1 ${status} No\r\n\r\n`);
      return;
    }
    const upstream = connect(Number(new URL(authority.base).port), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connected\r\n\r\n');
      pipeline(client, upstream, client, () => undefined);
    });
  });
  const port = await listenLocally(proxy);
  t.after(() => {
    for (const one of tunnels) one.destroy();
    proxy.closeAllConnections();
    proxy.close();
  });
  const transport = (environment: ProxyEnvironment): AcmeTransport =>
    new AcmeTransport({
      caPem: root.certPem,
      userAgent: 'tlsfront/test',
      environment,
      signal: new AbortController().signal,
    });
  return { authority, asked, port, open: () => tunnels.size, transport };
}

test('credentials of a proxy are sent to it, with what was escaped in them', async (t) => {
  const { authority, asked, port, transport } = await scene(t);
  const to = transport({ HTTPS_PROXY: `http://ada:p%40ss@127.0.0.1:${port}` });
  assert.equal((await to.send('GET', authority.directory, null)).status, 200);
  const { host } = new URL(authority.base);
  assert.deepEqual(asked, [`${host} Basic ${Buffer.from('ada:p@ss').toString('base64')}`]);
});

test('an authority with an address is asked through a proxy, and its certificate is held against the address', async (t) => {
  const { authority, asked, port, open, transport } = await scene(t);
  const { port: own } = new URL(authority.base);
  const to = transport({ HTTPS_PROXY: `http://127.0.0.1:${port}` });
  assert.equal((await to.send('GET', `https://127.0.0.1:${own}/directory`, null)).status, 200);
  await assert.rejects(
    to.send('GET', `https://127.0.0.2:${own}/directory`, null),
    /its own certificate is for another name/,
  );
  assert.deepEqual(asked, [`127.0.0.1:${own} -`, `127.0.0.2:${own} -`]);
  await until(() => open() === 0, 30_000, 'the end of the tunnels');
});

test('a name that the proxy alone can resolve is asked for through it, and nowhere else', async (t) => {
  const { authority, asked, port, open, transport } = await scene(t);
  const { port: own } = new URL(authority.base);
  const to = transport({ HTTPS_PROXY: `http://127.0.0.1:${port}` });
  await assert.rejects(
    to.send('GET', `https://ca.invalid:${own}/directory`, null),
    /its own certificate is for another name/,
  );
  assert.deepEqual(asked, [`ca.invalid:${own} -`]);
  await until(() => open() === 0, 30_000, 'the end of the tunnel');
});

test('who is excepted is asked directly', async (t) => {
  const { authority, asked, port, transport } = await scene(t);
  const to = transport({ HTTPS_PROXY: `http://127.0.0.1:${port}`, NO_PROXY: 'localhost' });
  assert.equal((await to.send('GET', authority.directory, null)).status, 200);
  assert.deepEqual(asked, []);
});

for (const [what, status, words] of [
  ['refuses', 407, /the proxy 127\.0\.0\.1:\d+ answers with status 407/],
  ['is not there', 0, /the authority localhost:\d+ cannot be reached: nothing listens there/],
] as const) {
  test(`a proxy that ${what} is told`, async (t) => {
    const { authority, port, transport } = await scene(t, status || 200);
    const to = transport({ HTTPS_PROXY: `http://127.0.0.1:${status === 0 ? 1 : port}` });
    await assert.rejects(to.send('GET', authority.directory, null), words);
  });
}
