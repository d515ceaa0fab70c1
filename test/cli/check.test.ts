/** `tlsfront check`: what the settings come to, and where each came from. */
import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { readFields } from '../../src/certificates/formats/certificate.js';
import { daysFromNow, testCertificates } from '../support/certificates.js';
import { runCommand } from '../support/command.js';
import { writeRevocationList } from '../support/raw-certificates.js';
import { StartedFront } from '../support/started-front.js';
import { fixture, makeWorkspace } from '../support/workspace.js';

const [major = 0, minor = 0] = process.versions.openssl.split('.').map(Number);
const HAS_POST_QUANTUM = major > 3 || (major === 3 && minor >= 5);
const KEY_EXCHANGE = HAS_POST_QUANTUM
  ? 'X25519MLKEM768 where a client has it'
  : 'X25519 (post-quantum keys come with Node 24)';

function rowOf(stdout: string, flag: string): string {
  return (stdout.split('\n').find((line) => line.startsWith(`${flag} `)) ?? '').replace(/ {2,}/g, ' | ');
}

test('a valid configuration exits with 0 and says what it comes to', async () => {
  const { code, stdout, stderr } = await runCommand([
    'check',
    '--upstream',
    '8080',
    '--listen',
    '127.0.0.1:9443',
  ]);
  assert.deepEqual([code, stderr], [0, '']);
  assert.equal(
    stdout,
    `the configuration is valid\n  https on 127.0.0.1:9443\n  TLS 1.2 and 1.3, key exchange ${KEY_EXCHANGE}\n  app: http://localhost:8080\n`,
  );
});

test("the tutorial's uWSGI line is understood word for word", async (t) => {
  const { chainPem, leaf } = await testCertificates();
  const files = makeWorkspace(t);
  const certificate = files.write('auth/integrated.crt', chainPem);
  const key = files.write('auth/server.key', leaf.keyPem);
  const https = `0.0.0.0:443,${certificate},${key},HIGH`;
  const app = ['--wsgi-file', fixture('index.py'), '--processes', '2'];
  const { code, stdout, stderr } = await runCommand(['check', '--master', '--https', https, ...app]);
  assert.equal(code, 0, stderr);
  assert.match(
    stdout,
    /https on 0\.0\.0\.0:443\n {2}TLS 1\.2 and 1\.3, [^\n]+\n {2}app: .*index\.py \(application\), 2 times\n$/,
  );
});

test('a key of another certificate is not valid', async (t) => {
  const { chainPem, otherLeaf } = await testCertificates();
  const files = makeWorkspace(t);
  const given = ['--cert', files.write('a.crt', chainPem), '--key', files.write('b.key', otherLeaf.keyPem)];
  const { code, stdout, stderr } = await runCommand(['check', '--upstream', '8080', ...given]);
  assert.deepEqual([code, stdout], [2, '']);
  assert.match(stderr, /^error: [^\n]+\nhint: [^\n]+\n$/);
});

test('a chain that is mended in memory is valid, with a warning', async (t) => {
  const { intermediate, leaf } = await testCertificates();
  const files = makeWorkspace(t);
  const certificate = files.write('a.crt', intermediate.certPem + leaf.certPem);
  const given = ['--cert', certificate, '--key', files.write('a.key', leaf.keyPem)];
  const { code, stderr } = await runCommand(['check', '--upstream', '8080', ...given]);
  assert.equal(code, 0);
  assert.match(stderr, /^warning: .*a\.crt/);
});

test('uWSGI short forms and values after = are understood', async () => {
  const { code, stdout } = await runCommand([
    'check',
    '-M',
    '-p',
    '3',
    '--http=:8080',
    '-l',
    '9443',
    '--print',
    '--',
    'app',
  ]);
  assert.equal(code, 0);
  assert.equal(rowOf(stdout, '--master'), '--master | command line | true');
  assert.equal(rowOf(stdout, '--processes'), '--processes | command line | 3');
  assert.equal(rowOf(stdout, '--http'), '--http | command line | :8080');
  assert.equal(rowOf(stdout, '--listen'), '--listen | command line | 9443');
  assert.equal(rowOf(stdout, '--'), '-- | command line | app');
});

test('--print shows every value with its origin', async () => {
  const args = ['check', '--upstream', '8080', '--upstream', '8081', '--quiet', '--print'];
  const { stdout } = await runCommand(args, { TLSFRONT_MERCY: '5s' });
  assert.equal(rowOf(stdout, '--upstream'), '--upstream | command line | 8080 8081');
  assert.equal(rowOf(stdout, '--mercy'), '--mercy | environment (TLSFRONT_MERCY) | 5s');
  assert.equal(rowOf(stdout, '--hold'), '--hold | default | 10s');
  assert.equal(rowOf(stdout, '--quiet'), '--quiet | command line | true');
  assert.equal(rowOf(stdout, '--access-log'), '--access-log | default | false');
});

