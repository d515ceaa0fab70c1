/** Files that are something else, or hold more than is needed: each is called by its name, with its cure. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { inspect } from '../../../src/certificates/chain/inspect.js';
import { pkcs7Of } from '../../support/bundles.js';
import { testCertificates } from '../../support/certificates.js';
import { MISSING, requireTool } from '../../support/tools.js';
import { makeWorkspace } from '../../support/workspace.js';

const { chainPem, leaf, intermediate, root, otherLeaf } = await testCertificates();
const source = (bytes: Buffer | string) => ({ file: 'server.crt', bytes: Buffer.from(bytes), mode: 0o600 });
const block = (label: string, der: Buffer): string =>
  `-----BEGIN ${label}-----\n${der.toString('base64')}\n-----END ${label}-----\n`;

for (const [what, start, message, fix] of [
  ['a ZIP archive', 'PK\x03\x04rest', /is a ZIP archive/, /unpack/],
  ['gzip', '\x1f\x8b\x08\0', /compressed by gzip/, /gunzip/],
  ['a Java keystore', '\xfe\xed\xfe\xed\0\0\0\x02', /Java keystore/, /keytool/],
  [
    'an Ansible vault',
    '$ANSIBLE_VAULT;1.1;AES256\n616263\n',
    /Ansible vault/,
    /ansible-vault decrypt server\.crt/,
  ],
  [
    'a pointer of Git LFS',
    'version https://git-lfs.github.com/spec/v1\noid sha256:00\n',
    /Git LFS/,
    /git lfs pull/,
  ],
  ['zstd', '\x28\xb5\x2f\xfd\0\0', /compressed by zstd/, /unpack/],
  ['a tar archive', `${'server.crt'.padEnd(257, '\0')}ustar\x0000`, /tar archive/, /tar -xf server\.crt/],
  ['a key of PuTTY', 'PuTTY-User-Key-File-3: ssh-rsa\n', /PuTTY/, /genpkey/],
  ['an SSH public key', 'ssh-ed25519 AAAAC3Nz me@here\n', /an SSH public key/, /BEGIN CERTIFICATE/],
  [
    'a Kubernetes secret',
    `kind: Secret\ndata:\n  tls.crt: ${Buffer.from(chainPem).toString('base64')}\n`,
    /Kubernetes secret/,
    /tls\\\.crt\}' \| base64 -d/,
  ],
  [
    'a Kubernetes secret in JSON',
    JSON.stringify({ data: { 'tls.crt': Buffer.from(chainPem).toString('base64') } }),
    /Kubernetes secret/,
    /base64 -d/,
  ],
  [
    'a file of SOPS',
    'tls: ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]\n',
    /SOPS/,
    /sops -d server\.crt/,
  ],
  ['age', '-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----\n', /by age/, /age -d/],
  ['a PGP key', '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQ\n', /of PGP/, /X\.509/],
] as const) {
  test(`${what} is called so, with its cure`, () => {
    const { findings } = inspect({ certificates: [source(Buffer.from(start, 'latin1'))] });
    assert.deepEqual(
      findings.map(({ code }) => code),
      ['not_pem'],
    );
    assert.match(findings[0]?.message ?? '', message);
    assert.match(findings[0]?.fix ?? '', fix);
  });
}

test('a PKCS#7 bundle between the borders of a certificate, or bare, is unpacked', () => {
  const bundle = pkcs7Of(leaf.certPem + intermediate.certPem);
  for (const text of [block('CERTIFICATE', bundle), bundle.toString('base64')]) {
    const { findings, chain } = inspect({ certificates: [source(text)], bundle: [source(root.certPem)] });
    assert.equal(chain?.certificates.length, 2);
    assert.deepEqual(
      findings.map(({ code }) => code),
      ['pkcs7_bundle', 'given_authority'],
    );
  }
});

test('a file of a revocation list alone has no certificate', () => {
  const { findings } = inspect({ certificates: [source(block('X509 CRL', Buffer.from('x')))] });
  assert.deepEqual(
    findings.map(({ code }) => code),
    ['no_certificate', 'other_block'],
  );
  assert.match(findings[0]?.message ?? '', /only X509 CRL/);
});

test('a revocation list and a request in binary form are called so, and are no damaged certificate', async (t) => {
  const openssl = requireTool(t, 'openssl');
  if (openssl === MISSING) return;
  const folder = makeWorkspace(t);
  const key = folder.write('a.key', root.keyPem);
  const config = folder.write('ca.conf', '[ca]\ndefault_ca=d\n[d]\ndatabase=index\ndefault_md=sha256\n');
  folder.write('index', '');
  const ask = (...words: readonly string[]): Buffer =>
    execFileSync(openssl, words, { cwd: folder.path, stdio: ['ignore', 'pipe', 'ignore'] });
  const list = ['ca', '-config', config, '-gencrl', '-crldays', '9', '-keyfile', key];
  ask(...list, '-cert', folder.write('a.crt', root.certPem), '-out', 'list.pem');
  for (const [der, codes] of [
    [ask('crl', '-in', 'list.pem', '-outform', 'DER'), ['no_certificate', 'other_block']],
    [ask('req', '-new', '-key', key, '-subj', '/CN=a', '-outform', 'DER'), ['request_given']],
  ] as const) {
    const { findings } = inspect({ certificates: [source(der)] });
    assert.deepEqual(
      findings.map(({ code }) => code),
      codes,
    );
  }
});

test('one long dash in place of five hyphens is a damaged border', () => {
  const text = chainPem.replaceAll('-----', '—');
  const { findings, chain } = inspect({ certificates: [source(text)], bundle: [source(root.certPem)] });
  assert.deepEqual([...new Set(findings.map(({ code }) => code))], ['damaged_border', 'given_authority']);
  assert.equal(chain?.certificates.length, 2);
});

test('X9.42 parameters are a known block', () => {
  const text = block('X9.42 DH PARAMETERS', Buffer.from('x')) + chainPem;
  const { findings } = inspect({ certificates: [source(text)], bundle: [source(root.certPem)] });
  assert.deepEqual(
    findings.map(({ code }) => code),
    ['other_block', 'given_authority'],
  );
});

test('a key that an authority of the file was made for gives way to that of the server, in whatever order', () => {
  for (const keys of [intermediate.keyPem + leaf.keyPem, leaf.keyPem + intermediate.keyPem]) {
    const { findings } = inspect({
      certificates: [source(chainPem)],
      bundle: [source(root.certPem)],
      key: source(keys),
    });
    assert.deepEqual(
      findings.map(({ code }) => code),
      ['given_authority'],
    );
  }
});

test('what holds no private key is not called readable by others', () => {
  for (const text of [chainPem, block('X509 CRL', Buffer.from('x')), block('PUBLIC KEY', Buffer.from('x'))]) {
    const key = { file: 'server.key', bytes: Buffer.from(text), mode: 0o644 };
    const { findings } = inspect({ certificates: [source(chainPem)], bundle: [source(root.certPem)], key });
    assert.deepEqual(
      findings.map(({ code }) => code),
      ['no_key_found', 'given_authority'],
    );
  }
});

test('of two keys in a file the fitting one is taken', () => {
  const { findings } = inspect({
    certificates: [source(chainPem)],
    bundle: [source(root.certPem)],
    key: source(otherLeaf.keyPem + leaf.keyPem),
  });
  assert.deepEqual(
    findings.map(({ code }) => code),
    ['given_authority'],
  );
});

/** Made by `openssl pkcs8 -topk8 -v1 PBE-MD5-DES`; the passphrase is x. */
const KEY_UNDER_DES = `-----BEGIN ENCRYPTED PRIVATE KEY-----
MIGwMBsGCSqGSIb3DQEFAzAOBAiJnJ4BM01m8gICCAAEgZD3qByEZ5Kp5CSoLO6d
1KnEXGjZkgMUo+SGUQjhRasnkazBY629zeV5TIDFqplX4N6VcKhENK2Y79iSd36g
lt1sTCqAjT6srokIyOB5oxHolGQZfytNFggyDVPz2OqNcqIr44zoFsNQN0LK1UQr
swrMtaRFjjZwxsj2KfRWKY2Qk4CtXXPjdSuykLg2FZJ+X+s=
-----END ENCRYPTED PRIVATE KEY-----
`;

test('a cipher that OpenSSL 3 has given up is no wrong passphrase', () => {
  const { findings } = inspect({
    certificates: [source(chainPem)],
    bundle: [source(root.certPem)],
    key: source(KEY_UNDER_DES),
    passphrase: 'x',
  });
  assert.equal(findings[0]?.code, 'unsupported_cipher');
});
