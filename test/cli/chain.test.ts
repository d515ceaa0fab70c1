/** `tlsfront chain check` and `chain merge`: exit codes, what goes where, and what is never overwritten. */
import assert from 'node:assert/strict';
import { readFileSync, statSync, symlinkSync } from 'node:fs';
import { test } from 'node:test';
import { FINDINGS } from '../../src/certificates/findings.js';
import { runChainCheck, runChainMerge } from '../../src/commands/chain/chain.js';
import { captured } from '../support/captured.js';
import { TEST_PASSPHRASE, testCertificates } from '../support/certificates.js';
import { chainCases } from '../support/chain-cases.js';
import { makeWorkspace, PACKAGE_ROOT } from '../support/workspace.js';

const all = await testCertificates();

test('check says sound and exits 0 for a chain that ends in the given root', async (t) => {
  const folder = makeWorkspace(t);
  const { status, out, err } = await captured(runChainCheck, {
    files: [folder.write('chain.pem', all.chainPem)],
    keyFile: folder.write('server.key', all.leaf.keyPem),
    caBundleFiles: [folder.write('root.pem', all.root.certPem)],
    hosts: ['app.test'],
  });
  assert.equal(status, 0, out);
  assert.match(out, /✓ sound: every client accepts this as it stands\n$/);
  assert.match(
    out,
    /1 {2}leaf +localhost, issued by Test Intermediate, until \d{4}-\d\d-\d\d \(.*chain\.pem:1\)/,
  );
  assert.match(out, /2 {2}intermediate +Test Intermediate, issued by Test Root/);
  assert.equal(err, '');
});

test('check exits 0 for every case without error or warning, and 1 for every other', async (t) => {
  const cases = await chainCases();
  for (const one of cases) {
    const folder = makeWorkspace(t);
    const bundle = (one.root === null ? '' : (one.root ?? all.root.certPem)) + (one.bundle ?? '');
    const { status, out, err } = await captured(runChainCheck, {
      files: [folder.write('server.crt', one.cert)],
      keyFile: one.key === undefined ? undefined : folder.write('server.key', one.key, one.keyMode),
      passphraseFile: one.passphrase === undefined ? undefined : folder.write('pass', `${one.passphrase}\n`),
      caBundleFiles: bundle === '' ? [] : [folder.write('bundle.ca', bundle)],
      hosts: one.hosts ?? [],
    });
    const sound = one.codes.every((code) => FINDINGS[code].severity === 'note');
    assert.equal(status, sound ? 0 : 1, `${one.name}: ${out}${err}`);
    for (const code of one.codes) assert.ok(out.includes(code), `${one.name}: ${code}`);
  }
});

test('a finding is told with file, line, sentence and fix', async (t) => {
  const folder = makeWorkspace(t);
  const file = folder.write('glued.pem', all.leaf.certPem.trim() + all.intermediate.certPem);
  const { status, out } = await captured(runChainCheck, { files: [file] });
  assert.equal(status, 1);
  const line = all.leaf.certPem.trim().split('\n').length;
  assert.ok(out.includes(`✗ error glued_borders\n    ${file}:${line}: two borders stand on one line`), out);
  assert.match(out, /\n {4}fix: begin a new line between the two borders\n/);
});

test('a missing intermediate is named by its issuer', async (t) => {
  const file = makeWorkspace(t).write('server.crt', all.leaf.certPem);
  const { out } = await captured(runChainCheck, { files: [file] });
  assert.match(out, /the certificate of Test Intermediate, which issued localhost, is missing/);
});

test('check --json is one document with the same verdict', async (t) => {
  const file = makeWorkspace(t).write('server.crt', all.intermediate.certPem + all.leaf.certPem);
  const { status, out } = await captured(runChainCheck, { files: [file], json: true });
  assert.equal(status, 1);
  const report = JSON.parse(out);
  assert.equal(report.sound, false);
  assert.deepEqual(
    report.findings.map(({ code }: { code: string }) => code),
    ['leaf_not_first', 'missing_intermediate'],
  );
  assert.equal(report.findings[0].file, file);
  assert.deepEqual(
    report.certificates.map(({ role }: { role: string }) => role),
    ['intermediate', 'leaf'],
  );
  assert.equal(report.chain.length, 2);
});

test('colour is used only where it is asked for', async (t) => {
  const file = makeWorkspace(t).write('server.crt', all.leaf.certPem);
  const plain = await captured(runChainCheck, { files: [file] });
  const colored = await captured(runChainCheck, { files: [file] }, true);
  assert.equal(plain.out.includes('\u001B'), false);
  assert.equal(colored.out.includes('\u001B[31m✗ not sound'), true);
});

