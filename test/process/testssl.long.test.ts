/** testssl.sh examines the default listener: nothing above LOW with a chain as public authorities issue it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { issueCertificate } from '../../src/certificates/development/x509-issuer.js';
import { daysFromNow, testCertificates } from '../support/certificates.js';
import { within } from '../support/deadline.js';
import { SAMPLE_APP, StartedFront } from '../support/started-front.js';
import { findTool, MISSING, requireTool } from '../support/tools.js';
import { makeWorkspace } from '../support/workspace.js';

const NAME = 'app.test';
/** All that it knows of a server's own doing; left out are simulated clients and each cipher of each version once more. */
const CHECKS = [
  '--protocols',
  '--std',
  '--pfs',
  '--server-preference',
  '--server-defaults',
  '--header',
  '--vulnerable',
];

interface Finding {
  readonly id: string;
  readonly severity: string;
  readonly finding: string;
}

/** Findings on a front with the usual settings and --hsts. */
async function examine(t: TestContext, testssl: string): Promise<readonly Finding[]> {
  const folder = makeWorkspace(t);
  const { root, intermediate } = await testCertificates();
  const { certPem, keyPem } = await issueCertificate(
    {
      commonName: NAME,
      names: [NAME],
      notBefore: daysFromNow(-1),
      notAfter: daysFromNow(89),
      purposes: ['server'],
      // Public authorities name their revocation list; testssl.sh does not fetch it (--phone-out).
      revocationUrl: 'http://127.0.0.1/list.crl',
    },
    intermediate,
  );
  const chain = folder.write('chain.pem', certPem + intermediate.certPem);
  const given = ['--cert', chain, '--key', folder.write('key.pem', keyPem), '--hsts', '31536000'];
  const front = await StartedFront.start({
    arguments: ['--listen', '127.0.0.1:0', ...given],
    app: SAMPLE_APP,
  });
  t.after(() => front.stop());
  const report = folder.at('report.json');
  const options = ['--quiet', '--color', '0', '--warnings', 'batch', '--nodns', 'none', '--jsonfile', report];
  const where = ['--add-ca', folder.write('root.pem', root.certPem), '--ip', '127.0.0.1'];
  const child = spawn(testssl, [...options, ...where, ...CHECKS, `https://${NAME}:${front.port()}`], {
    stdio: 'ignore',
    cwd: folder.path,
    detached: true,
  });
  t.after(() => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
  });
  await within(once(child, 'close'), 240_000, 'the end of testssl.sh');
  return JSON.parse(readFileSync(report, 'utf8'));
}

test('testssl.sh finds nothing above LOW on the default listener', async (t) => {
  const debians = findTool('testssl');
  // Debian's package has the script's name without its ending.
  const testssl = debians === MISSING ? requireTool(t, 'testssl.sh') : debians;
  if (testssl === MISSING) return;
  const findings = await examine(t, testssl);
  const by = (id: string): string => findings.find((one) => one.id === id)?.finding ?? '';
  // It has really looked.
  assert.match(by('TLS1_3'), /offered/);
  assert.match(by('TLS1'), /not offered/);
  assert.match(by('cert_chain_of_trust'), /passed/);
  assert.match(by('HSTS_time'), /365 days/);
  assert.ok(findings.length > 60, `${findings.length} findings`);
  // WARN is no grade of a finding: testssl.sh could not look (its OpenSSL lacks a cipher, or was too slow on a busy machine).
  const serious = findings.filter(({ severity }) => !['OK', 'INFO', 'LOW', 'WARN'].includes(severity));
  assert.deepEqual(serious, []);
});
