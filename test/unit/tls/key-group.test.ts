/** The group of a key exchange is read from a server's session: the same that the client of the handshake knows, whatever the version, resumed or not. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import tls from 'node:tls';
import { keyGroupOf } from '../../../proxy/tls/key-group.js';
import { issueLeaf, newRsaKey } from '../../../src/certificates/development/x509-issuer.js';
import { testCertificates } from '../../support/certificates.js';
import { within } from '../../support/deadline.js';
import { SeededRandom } from '../../support/random.js';

const { root } = await testCertificates();
// An EC key would want its own curve of a TLS 1.2 client.
const { certPem, keyPem } = await issueLeaf(root, ['localhost'], { key: newRsaKey() });

const POST_QUANTUM = 'X25519MLKEM768';
const hasPostQuantum = (() => {
  try {
    tls.createSecureContext({ ecdhCurve: POST_QUANTUM });
    return true;
  } catch {
    return false;
  }
})();
const SERVED = `${hasPostQuantum ? `${POST_QUANTUM}:` : ''}X25519:P-256:P-384:P-521:X448`;

/** Sessions of the server, newest last. */
const sessions: Buffer[] = [];
let server: tls.Server;

before(async () => {
  server = tls.createServer({ cert: certPem, key: keyPem, ecdhCurve: SERVED }, (socket) => {
    const session = socket.getSession();
    if (session !== undefined) sessions.push(session);
    socket.on('error', () => undefined);
    socket.end('x');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

after(() => server.close());

interface Handshake {
  readonly group: string;
  readonly resumed: boolean;
  readonly session: Buffer | undefined;
}

/** What the client knows of its handshake, once the server has its session too. */
async function shake(options: tls.ConnectionOptions): Promise<Handshake> {
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const client = tls.connect({
    port: address.port,
    host: '127.0.0.1',
    ca: root.certPem,
    servername: 'localhost',
    ...options,
  });
  let session: Buffer | undefined;
  client.on('session', (newest) => {
    session = newest;
  });
  await within(once(client, 'secureConnect'), 30_000, 'the handshake');
  const info = Object.entries(client.getEphemeralKeyInfo() ?? {});
  const group = String(info.find(([name]) => name === 'name')?.[1] ?? '');
  const resumed = client.isSessionReused();
  client.resume();
  await within(once(client, 'close'), 30_000, 'the end of the connection');
  return { group, resumed, session };
}

/** As OpenSSL names the curves of NIST. */
const OPENSSL_NAMES: Readonly<Record<string, string>> = { secp256r1: 'prime256v1' };

for (const [asked, expected] of [
  ['X25519', 'X25519'],
  ['P-256', 'secp256r1'],
  ['P-384', 'secp384r1'],
  ['P-521', 'secp521r1'],
  ['X448', 'X448'],
] as const) {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(`${asked} over ${version} is ${expected}, to the client and from the session`, async () => {
      const { group } = await shake({ ecdhCurve: asked, minVersion: version, maxVersion: version });
      assert.equal(keyGroupOf(sessions.at(-1)), expected);
      assert.equal(group, OPENSSL_NAMES[expected] ?? expected);
    });
  }
}

test('what OpenSSL 3.5 agrees upon by itself is post-quantum', { skip: !hasPostQuantum }, async () => {
  await shake({});
  assert.equal(keyGroupOf(sessions.at(-1)), POST_QUANTUM);
});

test('a resumed session tells the group of its own handshake', async () => {
  const first = await shake({ ecdhCurve: 'X25519', minVersion: 'TLSv1.3' });
  assert.ok(first.session);
  const again = await shake({ ecdhCurve: 'P-384', minVersion: 'TLSv1.3', session: first.session });
  assert.equal(again.resumed, true);
  assert.equal(keyGroupOf(sessions.at(-1)), 'secp384r1');
});

test('no session, half of one and a damaged one tell nothing or a group, and never throw', () => {
  const [session] = sessions;
  assert.ok(session);
  assert.equal(keyGroupOf(undefined), '');
  assert.equal(keyGroupOf(Buffer.alloc(0)), '');
  for (let end = 0; end < session.length; end += 1)
    assert.equal(keyGroupOf(session.subarray(0, end)), '', `cut at ${end}`);
  const random = new SeededRandom(14);
  for (let round = 0; round < 5_000; round += 1) {
    const damaged = Buffer.from(session);
    damaged[random.below(damaged.length)] = random.below(256);
    assert.match(keyGroupOf(damaged), /^\w*$/);
  }
});