test('wrong use exits 2 with an error and a hint on the error stream', async (t) => {
  const folder = makeWorkspace(t);
  const file = folder.write('server.crt', all.chainPem);
  const uses = [
    { files: [] },
    { files: [folder.at('missing.crt')] },
    { files: [makeWorkspace(t).path] },
    { files: [file], keyFile: folder.at('missing.key') },
    { files: [file], hosts: ['https://app.test/'] },
    { files: [file], keyFile: folder.write('k', all.encryptedKeyPem), passphraseFile: folder.at('missing') },
  ];
  for (const use of uses) {
    const { status, out, err } = await captured(runChainCheck, use);
    assert.equal(status, 2, JSON.stringify(use));
    assert.equal(out, '');
    assert.match(err, /^error: .+\nhint: .+\n$/);
  }
});

test('merge writes leaf and intermediate in order, without root and doubles, from files in any state', async (t) => {
  const folder = makeWorkspace(t);
  const output = folder.at('integrated.crt');
  const { status, out, err } = await captured(runChainMerge, {
    files: [
      folder.write('ca-bundle.ca', `\uFEFF${all.root.certPem}${all.intermediate.certPem.trim()}`),
      folder.write('server.crt', all.leaf.certPem.trim().replaceAll('\n', '\r\n')),
      folder.write('again.crt', all.chainPem),
    ],
    output,
  });
  assert.equal(status, 0, err);
  assert.equal(readFileSync(output, 'utf8'), all.chainPem);
  assert.equal(out, `wrote ${output}: localhost, then Test Intermediate\n`);
  if (process.platform !== 'win32') assert.equal(statSync(output).mode & 0o777, 0o644);
});

test('merge without -o writes the chain to standard output', async (t) => {
  const folder = makeWorkspace(t);
  const files = [
    folder.write('a', all.root.certPem + all.leaf.certPem),
    folder.write('b', all.intermediate.certPem),
  ];
  const { status, out } = await captured(runChainMerge, { files });
  assert.deepEqual([status, out], [0, all.chainPem]);
});

test('merge opens an encrypted key to check that it fits, and never writes it', async (t) => {
  const folder = makeWorkspace(t);
  const output = folder.at('integrated.crt');
  const { status } = await captured(runChainMerge, {
    files: [folder.write('all.pem', all.encryptedKeyPem + all.chainPem + all.root.certPem)],
    passphraseFile: folder.write('pass', TEST_PASSPHRASE),
    output,
  });
  assert.equal(status, 0);
  assert.equal(readFileSync(output, 'utf8').includes('KEY'), false);
});

test('merge refuses to replace one of its inputs, by whatever name, unless forced', async (t) => {
  const folder = makeWorkspace(t);
  const file = folder.write('server.crt', all.root.certPem + all.intermediate.certPem + all.leaf.certPem);
  const link = folder.at('link.crt');
  symlinkSync(file, link);
  const before = readFileSync(file, 'utf8');
  for (const output of [file, link]) {
    const { status, err } = await captured(runChainMerge, { files: [file], output });
    assert.equal(status, 2);
    assert.match(err, /is one of the files to be merged\nhint: .*--force/);
  }
  assert.equal(readFileSync(file, 'utf8'), before);
  const forced = await captured(runChainMerge, { files: [file], output: link, force: true });
  assert.equal(forced.status, 0);
  assert.equal(readFileSync(file, 'utf8'), all.chainPem);
});

test('merge refuses to replace the key', async (t) => {
  const folder = makeWorkspace(t);
  const keyFile = folder.write('server.key', all.leaf.keyPem);
  const files = [folder.write('c', all.chainPem + all.root.certPem)];
  const { status } = await captured(runChainMerge, { files, keyFile, output: keyFile });
  assert.equal(status, 2);
  assert.equal(readFileSync(keyFile, 'utf8'), all.leaf.keyPem);
});

test('merge writes nothing when the chain stays incomplete or broken, unless forced', async (t) => {
  const folder = makeWorkspace(t);
  const output = folder.at('integrated.crt');
  const incomplete = [folder.write('server.crt', all.leaf.certPem)];
  const refused = await captured(runChainMerge, { files: incomplete, output });
  assert.equal(refused.status, 1);
  assert.match(refused.err, /error: nothing was written: the certificate of Test Intermediate.*is missing/);
  const empty = await captured(runChainMerge, { files: [folder.write('empty', '')], output, force: true });
  assert.equal(empty.status, 1);
  assert.throws(() => statSync(output), { code: 'ENOENT' });
  const forced = await captured(runChainMerge, { files: incomplete, output, force: true });
  assert.equal(forced.status, 0);
  assert.equal(readFileSync(output, 'utf8'), all.leaf.certPem);
});

test('merge into a folder that does not exist exits 2', async (t) => {
  const folder = makeWorkspace(t);
  const files = [folder.write('c', all.chainPem + all.root.certPem)];
  const { status, err } = await captured(runChainMerge, { files, output: folder.at('no/such/out.crt') });
  assert.equal(status, 2);
  assert.match(err, /cannot be written: no such file/);
});

test('every finding has a section in docs/chain.md, and every section a finding', () => {
  const text = readFileSync(`${PACKAGE_ROOT}docs/chain.md`, 'utf8');
  const sections = [...text.matchAll(/^### `(\w+)`/gm)].map(([, code]) => code).sort();
  assert.deepEqual(sections, Object.keys(FINDINGS).sort());
});
