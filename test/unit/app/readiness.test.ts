/** An app is ready when it accepts; a connection that has met itself is no app. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import type { TcpNetConnectOpts } from 'node:net';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { findFreePort, isTaken, waitUntilAccepting } from '../../../app/readiness.js';

const net: typeof import('node:net') = createRequire(import.meta.url)('node:net');

async function listening(): Promise<{ port: number; close: () => void }> {
  const server = createServer((socket) => socket.destroy());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: () => server.close(),
  };
}

test('a port is taken while something listens on it', async () => {
  const { port, close } = await listening();
  assert.equal(await isTaken(port), true);
  close();
  assert.equal(await isTaken(port), false);
});

test('a free port is one on which something can listen', async (t) => {
  const port = await findFreePort('127.0.0.1');
  const server = createServer().listen(port, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
});

test('a free port is none of those that outgoing connections get', async () => {
  const ports = await Promise.all(Array.from({ length: 50 }, () => findFreePort('127.0.0.1')));
  assert.deepEqual(
    ports.filter((port) => port < 20_000 || port >= 30_000),
    [],
  );
});

test('a connection from the port to itself is not taken for an app', async (t) => {
  const { connect } = net;
  // TCP allows it (RFC 9293 §3.5), and a free port of the ephemeral range meets it by chance.
  net.connect = ((options: TcpNetConnectOpts) =>
    connect({ ...options, localPort: options.port })) as typeof connect;
  syncBuiltinESMExports();
  t.after(() => {
    net.connect = connect;
    syncBuiltinESMExports();
  });
  const port = await findFreePort('127.0.0.1');
  assert.equal(await isTaken(port), false);
});

test('the wait for an app ends when its time is over, when it is called off, and not before the app is loaded', async (t) => {
  const { port, close } = await listening();
  t.after(close);
  const never = new AbortController();
  assert.equal(await waitUntilAccepting(port, 5_000, never.signal, () => true), '127.0.0.1');
  assert.equal(await waitUntilAccepting(port, 50, never.signal, () => false), undefined);
  let looks = 0;
  assert.equal(await waitUntilAccepting(port, 30_000, never.signal, () => ++looks > 2), '127.0.0.1');
  const off = new AbortController();
  off.abort();
  assert.equal(await waitUntilAccepting(port, 30_000, off.signal, () => true), undefined);
});
