/** `tlsfront chain fix` and `chain show`, bundles of other programs, running servers, and downloads of missing issuers. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import type { Server } from 'node:net';
import { type TestContext, test } from 'node:test';
import tls from 'node:tls';
import { inspectFetching } from '../../src/certificates/chain/fetch-issuers.js';
import { inspect } from '../../src/certificates/chain/inspect.js';
import { proveChain } from '../../src/certificates/chain/prove-chain.js';
import { issueCertificate } from '../../src/certificates/development/x509-issuer.js';
import { runChainCheck } from '../../src/commands/chain/chain.js';
import { runChainFix } from '../../src/commands/chain/chain-fix.js';
import { runChainShow } from '../../src/commands/chain/chain-show.js';
import { pkcs7Of, pkcs12Of } from '../support/bundles.js';
import { captured } from '../support/captured.js';
import { daysFromNow, TEST_PASSPHRASE, testCertificates } from '../support/certificates.js';
import { MISSING, requireTool } from '../support/tools.js';
import { makeWorkspace } from '../support/workspace.js';

const all = await testCertificates();

async function portOf(server: Server, t: TestContext): Promise<number> {
  server.listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}

test('fix takes a PKCS#12 bundle apart, proves the result and keeps the key private', async (t) => {
  const folder = makeWorkspace(t);
  const output = folder.at('integrated.crt');
  const keyOutput = folder.at('server.key');
  const { status, out } = await captured(runChainFix, {
    files: [folder.write('server.p12', pkcs12Of(all.chainPem, all.leaf.keyPem, TEST_PASSPHRASE))],
    passphraseFile: folder.write('pass', `${TEST_PASSPHRASE}\n`),
    caBundleFiles: [folder.write('root.pem', all.root.certPem)],
    output,
    keyOutput,
  });
  assert.equal(status, 0, out);
  assert.match(out, /proven by a TLS 1\.2 and a TLS 1\.3 handshake/);
  assert.equal(readFileSync(output, 'utf8'), all.chainPem);
  assert.equal(readFileSync(keyOutput, 'utf8'), all.leaf.keyPem);
  if (process.platform !== 'win32') assert.equal(statSync(keyOutput).mode & 0o777, 0o600);
});

test('fix closes a key file that others could read', { skip: process.platform === 'win32' }, async (t) => {
  const folder = makeWorkspace(t);
  const keyOutput = folder.write('server.key', 'old', 0o644);
  const { status } = await captured(runChainFix, {
    files: [folder.write('all.pem', all.leaf.keyPem + all.chainPem)],
    caBundleFiles: [folder.write('root.pem', all.root.certPem)],
    output: folder.at('out.crt'),
    keyOutput,
  });
  assert.equal(status, 0);
  assert.equal(statSync(keyOutput).mode & 0o777, 0o600);
  assert.equal(readFileSync(`${keyOutput}.old`, 'utf8'), 'old');
});

test('fix may replace its input, and keeps each older version', async (t) => {
  const folder = makeWorkspace(t);
  const wrong = all.intermediate.certPem + all.leaf.certPem;
  const output = folder.write('server.crt', wrong);
  const options = { files: [output], caBundleFiles: [folder.write('r', all.root.certPem)], output };
  const first = await captured(runChainFix, options);
  assert.equal(first.status, 0, first.err);
  assert.match(first.out, /kept the old file as .*server\.crt\.old\n/);
  assert.equal(readFileSync(output, 'utf8'), all.chainPem);
  assert.equal(readFileSync(`${output}.old`, 'utf8'), wrong);
  const again = await captured(runChainFix, options);
  assert.equal(again.out.includes('kept'), false);
  folder.write('server.crt', all.chainPem + all.root.certPem);
  await captured(runChainFix, options);
  assert.equal(existsSync(`${output}.old-2`), true);
});

test('fix writes nothing that clients would reject, unless forced', async (t) => {
  const folder = makeWorkspace(t);
  const output = folder.at('out.crt');
  const files = [folder.write('server.crt', all.leaf.certPem)];
  const refused = await captured(runChainFix, { files, output });
  assert.equal(refused.status, 1);
  assert.match(refused.err, /error: nothing was written: the certificate of Test Intermediate/);
  assert.equal(existsSync(output), false);
  assert.equal((await captured(runChainFix, { files, output, force: true })).status, 0);
});

test('fix refuses a result that fails in the handshake for the host given', async (t) => {
  const folder = makeWorkspace(t);
  const refused = await captured(runChainFix, {
    files: [folder.write('server.crt', all.chainPem)],
    keyFile: folder.write('key', all.leaf.keyPem),
    caBundleFiles: [folder.write('root.pem', all.root.certPem)],
    hosts: ['example.com'],
    output: folder.at('out.crt'),
  });
  assert.equal(refused.status, 1);
  assert.match(refused.err, /a handshake with it fails: .*example\.com/);
  assert.equal(existsSync(folder.at('out.crt')), false);
});

test('fix without an output, or onto the key, is wrong use', async (t) => {
  const folder = makeWorkspace(t);
  const files = [folder.write('server.crt', all.chainPem)];
  const keyFile = folder.write('key', all.leaf.keyPem);
  assert.equal((await captured(runChainFix, { files })).status, 2);
  assert.equal((await captured(runChainFix, { files, keyFile, output: keyFile })).status, 2);
  assert.equal(readFileSync(keyFile, 'utf8'), all.leaf.keyPem);
});

test('a handshake is no proof for a client that knows another root', async () => {
  const given = { chainPem: all.chainPem, keyPem: all.leaf.keyPem, name: 'localhost' };
  assert.equal(await proveChain({ ...given, trusted: [all.root.certPem] }), undefined);
  assert.match(
    (await proveChain({ ...given, trusted: undefined })) ?? '',
    /unable to|self-signed|local issuer/,
  );
});

test('a folder stands for the certificate files in it', async (t) => {
  const folder = makeWorkspace(t);
  folder.write('site/a.crt', all.leaf.certPem);
  folder.write('site/b.p7b', pkcs7Of(all.intermediate.certPem));
  folder.write('site/server.key', all.leaf.keyPem);
  folder.write('site/readme.txt', 'not a certificate');
  const output = folder.at('out.crt');
  const { status, out, err } = await captured(runChainFix, {
    files: [folder.at('site')],
    caBundleFiles: [folder.write('root.pem', all.root.certPem)],
    output,
  });
  assert.equal(status, 0, err);
  assert.match(out, /proven by/);
  assert.equal(readFileSync(output, 'utf8'), all.chainPem);
});

test('show draws the chain from the root down, with marks, key and what is not sent', async (t) => {
  const folder = makeWorkspace(t);
  const { status, out } = await captured(runChainShow, {
    files: [folder.write('server.crt', all.chainPem + all.otherLeaf.certPem)],
    keyFile: folder.write('key', all.leaf.keyPem),
    caBundleFiles: [folder.write('root.pem', all.root.certPem)],
  });
  assert.equal(status, 1);
  const lines = out.split('\n').map((line) => line.replaceAll(/ {2}.*/g, '').trim());
  assert.equal(lines[0], 'Test Root');
  assert.match(
    out,
    /^└─ ✓ Test Intermediate {2}until .*, EC prime256v1, .*server\.crt:\d+\n {3}└─ ✓ localhost/m,
  );
  assert.match(out, /└─ ✓ its private key\n/);
  assert.match(out, /not part of what is sent:\n {2}! other\.test .*\n.*warning unrelated_certificate/);
});

