/** What `check` says of ACME, and wrong use of it on the command line; nobody is asked over the network. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keysOf } from '../../src/certificates/acme/stored-certificate.js';
import { issueLeaf } from '../../src/certificates/development/x509-issuer.js';
import { PRODUCTION_DIRECTORY } from '../../src/options/groups/acme.js';
import { testCertificates } from '../support/certificates.js';
import { runCommand } from '../support/command.js';
import { makeWorkspace } from '../support/workspace.js';

const { root } = await testCertificates();
const ACME = ['--acme', 'me@example.com', '--host', 'example.com', '--upstream', '8080'];

test('check says what would be ordered and what is there, and makes nothing', async (t) => {
  const data = makeWorkspace(t);
  const { certPem, keyPem } = await issueLeaf(root, ['www.example.com']);
  data.write(`tlsfront/${keysOf(PRODUCTION_DIRECTORY).certificate('www.example.com')}`, certPem + keyPem);
  const given = ['check', ...ACME, '--host', 'www.example.com', '--http-to-https', ':80'];
  const { code, stdout, stderr } = await runCommand(given, { XDG_DATA_HOME: data.path });
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(
    stdout,
    / {2}https on \*:443\n.* {2}acme: https:\/\/acme-v02\.api\.letsencrypt\.org\/directory by tls-alpn-01, else http-01\n {4}example\.com: would be ordered\n {4}www\.example\.com: stored, until \d{4}-\d\d-\d\d\n$/s,
  );
});

test('a certificate that is given for the same name is refused, by check and at start', async (t) => {
  const folder = makeWorkspace(t);
  const { certPem, keyPem } = await issueLeaf(root, ['example.com']);
  const pair = ['--cert', folder.write('c.crt', certPem), '--key', folder.write('c.key', keyPem)];
  for (const word of [['check'], []]) {
    const { code, stderr } = await runCommand([...word, ...ACME, ...pair], { XDG_DATA_HOME: folder.path });
    assert.equal(code, 2, stderr);
    assert.match(stderr, /error: example\.com is to get a certificate from ACME, and has one of --cert/);
    assert.match(stderr, /hint: leave out --host example\.com, or that certificate/);
  }
});

test('files that hold nothing of use are refused, by check and at start', async (t) => {
  const folder = makeWorkspace(t);
  const empty = folder.write('empty', '\n');
  for (const [given, expected] of [
    [['--acme-ca', empty], /error: --acme-ca \S+empty: there is no certificate in it\nhint: /],
    [
      ['--acme-eab-kid', 'k', '--acme-eab-key-file', empty],
      /error: --acme-eab-key-file \S+: its first line is no key in base64url\nhint: /,
    ],
  ] as const) {
    for (const word of [['check'], []]) {
      const { code, stderr } = await runCommand([...word, ...ACME, ...given], { XDG_DATA_HOME: folder.path });
      assert.equal(code, 2, stderr);
      assert.match(stderr, expected);
    }
  }
});

test('a private name with --acme is refused with the way to a development certificate', async () => {
  const { code, stderr } = await runCommand([
    '--acme',
    'me@example.com',
    '--host',
    'app.test',
    '--upstream',
    '1',
  ]);
  assert.equal(code, 2);
  assert.match(
    stderr,
    /^error: --host app\.test with --acme: .*\nhint: leave --acme out for a development certificate/,
  );
});
