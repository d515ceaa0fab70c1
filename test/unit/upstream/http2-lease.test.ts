/** One HTTP/2 stream to an app, after its request or the whole of it has ended: what is said then changes nothing. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { type TestContext, test } from 'node:test';
import { createUpstream } from '../../../proxy/routing/upstream.js';
import { Http2Lease } from '../../../proxy/upstream/http2/lease.js';
import { NO_LINES } from '../../../proxy/wire/syntax/field-lines.js';
import { until } from '../../support/deadline.js';
import { appsOf } from '../../support/settings.js';

const WAIT_MS = 20_000;

/** A request of two body bytes that may have trailers, and what the app sees of it. */
async function asked(t: TestContext) {
  const seen = {
    body: '',
    trailers: null as IncomingHttpHeaders | null,
    stream: null as ServerHttp2Stream | null,
  };
  const server = createServer().on('stream', (stream) => {
    seen.stream = stream;
    stream.on('error', () => undefined);
    stream.on('trailers', (trailers) => {
      seen.trailers = trailers;
    });
    stream.setEncoding('latin1').on('data', (text: string) => {
      seen.body += text;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const session = connect(`http://127.0.0.1:${address.port}`);
  session.on('error', () => undefined);
  t.after(() => {
    session.destroy();
    server.close();
  });
  const app = appsOf('127.0.0.1:1')[0] ?? assert.fail('no app');
  const one = app.upstreams[0] ?? assert.fail('no upstream');
  const state = { app: 0, hostName: null, key: '', needsLength: false, ready: true, id: 1 };
  const told: string[] = [];
  const lease = new Http2Lease(
    createUpstream({ ...one, ...state }, app),
    { session, nowMs: 1, uses: 1, failure: null, onLeaseOver: () => told.push('over') },
    {
      client: 'c',
      needsHttp1: false,
      onLease: () => assert.fail(),
      onNoLease: () => assert.fail(),
      onWritable: () => undefined,
      onFailure: (code) => told.push(code),
      onInformational: () => undefined,
      onResponse: ({ status }) => told.push(String(status)),
      onBody: () => undefined,
      onEnd: () => told.push('end'),
      onTunnel: () => assert.fail(),
      onFlush: () => undefined,
    },
  );
  const own = ['host', 'a.test', 'te', 'trailers'];
  const head = { method: 'POST', path: '/', authority: 'a.test', headers: own, memo: null };
  const facts = {
    ...{ remoteAddress: '192.0.2.1', remotePort: 1, localAddress: '192.0.2.2', localPort: 443, listener: 0 },
    ...{ tlsVersion: 'TLSv1.3', cipher: '', tlsGroup: '', serverName: '', trusted: false, clientFields: [] },
    certificate: null,
  };
  lease.sendHead(
    { head: { ...head, httpVersion: '2.0' }, facts },
    '/',
    { repeated: NO_LINES, own },
    'unknown',
  );
  assert.equal(lease.sendBody(Buffer.from('ab')), true);
  await until(() => seen.body === 'ab', WAIT_MS, 'the body');
  return { lease, seen, told };
}

test('a request ends once, with its first trailers, and has no body after', async (t) => {
  const { lease, seen, told } = await asked(t);
  lease.endBody(['x-first', '1']);
  lease.endBody(['x-second', '2']);
  assert.equal(lease.sendBody(Buffer.from('cd')), true);
  await until(() => seen.trailers !== null, WAIT_MS, 'the trailers');
  assert.deepEqual(Object.entries(seen.trailers ?? {}), [['x-first', '1']]);
  assert.equal(seen.body, 'ab');
  seen.stream?.respond({ ':status': 200 });
  seen.stream?.end();
  await until(() => told.includes('end'), WAIT_MS, 'the end of the answer');
  assert.deepEqual(told, ['200', 'over', 'end']);
});

test('an exchange that is given up is over once, and nothing of its request follows', async (t) => {
  const { lease, seen, told } = await asked(t);
  lease.abort();
  lease.endBody(['x-late', '1']);
  assert.equal(lease.sendBody(Buffer.from('cd')), true);
  lease.fail('upstream_timeout');
  lease.abort();
  await until(() => seen.stream?.closed === true, WAIT_MS, 'the reset');
  assert.equal(seen.stream?.rstCode, 8);
  assert.deepEqual([told, seen.body, seen.trailers, lease.awaitsRequest], [['over'], 'ab', null, true]);
});

test('an exchange that fails is told of once', async (t) => {
  const { lease, told } = await asked(t);
  lease.fail('upstream_timeout');
  lease.fail('upstream_cut');
  lease.abort();
  assert.deepEqual(told, ['over', 'upstream_timeout']);
});