test('show --json is the same tree as one document', async (t) => {
  const file = makeWorkspace(t).write('server.crt', all.intermediate.certPem + all.leaf.certPem);
  const { out } = await captured(runChainShow, { files: [file], json: true });
  const { tree, end, key } = JSON.parse(out);
  assert.deepEqual(end, { anchor: 'none', name: 'Test Root' });
  assert.deepEqual(
    tree.map(({ subject, findings }: { subject: string; findings: string[] }) => [subject, findings]),
    [
      ['Test Intermediate', ['missing_intermediate']],
      ['localhost', ['leaf_not_first']],
    ],
  );
  assert.equal(key, null);
});

for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
  const minVersion = maxVersion;
  test(`check --connect examines what a ${maxVersion} server sends`, async (t) => {
    const sent = all.leaf.certPem + all.root.certPem + all.intermediate.certPem;
    const server = tls.createServer({ cert: sent, key: all.leaf.keyPem, minVersion, maxVersion });
    server.on('tlsClientError', () => undefined);
    const connect = `127.0.0.1:${await portOf(server, t)}`;
    const caBundleFiles = [makeWorkspace(t).write('root.pem', all.root.certPem)];
    const check = (hosts: string[]): ReturnType<typeof captured> =>
      captured(runChainCheck, { files: [], connect, caBundleFiles, hosts, json: true });
    const { findings } = JSON.parse((await check(['app.test'])).out);
    const codes = findings.map(({ code }: { code: string }) => code);
    // TLS 1.3 encrypts the certificates: OpenSSL shows the chain it built of them.
    const expected = maxVersion === 'TLSv1.2' ? ['given_authority', 'superfluous_root'] : ['given_authority'];
    assert.deepEqual(codes.sort(), expected);
    const other = await check(['example.com']);
    assert.equal(other.status, 1);
    assert.match(other.out, /name_mismatch/);
  });
}

