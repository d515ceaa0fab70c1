/** The programs of docs/node-limits.md show on this Node what the page says of them: where one no longer does, the page and the way round it can go. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { issueCertificate } from '../../src/certificates/development/x509-issuer.js';
import { daysFromNow } from '../support/certificates.js';
import { makeWorkspace, PACKAGE_ROOT } from '../support/workspace.js';

const run = promisify(execFile);
const LIMIT_MS = 60_000;

const page = readFileSync(join(PACKAGE_ROOT, 'docs/node-limits.md'), 'utf8');
const sections = page
  .split(/^## /m)
  .slice(1)
  .map((section) => {
    const [title = ''] = section.split('\n', 1);
    const [, program = '', printed = ''] = /^```js\n(.*?)^```\n\n {4}([^\n]*)$/ms.exec(section) ?? [];
    return { title, program, printed };
  });

test('each limit comes with its program and what it prints', () => {
  assert.ok(sections.length >= 4);
  for (const { title, program, printed } of sections) assert.ok(program !== '' && printed !== '', title);
});

for (const { title, program, printed } of sections) {
  test(`on this Node it is so: ${title}`, async (t) => {
    const folder = makeWorkspace(t);
    const period = { notBefore: daysFromNow(-1), notAfter: daysFromNow(1) };
    const { keyPem, certPem } = await issueCertificate({ names: ['localhost'], ...period });
    const key = folder.write('key.pem', keyPem);
    const certificate = folder.write('certificate.pem', certPem);
    const words = [folder.write('limit.mjs', program), key, certificate];
    const { stdout } = await run(process.execPath, words, { timeout: LIMIT_MS });
    assert.equal(stdout.trimEnd(), printed);
  });
}
