/** Each finding about authorities, key uses and extensions, made to happen by a certificate that has just this fault. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { inspect } from '../../../src/certificates/chain/inspect.js';
import { NO_ROOTS, rootStore } from '../../../src/certificates/chain/roots.js';
import { issueCertificate } from '../../../src/certificates/development/x509-issuer.js';
import { type FindingCode, finding } from '../../../src/certificates/findings.js';
import { der, derInteger, derOid, derSequence } from '../../../src/certificates/formats/der-write.js';
import { daysFromNow, issueTestAuthority, testCertificates } from '../../support/certificates.js';
import { type RawExtension, writeRawCertificate } from '../../support/raw-certificates.js';

const newKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const source = (text: string, file = 'chain.pem') => ({ file, bytes: Buffer.from(text), mode: 0o600 });

const authority = (...more: readonly Buffer[]): RawExtension => ({
  oid: '2.5.29.19',
  critical: true,
  value: derSequence(der(0x01, Buffer.from([0xff])), ...more),
});
const NO_AUTHORITY: RawExtension = { oid: '2.5.29.19', critical: true, value: derSequence() };
const purposes = (...oids: readonly string[]): RawExtension => ({
  oid: '2.5.29.37',
  value: derSequence(...oids.map((oid) => derOid(oid))),
});
const SERVERS = purposes('1.3.6.1.5.5.7.3.1');
const EMAIL = purposes('1.3.6.1.5.5.7.3.4');
const ANY = purposes('2.5.29.37.0');
const NAMES: RawExtension = { oid: '2.5.29.17', value: derSequence(der(0x82, Buffer.from('a.example'))) };
/** RFC 5280 §4.2.1.3: the first bit is digitalSignature, the third keyEncipherment, the sixth keyCertSign. */
const keyUsage = (bits: number): RawExtension => ({
  oid: '2.5.29.15',
  critical: true,
  value: der(0x03, Buffer.from([0, bits])),
});
/** RFC 5280 §4.2.1.10: names beneath b.example alone. */
const ONLY_B: RawExtension = {
  oid: '2.5.29.30',
  critical: true,
  value: derSequence(der(0xa0, derSequence(der(0x82, Buffer.from('b.example'))))),
};
const constraints = (isCritical: boolean, list: 0xa0 | 0xa1, base: Buffer): RawExtension => ({
  oid: '2.5.29.30',
  critical: isCritical,
  value: derSequence(der(list, derSequence(base))),
});
/** A subject that nobody here has. */
const SUBJECT = der(
  0xa4,
  derSequence(der(0x31, derSequence(derOid('2.5.4.3'), der(0x0c, Buffer.from('X'))))),
);
const EVERY_NAME = der(0x82, Buffer.alloc(0));
const UNKNOWN: RawExtension = { oid: '1.2.3.4.5', critical: true, value: derSequence() };

const rootKey = newKey();
const root = writeRawCertificate({
  subject: 'R',
  issuer: 'R',
  key: rootKey,
  signer: rootKey,
  extensions: [authority()],
});

interface Path {
  /** The leaf's common name; without names beside it where this is given. */
  readonly subject?: string;
  readonly leaf?: readonly RawExtension[];
  /** The intermediates, the lowest first; one ordinary one by default. */
  readonly above?: readonly (readonly RawExtension[])[];
}

/** The chain's file, leaf first. */
function write({ subject, leaf = [], above = [[authority()]] }: Path): string {
  let [issuer, signer] = ['R', rootKey];
  const written: string[] = [];
  for (const [index, extensions] of [...above].reverse().entries()) {
    const [name, key] = [`I${index}`, newKey()];
    written.unshift(writeRawCertificate({ subject: name, issuer, key, signer, extensions }));
    [issuer, signer] = [name, key];
  }
  const own = leaf.some(({ oid }) => oid === SERVERS.oid) ? leaf : [SERVERS, ...leaf];
  const names = subject === undefined ? [NAMES] : [];
  const last = { subject: subject ?? 'L', issuer, key: newKey(), signer, extensions: [...names, ...own] };
  return writeRawCertificate(last) + written.join('');
}