test('check --connect tells what does not answer or does not speak TLS', async (t) => {
  const plain = createHttpServer();
  const connect = `127.0.0.1:${await portOf(plain, t)}`;
  const { status, err } = await captured(runChainCheck, { files: [], connect });
  assert.equal(status, 1);
  assert.match(err, /^error: no TLS handshake with 127\.0\.0\.1:\d+: .*\nhint: /);
  assert.equal((await captured(runChainCheck, { files: [], connect: 'not an address' })).status, 2);
});

test('a missing issuer is downloaded only where asked for, from the address in the certificate', async (t) => {
  let asked = 0;
  const http = createHttpServer((_request, response) => {
    asked += 1;
    response.end(Buffer.from(pkcs7Of(all.intermediate.certPem)));
  });
  const url = `http://127.0.0.1:${await portOf(http, t)}/intermediate.p7c`;
  const leaf = await issueCertificate(
    {
      commonName: 'localhost',
      names: ['localhost'],
      notBefore: daysFromNow(-1),
      notAfter: daysFromNow(60),
      purposes: ['server'],
      issuerUrl: url,
    },
    all.intermediate,
  );
  const folder = makeWorkspace(t);
  const options = {
    files: [folder.write('server.crt', leaf.certPem)],
    caBundleFiles: [folder.write('root.pem', all.root.certPem)],
    output: folder.at('out.crt'),
  };
  const refused = await captured(runChainFix, options);
  assert.equal(refused.status, 1);
  assert.match(refused.err, new RegExp(`get it from ${url}`));
  assert.equal(asked, 0);
  const { status, err } = await captured(runChainFix, { ...options, fetch: true });
  assert.equal(status, 0, err);
  assert.equal(asked, 1);
  assert.equal(readFileSync(options.output, 'utf8'), leaf.certPem + all.intermediate.certPem);
});

test('a download that goes round in circles ends', async () => {
  const cert = { file: 'c', bytes: Buffer.from(all.leaf.certPem), mode: 0o600 };
  const inspection = await inspectFetching({ certificates: [cert] }, () =>
    assert.fail('nothing to download'),
  );
  assert.equal(inspection.chain?.anchor, 'none');
});

const OPENSSL_BUNDLES: readonly (readonly string[])[] = [
  [],
  ['-keypbe', 'AES-128-CBC', '-certpbe', 'AES-128-CBC', '-macalg', 'sha512'],
  ['-keypbe', 'PBE-SHA1-3DES', '-certpbe', 'PBE-SHA1-3DES', '-macalg', 'sha1'],
  ['-keypbe', 'NONE', '-certpbe', 'NONE'],
];

for (const options of OPENSSL_BUNDLES) {
  test(`a bundle of openssl pkcs12 ${options.join(' ')} is read`, (t) => {
    const openssl = requireTool(t, 'openssl');
    if (openssl === MISSING) return;
    const folder = makeWorkspace(t);
    const out = folder.at('out.p12');
    const input = ['-in', folder.write('c', all.chainPem), '-inkey', folder.write('k', all.leaf.keyPem)];
    spawnSync(openssl, ['pkcs12', '-export', ...input, '-passout', 'pass:secret', '-out', out, ...options]);
    const { chain, key } = inspect({
      certificates: [{ file: 'out.p12', bytes: readFileSync(out), mode: 0o600 }],
      passphrase: 'secret',
    });
    assert.equal(chain?.certificates.length, 2);
    assert.equal(chain?.leaf.x509.checkPrivateKey(key ?? assert.fail('no key')), true);
  });
}

test('a bundle of ours is read by OpenSSL', (t) => {
  const openssl = requireTool(t, 'openssl');
  if (openssl === MISSING) return;
  const file = makeWorkspace(t).write('ours.p12', pkcs12Of(all.chainPem, all.leaf.keyPem, 'secret'));
  const args = ['pkcs12', '-in', file, '-passin', 'pass:secret', '-nodes'];
  const { status, stdout, stderr } = spawnSync(openssl, args, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.equal(stdout.match(/BEGIN CERTIFICATE/g)?.length, 2);
  assert.match(stdout, /friendlyName: test[\s\S]*BEGIN PRIVATE KEY/);
});
