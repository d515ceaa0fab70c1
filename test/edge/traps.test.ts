/** Traps that caught other proxies, one regression test each (docs of their advisories call them smuggling and crashes). */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { ENGINES } from '../support/fronted.js';
import { Client, PROTOCOLS } from '../support/https-client.js';
import { Oracle, type OracleMessage } from '../support/oracle.js';
import { ok } from '../support/oracle-answer.js';
import { RawHttp1Client } from '../support/raw-client.js';
import { StartedFront } from '../support/started-front.js';
import { valuesOf } from '../support/strict-head.js';

for (const engine of ENGINES) {
  describe(`traps (${engine})`, () => {
    const oracle = new Oracle();
    let front: StartedFront;
    before(async () => {
      await oracle.start();
      const upstream = ['--upstream', `127.0.0.1:${oracle.port}`];
      front = await StartedFront.start({
        arguments: [...upstream, '--listen', '127.0.0.1:0', '--engine', engine],
      });
    });
    after(async () => {
      await front.stop();
      await oracle.stop();
    });

    const raw = (methods: readonly string[] = []): Promise<RawHttp1Client> =>
      RawHttp1Client.open({ port: front.port(), ca: front.ca }, methods);
    const only = (token: string): OracleMessage => {
      const [message, ...more] = oracle.messagesOf(token);
      assert.ok(
        message !== undefined && more.length === 0,
        `one message, not ${more.length + (message ? 1 : 0)}`,
      );
      assert.deepEqual(oracle.violationsOf(token), []);
      return message;
    };
    const alive = async (): Promise<void> => {
      const client = new Client({ port: front.port(), ca: front.ca }, 'http/1.1');
      const reply = await client.request(`/${oracle.token()}`);
      client.close();
      assert.equal(reply.status, 200);
    };

    for (const method of ['DELETE', 'OPTIONS', 'GET']) {
      test(`a chunked body of ${method} stays a body`, async () => {
        const token = oracle.token();
        const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n';
        const client = await raw();
        await client.send(
          `${method} /${token} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n` +
            `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`,
        );
        assert.ok(await client.settle(1, 30_000));
        await client.finish(1000);
        const message = only(token);
        assert.deepEqual([message.method, message.body], [method, smuggled]);
      });
    }

    for (const method of ['GET', 'HEAD', 'DELETE', 'OPTIONS', 'POST']) {
      test(`a body of unknown length of ${method} over HTTP/2 stays a body`, async () => {
        const token = oracle.token();
        const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n';
        const client = new Client({ port: front.port(), ca: front.ca }, 'h2');
        const body = Readable.from([Buffer.from(smuggled)]);
        const { status } = await client.request(`/${token}`, { method, body });
        client.close();
        assert.equal(status, 200);
        const message = only(token);
        assert.deepEqual([message.method, message.body], [method, smuggled]);
      });
    }

    for (const target of [
      'http://[',
      '//[',
      '/[',
      '/\\[',
      'http://',
      'http:///x',
      'x',
      '*',
      '/\u00e9',
      '/a#b',
      '/a\tb',
    ]) {
      test(`GET ${JSON.stringify(target)} neither ends the front nor hangs`, async () => {
        const client = await raw();
        await client.send(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
        assert.ok(await client.settle(1, 30_000), 'an answer or the end of the connection');
        await client.finish(1000);
        const status = client.responses[0]?.status ?? 0;
        assert.equal(status, /^\/+\\?\[$/.test(target) ? 200 : 400);
        await alive();
      });
    }

    for (const protocol of PROTOCOLS) {
      test(`an upstream that dies in a body with a length cuts the answer over ${protocol}`, async () => {
        const token = oracle.token();
        oracle.script(token, [
          { send: 'HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nhalf' },
          { close: true },
        ]);
        const client = new Client({ port: front.port(), ca: front.ca }, protocol);
        await assert.rejects(client.request(`/${token}`), /abort|closed|reset|stream/i);
        client.close();
        await alive();
      });

      test(`an upstream that dies in a chunked body cuts the answer over ${protocol}`, async () => {
        const token = oracle.token();
        const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n';
        oracle.script(token, [{ send: head }, { reset: true }]);
        const client = new Client({ port: front.port(), ca: front.ca }, protocol);
        await assert.rejects(client.request(`/${token}`), /abort|closed|reset|stream/i);
        client.close();
        await alive();
      });

      test(`an upstream that dies before its answer gives 502 over ${protocol}`, async () => {
        const token = oracle.token();
        oracle.script(token, [{ awaitBody: true }, { close: true }]);
        const client = new Client({ port: front.port(), ca: front.ca }, protocol);
        const { status } = await client.request(`/${token}`, { method: 'POST', body: 'once' });
        client.close();
        assert.equal(status, 502);
        only(token);
      });

      for (const answer of [
        'HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n',
        'HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n',
        'HTTP/1.1 200 OK\r\nUpgrade: h2c\r\nProxy-Connection: keep-alive\r\nContent-Length: 2\r\n\r\nok',
        'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok',
        'HTTP/1.1 200 OK\r\nX-Bad: a\0b\r\nContent-Length: 2\r\n\r\nok',
        'SMTP ready\r\n',
        '\r\n\r\n',
      ]) {
        test(`the answer ${JSON.stringify(answer.slice(0, 60))} over ${protocol} neither ends the front nor hangs`, async () => {
          const token = oracle.token();
          oracle.script(token, [{ awaitBody: true }, { send: answer }, { close: true }]);
          const client = new Client({ port: front.port(), ca: front.ca }, protocol);
          const { status } = await client.request(`/${token}`, { method: 'POST', body: 'x' });
          client.close();
          assert.equal(status, answer.includes('Upgrade') ? 200 : answer.includes('999') ? status : 502);
          await alive();
        });
      }

      test(`a client that names X-Forwarded-For in Connection cannot take it away over ${protocol}`, async () => {
        const token = oracle.token();
        const client = await raw();
        await client.send(
          `GET /${token} HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 203.0.113.9\r\nX-Mine: secret\r\n` +
            'Connection: X-Forwarded-For, X-Forwarded-Proto, Host, X-Mine, X-Request-Id\r\n\r\n',
        );
        assert.ok(await client.settle(1, 30_000));
        await client.finish(1000);
        const { headers } = only(token);
        assert.deepEqual(valuesOf(headers, 'x-forwarded-for'), ['127.0.0.1']);
        assert.deepEqual(valuesOf(headers, 'x-forwarded-proto'), ['https']);
        assert.deepEqual(valuesOf(headers, 'host'), ['localhost']);
        assert.deepEqual(valuesOf(headers, 'x-mine'), []);
        assert.equal(valuesOf(headers, 'x-request-id').length, 1);
      });
    }

    test('a kept upstream connection that closes under a POST does not send it twice', async () => {
      const warm = oracle.token();
      const token = oracle.token();
      const client = new Client({ port: front.port(), ca: front.ca }, 'http/1.1');
      oracle.script(warm, [{ awaitBody: true }, { send: ok('warm') }, { closeOnReuse: true }]);
      await client.request(`/${warm}`);
      await client.request(`/${token}`, { method: 'POST', body: 'charge the card' });
      client.close();
      assert.equal(oracle.messagesOf(token).length, 1);
    });

    test('a kept upstream connection that closes under a GET is nothing the client sees', async () => {
      const warm = oracle.token();
      const token = oracle.token();
      const client = new Client({ port: front.port(), ca: front.ca }, 'http/1.1');
      oracle.script(warm, [{ awaitBody: true }, { send: ok('warm') }, { closeOnReuse: true }]);
      await client.request(`/${warm}`);
      const { status } = await client.request(`/${token}`);
      client.close();
      assert.equal(status, 200);
    });

    test('the router never restarted during all this', () => {
      assert.doesNotMatch(front.log, /respawn/);
    });
  });
}
