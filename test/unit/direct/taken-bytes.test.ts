/** What the system has taken of a socket's writes, on this Node: plain and encrypted. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { takenBytes } from '../../../proxy/direct/taken-bytes.js';
import { writeTestCertificates } from '../../support/certificates.js';
import { until, within } from '../../support/deadline.js';

const WAIT_MS = 30_000;
const PIECE_BYTES = 64 * 1024;
const PIECES = 400;

/** Writes 25 MB to a client that reads nothing at first. */
async function judge(server: Server, secure: boolean, open: (port: number) => Socket): Promise<void> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const client = open(address.port);
  client.on('error', () => undefined);
  client.pause();
  const accepted = once(server, secure ? 'secureConnection' : 'connection');
  const [served]: unknown[] = await within(accepted, WAIT_MS, 'a connection');
  assert.ok(served instanceof Socket);
  served.on('error', () => undefined);
  for (let piece = 0; piece < PIECES; piece += 1) served.write(Buffer.alloc(PIECE_BYTES));
  const before = takenBytes(served);
  assert.ok(before !== null && before < PIECES * PIECE_BYTES, `${before} bytes are taken`);
  client.resume();
  const all = (): boolean => (takenBytes(served) ?? 0) >= PIECES * PIECE_BYTES;
  await until(all, WAIT_MS, 'all of it taken');
  client.destroy();
  served.destroy();
  server.close();
}

test('of a plain socket', () => judge(createServer(), false, (port) => connect(port, '127.0.0.1')));

test('of a TLS socket that was made of a plain one', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tlsfront-taken-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const { chainFile, keyFile, rootFile } = await writeTestCertificates(folder);
  const above = createTlsServer({ cert: readFileSync(chainFile), key: readFileSync(keyFile) });
  const below = createServer((socket) => above.emit('connection', socket));
  above.on('secureConnection', (socket) => below.emit('secureConnection', socket));
  const ca = readFileSync(rootFile);
  await judge(below, true, (port) => connectTls({ port, host: '127.0.0.1', ca, servername: 'localhost' }));
});
