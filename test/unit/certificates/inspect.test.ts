/** The chain doctor's findings over the table of sound and broken files, held against OpenSSL's own judgement. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { type Inspection, inspect } from '../../../src/certificates/chain/inspect.js';
import { FINDINGS } from '../../../src/certificates/findings.js';
import { testCertificates } from '../../support/certificates.js';
import { type ChainCase, chainCases } from '../../support/chain-cases.js';
import { MISSING, requireTool } from '../../support/tools.js';
import { makeWorkspace } from '../../support/workspace.js';

const cases = await chainCases();
const { root } = await testCertificates();

function trusted(one: ChainCase): string {
  return one.root === null ? '' : (one.root ?? root.certPem);
}

function examine(one: ChainCase): Inspection {
  const source = (file: string, content: string | Buffer, mode = 0o600) => ({
    file,
    bytes: Buffer.from(content),
    mode,
  });
  const bundle = trusted(one) + (one.bundle ?? '');
  return inspect({
    certificates: [source('server.crt', one.cert)],
    bundle: bundle === '' ? [] : [source('ca-bundle.ca', bundle)],
    ...(one.key === undefined ? {} : { key: source('server.key', one.key, one.keyMode) }),
    ...(one.passphrase === undefined ? {} : { passphrase: one.passphrase }),
    hosts: one.hosts ?? [],
  });
}

for (const one of cases) {
  test(`${one.name}: ${one.codes.length === 0 ? 'nothing to find' : one.codes.join(', ')}`, () => {
    const { findings } = examine(one);
    const codes = findings.map(({ code }) => code).filter((code) => code !== 'given_authority');
    assert.deepEqual(codes.sort(), [...one.codes], JSON.stringify(findings, null, 2));
  });
}

test('OpenSSL accepts what is called sound and rejects what is called an error', (t) => {
  const openssl = requireTool(t, 'openssl');
  if (openssl === MISSING) return;
  const folder = makeWorkspace(t);
  const rootFile = folder.write('root.pem', root.certPem);
  const disagreements: string[] = [];
  for (const one of cases.filter(({ unseenByOpenssl }) => unseenByOpenssl !== true)) {
    const file = folder.write('server.crt', one.cert);
    const trust = one.root == null ? rootFile : folder.write('own.pem', one.root);
    const hosts = (one.hosts ?? []).flatMap((host) =>
      /^[\d.]+$|:/.test(host)
        ? ['-verify_ip', host.replaceAll(/[[\]]/g, '')]
        : ['-verify_hostname', host.replace(/\.$/, '')],
    );
    const usual = [
      'verify',
      '-purpose',
      'sslserver',
      '-auth_level',
      '2',
      '-no-CApath',
      '-no-CAstore',
      '-x509_strict',
    ];
    const args = [...usual, '-CAfile', trust, '-untrusted', file, ...hosts.slice(0, 2), file];
    const { status, stderr } = spawnSync(openssl, args, { encoding: 'utf8' });
    const severities = one.codes.map((code) => FINDINGS[code].severity);
    const expected = severities.includes('error')
      ? 'reject'
      : severities.includes('warning')
        ? 'either'
        : 'accept';
    if (expected !== 'either' && (status === 0) !== (expected === 'accept')) {
      disagreements.push(`${one.name}: we say ${expected}, OpenSSL says ${status}: ${stderr}`);
    }
  }
  assert.deepEqual(disagreements, []);
});
