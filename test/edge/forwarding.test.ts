/** What the app is told about the client, and what of the client's own words it never hears; where redirects lead. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { eachEngine, eachProtocol } from '../support/fronted.js';
import { Client, type ClientRequest, PROTOCOLS, type ReplyHeaders } from '../support/https-client.js';
import { SAMPLE_APP } from '../support/started-front.js';

const LISTEN = ['--listen', '127.0.0.1:0'];

async function seenBy(client: Client, request: ClientRequest = {}): Promise<ReplyHeaders> {
  return JSON.parse((await client.request('/echo', request)).text).headers;
}

const SPOOFED = {
  'x-forwarded-for': '203.0.113.7, 198.51.100.1',
  'x-forwarded-proto': 'http',
  'x-forwarded-host': 'evil.test',
  'x-forwarded-port': '1',
  'x-real-ip': '203.0.113.7',
  forwarded: 'for=203.0.113.7;proto=http;host=evil.test',
};

eachProtocol('forwarding fields', { arguments: LISTEN, app: SAMPLE_APP }, (running) => {
  test('are written from the connection', async () => {
    const { client, front } = running();
    const seen = await seenBy(client);
    const host = `localhost:${front.port()}`;
    assert.equal(seen.host, host);
    assert.equal(seen['x-forwarded-for'], '127.0.0.1');
    assert.equal(seen['x-forwarded-proto'], 'https');
    assert.equal(seen['x-forwarded-host'], host);
    assert.equal(seen['x-forwarded-port'], String(front.port()));
    assert.equal(seen.forwarded, `for=127.0.0.1;host="${host}";proto=https`);
  });

  test('of a stranger are dropped', async () => {
    const { client, front } = running();
    const seen = await seenBy(client, { headers: SPOOFED });
    assert.equal(seen['x-forwarded-for'], '127.0.0.1');
    assert.equal(seen['x-forwarded-proto'], 'https');
    assert.equal(seen['x-forwarded-host'], `localhost:${front.port()}`);
    assert.equal(seen['x-forwarded-port'], String(front.port()));
    assert.notEqual(seen['x-real-ip'], '203.0.113.7');
    assert.doesNotMatch(JSON.stringify(seen), /203\.0\.113|evil/);
  });

  test('spelled with underscores do not reach a CGI-like app as ours', async () => {
    const seen = await seenBy(running().client, { headers: { x_forwarded_for: '203.0.113.7' } });
    assert.equal(seen['x-forwarded-for'], '127.0.0.1');
    assert.equal(seen.x_forwarded_for, undefined, 'WSGI and CGI cannot tell it from X-Forwarded-For');
  });

  test('a request id is made where there is none, and a sensible one is kept', async () => {
    const { client } = running();
    const first = (await seenBy(client))['x-request-id'];
    const second = (await seenBy(client))['x-request-id'];
    assert.match(String(first), /^[\x21-\x7e]{8,}$/);
    assert.notEqual(first, second);
    assert.equal(
      (await seenBy(client, { headers: { 'x-request-id': 'mine-42' } }))['x-request-id'],
      'mine-42',
    );
    const long = (await seenBy(client, { headers: { 'x-request-id': 'x'.repeat(500) } }))['x-request-id'];
    assert.ok(String(long).length <= 128);
  });

  test('an http Location of the same host becomes https on the port of the client', async () => {
    const { client, front } = running();
    const location = async (to: string): Promise<unknown> =>
      (await client.request(`/redirect?to=${encodeURIComponent(to)}`)).headers.location;
    const own = `https://localhost:${front.port()}`;
    assert.equal((await client.request('/redirect')).headers.location, `${own}/hello`);
    assert.equal(await location('http://localhost/a?b=http://localhost/'), `${own}/a?b=http://localhost/`);
    assert.equal(await location('/relative'), '/relative');
    assert.equal(await location('http://elsewhere.test/x'), 'http://elsewhere.test/x');
    assert.equal(await location('http://localhost:1/x'), 'http://localhost:1/x');
    assert.equal(await location('http://localhost.evil.test/x'), 'http://localhost.evil.test/x');
    assert.equal(await location('https://localhost/x'), 'https://localhost/x');
  });
});

const TOLD_OTHERWISE = [
  ...LISTEN,
  '--trusted-proxies',
  '127.0.0.0/8',
  '--change-host',
  '--no-rewrite-location',
];

eachEngine(
  '--trusted-proxies, --change-host, --no-rewrite-location',
  {
    arguments: TOLD_OTHERWISE,
    app: SAMPLE_APP,
  },
  (running) => {
    for (const protocol of PROTOCOLS) {
      let client: Client | undefined;
      const connect = (): Client => {
        client ??= new Client({ port: running().port(), ca: running().ca }, protocol);
        return client;
      };
      after(() => client?.close());

      test(`over ${protocol} a trusted proxy's fields are believed and continued`, async () => {
        const seen = await seenBy(connect(), { headers: SPOOFED });
        assert.equal(seen['x-forwarded-for'], '203.0.113.7, 198.51.100.1, 127.0.0.1');
        assert.equal(seen['x-forwarded-proto'], 'http');
        assert.equal(seen['x-forwarded-host'], 'evil.test');
        assert.equal(seen['x-forwarded-port'], '1');
        assert.match(
          String(seen.forwarded),
          /^for=203\.0\.113\.7;proto=http;host=evil\.test, for=127\.0\.0\.1;/,
        );
      });

      test(`over ${protocol} the app gets its own host and port as Host`, async () => {
        const seen = await seenBy(connect());
        assert.match(String(seen.host), /^127\.0\.0\.1:\d+$/);
        assert.notEqual(seen.host, `127.0.0.1:${running().port()}`);
        assert.equal(seen['x-forwarded-host'], `localhost:${running().port()}`);
      });

      test(`over ${protocol} Location is left as the app wrote it`, async () => {
        const { headers } = await connect().request('/redirect?to=http://localhost/x');
        assert.equal(headers.location, 'http://localhost/x');
      });
    }
  },
);