const FAULTS: readonly (readonly [what: string, path: Path, codes: readonly FindingCode[]])[] = [
  ['an ordinary path', {}, []],
  ['an intermediate that is marked as none', { above: [[NO_AUTHORITY]] }, ['issuer_not_authority']],
  ['an intermediate without any mark', { above: [[]] }, ['issuer_not_authority']],
  [
    'an intermediate whose key may not sign certificates',
    { above: [[authority(), keyUsage(0x80)]] },
    ['issuer_key_usage'],
  ],
  ['an intermediate whose key may', { above: [[authority(), keyUsage(0x04)]] }, []],
  ['an intermediate for mail', { above: [[authority(), EMAIL]] }, ['issuer_purpose']],
  ['an intermediate for any purpose', { above: [[authority(), ANY]] }, ['any_purpose']],
  [
    'one intermediate beneath one that allows none',
    { above: [[authority()], [authority(derInteger(0))]] },
    ['path_too_long'],
  ],
  [
    'one intermediate beneath one that allows one',
    { above: [[authority()], [authority(derInteger(1))]] },
    [],
  ],
  ['a name that the authority may not vouch for', { above: [[authority(), ONLY_B]] }, ['name_not_permitted']],
  [
    'an authority that excludes a subject, critical',
    { above: [[authority(), constraints(true, 0xa1, SUBJECT)]] },
    ['constraint_form'],
  ],
  [
    'an authority that excludes a subject, not critical',
    { above: [[authority(), constraints(false, 0xa1, SUBJECT)]] },
    [],
  ],
  [
    'an authority that permits every name by an empty one',
    { above: [[authority(), constraints(true, 0xa0, EVERY_NAME)]] },
    ['constraint_form'],
  ],
  [
    'a common name that looks like a host, without other names, which the authority may not vouch for',
    { subject: 'a.example', above: [[authority(), ONLY_B]] },
    ['name_not_permitted', 'no_alternative_names'],
  ],
  [
    'a common name that is no host',
    { subject: 'A Server', above: [[authority(), ONLY_B]] },
    ['no_alternative_names'],
  ],
  ['a leaf that may only encipher keys', { leaf: [keyUsage(0x20)] }, ['leaf_key_usage']],
  ['a leaf that may only sign certificates', { leaf: [keyUsage(0x04)] }, ['unfit_key_usage']],
  ['a leaf that may sign', { leaf: [keyUsage(0x80)] }, []],
  ['a leaf for any purpose', { leaf: [ANY] }, ['any_purpose']],
  ['a leaf for mail', { leaf: [EMAIL] }, ['missing_server_purpose']],
  ['a critical extension that nobody knows', { leaf: [UNKNOWN] }, ['unknown_critical_extension']],
  ['the same on the intermediate', { above: [[authority(), UNKNOWN]] }, ['unknown_critical_extension']],
  ['an extension that stands twice', { leaf: [SERVERS, SERVERS] }, ['repeated_extension']],
];

function codesOf(text: string, bundle = root, localRoots = NO_ROOTS): string[] {
  const files = bundle === '' ? [] : [source(bundle, 'root.pem')];
  const { findings } = inspect({ certificates: [source(text)], bundle: files, localRoots });
  return findings.map(({ code }) => code).filter((code) => code !== 'given_authority');
}

for (const [what, path, codes] of FAULTS) {
  test(`${what}: ${codes.join(', ') || 'nothing to find'}`, () => {
    assert.deepEqual(codesOf(write(path)), codes);
  });
}

