/** What clients are told when something fails, by what they accept; and the access log in its three forms. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eachEngine, eachProtocol } from '../support/fronted.js';
import { Client } from '../support/https-client.js';
import { SAMPLE_APP, type StartedFront } from '../support/started-front.js';

const LISTEN = ['--listen', '127.0.0.1:0'];

eachProtocol(
  'error pages',
  {
    arguments: [
      ...LISTEN,
      '--max-body-bytes',
      '100k',
      '--max-header-bytes',
      '8k',
      '--timeout-upstream-head',
      '1s',
    ],
    app: SAMPLE_APP,
  },
  (running) => {
    test('are HTML for a browser, JSON for a program that asks for it, text otherwise', async () => {
      const { client } = running();
      const ask = (accept: string) =>
        client.request('/echo', { headers: { accept, 'x-request-id': 'id-<1>' }, method: 'TRACE' });
      const page = await ask('text/html,application/xhtml+xml,*/*;q=0.8');
      assert.deepEqual([page.status, page.headers['content-type']], [405, 'text/html; charset=utf-8']);
      assert.match(page.text, /<h1>405 Method Not Allowed<\/h1>/);
      assert.doesNotMatch(page.text, /id-<1>/, 'escaped');
      const json = await ask('application/json');
      assert.equal(json.headers['content-type'], 'application/json');
      const { error } = JSON.parse(json.text);
      assert.deepEqual([error.status, error.requestId], [405, 'id-<1>']);
      const text = await ask('*/*');
      assert.equal(text.headers['content-type'], 'text/plain; charset=utf-8');
      assert.match(text.text, /^405 Method Not Allowed\n/);
      assert.equal(text.headers['cache-control'], 'no-store');
      assert.match(String(text.headers.allow), /GET/);
    });

    test('413 for a body beyond --max-body-bytes, with or without a length', async () => {
      const { client } = running();
      const body = Buffer.alloc(150 * 1024);
      const withLength = await client.request('/echo', { method: 'POST', body });
      assert.equal(withLength.status, 413);
      const fits = await client.request('/echo', { method: 'POST', body: body.subarray(0, 90 * 1024) });
      assert.equal(fits.status, 200);
    });

    test('431 for a head beyond --max-header-bytes', async () => {
      const reply = await running()
        .client.request('/echo', { headers: { cookie: 'c'.repeat(20_000) } })
        .catch((error: Error) => error);
      // node's HTTP/2 client keeps to the size that the front announces, and does not even send it.
      if (reply instanceof Error) assert.match(reply.message, /stream|closed|refused|frame/i);
      else assert.equal(reply.status, 431);
    });

    test('417 for an expectation that nobody knows', async () => {
      const { status } = await running().client.request('/echo', { headers: { expect: 'wonders' } });
      assert.equal(status, 417);
    });

    test('504 for an app that takes too long', async () => {
      const { status } = await running().client.request('/slow?ms=20000');
      assert.equal(status, 504);
    });

    test('502 for an app that breaks off before its answer is one the client can tell from its own', async () => {
      await assert.rejects(running().client.request('/cut?after=10'));
      assert.equal((await running().client.request('/hello')).status, 200);
    });
  },
);

/** The first access line in the log that speaks of the path. */
async function lineFor(front: StartedFront, path: string): Promise<string> {
  const escaped = path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const [line] = await front.logged(new RegExp(`^.*${escaped}.*$`, 'm'));
  return line;
}

async function requestOnce(front: StartedFront, path: string, agent = 'test/1.0'): Promise<void> {
  const client = new Client({ port: front.port(), ca: front.ca }, 'h2');
  const headers = { 'user-agent': agent, referer: 'https://localhost/from', 'x-request-id': 'req-7' };
  await client.request(path, { headers });
  client.close();
}

eachEngine('--access-log', { arguments: [...LISTEN, '--access-log'], app: SAMPLE_APP }, (running) => {
  test('has the common fields, times, protocol, TLS version and request id', async () => {
    await requestOnce(running(), '/bytes?size=77');
    assert.match(
      await lineFor(running(), '/bytes?size=77'),
      /^127\.0\.0\.1 - - \[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000\] "GET \/bytes\?size=77 HTTP\/2\.0" 200 77 "https:\/\/localhost\/from" "test\/1\.0" \d+\.\dms upstream=\d+\.\dms tls=TLSv1\.[23] group=(X25519|X25519MLKEM768) host=localhost:\d+ id=req-7$/,
    );
  });

  test('lets nobody forge a field or a line', async () => {
    await requestOnce(running(), '/status/204?forged', 'a" 200 1 "b\\');
    const line = await lineFor(running(), '/status/204?forged');
    assert.match(line, /"a\\x22 200 1 \\x22b\\x5c"/);
  });

  test('says why a request failed', async () => {
    const client = new Client({ port: running().port(), ca: running().ca }, 'http/1.1');
    await assert.rejects(client.request('/cut?after=20'));
    client.close();
    assert.match(await lineFor(running(), '/cut?after=20'), /error=upstream_\w+$/);
  });
});

eachEngine(
  '--log-format json',
  {
    arguments: [...LISTEN, '--access-log', '--log-format', 'json'],
    app: SAMPLE_APP,
  },
  (running) => {
    test('is one JSON object a line', async () => {
      await requestOnce(running(), '/bytes?size=78', 'quote " in it');
      const record = JSON.parse(await lineFor(running(), '/bytes?size=78'));
      assert.deepEqual(
        [record.remote, record.method, record.path, record.protocol, record.status, record.bytes],
        ['127.0.0.1', 'GET', '/bytes?size=78', 'HTTP/2.0', 200, 78],
      );
      assert.deepEqual([record.userAgent, record.requestId, record.error], ['quote " in it', 'req-7', '']);
      assert.match(record.tlsGroup, /^X25519(MLKEM768)?$/);
      assert.ok(record.durationMs >= record.upstreamMs && record.upstreamMs > 0);
      assert.ok(Math.abs(Date.parse(record.time) - Date.now()) < 60_000);
    });
  },
);

eachEngine(
  '--log-format uwsgi',
  {
    arguments: [...LISTEN, '--access-log', '--log-format', 'uwsgi'],
    app: SAMPLE_APP,
  },
  (running) => {
    test("is uWSGI's request line", async () => {
      await requestOnce(running(), '/bytes?size=79');
      assert.match(
        await lineFor(running(), '/bytes?size=79'),
        /^\[pid: \d+\|req: req-7\] 127\.0\.0\.1 \(\) \{\d+ vars\} \[[A-Z][a-z]{2} [A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d \d{4}\] GET \/bytes\?size=79 => generated 79 bytes in \d+ msecs \(HTTP\/2\.0 200\)$/,
      );
    });
  },
);