test('options may stand before the word check, and those after it win', async () => {
  const { stdout } = await runCommand([
    '--upstream',
    '1',
    '--mercy',
    '1',
    'check',
    '--mercy',
    '2',
    '--print',
  ]);
  assert.equal(rowOf(stdout, '--upstream'), '--upstream | command line | 1');
  assert.equal(rowOf(stdout, '--mercy'), '--mercy | command line | 2');
});

test('--json prints one object with the resolved configuration', async () => {
  const { code, stdout } = await runCommand([
    'check',
    '--json',
    '--no-rewrite-location',
    '--',
    'check',
    '--json',
  ]);
  const result = JSON.parse(stdout);
  assert.equal(code, 0);
  assert.equal(result.valid, true);
  assert.deepEqual(result.config.apps[0].worker.command, ['check', '--json']);
  assert.equal(result.config.rewriteLocation, false);
  assert.equal(result.postQuantum, HAS_POST_QUANTUM);
  assert.deepEqual(result.settings.mercy, { values: ['60s'], origin: 'default', label: '--mercy' });
});

test('--json prints errors as JSON too, and exits with 2', async () => {
  const { code, stdout, stderr } = await runCommand(['check', '--json', '--upstream', 'fastcgi://app']);
  assert.deepEqual([code, stderr], [2, '']);
  const { valid, error } = JSON.parse(stdout);
  assert.equal(valid, false);
  assert.deepEqual(
    [error.code, error.message],
    ['config_invalid', '--upstream fastcgi://app: fastcgi upstreams are not supported'],
  );
  assert.match(error.hint, /uwsgi:\/\//);
});

test('a configuration that is not valid exits with 2', async () => {
  const { code, stdout, stderr } = await runCommand(['check', '--upstream', '8080', '--listen', '99999']);
  assert.deepEqual([code, stdout], [2, '']);
  assert.match(stderr, /^error: --listen 99999: port 99999 is out of range.*\nhint: /);
});

test('check binds nothing: an address in use is valid', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const { code } = await runCommand(['check', '--upstream', '8080', '--listen', `127.0.0.1:${address.port}`]);
  assert.equal(code, 0);
});

test('a variable of ours that is no setting is a warning', async () => {
  const { code, stderr } = await runCommand(['check', '--upstream', '80'], { TLSFRONT_LISTENS: '1' });
  assert.deepEqual(
    [code, stderr],
    [0, 'warning: TLSFRONT_LISTENS is not a setting of tlsfront and is ignored\n'],
  );
});

test('the whole configuration can come from the environment', async () => {
  const { code, stdout } = await runCommand(['check'], {
    TLSFRONT_UPSTREAM: 'http://app:3000 http://app:3001',
    TLSFRONT_LISTEN: '127.0.0.1:443 0.0.0.0:8443',
  });
  assert.equal(code, 0);
  assert.match(
    stdout,
    /https on 127\.0\.0\.1:443\n {2}https on 0\.0\.0\.0:8443\n {2}TLS 1\.2 and 1\.3, [^\n]+\n {2}app: http:\/\/app:3000, http:\/\/app:3001/,
  );
});

test('what the front warns of at its start, check warns of too: a revocation list that has run out, the key log', async (t) => {
  const { chainPem, leaf, root } = await testCertificates();
  const files = makeWorkspace(t);
  const crl = files.write(
    'crl.pem',
    writeRevocationList({
      issuer: readFields(new X509Certificate(root.certPem).raw)?.subject ?? '',
      signer: createPrivateKey(root.keyPem),
      thisUpdate: daysFromNow(-60),
      nextUpdate: daysFromNow(-30),
    }),
  );
  const args = [
    ...['--listen', '127.0.0.1:0', '--upstream', '1', '--keylog', files.at('keys.log')],
    ...['--cert', files.write('a.crt', chainPem), '--key', files.write('a.key', leaf.keyPem)],
    ...['--client-ca', files.write('ca.pem', root.certPem), '--client-crl', crl],
  ];
  const { code, stderr } = await runCommand(['check', ...args]);
  assert.equal(code, 0);
  const front = await StartedFront.start({ arguments: args });
  t.after(() => front.stop());
  for (const said of [stderr, front.log]) {
    assert.match(said, /^warning: a revocation list has run out: every client certificate is refused/m);
    assert.match(said, /^warning: the secrets of all sessions are written to .*keys\.log/m);
  }
});
