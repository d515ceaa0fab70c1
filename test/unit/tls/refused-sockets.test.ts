/** Connections that are refused are closed by us within a moment, whatever their clients do. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import tls from 'node:tls';
import { issueLeaf } from '../../../src/certificates/development/x509-issuer.js';
import { testCertificates } from '../../support/certificates.js';
import { within } from '../../support/deadline.js';
import { materialOf, plainMaterial, serveTlsFront, visit } from '../../support/tls-front.js';

const { root } = await testCertificates();
const names = ['a.test'];
const material = plainMaterial(materialOf([await issueLeaf(root, names)], names));

/** The first flight of a client that asks for a name. */
function helloFor(servername: string): Promise<Buffer> {
  return new Promise((resolve) => {
    const socket = tls.connect({ socket: new Recorder(resolve), servername });
    socket.on('error', () => undefined);
  });
}

class Recorder extends Duplex {
  constructor(private readonly onFirst: (chunk: Buffer) => void) {
    super();
  }
  override _read(): void {}
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.onFirst(chunk);
    done();
  }
}

/** A client that never closes its side; resolves when the front has closed the whole connection. */
async function stayUntilClosed(socket: Socket, label: string): Promise<void> {
  socket.on('error', () => undefined);
  socket.resume();
  // Not once(): a reset is an error too.
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await within(once(socket, 'end'), 30_000, `the end of ${label}`);
  // A socket that the other side has closed answers further bytes with a reset.
  const poke = setInterval(() => socket.write('x'), 50);
  try {
    await within(closed, 30_000, `the close of ${label}`);
  } finally {
    clearInterval(poke);
    socket.destroy();
  }
}

test('a name that --sni-strict refuses, from a client that stays', async (t) => {
  const { port } = await serveTlsFront(t, { material, sniStrict: true });
  const hello = await helloFor('nobody.example');
  const clients = Array.from({ length: 20 }, () => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.write(hello);
    return socket;
  });
  await Promise.all(clients.map((socket) => stayUntilClosed(socket, 'a refused client')));
});

test('a handshake that fails, from a client that stays', async (t) => {
  const { port } = await serveTlsFront(t, { material });
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  // A record that claims to be a handshake, and is none.
  socket.write(Buffer.from([0x16, 3, 1, 0, 5, 9, 9, 9, 9, 9]));
  await stayUntilClosed(socket, 'a failed handshake');
});

test('a TLS connection is known by the client that was accepted', async (t) => {
  const { port, remotes } = await serveTlsFront(t, { material });
  const local: number[] = [];
  const client = tls.connect({ port, host: '127.0.0.1', servername: 'a.test', ca: root.certPem });
  client.on('secureConnect', () => local.push(client.localPort ?? 0));
  client.resume();
  await within(once(client, 'close'), 30_000, 'the answer');
  assert.deepEqual(remotes, local);
});

test('plain HTTP is handed on with every byte, with and without a choice of certificates', async (t) => {
  for (const sniStrict of [false, true]) {
    const { port } = await serveTlsFront(t, { material, sniStrict });
    const socket = connect(port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\n');
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    await within(once(socket, 'close'), 30_000, 'the answer');
    assert.equal(text, 'plain');
    assert.equal((await visit(port, { servername: 'a.test', ca: root.certPem })).names, 'a.test');
  }
});
