/** What the doctor says of names, paths and text that clients refuse, and OpenSSL's own reader as the judge of the text. */
import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { createSecureContext, rootCertificates } from 'node:tls';
import { inspect } from '../../../src/certificates/chain/inspect.js';
import { readFields } from '../../../src/certificates/formats/certificate.js';
import { der, derInteger, derOid, derSequence } from '../../../src/certificates/formats/der-write.js';
import { testCertificates } from '../../support/certificates.js';
import { type RawExtension, writeRawCertificate } from '../../support/raw-certificates.js';

const all = await testCertificates();
const source = (text: string) => ({ file: 'chain.pem', bytes: Buffer.from(text), mode: 0o600 });

function codesOf(certificates: string, bundle: string, hosts: readonly string[] = []): string[] {
  const { findings } = inspect({ certificates: [source(certificates)], bundle: [source(bundle)], hosts });
  return findings.map(({ code }) => code).filter((code) => code !== 'given_authority');
}

const newKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const CA: RawExtension = {
  oid: '2.5.29.19',
  critical: true,
  value: derSequence(der(0x01, Buffer.from([0xff]))),
};
const FOR_SERVERS: RawExtension = { oid: '2.5.29.37', value: derSequence(derOid('1.3.6.1.5.5.7.3.1')) };
const namesOf = (...names: readonly Buffer[]): RawExtension => ({
  oid: '2.5.29.17',
  value: derSequence(...names),
});
const dns = (name: string): Buffer => der(0x82, Buffer.from(name));

const rootKey = newKey();
const root = writeRawCertificate({
  subject: 'R',
  issuer: 'R',
  key: rootKey,
  signer: rootKey,
  extensions: [CA],
});

function leafWith(extensions: readonly RawExtension[], spki?: Buffer): string {
  const key = newKey();
  const leaf = { subject: 'L', issuer: 'R', key, signer: rootKey, extensions: [FOR_SERVERS, ...extensions] };
  return writeRawCertificate(spki === undefined ? leaf : { ...leaf, spki });
}

test('an IP address among the DNS names is no address', () => {
  const leaf = leafWith([namesOf(dns('192.168.1.5'), dns('a.example'))]);
  assert.deepEqual(codesOf(leaf, root, ['192.168.1.5']), ['name_mismatch', 'address_as_dns_name']);
  assert.deepEqual(codesOf(leaf, root, ['a.example']), ['address_as_dns_name']);
});

test('a wildcard right below a top-level name covers nothing', () => {
  const leaf = leafWith([namesOf(dns('*.test'))]);
  assert.deepEqual(codesOf(leaf, root, ['app.test']), ['name_mismatch', 'wildcard_too_wide']);
  assert.deepEqual(codesOf(leafWith([namesOf(dns('*.app.test'))]), root, ['x.app.test']), []);
});

test('a wildcard right below a registry\u2019s suffix is told: browsers refuse it', () => {
  assert.deepEqual(codesOf(leafWith([namesOf(dns('*.co.uk'))]), root, ['shop.co.uk']), ['wildcard_too_wide']);
  assert.deepEqual(codesOf(leafWith([namesOf(dns('*.shop.co.uk'))]), root, ['a.shop.co.uk']), []);
});

test('a curve that is written out is told', () => {
  const spki = createPublicKey(newKey()).export({ type: 'spki', format: 'der' });
  // P-256 by its numbers (RFC 3279 §2.3.5); the point is the key's own.
  const p = Buffer.from('ffffffff00000001000000000000000000000000ffffffffffffffffffffffff', 'hex');
  const a = Buffer.from('ffffffff00000001000000000000000000000000fffffffffffffffffffffffc', 'hex');
  const b = Buffer.from('5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b', 'hex');
  const g = Buffer.from(
    '046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',
    'hex',
  );
  const n = Buffer.from('00ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex');
  const curve = derSequence(
    derInteger(1),
    derSequence(derOid('1.2.840.10045.1.1'), der(0x02, Buffer.concat([Buffer.from([0]), p]))),
    derSequence(der(0x04, a), der(0x04, b)),
    der(0x04, g),
    der(0x02, n),
    derInteger(1),
  );
  const point = spki.subarray(-65);
  const explicit = derSequence(
    derSequence(derOid('1.2.840.10045.2.1'), curve),
    der(0x03, Buffer.concat([Buffer.from([0]), point])),
  );
  assert.ok(codesOf(leafWith([namesOf(dns('a.example'))], explicit), root).includes('explicit_curve'));
});

test('every public root may vouch for servers, as far as its own certificate says', () => {
  for (const pem of rootCertificates) {
    const fields = readFields(new X509Certificate(pem).raw);
    assert.ok(fields?.authority === true || fields?.keyUses !== undefined || fields?.version === 1, pem);
    assert.ok(fields.keyUses === undefined || fields.keyUses.includes('keyCertSign'), pem);
    assert.deepEqual(
      [fields.purposes, fields.unknownCritical, fields.hasRepeatedExtension],
      [undefined, [], false],
    );
  }
});

const lines = all.directLeaf.certPem.trim().split('\n');
const withLine = (at: number, change: (line: string) => string): string =>
  `${lines.map((line, index) => (index === at ? change(line) : line)).join('\n')}\n`;

for (const [what, text] of [
  ['nothing', withLine(-1, String)],
  ['an empty line after BEGIN', withLine(1, (line) => `\n${line}`)],
  ['two empty lines after BEGIN', withLine(1, (line) => `\n\n${line}`)],
  ['an empty line in the middle', withLine(3, (line) => `\n${line}`)],
  ['an empty line before END', withLine(lines.length - 1, (line) => `\n${line}`)],
  ['a line of blanks before END', withLine(lines.length - 1, (line) => `  \n${line}`)],
  ['an indented END', withLine(lines.length - 1, (line) => `  ${line}`)],
  ['blanks before a line', withLine(1, (line) => `  ${line}`)],
  ['a tab before a line', withLine(1, (line) => `\t${line}`)],
  ['blanks behind a line', withLine(1, (line) => `${line}  `)],
  ['a no-break space before a line', withLine(1, (line) => `\u00A0${line}`)],
  ['a form feed before a line', withLine(2, (line) => `\f${line}`)],
  ['a vertical tab in a line', withLine(2, (line) => `${line.slice(0, 9)}\v${line.slice(9)}`)],
] as const) {
  test(`a certificate with ${what}: we call it sound where OpenSSL reads it, and mend it where not`, () => {
    const reads = (cert: string): boolean => {
      try {
        createSecureContext({ cert, key: all.directLeaf.keyPem });
        return true;
      } catch {
        return false;
      }
    };
    const { findings, chain } = inspect({
      certificates: [source(text)],
      bundle: [source(all.root.certPem)],
    });
    assert.equal(
      findings.every(({ severity }) => severity === 'note'),
      reads(text),
      findings.map(({ code }) => code).join(),
    );
    assert.ok(reads(chain?.leaf.pem ?? ''));
  });
}
