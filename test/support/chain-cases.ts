/** A table of sound and broken certificate files, each with the findings expected: the doctor, OpenSSL and real handshakes are held against it. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import * as issuing from '../../src/certificates/development/x509-issuer.js';
import { newEcdsaKey, newRsaKey } from '../../src/certificates/development/x509-issuer.js';
import type { FindingCode } from '../../src/certificates/findings.js';
import { emptyPkcs7, indefinitePkcs7Of, pkcs7Of, pkcs12Of } from './bundles.js';
import * as testing from './certificates.js';
import {
  daysFromNow,
  encryptKey,
  type KeyPairPem,
  TEST_PASSPHRASE,
  testCertificates,
} from './certificates.js';

/** One case. Text is written to the file as it is. */
export interface ChainCase {
  readonly name: string;
  readonly cert: string | Buffer;
  /** The private key's file; the case has none when absent. */
  readonly key?: string | Buffer;
  readonly keyMode?: number;
  /** Beside the test root, which is always trusted unless `root` is null. */
  readonly bundle?: string;
  /** Trusted root; the test root by default. */
  readonly root?: string | null;
  readonly hosts?: readonly string[];
  readonly passphrase?: string;
  /** Expected codes without `given_authority`, in alphabetical order. */
  readonly codes: readonly FindingCode[];
  /** True when `openssl verify` has no way to see it (the key, for one). */
  readonly unseenByOpenssl?: boolean;
}

const DER = (pem: string): Buffer => new X509Certificate(pem).raw;
const lines = (pem: string): string[] => pem.trim().split('\n');
const indent = (pem: string): string => pem.replaceAll(/^(?=.)/gm, '  ');
const body = (pem: string): string => lines(pem).slice(1, -1).join('');
const changeLine = (pem: string, at: number, change: (line: string) => string): string =>
  lines(pem)
    .map((line, index) => (index === at ? change(line) : line))
    .join('\n');
