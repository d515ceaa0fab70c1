/** `--keep-underscores`, and trailers that say what a head may not. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { test } from 'node:test';
import { appBehind } from '../support/app-behind.js';
import { within } from '../support/deadline.js';
import { PATIENCE_MS } from '../support/started-front.js';

function app(request: IncomingMessage, response: ServerResponse): void {
  request.resume().once('end', () => {
    response.end(JSON.stringify({ head: request.headers, trailers: request.trailers }));
  });
}

appBehind('kept underscores', { arguments: ['--keep-underscores'], app }, (running) => {
  test('names with an underscore arrive, except in the spelling of a field that the front writes', async () => {
    const headers = {
      x_token: '1',
      __proto__x: '2',
      x_forwarded_for: '6.6.6.6',
      client_cert: 'x',
      remote_user: 'root',
    };
    const { head } = JSON.parse((await running().client.request('/', { headers })).text);
    assert.deepEqual([head.x_token, head.__proto__x], ['1', '2']);
    for (const name of ['x_forwarded_for', 'client_cert', 'remote_user'])
      assert.equal(head[name], undefined, name);
  });
});

appBehind('fields of strangers', { app, engines: ['direct'] }, (running, protocol) => {
  test('names with an underscore, and what only a front may say, do not arrive', async () => {
    const headers = {
      script_name: '/pub',
      'x-original-url': '/admin',
      'remote-user': 'root',
      'x-own': 'kept',
    };
    const { head } = JSON.parse((await running().client.request('/', { headers })).text);
    assert.equal(head['x-own'], 'kept');
    for (const name of ['script_name', 'x-original-url', 'remote-user'])
      assert.equal(head[name], undefined, name);
  });

  if (protocol !== 'h2') return;

  test('a trailer over HTTP/2 that a head would not carry on does not arrive', async (t) => {
    const { front } = running();
    const session = connectHttp2(`https://localhost:${front.port()}`, { ca: front.ca });
    t.after(() => session.destroy());
    const stream = session.request(
      { ':method': 'POST', ':path': '/' },
      { waitForTrailers: true, endStream: false },
    );
    stream.on('wantTrailers', () => {
      stream.sendTrailers({ 'client-cert': ':spoof:', 'x-request-id': 'spoof', x_y: 'spoof', 'x-sum': '1' });
    });
    stream.end('body');
    let text = '';
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    await within(once(stream, 'end'), PATIENCE_MS, 'the answer');
    assert.deepEqual(JSON.parse(text).trailers, { 'x-sum': '1' });
  });
});
