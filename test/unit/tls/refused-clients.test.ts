/** A client certificate that is refused leaves one line with its subject, its issuer and the reason. */
import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { issueCertificate, issueLeaf } from '../../../src/certificates/development/x509-issuer.js';
import { readFields } from '../../../src/certificates/formats/certificate.js';
import { der, derInteger, derSequence } from '../../../src/certificates/formats/der-write.js';
import { pemOfKey } from '../../../src/certificates/formats/pem-text.js';
import type { TlsMaterial } from '../../../src/shared/messages/router-messages.js';
import {
  daysFromNow,
  issueClient,
  issueTestAuthority,
  type KeyPairPem,
  testCertificates,
} from '../../support/certificates.js';
import { until } from '../../support/deadline.js';
import {
  type RawExtension,
  writeRawCertificate,
  writeRevocationList,
} from '../../support/raw-certificates.js';
import {
  materialOf,
  plainMaterial,
  type ServedFront,
  serveTlsFront,
  visit,
} from '../../support/tls-front.js';

const { root, strangerClient } = await testCertificates();
const authority = await issueTestAuthority('Clients');
const friend = await issueClient('Friend', authority);
const revoked = await issueClient('Revoked', authority);
const own = { notBefore: daysFromNow(-40), notAfter: daysFromNow(-2) };
const expired = await issueCertificate({ commonName: 'Expired', purposes: ['client'], ...own }, authority);
const server = await issueCertificate(
  { commonName: 'A Server', purposes: ['server'], notBefore: daysFromNow(-1), notAfter: daysFromNow(9) },
  authority,
);
const hostile = await issueClient('Evil\nerror: all is lost\u001b[2J', await issueTestAuthority('Strangers'));

function listFor(nextDays: number, numbers: readonly string[]): string {
  return writeRevocationList({
    issuer: readFields(new X509Certificate(authority.certPem).raw)?.subject ?? '',
    signer: createPrivateKey(authority.keyPem),
    thisUpdate: daysFromNow(-30),
    nextUpdate: daysFromNow(nextDays),
    revoked: numbers,
  });
}

const CURRENT = listFor(30, [new X509Certificate(revoked.certPem).serialNumber]);

async function serve(
  t: TestContext,
  required: boolean,
  more: Partial<TlsMaterial> = {},
): Promise<ServedFront> {
  const certificate = materialOf([await issueLeaf(root, ['a.test'])], ['a.test']);
  return serveTlsFront(t, {
    material: {
      ...plainMaterial(certificate),
      clientAuthority: authority.certPem,
      clientCrls: [CURRENT],
      ...more,
    },
    clientCa: { file: 'clients.pem', required, crlFiles: [] },
  });
}

function shown(pair: KeyPairPem, version: 'TLSv1.2' | 'TLSv1.3') {
  const versions = { minVersion: version, maxVersion: version };
  return { ca: root.certPem, servername: 'a.test', cert: pair.certPem, key: pair.keyPem, ...versions };
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  for (const required of [true, false]) {
    const how = `${required ? 'required' : 'optional'}, over ${version}`;
    for (const [who, pair, line] of [
      [
        'a stranger',
        strangerClient,
        /of CN=Stranger, issued by .*Unknown Root.*: it is of an authority that is not accepted here$/,
      ],
      ['an expired one', expired, /of CN=Expired, issued by .*Clients.*: it has expired$/],
      ['a revoked one', revoked, /of CN=Revoked, issued by .*Clients.*: it is revoked$/],
      ['one for servers', server, /of CN=A Server, issued by .*Clients.*: it is not for clients/],
    ] as const) {
      test(`${who} is refused with one line that says why (${how})`, async (t) => {
        const front = await serve(t, required);
        assert.equal((await visit(front.port, shown(pair, version))).names, '');
        await until(() => front.refused.length > 0, 30_000, 'the line');
        assert.equal(front.refused.length, 1);
        assert.match(front.refused[0]?.[1] ?? '', line);
      });
    }

    test(`who is let in leaves no line (${how})`, async (t) => {
      const front = await serve(t, required);
      assert.equal((await visit(front.port, shown(friend, version))).client, 'verified');
      assert.deepEqual(front.refused, []);
    });
  }
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  for (const required of [true, false]) {
    test(`a session of a refused client lets in nobody (${required ? 'required' : 'optional'}, over ${version})`, async (t) => {
      const front = await serve(t, required);
      const { session } = await visit(front.port, shown(strangerClient, version));
      const saved = session === undefined ? {} : { session };
      const { cert: _cert, key: _key, ...nobody } = shown(strangerClient, version);
      for (const options of [shown(strangerClient, version), nobody]) {
        const { client, resumed } = await visit(front.port, { ...options, ...saved });
        assert.notEqual(client, 'verified');
        assert.equal(resumed, false);
      }
      const expected = ['certificate_refused', 'certificate_refused'];
      assert.deepEqual(front.refusals, required ? [...expected, 'certificate_missing'] : expected);
    });
  }
}