const block = (label: string, content: string | Buffer): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(content).toString('base64')}\n-----END ${label}-----\n`;

const keys = new Map<string, string>();
const publicKeyOf = (certPem: string): string =>
  new X509Certificate(certPem).publicKey.export({ type: 'spki', format: 'der' }).toString('base64');

/** The private key of a certificate that was made here. */
export function keyOf(certPem: string): string | undefined {
  return keys.get(publicKeyOf(certPem));
}

function remembering<A extends unknown[]>(
  issue: (...given: A) => Promise<KeyPairPem>,
): (...given: A) => Promise<KeyPairPem> {
  return async (...given) => {
    const pair = await issue(...given);
    keys.set(publicKeyOf(pair.certPem), pair.keyPem);
    return pair;
  };
}

const issueCertificate = remembering(issuing.issueCertificate);
const issueLeaf = remembering(issuing.issueLeaf);
const issueClient = remembering(testing.issueClient);
const issueTestAuthority = remembering(testing.issueTestAuthority);

let made: Promise<readonly ChainCase[]> | undefined;

/** All cases, made at the first call of this process. */
export function chainCases(): Promise<readonly ChainCase[]> {
  made ??= makeAll();
  return made;
}

async function makeAll(): Promise<readonly ChainCase[]> {
  for (const pair of Object.values(await testCertificates())) {
    if (typeof pair !== 'string') keys.set(publicKeyOf(pair.certPem), pair.keyPem);
  }
  const all = [textCases(), blockCases(), bundleCases(), keyCases(), orderCases(), certificateCases()];
  return (await Promise.all(all)).flat();
}

async function textCases(): Promise<ChainCase[]> {
  const { leaf, rsaChainPem, intermediate, chainPem, directLeaf } = await testCertificates();
  const [a, b] = [leaf.certPem, intermediate.certPem];
  const utf16 = Buffer.from(`\uFEFF${chainPem}`, 'utf16le');
  return [
    { name: 'a sound chain', cert: chainPem, codes: [] },
    { name: 'a sound RSA chain', cert: rsaChainPem, codes: [] },
    { name: 'a leaf directly beneath its root', cert: directLeaf.certPem, codes: [] },
    { name: 'no line end at the end', cert: chainPem.trim(), codes: [] },
    { name: 'CRLF', cert: chainPem.replaceAll('\n', '\r\n'), codes: ['windows_line_ends'] },
    { name: 'CRLF in one part', cert: a.replaceAll('\n', '\r\n') + b, codes: ['windows_line_ends'] },
    { name: 'CR alone', cert: chainPem.replaceAll('\n', '\r'), codes: ['carriage_returns_only'] },
    { name: 'a byte order mark', cert: `\uFEFF${chainPem}`, codes: ['byte_order_mark'] },
    {
      name: 'a byte order mark before the second part',
      cert: `${a}\uFEFF${b}`,
      codes: ['inner_byte_order_mark'],
    },
    { name: 'UTF-16 little endian', cert: utf16, codes: ['utf16_encoded'] },
    { name: 'UTF-16 big endian', cert: Buffer.from(utf16).swap16(), codes: ['utf16_encoded'] },
    { name: 'UTF-16 without a mark', cert: Buffer.from(chainPem, 'utf16le'), codes: ['utf16_encoded'] },
    { name: 'written-out line ends', cert: chainPem.replaceAll('\n', '\\n'), codes: ['escaped_line_ends'] },
    {
      name: 'written-out line ends in quotes',
      cert: JSON.stringify(chainPem),
      codes: ['escaped_line_ends'],
    },
    { name: 'glued borders', cert: a.trim() + b, codes: ['glued_borders'] },
    {
      name: 'glued borders with CRLF',
      cert: (a.trim() + b).replaceAll('\n', '\r\n'),
      codes: ['glued_borders', 'windows_line_ends'],
    },
    {
      name: 'text before a border on its line',
      cert: `cert: ${chainPem}`,
      codes: ['damaged_border', 'other_text'],
    },
    { name: 'four hyphens', cert: chainPem.replace('-----BEGIN', '----BEGIN'), codes: ['damaged_border'] },
    {
      name: 'dashes of a word processor',
      cert: chainPem.replace('-----BEGIN', '–––––BEGIN'),
      codes: ['damaged_border'],
    },
    {
      name: 'a border in small letters',
      cert: chainPem.replace('BEGIN C', 'Begin C'),
      codes: ['damaged_border'],
    },
    {
      name: 'all lines indented',
      cert: indent(a),
      bundle: b,
      codes: ['damaged_border', 'damaged_border', 'intermediate_in_bundle', 'whitespace_inside'],
    },
    {
      name: 'another label at the end',
      cert: chainPem.replace('END CERTIFICATE', 'END PRIVATE KEY'),
      codes: ['damaged_border'],
    },
    { name: 'trailing blanks', cert: chainPem.replaceAll('\n', '  \n'), codes: ['whitespace_inside'] },
    { name: 'an indented body', cert: changeLine(chainPem, 1, indent), codes: ['whitespace_inside'] },
    {
      name: 'an empty line inside',
      cert: changeLine(chainPem, 3, (line) => `\n${line}`),
      codes: ['blank_line_inside'],
    },
    { name: 'empty lines around', cert: `\n\n${a}\n\n${b}\n\n`, codes: [] },
    { name: 'a comment before', cert: `Subject: CN=localhost\n${chainPem}`, codes: ['other_text'] },
    { name: 'no borders', cert: body(directLeaf.certPem), codes: ['missing_borders'] },
    { name: 'one long line', cert: block('CERTIFICATE', DER(directLeaf.certPem)), codes: [] },
    {
      name: 'X509 CERTIFICATE',
      cert: chainPem.replaceAll('CERTIFICATE', 'X509 CERTIFICATE'),
      codes: ['uncommon_label'],
    },
    {
      name: 'base64 of PEM text',
      cert: Buffer.from(chainPem).toString('base64'),
      codes: ['encoded_twice'],
    },
    {
      name: 'base64 of PEM text in lines',
      cert: Buffer.from(chainPem).toString('base64').replaceAll(/.{76}/g, '$&\n'),
      codes: ['encoded_twice'],
    },
  ];
}

async function blockCases(): Promise<ChainCase[]> {
  const { leaf, intermediate, chainPem, directLeaf } = await testCertificates();
  const [a, b] = [leaf.certPem, intermediate.certPem];
  const flipped = Buffer.from(DER(a));
  flipped.fill(0xff, 4, 12);
  const spki = createPublicKey(a).export({ type: 'spki', format: 'pem' }).toString();
  return [
    { name: 'an empty file', cert: '', codes: ['empty_file'] },
    { name: 'white space alone', cert: ' \r\n\t\n', codes: ['empty_file'] },
    {
      name: 'a web page',
      cert: '<!DOCTYPE html>\n<html><body>Log in</body></html>\n',
      codes: ['html_saved'],
    },
    { name: 'prose', cert: 'the certificate is in the other mail\n', codes: ['not_pem'] },
    { name: 'binary rubbish', cert: Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 1, 2]), codes: ['not_pem'] },
    { name: 'an SSH public key', cert: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 me@host\n', codes: ['not_pem'] },
    { name: 'DER', cert: DER(directLeaf.certPem), codes: ['der_encoded'], unseenByOpenssl: true },
    { name: 'a request', cert: block('CERTIFICATE REQUEST', 'request'), codes: ['request_given'] },
    { name: 'a private key as certificate', cert: leaf.keyPem, codes: ['key_given'] },
    { name: 'a public key as certificate', cert: spki, codes: ['public_key_given'] },
    {
      name: 'no END',
      cert: `${lines(directLeaf.certPem).slice(0, -1).join('\n')}\n`,
      codes: ['missing_end'],
    },
    {
      name: 'no END before the next part',
      cert: `${lines(a).slice(0, -1).join('\n')}\n${b}`,
      codes: ['missing_end', 'no_leaf'],
    },
    {
      name: 'no BEGIN',
      cert: `${lines(directLeaf.certPem).slice(1).join('\n')}\n`,
      codes: ['missing_begin'],
    },
    { name: 'nothing between the borders', cert: block('CERTIFICATE', ''), codes: ['damaged_base64'] },
    {
      name: 'a foreign character',
      cert: changeLine(directLeaf.certPem, 2, (line) => `%${line.slice(1)}`),
      codes: ['damaged_base64'],
    },
    {
      name: 'lost characters',
      cert: changeLine(directLeaf.certPem, 2, (line) => line.slice(3)),
      codes: ['damaged_base64'],
    },
    {
      name: 'a lost line',
      cert: changeLine(directLeaf.certPem, 2, () => ''),
      codes: ['blank_line_inside', 'unreadable_certificate'],
    },
    { name: 'changed bytes', cert: block('CERTIFICATE', flipped), codes: ['unreadable_certificate'] },
    {
      name: 'base64 of something else',
      cert: block('CERTIFICATE', 'hello'),
      codes: ['unreadable_certificate'],
    },
    {
      name: 'key and chain in one file',
      cert: leaf.keyPem + chainPem,
      codes: ['key_in_certificate_file'],
    },
    {
      name: 'parameters beside the chain',
      cert: block('DH PARAMETERS', 'x') + chainPem,
      codes: ['other_block'],
    },
  ];
}

async function bundleCases(): Promise<ChainCase[]> {
  const { leaf, rsaLeaf, chainPem, rsaChainPem, intermediate, directLeaf } = await testCertificates();
  const reversed = intermediate.certPem + leaf.certPem;
  const p12 = pkcs12Of(chainPem, leaf.keyPem, TEST_PASSPHRASE);
  const spki = createPublicKey(leaf.certPem).export({ type: 'spki', format: 'der' });
  const keyDer = (keyPem: string, type: 'pkcs8' | 'sec1' | 'pkcs1'): Buffer =>
    createPrivateKey(keyPem).export({ type, format: 'der' });
  const cases: ChainCase[] = [
    { name: 'PKCS#7 in DER', cert: pkcs7Of(chainPem), codes: ['pkcs7_bundle'] },
    { name: 'PKCS#7 in BER', cert: indefinitePkcs7Of(chainPem), codes: ['pkcs7_bundle'] },
    { name: 'PKCS#7 in PEM', cert: block('PKCS7', pkcs7Of(chainPem)), codes: ['pkcs7_bundle'] },
    { name: 'PKCS#7 upside down', cert: pkcs7Of(reversed), codes: ['leaf_not_first', 'pkcs7_bundle'] },
    { name: 'PKCS#7 of the leaf', cert: pkcs7Of(directLeaf.certPem), codes: ['pkcs7_bundle'] },
    { name: 'an empty PKCS#7', cert: emptyPkcs7(), codes: ['pkcs7_bundle', 'unreadable_bundle'] },
    { name: 'PKCS#12', cert: p12, passphrase: TEST_PASSPHRASE, codes: ['pkcs12_bundle'] },
    {
      name: 'PKCS#12 without a passphrase',
      cert: pkcs12Of(chainPem, leaf.keyPem, ''),
      codes: ['pkcs12_bundle'],
    },
    { name: 'PKCS#12, passphrase missing', cert: p12, codes: ['encrypted_key', 'pkcs12_bundle'] },
    {
      name: 'PKCS#12, passphrase wrong',
      cert: p12,
      passphrase: 'guess',
      codes: ['pkcs12_bundle', 'wrong_passphrase'],
    },
    {
      name: 'PKCS#12 cut off inside',
      cert: Buffer.from('30050201033000', 'hex'),
      codes: ['pkcs12_bundle', 'unreadable_bundle'],
    },
    {
      name: 'PKCS#12 as the key',
      cert: chainPem,
      key: p12,
      passphrase: TEST_PASSPHRASE,
      codes: ['pkcs12_bundle'],
    },
    {
      name: 'a PKCS#8 key in DER',
      cert: chainPem,
      key: keyDer(leaf.keyPem, 'pkcs8'),
      codes: ['der_encoded'],
    },
    { name: 'a SEC 1 key in DER', cert: chainPem, key: keyDer(leaf.keyPem, 'sec1'), codes: ['der_encoded'] },
    {
      name: 'a PKCS#1 key in DER',
      cert: rsaChainPem,
      key: keyDer(rsaLeaf.keyPem, 'pkcs1'),
      codes: ['der_encoded'],
    },
    {
      name: 'a key in DER as certificate',
      cert: keyDer(leaf.keyPem, 'pkcs8'),
      codes: ['der_encoded', 'key_given'],
    },
    { name: 'a public key in DER', cert: spki, codes: ['der_encoded', 'public_key_given'] },
  ];
  return cases.map((one) => ({ ...one, unseenByOpenssl: true }));
}

async function keyCases(): Promise<ChainCase[]> {
  const { leaf, rsaLeaf, chainPem, rsaChainPem, encryptedKeyPem, intermediate, directLeaf } =
    await testCertificates();
  const legacy = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem', cipher: 'aes-256-cbc', passphrase: TEST_PASSPHRASE },
  }).privateKey;
  const cases: Omit<ChainCase, 'unseenByOpenssl'>[] = [
    { name: 'the right key', cert: chainPem, key: leaf.keyPem, codes: [] },
    { name: 'the right RSA key', cert: rsaChainPem, key: rsaLeaf.keyPem, codes: [] },
    {
      name: 'a key with CRLF',
      cert: chainPem,
      key: leaf.keyPem.replaceAll('\n', '\r\n'),
      codes: ['windows_line_ends'],
    },
    {
      name: 'the key of nobody',
      cert: chainPem,
      key: newEcdsaKey().export({ type: 'sec1', format: 'pem' }),
      codes: ['key_mismatch'],
    },
    { name: 'the key of the wrong kind', cert: chainPem, key: rsaLeaf.keyPem, codes: ['key_mismatch'] },
    { name: 'the key of another leaf', cert: chainPem, key: directLeaf.keyPem, codes: ['key_mismatch'] },
    { name: 'an encrypted key', cert: chainPem, key: encryptedKeyPem, codes: ['encrypted_key'] },
    {
      name: 'the wrong passphrase',
      cert: chainPem,
      key: encryptedKeyPem,
      passphrase: 'guess',
      codes: ['wrong_passphrase'],
    },
    {
      name: 'the right passphrase',
      cert: chainPem,
      key: encryptedKeyPem,
      passphrase: TEST_PASSPHRASE,
      codes: [],
    },
    {
      name: 'a passphrase that is not needed',
      cert: chainPem,
      key: leaf.keyPem,
      passphrase: 'unused',
      codes: [],
    },
    { name: 'an old encrypted key', cert: rsaChainPem, key: legacy, codes: ['encrypted_key'] },
    {
      name: 'an old encrypted key of another',
      cert: rsaChainPem,
      key: legacy,
      passphrase: TEST_PASSPHRASE,
      codes: ['key_mismatch'],
    },
    { name: 'a certificate as key', cert: chainPem, key: chainPem, codes: ['no_key_found'] },
    { name: 'an empty key file', cert: chainPem, key: '', codes: ['empty_file'] },
    {
      name: 'a key in the form of OpenSSH',
      cert: chainPem,
      key: block('OPENSSH PRIVATE KEY', 'x'),
      codes: ['unreadable_key'],
    },
    { name: 'a damaged key', cert: chainPem, key: block('PRIVATE KEY', 'x'), codes: ['unreadable_key'] },
    {
      name: 'a key that everybody can read',
      cert: chainPem,
      key: leaf.keyPem,
      keyMode: 0o644,
      codes: ['key_readable_by_others'],
    },
    {
      name: 'an encrypted key beside the certificate',
      cert: chainPem + encryptKey(leaf.keyPem, 'a'),
      passphrase: 'a',
      codes: ['key_in_certificate_file'],
    },
    {
      name: 'the key of the intermediate',
      cert: chainPem,
      key: intermediate.keyPem,
      codes: ['key_mismatch'],
    },
  ];
  return cases.map((one) => ({
    ...one,
    unseenByOpenssl: one.codes.some((code) => /key|passphrase|file/.test(code)),
  }));
}

async function orderCases(): Promise<ChainCase[]> {
  const { root, leaf, otherLeaf, intermediate, chainPem } = await testCertificates();
  const [a, b] = [leaf.certPem, intermediate.certPem];
  const second = await issueTestAuthority('Second Intermediate', intermediate);
  const deep = await issueLeaf(second, ['localhost']);
  const stranger = await issueTestAuthority('Test Intermediate', await issueTestAuthority('Stranger Root'));
  const ownCertificate = await issueSelfSigned();
  const crossed = await crossSigned();
  const notAuthority = await issueLeaf(await issueLeaf(root, ['parent.test']), ['localhost']);
  return [
    { name: 'the intermediate first', cert: b + a, codes: ['leaf_not_first'] },
    { name: 'the root first', cert: root.certPem + b + a, codes: ['leaf_not_first', 'superfluous_root'] },
    { name: 'intermediates exchanged', cert: deep.certPem + b + second.certPem, codes: ['wrong_order'] },
    { name: 'three in order', cert: deep.certPem + second.certPem + b, codes: [] },
    { name: 'the leaf twice', cert: a + chainPem, codes: ['duplicate_certificate'] },
    { name: 'the intermediate twice', cert: chainPem + b, codes: ['duplicate_certificate'] },
    { name: 'the root at the end', cert: chainPem + root.certPem, codes: ['superfluous_root'] },
    { name: 'a stranger at the end', cert: chainPem + otherLeaf.certPem, codes: ['unrelated_certificate'] },
    { name: 'a strange authority between', cert: a + stranger.certPem + b, codes: ['unrelated_certificate'] },
    { name: 'no intermediate', cert: a, codes: ['missing_intermediate'] },
    {
      name: 'the upper intermediate missing',
      cert: deep.certPem + second.certPem,
      codes: ['missing_intermediate'],
    },
    {
      name: 'the lower intermediate missing',
      cert: deep.certPem + b,
      codes: ['missing_intermediate', 'unrelated_certificate'],
    },
    { name: 'the intermediate in the bundle', cert: a, bundle: b, codes: ['intermediate_in_bundle'] },
    {
      name: 'a namesake of the intermediate',
      cert: a + stranger.certPem,
      codes: ['signature_invalid', 'unrelated_certificate'],
    },
    { name: 'an authority alone', cert: b, codes: ['no_leaf'] },
    { name: 'an authority that nobody knows', cert: chainPem, root: null, codes: ['missing_intermediate'] },
    {
      name: 'a private root in the file',
      cert: chainPem + root.certPem,
      root: null,
      codes: ['private_authority', 'superfluous_root'],
    },
    { name: 'self-signed', cert: ownCertificate.certPem, root: null, codes: ['self_signed'] },
    {
      name: 'self-signed and trusted',
      cert: ownCertificate.certPem,
      root: ownCertificate.certPem,
      codes: [],
    },
    {
      name: 'a cross-signed root that clients have by now',
      cert: crossed.longer,
      root: crossed.root,
      codes: ['longer_than_needed'],
    },
    {
      name: 'the same, for clients of the older root only',
      cert: crossed.longer,
      root: crossed.olderRoot,
      codes: [],
    },
    {
      name: 'a cross-signed root at the wrong place',
      cert: crossed.misplaced,
      root: crossed.root,
      codes: ['unrelated_certificate'],
    },
    { name: 'an issuer that is no authority', cert: notAuthority.certPem, codes: ['missing_intermediate'] },
  ];
}

/** A new root that an older one has also signed: two ways up from the same leaf. */
async function crossSigned() {
  const olderRoot = await issueTestAuthority('Older Root');
  const key = newEcdsaKey();
  const request = {
    commonName: 'Newer Root',
    notBefore: daysFromNow(-1),
    notAfter: daysFromNow(365),
    authority: {},
    key,
  };
  const newerRoot = await issueCertificate(request);
  const cross = await issueCertificate(request, olderRoot);
  const intermediate = await issueTestAuthority('Crossed Intermediate', newerRoot);
  const leaf = await issueLeaf(intermediate, ['localhost']);
  return {
    longer: leaf.certPem + intermediate.certPem + cross.certPem,
    misplaced: leaf.certPem + cross.certPem + intermediate.certPem,
    root: newerRoot.certPem,
    olderRoot: olderRoot.certPem,
  };
}

function issueSelfSigned(): Promise<KeyPairPem> {
  return issueCertificate({
    commonName: 'localhost',
    names: ['localhost'],
    notBefore: daysFromNow(-1),
    notAfter: daysFromNow(90),
    purposes: ['server'],
  });
}

async function certificateCases(): Promise<ChainCase[]> {
  const { root, expiredLeaf, futureLeaf, intermediate, leaf, otherLeaf } = await testCertificates();
  const above = intermediate.certPem;
  const usual = {
    commonName: 'localhost',
    names: ['localhost'],
    notBefore: daysFromNow(-1),
    notAfter: daysFromNow(60),
  };
  const issue = async (change: Partial<Parameters<typeof issueCertificate>[0]>): Promise<string> =>
    (await issueCertificate({ ...usual, purposes: ['server'], ...change }, intermediate)).certPem + above;
  const stale = await issueCertificate(
    { commonName: 'Stale', notBefore: daysFromNow(-40), notAfter: daysFromNow(-1), authority: {} },
    root,
  );
  const underStale =
    (await issueCertificate({ ...usual, purposes: ['server'] }, stale)).certPem + stale.certPem;
  const soon = await issueLeaf(intermediate, ['localhost'], { now: daysFromNow(-80), validDays: 90 });
  const weak = newRsaKey(1024);
  const ed25519 = generateKeyPairSync('ed25519').privateKey;
  const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey;
  const rsaAuthority = await issueCertificate(
    {
      commonName: 'RSA',
      notBefore: daysFromNow(-1),
      notAfter: daysFromNow(60),
      authority: {},
      key: newRsaKey(),
    },
    root,
  );
  const sha1 = await issueCertificate({ ...usual, purposes: ['server'], hash: 'SHA-1' }, rsaAuthority);
  const client = await issueClient('Client', intermediate);
  return [
    { name: 'expired', cert: expiredLeaf.certPem + above, codes: ['expired'] },
    { name: 'not yet valid', cert: futureLeaf.certPem + above, codes: ['not_yet_valid'] },
    { name: 'ten days left', cert: soon.certPem + above, codes: ['expires_soon'] },
    { name: 'an expired intermediate', cert: underStale, codes: ['intermediate_expired'] },
    { name: 'the host named', cert: leaf.certPem + above, hosts: ['app.test'], codes: [] },
    { name: 'the host in capitals with a dot', cert: leaf.certPem + above, hosts: ['APP.test.'], codes: [] },
    { name: 'the address named', cert: leaf.certPem + above, hosts: ['127.0.0.1', '[::1]'], codes: [] },
    {
      name: 'a host not named',
      cert: leaf.certPem + above,
      hosts: ['www.app.test'],
      codes: ['name_mismatch'],
    },
    {
      name: 'an address not named',
      cert: leaf.certPem + above,
      hosts: ['127.0.0.2'],
      codes: ['name_mismatch'],
    },
    {
      name: 'the wildcard covers one label',
      cert: otherLeaf.certPem + above,
      hosts: ['a.other.test'],
      codes: [],
    },
    {
      name: 'the wildcard covers no two labels',
      cert: otherLeaf.certPem + above,
      hosts: ['a.b.other.test'],
      codes: ['name_mismatch'],
    },
    { name: 'no alternative names', cert: await issue({ names: [] }), codes: ['no_alternative_names'] },
    {
      name: 'the host in the common name only',
      cert: await issue({ names: [] }),
      hosts: ['localhost'],
      codes: ['name_mismatch', 'no_alternative_names'],
      unseenByOpenssl: true,
    },
    {
      name: 'an authority as leaf',
      cert: await issue({ authority: {} }),
      codes: ['authority_as_leaf', 'unfit_key_usage'],
    },
    {
      name: 'a client certificate',
      cert: client.certPem + above,
      codes: ['missing_server_purpose', 'no_alternative_names'],
    },
    { name: 'no purpose', cert: await issue({ purposes: [] }), codes: ['no_purpose'] },
    { name: 'RSA with 1024 bits', cert: await issue({ key: weak }), codes: ['weak_key'] },
    { name: 'an Ed25519 key', cert: await issue({ key: ed25519 }), codes: ['uncommon_key'] },
    { name: 'a P-521 key', cert: await issue({ key: p521 }), codes: ['uncommon_key'] },
    { name: 'a SHA-1 signature', cert: sha1.certPem + rsaAuthority.certPem, codes: ['weak_signature'] },
    {
      name: 'nine hundred days',
      cert: await issue({ notAfter: daysFromNow(899) }),
      codes: ['too_long_validity'],
    },
    { name: 'eight hundred days', cert: await issue({ notAfter: daysFromNow(800) }), codes: [] },
  ];
}
