/** tls-alpn-01 on the HTTPS listener itself (RFC 8737): who sees the certificate of the challenge, and who does not. */
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { issueCertificate } from '../../../src/certificates/development/x509-issuer.js';
import { NO_ANSWERS } from '../../../src/shared/config/acme.js';
import { daysFromNow, testCertificates } from '../../support/certificates.js';
import { materialOf, plainMaterial, serveTlsFront, visit } from '../../support/tls-front.js';

const { directLeaf, root } = await testCertificates();
const DIGEST = createHash('sha256').update('token.thumbprint').digest();
const material = plainMaterial(materialOf([directLeaf], ['app.test']));

/** Self-signed, with a critical extension that OpenSSL does not know: what it holds is looked at instead (RFC 8737 §3). */
const AS_AUTHORITY = { ALPNProtocols: ['acme-tls/1'], rejectUnauthorized: false };

async function challengeFor(name: string) {
  const { certPem, keyPem } = await issueCertificate({
    organization: 'challenge',
    names: [name],
    notBefore: daysFromNow(-1),
    notAfter: daysFromNow(7),
    acmeIdentifier: DIGEST,
  });
  return { version: 1, http: [], tls: [{ name, certPem, keyPem }] };
}

test('the certificate names the host alone and carries the digest in a critical extension', async () => {
  const { tls } = await challengeFor('app.test');
  const certificate = new X509Certificate(tls[0]?.certPem ?? '');
  assert.equal(certificate.subjectAltName, 'DNS:app.test');
  // id-pe-acmeIdentifier, TRUE, an OCTET STRING in the extension's OCTET STRING (RFC 8737 §3).
  const extension = Buffer.concat([Buffer.from('06082b0601050507011f0101ff042204' + '20', 'hex'), DIGEST]);
  assert.ok(certificate.raw.includes(extension));
});

test('only acme-tls/1 for the name that is validated sees it, and nothing of it reaches the engine', async (t) => {
  const { port, front } = await serveTlsFront(t, { material });
  front.answerChallenges(await challengeFor('app.test'));
  const seen = await visit(port, { ...AS_AUTHORITY, servername: 'APP.test' });
  assert.equal(seen.peerNames, 'DNS:app.test');
  assert.equal(seen.failure, 'closed without an answer');
  const stranger = await visit(port, { ...AS_AUTHORITY, servername: 'other.test' });
  assert.deepEqual([stranger.peerNames, stranger.names], ['', '']);
  const both = await visit(port, {
    ...AS_AUTHORITY,
    ALPNProtocols: ['acme-tls/1', 'http/1.1'],
    servername: 'app.test',
  });
  assert.equal(both.names, 'app.test');
  const client = await visit(port, { servername: 'app.test', ca: root.certPem });
  assert.equal(client.names, 'app.test');
});

test('without a validation acme-tls/1 gets no handshake', async (t) => {
  const { port, front } = await serveTlsFront(t, { material });
  const authority = { ...AS_AUTHORITY, servername: 'app.test' };
  const before = await visit(port, authority);
  assert.deepEqual([before.names, before.peerNames], ['', ''], before.failure);
  front.answerChallenges(await challengeFor('app.test'));
  assert.equal((await visit(port, authority)).peerNames, 'DNS:app.test');
  front.answerChallenges(NO_ANSWERS);
  assert.deepEqual((await visit(port, authority)).peerNames, '');
});

test('neither --sni-strict nor a client authority stands in the way of the authority', async (t) => {
  for (const given of [
    { material, sniStrict: true },
    {
      material: { ...material, clientAuthority: root.certPem },
      clientCa: { file: 'f', required: true, crlFiles: [] },
    },
  ]) {
    const { port, front } = await serveTlsFront(t, given);
    front.answerChallenges(await challengeFor('new.test'));
    const options = { ...AS_AUTHORITY, servername: 'new.test' };
    assert.equal((await visit(port, options)).peerNames, 'DNS:new.test');
  }
});
