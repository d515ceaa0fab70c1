/** ClientHellos of today: more than a packet long, with post-quantum keys, GREASE and ECH; they pass the peek whole, cut, and from Chromium itself. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { readClientHello } from '../../../proxy/tls/client-hello.js';
import { issueLeaf } from '../../../src/certificates/development/x509-issuer.js';
import { testCertificates } from '../../support/certificates.js';
import { until, within } from '../../support/deadline.js';
import { materialOf, plainMaterial, serveTlsFront, visit } from '../../support/tls-front.js';
import { MISSING, requireTool } from '../../support/tools.js';
import { makeWorkspace } from '../../support/workspace.js';

const { root } = await testCertificates();

const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);
const sized = (content: Buffer): Buffer => Buffer.concat([u16(content.length), content]);
const extension = (type: number, content: Buffer): Buffer => Buffer.concat([u16(type), sized(content)]);

/** A hello as browsers send it today (RFC 8446 §4.1.2), in records of `recordBytes`. */
function todaysHello(name: string, recordBytes: number): Buffer {
  const host = Buffer.concat([Buffer.from([0]), sized(Buffer.from(name))]);
  // X25519MLKEM768 (0x11ec): 1,184 bytes of ML-KEM and 32 of X25519; GREASE (RFC 8701) before it.
  const shares = Buffer.concat([
    u16(0x2a2a),
    sized(Buffer.alloc(1)),
    u16(0x11ec),
    sized(Buffer.alloc(1216, 7)),
  ]);
  const extensions = Buffer.concat([
    extension(0x5a5a, Buffer.alloc(0)),
    extension(0xfe0d, Buffer.alloc(218, 1)),
    extension(51, sized(shares)),
    extension(16, sized(Buffer.from('\x02h2\x08http/1.1', 'latin1'))),
    extension(0, sized(host)),
    extension(0x17, Buffer.alloc(0)),
    extension(0xbaba, Buffer.alloc(1)),
  ]);
  const body = Buffer.concat([
    ...[u16(0x0303), Buffer.alloc(32, 3), Buffer.from([32]), Buffer.alloc(32, 4)],
    ...[sized(Buffer.concat([u16(0x8a8a), u16(0x1301)])), Buffer.from([1, 0]), sized(extensions)],
  ]);
  const message = Buffer.concat([Buffer.from([1, 0]), u16(body.length), body]);
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += recordBytes) {
    records.push(Buffer.concat([Buffer.from([22, 3, 1]), sized(message.subarray(at, at + recordBytes))]));
  }
  return Buffer.concat(records);
}

for (const recordBytes of [16_384, 1_000, 100]) {
  test(`a hello with post-quantum keys, GREASE and ECH in records of ${recordBytes} bytes is read, and cut anywhere it asks for more`, () => {
    const hello = todaysHello('pq.test', recordBytes);
    assert.ok(hello.length > 1_500, String(hello.length));
    assert.deepEqual(readClientHello(hello), {
      serverName: 'pq.test',
      ticketKeyNames: [],
      protocols: ['h2', 'http/1.1'],
    });
    for (let end = 1; end < hello.length; end += 1) {
      assert.equal(readClientHello(hello.subarray(0, end)), 'more', `cut at ${end}`);
    }
  });
}

/** Passes bytes on, the client's first flight in two packets. */
async function splitFirstFlight(
  t: { after(step: () => unknown): void },
  port: number,
  at: number,
): Promise<number> {
  const relay = createServer((client) => {
    const server: Socket = connect(port, '127.0.0.1');
    server.setNoDelay(true);
    for (const one of [client, server]) one.on('error', () => undefined);
    server.pipe(client);
    client.once('data', (first: Buffer) => {
      client.pause();
      server.write(first.subarray(0, at));
      setTimeout(() => {
        server.write(first.subarray(at));
        client.pipe(server);
      }, 30);
    });
  });
  relay.listen(0, '127.0.0.1');
  t.after(() => relay.close());
  await once(relay, 'listening');
  const address = relay.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

for (const at of [1, 5, 700, 1_460]) {
  test(`a handshake whose hello of more than 1,800 bytes comes in two packets, cut at ${at}, gets the certificate of its name`, async (t) => {
    const { port } = await serveTlsFront(t, {
      material: plainMaterial(
        materialOf([await issueLeaf(root, ['a.test'])], ['a.test']),
        materialOf([await issueLeaf(root, ['b.test'])], ['b.test']),
      ),
    });
    const relay = await splitFirstFlight(t, port, at);
    // Protocols of no meaning make it as long as one with post-quantum keys.
    const protocols = Array.from({ length: 20 }, (_, index) => `${'x'.repeat(90)}${index}`);
    const options = { ca: root.certPem, servername: 'b.test', ALPNProtocols: [...protocols, 'http/1.1'] };
    assert.equal((await visit(relay, options)).names, 'b.test');
  });
}

test("Chromium's own hello is read, with its post-quantum key, GREASE and ECH", async (t) => {
  const chromium = requireTool(t, 'chromium');
  if (chromium === MISSING) return;
  const home = makeWorkspace(t);
  const listening = createServer();
  t.after(() => listening.close());
  const taken = new Promise<Buffer>((resolve) => {
    listening.on('connection', (socket) => {
      let bytes = Buffer.alloc(0);
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => {
        bytes = Buffer.concat([bytes, chunk]);
        const hello = readClientHello(bytes);
        if (typeof hello !== 'string' && hello.serverName === 'browser.test') resolve(bytes);
      });
    });
  });
  listening.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const address = listening.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const child = spawn(
    chromium,
    [
      ...[
        '--headless=new',
        '--no-sandbox',
        '--disable-gpu',
        '--no-first-run',
        '--disable-background-networking',
      ],
      ...[`--user-data-dir=${home.at('profile')}`, '--host-resolver-rules=MAP * 127.0.0.1', '--dump-dom'],
      `https://browser.test:${port}/`,
    ],
    { stdio: 'ignore', env: { ...process.env, HOME: home.path }, detached: true },
  );
  const ended = once(child, 'exit');
  const bytes = await within(taken, 30_000, 'the hello of Chromium').finally(async () => {
    // Its own group: the browser starts a dozen processes, which write into its profile until they are gone.
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    await ended;
    await until(() => !isAlive(child.pid ?? 0), 30_000, 'the end of the browser');
  });
  assert.ok(bytes.length > 1_500, `${bytes.length} bytes`);
  assert.ok(bytes.includes(u16(0x11ec)), 'X25519MLKEM768');
  assert.ok(bytes.includes(u16(0xfe0d)), 'ECH');
  for (let end = 1; end < bytes.length; end += 7)
    assert.equal(readClientHello(bytes.subarray(0, end)), 'more');
});

/** Whether a process of the group is left. */
function isAlive(group: number): boolean {
  try {
    return process.kill(-group, 0);
  } catch {
    return false;
  }
}