test('a revocation list that has run out is named as the reason', async (t) => {
  const front = await serve(t, true, { clientCrls: [listFor(-2, [])] });
  await visit(front.port, shown(friend, 'TLSv1.3'));
  await until(() => front.refused.length > 0, 30_000, 'the line');
  assert.match(
    front.refused[0]?.[1] ?? '',
    /of CN=Friend, .*: the revocation list of its authority has run out$/,
  );
});

/** A client's certificate as it is written, and what stands above it. */
function rawClient(
  extensions: readonly RawExtension[],
  above: string,
  issuer: string,
  signer: KeyObject,
): KeyPairPem {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const certPem = writeRawCertificate({ subject: 'Raw', issuer, key: privateKey, signer, extensions });
  return { certPem: certPem + above, keyPem: pemOfKey(privateKey) };
}

const top = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const isAuthority = (...more: readonly Buffer[]): RawExtension => ({
  oid: '2.5.29.19',
  critical: true,
  value: derSequence(der(0x01, Buffer.from([0xff])), ...more),
});
const UNKNOWN: RawExtension = { oid: '1.2.3.4.5', critical: true, value: derSequence() };
const topPem = writeRawCertificate({
  subject: 'Top',
  issuer: 'Top',
  key: top,
  signer: top,
  extensions: [isAuthority()],
});
const middle = (extensions: readonly RawExtension[], name: string, issuer = 'Top', signer = top) => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = writeRawCertificate({ subject: name, issuer, key: privateKey, signer, extensions });
  return { key: privateKey, pem };
};
const NO_AUTHORITY = middle([{ oid: '2.5.29.19', critical: true, value: derSequence() }], 'None');
const UNMARKED = middle([], 'Unmarked');
const SHORT = middle([isAuthority(derInteger(0))], 'Short');
const BELOW = middle([isAuthority()], 'Below', 'Short', SHORT.key);
const IMPOSTER = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

for (const [what, client, kind, words] of [
  ['an unknown critical extension', rawClient([UNKNOWN], '', 'Top', top), 'other', /critical extension/],
  [
    'an issuer that is no authority',
    rawClient([], NO_AUTHORITY.pem, 'None', NO_AUTHORITY.key),
    'purpose',
    /or what signed it is not$/,
  ],
  [
    'an issuer without a mark',
    rawClient([], UNMARKED.pem, 'Unmarked', UNMARKED.key),
    'purpose',
    /or what signed it is not$/,
  ],
  ['too deep a chain', rawClient([], BELOW.pem + SHORT.pem, 'Below', BELOW.key), 'chain', /\(pathlen\)$/],
  [
    'a signature of somebody who is called as the authority',
    rawClient([], '', 'Top', IMPOSTER),
    'signature',
    /its signature is wrong$/,
  ],
] as const) {
  test(`a client with ${what} is told in words`, async (t) => {
    const front = await serve(t, true, { clientAuthority: topPem, clientCrls: [] });
    await visit(front.port, shown(client, 'TLSv1.3'));
    await until(() => front.refused.length > 0, 30_000, 'the line');
    const [[found, text] = ['', '']] = front.refused;
    assert.equal(found, kind);
    assert.match(text, words);
  });
}

test('a name of a stranger is one line without control characters', async (t) => {
  const front = await serve(t, true);
  await visit(front.port, shown(hostile, 'TLSv1.3'));
  await until(() => front.refused.length > 0, 30_000, 'the line');
  assert.doesNotMatch(front.refused[0]?.[1] ?? '', /\p{Cc}/u);
});

test('no certificate where one is required leaves a line too', async (t) => {
  const front = await serve(t, true);
  await visit(front.port, { ca: root.certPem, servername: 'a.test' });
  await until(() => front.refused.length > 0, 30_000, 'the line');
  assert.deepEqual(front.refused[0], ['absent', 'a client without a certificate was refused']);
});
