/** Client certificates: who is let in, and that neither resumption nor another server name is a way round. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { issueLeaf } from '../../../src/certificates/development/x509-issuer.js';
import type { TlsMaterial } from '../../../src/shared/messages/router-messages.js';
import { issueClient, issueTestAuthority, testCertificates } from '../../support/certificates.js';
import {
  materialOf,
  newTicketKeys,
  plainMaterial,
  type ServedFront,
  serveTlsFront,
  visit,
} from '../../support/tls-front.js';
import { MISSING, requireTool } from '../../support/tools.js';
import { makeWorkspace } from '../../support/workspace.js';

const { root, client, strangerClient } = await testCertificates();
const ca = root.certPem;
const clientAuthority = await issueTestAuthority('Client Authority');
const friend = await issueClient('Friend', clientAuthority);
const material: TlsMaterial = {
  ...plainMaterial(
    materialOf([await issueLeaf(root, ['a.test'])], ['a.test']),
    materialOf([await issueLeaf(root, ['b.test'])], ['b.test']),
  ),
  clientAuthority: clientAuthority.certPem,
};
const NAMES = ['a.test', 'b.test', 'other.test', ''];
const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;

function serve(t: TestContext, required: boolean, more: Partial<TlsMaterial> = {}): Promise<ServedFront> {
  return serveTlsFront(t, {
    material: { ...material, ...more },
    clientCa: { file: 'clients.pem', required, crlFiles: [] },
  });
}

function shown(pair: { certPem: string; keyPem: string }) {
  return { cert: pair.certPem, key: pair.keyPem };
}

for (const version of VERSIONS) {
  for (const servername of NAMES) {
    const options = { ca, servername, minVersion: version, maxVersion: version };
    const name = `${servername || 'no name'} over ${version}`;

    test(`required: a client of the authority is let in for ${name}`, async (t) => {
      const { port } = await serve(t, true);
      assert.equal((await visit(port, { ...options, ...shown(friend) })).client, 'verified');
    });

    test(`required: nobody else is let in for ${name}`, async (t) => {
      const { port } = await serve(t, true);
      assert.equal((await visit(port, options)).names, '');
      // `client` stands beneath a root that this process trusts for servers, not for clients.
      assert.equal((await visit(port, { ...options, ...shown(client) })).names, '');
      assert.equal((await visit(port, { ...options, ...shown(strangerClient) })).names, '');
    });

    test(`optional: without a certificate one is let in as nobody, with a wrong one not at all, for ${name}`, async (t) => {
      const { port } = await serve(t, false);
      assert.equal((await visit(port, options)).client, 'anonymous');
      assert.equal((await visit(port, { ...options, ...shown(friend) })).client, 'verified');
      assert.equal((await visit(port, { ...options, ...shown(strangerClient) })).names, '');
    });
  }

  test(`no session is resumed where client certificates are asked for, over ${version}`, async (t) => {
    const { port } = await serve(t, false);
    const options = { ca, servername: 'a.test', minVersion: version, maxVersion: version };
    const first = await visit(port, { ...options, ...shown(friend) });
    assert.equal(first.client, 'verified');
    for (const servername of NAMES) {
      const again = await visit(port, {
        ...options,
        servername,
        ...(first.session && { session: first.session }),
      });
      assert.equal(again.resumed, false);
      assert.equal(again.client, 'anonymous');
    }
  });

  test(`a session of a listener that asks nobody opens none that asks, over ${version}`, async (t) => {
    const ticketKeys = { current: newTicketKeys(), previous: null };
    const open = await serveTlsFront(t, { material: { ...material, clientAuthority: null }, ticketKeys });
    const closed = await serveTlsFront(t, {
      material,
      ticketKeys,
      clientCa: { file: 'c', required: true, crlFiles: [] },
    });
    const options = { ca, servername: 'a.test', minVersion: version, maxVersion: version };
    const { session } = await visit(open.port, options);
    assert.ok(session);
    assert.equal((await visit(closed.port, { ...options, session })).names, '');
    const rotated = { current: newTicketKeys(), previous: ticketKeys.current };
    closed.front.rotate(rotated);
    assert.equal((await visit(closed.port, { ...options, session })).names, '');
  });
}

test('a changed authority counts for the next handshake, under every name', async (t) => {
  const { port, front } = await serve(t, true);
  const other = await issueTestAuthority('Next Authority');
  front.update({ ...material, clientAuthority: other.certPem });
  for (const servername of NAMES) {
    assert.equal((await visit(port, { ca, servername, ...shown(friend) })).names, '');
    const next = await issueClient('Next', other);
    assert.equal((await visit(port, { ca, servername, ...shown(next) })).client, 'verified');
  }
});

test('a listener that asks for certificates does not open without the authority', async (t) => {
  await assert.rejects(serve(t, true, { clientAuthority: null }), /authority of the client certificates/);
  const { front } = await serve(t, true);
  assert.throws(() => front.update({ ...material, clientAuthority: null }));
});

test('a revoked client is refused, others are not', async (t) => {
  const openssl = requireTool(t, 'openssl');
  if (openssl === MISSING) return;
  const folder = makeWorkspace(t);
  const revoked = await issueClient('Revoked', clientAuthority);
  const config = folder.write(
    'ca.cnf',
    `[ca]\ndefault_ca=d\n[d]\ndatabase=${folder.write('index.txt', '')}\ncrlnumber=${folder.write('number', '01\n')}\ndefault_md=sha256\ndefault_crl_days=30\n`,
  );
  const signer = [
    '-config',
    config,
    '-cert',
    folder.write('ca.pem', clientAuthority.certPem),
    '-keyfile',
    folder.write('ca.key', clientAuthority.keyPem),
  ];
  writeFileSync(folder.at('index.txt.attr'), 'unique_subject = no\n');
  spawnSync(openssl, ['ca', ...signer, '-revoke', folder.write('revoked.pem', revoked.certPem)]);
  const { stdout, stderr } = spawnSync(openssl, ['ca', ...signer, '-gencrl'], { encoding: 'utf8' });
  assert.match(stdout, /BEGIN X509 CRL/, stderr);
  for (const required of [true, false]) {
    const { port } = await serve(t, required, { clientCrls: [stdout] });
    for (const servername of NAMES) {
      assert.equal((await visit(port, { ca, servername, ...shown(revoked) })).names, '');
      assert.equal((await visit(port, { ca, servername, ...shown(friend) })).client, 'verified');
    }
  }
});
