/** Which certificate a TLS listener serves for which server name. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import tls from 'node:tls';
import { issueLeaf, newRsaKey } from '../../../src/certificates/development/x509-issuer.js';
import { testCertificates } from '../../support/certificates.js';
import { within } from '../../support/deadline.js';
import { materialOf, newTicketKeys, plainMaterial, serveTlsFront, visit } from '../../support/tls-front.js';

const { root } = await testCertificates();
const ca = root.certPem;

async function leafFor(
  names: readonly string[],
  key = undefined as ReturnType<typeof newRsaKey> | undefined,
) {
  return materialOf([await issueLeaf(root, names, key === undefined ? {} : { key })], names);
}

const a = await leafFor(['a.test']);
const b = await leafFor(['b.test', '*.b.test']);
const exact = await leafFor(['special.b.test']);

for (const [asked, expected] of [
  ['a.test', 'a.test'],
  ['A.TEST', 'a.test'],
  ['b.test', 'b.test *.b.test'],
  ['any.b.test', 'b.test *.b.test'],
  ['special.b.test', 'special.b.test'],
  ['two.labels.b.test', 'a.test'],
  ['unknown.test', 'a.test'],
  ['', 'a.test'],
] as const) {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(`over ${version} ${asked || 'no name'} gets the certificate of ${expected}`, async (t) => {
      const { port } = await serveTlsFront(t, { material: plainMaterial(a, b, exact) });
      const seen = await visit(port, { ca, servername: asked, minVersion: version, maxVersion: version });
      assert.equal(seen.failure, undefined);
      assert.equal(seen.names, expected);
      for (const name of expected.split(' '))
        assert.ok(seen.peerNames.includes(`DNS:${name}`), seen.peerNames);
    });
  }
}

for (const asked of ['unknown.test', '']) {
  test(`with --sni-strict ${asked || 'no name'} gets no handshake`, async (t) => {
    const { port } = await serveTlsFront(t, { material: plainMaterial(a, b), sniStrict: true });
    assert.ok((await visit(port, { ca, servername: asked })).failure);
    assert.equal((await visit(port, { ca, servername: 'x.b.test' })).names, 'b.test *.b.test');
  });
}

test('an RSA and an ECDSA certificate of one name are chosen by what the client takes', async (t) => {
  const rsa = await leafFor(['a.test'], newRsaKey());
  const { port } = await serveTlsFront(t, { material: plainMaterial(b, rsa, a) });
  const asking = { ca, servername: 'a.test', maxVersion: 'TLSv1.2' as const };
  assert.equal((await visit(port, { ...asking, ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' })).keyType, 'rsa');
  assert.equal((await visit(port, { ...asking, ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' })).keyType, 'ec');
});

test('update changes the certificates of new handshakes, and sessions still resume', async (t) => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const { port, front } = await serveTlsFront(t, { material: plainMaterial(a, b) });
    const options = { ca, servername: 'a.test', minVersion: version, maxVersion: version };
    const first = await visit(port, options);
    const newer = await leafFor(['a.test', 'more.a.test']);
    front.update(plainMaterial(newer, b));
    assert.equal((await visit(port, options)).names, 'a.test more.a.test');
    assert.equal((await visit(port, { ...options, servername: 'more.a.test' })).names, 'a.test more.a.test');
    assert.ok(first.session);
    assert.equal((await visit(port, { ...options, session: first.session })).resumed, true);
  }
});

test('a hundred updates fail no handshake, and connections go on', async (t) => {
  const { port, front } = await serveTlsFront(t, { material: plainMaterial(a, b) });
  const pairs = [plainMaterial(a, b), plainMaterial(await leafFor(['a.test']), b, exact)];
  const failures: string[] = [];
  let isOver = false;
  const clients = Array.from({ length: 4 }, async (_, index) => {
    const servername = ['a.test', 'x.b.test'][index % 2] ?? '';
    for (let session: Buffer | undefined; !isOver; ) {
      const seen = await visit(port, { ca, servername, ...(session === undefined ? {} : { session }) });
      session = seen.session;
      if (seen.failure !== undefined) failures.push(seen.failure);
    }
  });
  for (let round = 0; round < 100; round += 1) {
    front.update(pairs[round % 2] ?? plainMaterial(a));
    await visit(port, { ca, servername: 'a.test' });
  }
  isOver = true;
  await Promise.all(clients);
  assert.deepEqual(failures, []);
});

test('an update that cannot be served changes nothing', async (t) => {
  const { port, front } = await serveTlsFront(t, { material: plainMaterial(a) });
  assert.throws(() => front.update(plainMaterial({ ...b, keyPem: a.keyPem })));
  assert.throws(() => front.update(plainMaterial()));
  assert.equal((await visit(port, { ca, servername: 'a.test' })).names, 'a.test');
});

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`over ${version} sessions of the key before resume until it is dropped`, async (t) => {
    const [first, second, third] = [newTicketKeys(), newTicketKeys(), newTicketKeys()];
    const { port, front } = await serveTlsFront(t, {
      material: plainMaterial(a, b),
      ticketKeys: { current: first, previous: null },
    });
    const options = { ca, servername: 'b.test', minVersion: version, maxVersion: version };
    const { session: old } = await visit(port, options);
    assert.ok(old);
    front.rotate({ current: second, previous: first });
    const { session: young } = await visit(port, options);
    assert.ok(young);
    assert.equal((await visit(port, { ...options, session: young })).resumed, true);
    assert.equal((await visit(port, { ...options, session: old })).resumed, true);
    front.rotate({ current: second, previous: null });
    assert.equal((await visit(port, { ...options, session: old })).resumed, false);
    assert.equal((await visit(port, { ...options, session: young })).resumed, true);
    front.rotate({ current: third, previous: second });
    assert.equal((await visit(port, { ...options, session: young })).resumed, true);
    assert.equal((await visit(port, { ...options, session: old })).resumed, false);
  });
}

test('while two keys are in use, certificates still change', async (t) => {
  const [first, second] = [newTicketKeys(), newTicketKeys()];
  const { port, front } = await serveTlsFront(t, {
    material: plainMaterial(a),
    ticketKeys: { current: second, previous: first },
  });
  front.update(plainMaterial(b));
  assert.equal((await visit(port, { ca, servername: 'b.test' })).names, 'b.test *.b.test');
});

test('a name beneath a development suffix gets its own certificate, once', async (t) => {
  const made = await leafFor(['new.test']);
  const { port, asked } = await serveTlsFront(t, {
    material: { ...plainMaterial(a), issueBeneath: ['test', 'localhost'] },
    issue: (name) => (name === 'new.test' ? made : null),
  });
  const [one, other] = await Promise.all([
    visit(port, { ca, servername: 'New.test' }),
    visit(port, { ca, servername: 'new.test' }),
  ]);
  assert.deepEqual([one.names, other.names], ['new.test', 'new.test']);
  assert.equal((await visit(port, { ca, servername: 'new.test' })).names, 'new.test');
  assert.deepEqual(asked, ['new.test']);
  assert.equal((await visit(port, { ca, servername: 'refused.test' })).names, 'a.test');
  assert.equal((await visit(port, { ca, servername: 'example.com' })).names, 'a.test');
  assert.equal((await visit(port, { ca, servername: 'test' })).names, 'a.test');
  assert.deepEqual(asked, ['new.test', 'refused.test']);
});

test('a client cannot renegotiate', async (t) => {
  const { port } = await serveTlsFront(t, { material: plainMaterial(a), isEndless: true });
  const client = tls.connect({ port, host: '127.0.0.1', ca, servername: 'a.test', maxVersion: 'TLSv1.2' });
  t.after(() => client.destroy());
  await within(once(client, 'data'), 30_000, 'the answer');
  const refused = new Promise((resolve) => {
    client.once('error', resolve);
    client.once('close', resolve);
    client.renegotiate({}, (error) => {
      if (error !== null) resolve(error);
    });
  });
  await within(refused, 30_000, 'the refusal');
});

test('session secrets are handed out where they are asked for', async (t) => {
  const lines: string[] = [];
  const { port } = await serveTlsFront(t, {
    material: plainMaterial(a),
    onKeyLog: (line) => lines.push(line.toString()),
  });
  await visit(port, { ca, servername: 'a.test', minVersion: 'TLSv1.3' });
  assert.ok(
    lines.some((line) => /^SERVER_TRAFFIC_SECRET_0 [0-9a-f]{64} [0-9a-f]+\n$/.test(line)),
    lines.join(),
  );
});

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`a session goes on at the listener that gave it, in any router, and at no other listener (${version})`, async (t) => {
    const ticketKeys = { current: newTicketKeys(), previous: null };
    const serve = (listenerIndex: number) =>
      serveTlsFront(t, { material: plainMaterial(a), ticketKeys, listenerIndex });
    const [own, ofAnotherRouter, ofAnotherListener] = [await serve(0), await serve(0), await serve(1)];
    const asking = { ca, servername: 'a.test', minVersion: version, maxVersion: version };
    const { session, resumed } = await visit(own.port, asking);
    assert.ok(session !== undefined);
    assert.equal(resumed, false);
    assert.equal((await visit(ofAnotherListener.port, { ...asking, session })).resumed, false);
    assert.equal((await visit(own.port, { ...asking, session })).resumed, true);
    assert.equal((await visit(ofAnotherRouter.port, { ...asking, session })).resumed, true);
  });
}
