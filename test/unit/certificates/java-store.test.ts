/** What is read of Java's keystore without a Java, and which keystores the system's own program fills. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { javaStores } from '../../../src/certificates/trust/java-store.js';
import { readJksAliases } from '../../../src/certificates/trust/jks-aliases.js';
import type { AuthorityRef, Machine } from '../../../src/certificates/trust/trust-store.js';

const DER = Buffer.from('the bytes of a certificate');
const AUTHORITY: AuthorityRef = {
  file: '/data/a.pem',
  pem: `-----BEGIN CERTIFICATE-----\n${DER.toString('base64')}\n-----END CERTIFICATE-----\n`,
  sha1: 'ab12',
  nickname: 'tlsfront-1',
};

function number(bytes: 2 | 4 | 8, value: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntBE(value, Math.max(0, bytes - 6), Math.min(bytes, 6));
  return buffer;
}

const text = (value: string): Buffer => Buffer.concat([number(2, value.length), Buffer.from(value)]);
const block = (value: Uint8Array): Buffer => Buffer.concat([number(4, value.length), value]);

/** Entries as Java's own documents have them, without the digest at the end. */
function keystore(version: 1 | 2, ...entries: readonly Buffer[]): Buffer {
  return Buffer.concat([number(4, 0xfeedfeed), number(4, version), number(4, entries.length), ...entries]);
}

function certificate(alias: string, der: Uint8Array, version: 1 | 2 = 2): Buffer {
  const kind = version === 2 ? [text('X.509')] : [];
  return Buffer.concat([number(4, 2), text(alias), number(8, 1), ...kind, block(der)]);
}

function key(alias: string, ...chain: readonly Uint8Array[]): Buffer {
  const certificates = chain.flatMap((der) => [text('X.509'), block(der)]);
  const head = [
    number(4, 1),
    text(alias),
    number(8, 1),
    block(Buffer.from('a key')),
    number(4, chain.length),
  ];
  return Buffer.concat([...head, ...certificates]);
}

const OTHER = certificate('other', Buffer.from('another certificate'));
const OURS = certificate('debian:tlsfront-1.pem', DER);

for (const [what, bytes, expected] of [
  ['one of several', keystore(2, OTHER, OURS), ['debian:tlsfront-1.pem']],
  [
    'two names of one',
    keystore(2, OURS, OTHER, certificate('tlsfront-1', DER)),
    ['debian:tlsfront-1.pem', 'tlsfront-1'],
  ],
  ['version 1', keystore(1, certificate('old', DER, 1)), ['old']],
  ['none', keystore(2), []],
  ['another certificate only', keystore(2, OTHER), []],
  [
    'behind a key whose chain is ours: the chain of a key is not trusted',
    keystore(2, key('k', DER, DER), OTHER),
    [],
  ],
  ['after a key', keystore(2, key('k', DER), OURS), ['debian:tlsfront-1.pem']],
  ['cut in the head', keystore(2, OURS).subarray(0, 11), undefined],
  ['cut in an entry', keystore(2, OTHER, OURS).subarray(0, -1), undefined],
  ['cut between entries', keystore(2, OTHER, OURS).subarray(0, -OURS.length), undefined],
  [
    'an unknown kind of entry',
    keystore(2, Buffer.concat([number(4, 3), text('x'), number(8, 1)])),
    undefined,
  ],
  ['PKCS#12', Buffer.from('3082030a020103308202', 'hex'), undefined],
  ['no file', undefined, undefined],
] as const) {
  test(`a keystore: ${what}`, () => {
    assert.deepEqual(readJksAliases(bytes, DER), expected);
  });
}

const CACERTS = '/usr/lib/jvm/17/lib/security/cacerts';

/** A machine with a keytool whose keystore lies where a link leads. */
function machineWith(
  keystoreAt: string,
  bytes: Buffer,
  files: Readonly<Record<string, string>>,
  asked: string[] = [],
): Machine {
  return {
    platform: 'linux',
    home: '/home/me',
    environment: {},
    exists: (path) => path in files,
    list: () => [],
    read: (path) => files[path],
    readBytes: (path) => (path === keystoreAt ? bytes : undefined),
    real: (path) =>
      path === '/bin/keytool' ? '/usr/lib/jvm/17/bin/keytool' : path === CACERTS ? keystoreAt : path,
    writable: () => false,
    find: (program) => `/bin/${program}`,
    run: async (argv) => {
      asked.push(argv.join(' '));
      return { status: 1, out: '' };
    },
  };
}

const DEBIAN = {
  '/etc/ca-certificates/update.d/jks-keystore': '',
  '/etc/default/cacerts': '#\ncacerts_updates=yes\n',
};

for (const [what, place, files, isFilled] of [
  ['Debian', '/etc/ssl/certs/java/cacerts', DEBIAN, true],
  [
    'Debian, the hook told to leave it',
    '/etc/ssl/certs/java/cacerts',
    { ...DEBIAN, '/etc/default/cacerts': 'cacerts_updates=no' },
    false,
  ],
  ['Debian without the hook', '/etc/ssl/certs/java/cacerts', {}, false],
  ['Fedora', '/etc/pki/ca-trust/extracted/java/cacerts', {}, true],
  ["a Java of one's own", CACERTS, DEBIAN, false],
] as const) {
  test(`the keystore of ${what} ${isFilled ? 'comes with' : 'is changed beside'} the system's store`, async () => {
    const asked: string[] = [];
    const [store] = javaStores(machineWith(place, keystore(2, OTHER), files, asked));
    assert.equal(store?.isFilledBySystem, isFilled ? true : undefined);
    assert.equal(store?.installSteps(AUTHORITY).length, isFilled ? 0 : 1);
    assert.equal(await store?.holding(AUTHORITY), 'none');
    const [having] = javaStores(machineWith(place, keystore(2, OURS), files, asked));
    assert.equal(await having?.holding(AUTHORITY), 'all');
    assert.deepEqual(
      having?.uninstallSteps(AUTHORITY).map(({ argv }) => argv.join(' ')),
      ['/bin/keytool -delete -cacerts -storepass changeit -alias debian:tlsfront-1.pem'],
    );
    // No Java was started for any of it.
    assert.deepEqual(asked, []);
  });
}

test('a keystore of another form is asked for by keytool', async () => {
  const asked: string[] = [];
  const [store] = javaStores(machineWith(CACERTS, Buffer.from('3082030a020103308202', 'hex'), {}, asked));
  assert.equal(await store?.holding(AUTHORITY), 'none');
  assert.match(asked.join(), /^\/bin\/keytool -exportcert .* -alias tlsfront-1$/);
  assert.match(store?.uninstallSteps(AUTHORITY)[0]?.argv.join(' ') ?? '', / -delete .* -alias tlsfront-1$/);
});
