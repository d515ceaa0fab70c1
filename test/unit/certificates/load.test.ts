/** What the front loads at start: mended chains, opened keys, and errors that name file, line and next step. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import tls from 'node:tls';
import { type LoadedCertificate, loadCertificate } from '../../../src/certificates/chain/load.js';
import { FINDINGS } from '../../../src/certificates/findings.js';
import { FrontError } from '../../../src/shared/errors.js';
import { TEST_PASSPHRASE, testCertificates } from '../../support/certificates.js';
import { chainCases } from '../../support/chain-cases.js';
import { within } from '../../support/deadline.js';
import { makeWorkspace } from '../../support/workspace.js';

const all = await testCertificates();

/** A TLS 1.2 and a TLS 1.3 handshake with a client that trusts the root alone. */
async function handshake(served: { cert: string; key: string }, ca: string): Promise<void> {
  const server = tls.createServer(served).listen(0, '127.0.0.1');
  server.on('tlsClientError', () => undefined);
  try {
    await once(server, 'listening');
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const client = tls.connect({
        port: address.port,
        host: '127.0.0.1',
        servername: 'localhost',
        ca,
        minVersion: version,
        maxVersion: version,
      });
      await within(once(client, 'secureConnect'), 30_000, `handshake ${version}`).finally(() =>
        client.destroy(),
      );
    }
  } finally {
    server.close();
  }
}

async function rejection(files: Parameters<typeof loadCertificate>[0]): Promise<FrontError> {
  try {
    await loadCertificate(files);
  } catch (cause) {
    assert.ok(cause instanceof FrontError, String(cause));
    return cause;
  }
  assert.fail('the files were loaded');
}

const certificatesOf = (pem: string): string[] =>
  (pem.match(/-----BEGIN[\s\S]*?-----END CERTIFICATE-----\n/g) ?? []).map(
    (one) => new X509Certificate(one).subject,
  );

test('leaf and bundle in separate files become one chain, whatever their line ends', async (t) => {
  const folder = makeWorkspace(t);
  const loaded = await loadCertificate({
    certFiles: [folder.write('server.crt', all.leaf.certPem.trim().replaceAll('\n', '\r\n'))],
    keyFile: folder.write('server.key', all.leaf.keyPem),
    caBundleFiles: [folder.write('ca-bundle.ca', `\uFEFF${all.root.certPem}${all.intermediate.certPem}`)],
  });
  assert.equal(loaded.chainPem, all.chainPem);
  assert.deepEqual(loaded.names, ['localhost', '127.0.0.1', '::1', 'app.test']);
  assert.equal(loaded.notAfter.getTime(), Date.parse(new X509Certificate(all.leaf.certPem).validTo));
  await handshake({ cert: loaded.chainPem, key: loaded.keyPem }, all.root.certPem);
});

test('a reversed file with glued borders is mended, with a warning for each', async (t) => {
  const folder = makeWorkspace(t);
  const loaded = await loadCertificate({
    certFiles: [folder.write('integrated.crt', all.intermediate.certPem.trim() + all.leaf.certPem)],
    keyFile: folder.write('server.key', all.leaf.keyPem),
  });
  assert.equal(loaded.chainPem, all.chainPem);
  const codes = loaded.findings.map(({ code }) => code);
  assert.ok(codes.includes('glued_borders') && codes.includes('leaf_not_first'), codes.join());
});

test('an encrypted key is opened by its passphrase and handed on in the clear', async (t) => {
  const folder = makeWorkspace(t);
  const loaded = await loadCertificate({
    certFiles: [folder.write('chain.pem', all.chainPem)],
    keyFile: folder.write('server.key', all.encryptedKeyPem),
    passphrase: TEST_PASSPHRASE,
  });
  assert.match(loaded.keyPem, /^-----BEGIN PRIVATE KEY-----\n/);
  await handshake({ cert: loaded.chainPem, key: loaded.keyPem }, all.root.certPem);
});

test('a key in the certificate file is found', async (t) => {
  const folder = makeWorkspace(t);
  const loaded = await loadCertificate({
    certFiles: [folder.write('all.pem', all.chainPem + all.leaf.keyPem)],
  });
  assert.equal(loaded.chainPem, all.chainPem);
});

test('of two leaves in the file the one that fits the key is served', async (t) => {
  const folder = makeWorkspace(t);
  const loaded = await loadCertificate({
    certFiles: [folder.write('chain.pem', all.otherLeaf.certPem + all.chainPem)],
    keyFile: folder.write('server.key', all.leaf.keyPem),
  });
  assert.deepEqual(certificatesOf(loaded.chainPem), certificatesOf(all.chainPem));
});

