/** An intermediate alone as the authority of clients: chains that end in it count, where node:tls lets them (RFC 4158 §2.4). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { issueLeaf } from '../../../src/certificates/development/x509-issuer.js';
import {
  issueClient,
  issueTestAuthority,
  type KeyPairPem,
  testCertificates,
} from '../../support/certificates.js';
import { materialOf, plainMaterial, serveTlsFront, visit } from '../../support/tls-front.js';

const { root } = await testCertificates();
const company = await issueTestAuthority('Company Root');
const staff = await issueTestAuthority('Staff', company);
const guests = await issueTestAuthority('Guests', company);
const site = materialOf([await issueLeaf(root, ['a.test'])], ['a.test']);

function shown({ certPem, keyPem }: KeyPairPem, ...above: KeyPairPem[]) {
  return { cert: [certPem, ...above.map((one) => one.certPem)].join(''), key: keyPem };
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  for (const required of [true, false]) {
    test(`over ${version}, ${required ? 'required' : 'optional'}`, async (t) => {
      const { port } = await serveTlsFront(t, {
        material: { ...plainMaterial(site), clientAuthority: staff.certPem },
        clientCa: { file: 'staff.pem', required, crlFiles: [] },
      });
      const options = { ca: root.certPem, servername: 'a.test', minVersion: version, maxVersion: version };
      const one = await issueClient('One', staff);
      await t.test('a client of the intermediate is let in, whatever it sends above', async () => {
        assert.equal((await visit(port, { ...options, ...shown(one) })).client, 'verified');
        assert.equal((await visit(port, { ...options, ...shown(one, staff) })).client, 'verified');
      });
      await t.test('one of another intermediate of the same root is not', async () => {
        const guest = await issueClient('Guest', guests);
        assert.equal((await visit(port, { ...options, ...shown(guest, guests, company) })).names, '');
      });
      await t.test('nor one of the root itself', async () => {
        assert.equal(
          (await visit(port, { ...options, ...shown(await issueClient('Root', company)) })).names,
          '',
        );
      });
      await t.test('nor is a leaf that poses as an intermediate', async () => {
        assert.equal(
          (await visit(port, { ...options, ...shown(await issueClient('Two', one), one) })).names,
          '',
        );
      });
      await t.test('a client that sends no server name is refused', async () => {
        assert.equal((await visit(port, { ...options, servername: '', ...shown(one) })).names, '');
      });
      await t.test('without a certificate one is let in where it is optional', async () => {
        assert.equal((await visit(port, options)).client, required ? '' : 'anonymous');
      });
    });
  }
}

test('beside its root an intermediate is no end of a chain: the root may have revoked it', async (t) => {
  const { port } = await serveTlsFront(t, {
    material: { ...plainMaterial(site), clientAuthority: staff.certPem + company.certPem },
    clientCa: { file: 'staff.pem', required: true, crlFiles: [] },
  });
  const one = await issueClient('One', staff);
  const options = { ca: root.certPem, servername: '' };
  assert.equal((await visit(port, { ...options, ...shown(one) })).client, 'verified');
});
