/** Certificates that let in clients of their own authority, beside others that let in everybody. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { issueLeaf } from '../../../src/certificates/development/x509-issuer.js';
import type { CertificateMaterial, ClientRule } from '../../../src/shared/messages/router-messages.js';
import {
  issueClient,
  issueTestAuthority,
  type KeyPairPem,
  testCertificates,
} from '../../support/certificates.js';
import {
  materialOf,
  newTicketKeys,
  plainMaterial,
  type ServedFront,
  serveTlsFront,
  visit,
} from '../../support/tls-front.js';

const { root } = await testCertificates();
const ca = root.certPem;
const ours = await issueTestAuthority('Our Clients');
const others = await issueTestAuthority('Other Clients');
const friend = await issueClient('Friend', ours);
const stranger = await issueClient('Stranger', others);
const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;

async function leafFor(names: readonly string[], clients?: ClientRule): Promise<CertificateMaterial> {
  const material = materialOf([await issueLeaf(root, names)], names);
  return clients === undefined ? material : { ...material, clients };
}

const required: ClientRule = { authority: ours.certPem, required: true };
const open = await leafFor(['open.test', '*.test']);
const closed = await leafFor(['closed.test'], required);
const asking = await leafFor(['asking.test'], { authority: ours.certPem, required: false });
const foreign = await leafFor(['foreign.test'], { authority: others.certPem, required: true });

function serve(t: TestContext, ...certificates: readonly CertificateMaterial[]): Promise<ServedFront> {
  return serveTlsFront(t, { material: plainMaterial(...certificates) });
}

function shown({ certPem, keyPem }: KeyPairPem) {
  return { cert: certPem, key: keyPem };
}

for (const version of VERSIONS) {
  for (const [servername, nobody, ourFriend, aStranger] of [
    ['open.test', 'anonymous', 'anonymous', 'anonymous'],
    ['any.test', 'anonymous', 'anonymous', 'anonymous'],
    ['', 'anonymous', 'anonymous', 'anonymous'],
    ['closed.test', '', 'verified', ''],
    ['CLOSED.test', '', 'verified', ''],
    ['asking.test', 'anonymous', 'verified', ''],
    ['foreign.test', '', '', 'verified'],
  ] as const) {
    test(`${servername || 'no name'} over ${version} lets in its own clients`, async (t) => {
      const { port } = await serve(t, open, closed, asking, foreign);
      const options = { ca, servername, minVersion: version, maxVersion: version };
      assert.equal((await visit(port, options)).client, nobody);
      assert.equal((await visit(port, { ...options, ...shown(friend) })).client, ourFriend);
      assert.equal((await visit(port, { ...options, ...shown(stranger) })).client, aStranger);
    });
  }

  test(`a session of an open name opens no closed one over ${version}`, async (t) => {
    const { port, front } = await serve(t, open, closed);
    const options = { ca, minVersion: version, maxVersion: version };
    const { session } = await visit(port, { ...options, servername: 'open.test' });
    assert.ok(session);
    assert.equal((await visit(port, { ...options, servername: 'closed.test', session })).names, '');
    front.update(plainMaterial(await leafFor(['open.test'], required), closed));
    for (const servername of ['open.test', 'closed.test', 'other.test', '']) {
      assert.equal((await visit(port, { ...options, servername, session })).names, '', servername);
    }
  });

  test(`a session of a client that was let in is not resumed over ${version}`, async (t) => {
    const { port } = await serve(t, open, asking);
    const options = { ca, servername: 'asking.test', minVersion: version, maxVersion: version };
    const first = await visit(port, { ...options, ...shown(friend) });
    assert.equal(first.client, 'verified');
    const again = await visit(port, { ...options, ...(first.session && { session: first.session }) });
    assert.equal(again.resumed, false);
    assert.equal(again.client, 'anonymous');
  });
}

test('where the default is closed, names that nothing covers and no name are closed too', async (t) => {
  const { port } = await serve(t, closed, await leafFor(['open.test']));
  for (const servername of ['unknown.example', '', 'closed.test']) {
    assert.equal((await visit(port, { ca, servername })).names, '', servername);
    assert.equal((await visit(port, { ca, servername, ...shown(friend) })).client, 'verified');
  }
  assert.equal((await visit(port, { ca, servername: 'open.test' })).client, 'anonymous');
});

test('a connection carries requests for hosts of the same clients only', async (t) => {
  const { front } = await serve(t, open, closed, foreign, await leafFor(['twin.test'], required));
  const table = front.certificates.map(({ names, admits }) => [
    names[0],
    ...[
      'open.test',
      'x.test:8443',
      'CLOSED.test',
      'closed.test.:443',
      'foreign.test',
      'twin.test',
      'unknown.example',
    ].filter((authority) => admits(authority)),
  ]);
  assert.deepEqual(table, [
    ['open.test', 'open.test', 'x.test:8443', 'unknown.example'],
    ['closed.test', 'CLOSED.test', 'closed.test.:443', 'twin.test'],
    ['foreign.test', 'foreign.test'],
    ['twin.test', 'CLOSED.test', 'closed.test.:443', 'twin.test'],
  ]);
  assert.equal(front.isClosed('closed.test:80'), true);
  assert.equal(front.isClosed('open.test'), false);
  assert.equal(front.isClosed('unknown.example'), false);
});

test('a name that is closed later is closed on connections made before', async (t) => {
  const { front } = await serve(t, open, await leafFor(['later.test']));
  const before = front.certificates;
  front.update(plainMaterial(open, await leafFor(['later.test'], required)));
  assert.deepEqual(
    before.map(({ admits }) => [admits('open.test'), admits('later.test')]),
    [
      [true, false],
      [true, false],
    ],
  );
});

test('a changed authority counts on connections made before', async (t) => {
  const { front } = await serve(t, closed);
  const [before] = front.certificates;
  front.update(plainMaterial(await leafFor(['closed.test'], { ...required, authority: others.certPem })));
  assert.equal(before?.admits('closed.test'), false);
});

test('two certificates of one name with different clients are not served', async (t) => {
  await assert.rejects(
    serve(t, closed, await leafFor(['closed.test'])),
    /two rules for the clients of closed\.test/,
  );
  const { front, port } = await serve(t, closed);
  const open = await leafFor(['closed.test']);
  assert.throws(() => front.update(plainMaterial(open, closed)));
  assert.equal((await visit(port, { ca, servername: 'closed.test' })).names, '');
});

test("the listener's rule stands for certificates without one of their own", async (t) => {
  const { port } = await serveTlsFront(t, {
    material: { ...plainMaterial(open, foreign), clientAuthority: ours.certPem },
    clientCa: { file: 'ours.pem', required: true, crlFiles: [] },
    ticketKeys: { current: newTicketKeys(), previous: null },
  });
  assert.equal((await visit(port, { ca, servername: 'open.test', ...shown(friend) })).client, 'verified');
  assert.equal((await visit(port, { ca, servername: 'open.test', ...shown(stranger) })).names, '');
  assert.equal((await visit(port, { ca, servername: 'foreign.test', ...shown(friend) })).names, '');
  assert.equal(
    (await visit(port, { ca, servername: 'foreign.test', ...shown(stranger) })).client,
    'verified',
  );
});