test('a certificate for another host is served, with a finding', async (t) => {
  const folder = makeWorkspace(t);
  const loaded = await loadCertificate({
    certFiles: [folder.write('chain.pem', all.chainPem)],
    keyFile: folder.write('server.key', all.leaf.keyPem),
    hosts: ['example.com'],
  });
  const mismatch = loaded.findings.find(({ code }) => code === 'name_mismatch');
  assert.match(
    mismatch?.message ?? '',
    /is not for example\.com: it names localhost, 127\.0\.0\.1, ::1, app\.test/,
  );
});

test('a missing file is named with the reason', async (t) => {
  const folder = makeWorkspace(t);
  const certFile = folder.write('chain.pem', all.chainPem);
  const missing = await rejection({ certFiles: [folder.at('no.crt')] });
  assert.equal(missing.code, 'config_invalid');
  assert.match(missing.message, /^the certificate file .*no\.crt cannot be read: no such file$/);
  assert.ok(missing.hint);
  const key = await rejection({ certFiles: [certFile], keyFile: folder.at('no.key') });
  assert.match(key.message, /^the key file .*no\.key cannot be read: no such file$/);
  const bundle = await rejection({ certFiles: [certFile], caBundleFiles: [folder.at('no.ca')] });
  assert.match(bundle.message, /^the CA bundle file .*no\.ca cannot be read: no such file$/);
});

test('a folder, a loop of links and an endless device are named for what they are', async (t) => {
  const folder = makeWorkspace(t);
  mkdirSync(folder.at('folder'));
  symlinkSync(folder.at('loop'), folder.at('loop'));
  assert.match((await rejection({ certFiles: [folder.at('folder')] })).message, /it is a folder, not a file/);
  assert.match((await rejection({ certFiles: [folder.at('loop')] })).message, /symbolic links/);
  assert.match((await rejection({ certFiles: ['/dev/zero'] })).message, /it is larger than 4 MiB/);
  assert.match(
    (await rejection({ certFiles: [join(folder.write('file', ''), 'x')] })).message,
    /not a folder/,
  );
});

test('a file without permission is named', async (t) => {
  const file = makeWorkspace(t).write('chain.pem', all.chainPem, 0o000);
  // Root may read every file: look at it with the eyes of somebody else.
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65534);
  try {
    assert.match((await rejection({ certFiles: [file] })).message, /cannot be read: permission denied/);
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
});

test('a certificate without any key is refused', async (t) => {
  const refused = await rejection({ certFiles: [makeWorkspace(t).write('chain.pem', all.chainPem)] });
  assert.equal(refused.code, 'certificate_broken');
  assert.match(refused.message, /there is no private key for/);
});

test('a refused key names the certificate that it fits', async (t) => {
  const folder = makeWorkspace(t);
  const refused = await rejection({
    certFiles: [folder.write('server.crt', all.leaf.certPem)],
    keyFile: folder.write('server.key', all.otherLeaf.keyPem),
    caBundleFiles: [folder.write('more.pem', all.intermediate.certPem + all.otherLeaf.certPem)],
  });
  assert.equal(refused.code, 'certificate_broken');
  assert.match(
    refused.message,
    /server\.key.*does not belong to the certificate of localhost .*it fits other\.test .*more\.pem/,
  );
});

test('every case of the table is refused, mended or served as its findings say', async (t) => {
  for (const one of await chainCases()) {
    const folder = makeWorkspace(t);
    const trust = one.root === null ? '' : (one.root ?? all.root.certPem);
    const bundle = trust + (one.bundle ?? '');
    const hasKey = one.key !== undefined || /key_in_cert|pkcs12/.test(one.codes.join());
    const outcome: LoadedCertificate | FrontError = await loadCertificate({
      certFiles: [folder.write('server.crt', one.cert)],
      keyFile: one.key === undefined ? undefined : folder.write('server.key', one.key, one.keyMode),
      caBundleFiles: bundle === '' ? [] : [folder.write('bundle.ca', bundle)],
      passphrase: one.passphrase,
      hosts: one.hosts ?? [],
    }).catch((cause: unknown) => {
      assert.ok(cause instanceof FrontError, `${one.name}: ${cause}`);
      return cause;
    });
    const refusedFor = one.codes.filter((code) => FINDINGS[code].atStart === 'refuse');
    if (refusedFor.length > 0) {
      assert.ok(outcome instanceof FrontError, `${one.name} was loaded`);
      assert.equal(outcome.code, 'certificate_broken', one.name);
      assert.ok(outcome.hint, one.name);
    } else if (!hasKey) {
      assert.ok(outcome instanceof FrontError && /no private key/.test(outcome.message), one.name);
    } else {
      assert.ok(
        !(outcome instanceof FrontError),
        `${one.name}: ${outcome instanceof FrontError ? outcome.message : ''}`,
      );
      await handshake({ cert: outcome.chainPem, key: outcome.keyPem }, trust);
    }
  }
});
