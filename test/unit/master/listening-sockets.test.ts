/** Which ports the master binds, and what it does without. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { ListeningSockets } from '../../../src/master/listening/listening-sockets.js';
import type { ListenerConfig } from '../../../src/shared/config/listeners.js';

const HTTP: ListenerConfig = { kind: 'http', host: '127.0.0.1', port: 0 };

function leading(port: number, host = '127.0.0.1'): ListenerConfig {
  return { kind: 'redirect', host, port, httpsPort: null, isOptional: true };
}

test('a redirect that nobody asked for is left out where its port is taken or there is no such address; a reload takes it', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  t.after(() => other.close());
  await once(other, 'listening');
  const address = other.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  // 192.0.2.0/24 is nobody's (RFC 5737).
  const listeners = [HTTP, leading(port), leading(0, '192.0.2.1')];
  const sockets = await ListeningSockets.bind(listeners);
  t.after(() => sockets.close());
  assert.deepEqual(
    sockets.all.map((socket) => socket?.bound.kind ?? null),
    ['http', null, null],
  );
  other.close();
  await once(other, 'close');
  const again = await ListeningSockets.bind(listeners, sockets);
  t.after(() => again.closeBeside(sockets));
  assert.deepEqual(
    again.all.map((socket) => socket?.bound.port ?? null),
    [sockets.bound[0]?.port, port, null],
  );
});

test('one that was asked for is not', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  t.after(() => other.close());
  await once(other, 'listening');
  const address = other.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const asked: ListenerConfig = {
    kind: 'redirect',
    host: '127.0.0.1',
    port,
    httpsPort: null,
    isOptional: false,
  };
  await assert.rejects(ListeningSockets.bind([HTTP, asked]), /cannot listen on 127\.0\.0\.1/);
});

test('sockets of a service manager are for those that were asked for', () => {
  assert.throws(
    () => ListeningSockets.adopt([HTTP, leading(80)], []),
    /hands over 0 sockets for 1 listeners/,
  );
});