for (const [count, codes] of [
  [9, []],
  [10, ['long_chain']],
  [100, ['long_chain']],
  [101, ['too_long_chain']],
  [130, ['too_long_chain']],
] as const) {
  test(`${count} intermediates, all of them right: ${codes.join(', ') || 'nothing to find'}, and none is cut off`, () => {
    const text = write({ above: Array.from({ length: count }, () => [authority()]) });
    assert.deepEqual(codesOf(text), codes);
    const { chain } = inspect({ certificates: [source(text)], bundle: [source(root, 'root.pem')] });
    assert.deepEqual([chain?.certificates.length, chain?.anchor], [count + 1, 'bundle']);
  });
}

test('a root whose key may sign, and which is not marked as an authority: root_not_marked', () => {
  const extensions = [keyUsage(0x04)];
  const unmarked = writeRawCertificate({
    subject: 'R',
    issuer: 'R',
    key: rootKey,
    signer: rootKey,
    extensions,
  });
  assert.deepEqual(codesOf(write({}), unmarked), ['root_not_marked']);
});

test('a root that only this machine trusts: local_authority', () => {
  assert.deepEqual(codesOf(write({}), '', rootStore([root])), ['local_authority']);
});

test('a blank of another kind in the text: foreign_whitespace', () => {
  const lines = write({ above: [] }).split('\n');
  const text = lines
    .map((line, at) => (at === 2 ? `${line.slice(0, 9)}\f${line.slice(9)}` : line))
    .join('\n');
  assert.deepEqual(codesOf(text), ['foreign_whitespace', 'whitespace_inside']);
});

const { intermediate } = await testCertificates();
const usual = { names: ['a.example'], purposes: ['server'] } as const;

test('ECDSA with SHA-1 is as weak as RSA with it; with SHA-256 and SHA-384 it is not', async () => {
  const signer = await issueTestAuthority('ECDSA');
  for (const [hash, codes] of [
    ['SHA-1', ['weak_signature']],
    ['SHA-256', []],
    ['SHA-384', []],
  ] as const) {
    const dates = { notBefore: daysFromNow(-1), notAfter: daysFromNow(60) };
    const { certPem } = await issueCertificate({ ...usual, ...dates, hash }, signer);
    assert.deepEqual(codesOf(certPem, signer.certPem), codes, hash);
  }
});

test('of two certificates of one key in a file the one in date is the leaf, whichever stands first', async () => {
  const key = newKey();
  const issue = async (from: number, to: number): Promise<string> => {
    const dates = { notBefore: daysFromNow(from), notAfter: daysFromNow(to) };
    return (await issueCertificate({ ...usual, ...dates, key }, intermediate)).certPem;
  };
  const now = await issue(-30, 30);
  const others = { past: await issue(-90, -2), future: await issue(10, 200) };
  for (const [name, other] of Object.entries(others)) {
    for (const text of [now + other, other + now]) {
      const { chain } = inspect({
        certificates: [source(text + intermediate.certPem)],
        key: source(key.export({ type: 'pkcs8', format: 'pem' }).toString(), 'key.pem'),
      });
      assert.equal(chain?.leaf.pem.trim(), now.trim(), name);
    }
  }
});

test('no name of a file can leave the command that a hint proposes', () => {
  const nasty = [
    "it's.pem",
    '$(reboot).pem',
    'a b.pem',
    ';reboot;.pem',
    '`reboot`',
    '"; reboot',
    "'; reboot; '",
  ];
  for (const file of nasty) {
    const { fix } = finding('key_readable_by_others', '', { file });
    const word = fix.replace(/^chmod 600 /, '');
    assert.notEqual(word, fix);
    // Between quotes the shell reads everything as it stands, and a quote itself is written outside of them.
    assert.match(word, /^'(?:[^']|'\\'')*'$/);
    assert.equal(word.slice(1, -1).replaceAll("'\\''", "'"), file);
  }
  assert.equal(
    finding('key_readable_by_others', '', { file: '/etc/ssl/a_b-c.pem' }).fix,
    'chmod 600 /etc/ssl/a_b-c.pem',
  );
});
