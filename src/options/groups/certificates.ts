/** Certificates, their keys and TLS: what is given, and what does not go together. */
import { domainToASCII } from 'node:url';
import { ipFamily } from '../../shared/addresses/ip-family.js';
import type { CertificateFiles } from '../../shared/config/listeners.js';
import type { Platform } from '../../system/platform.js';
import { type OptionRow, row, turn } from '../option-row.js';
import { invalid, misused, readList, readSwitch } from '../read-setting.js';
import type { Settings } from '../settings.js';
import type { SettingKey } from '../table.js';
import { isHostName } from '../values/addresses.js';

const GROUP = 'Certificates and TLS';

/**
 * TLS 1.2 and 1.3 suites of Mozilla's intermediate profile (guidelines 5.7), in its order.
 * Its three DHE suites are left out: Node offers them only with Diffie-Hellman parameters of one's own.
 */
const INTERMEDIATE_CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/** Their rows, in the order of `--help`. */
export const CERTIFICATE_OPTIONS = {
  cert: row(GROUP, 'file', '--cert', '<file>', 'Certificate in any form and order', {
    repeatable: true,
    defaultText: 'a development certificate',
    uwsgi: '2nd field of --https',
  }),
  key: row(GROUP, 'file', '--key', '<file>', 'Its private key, one for each --cert', {
    repeatable: true,
    defaultText: 'in the --cert file',
    uwsgi: '3rd field of --https',
  }),
  certDir: row(
    GROUP,
    'file',
    '--cert-dir',
    '<folder>',
    'Folder of certificates with their keys, chosen by server name',
    { repeatable: true, uwsgi: '--sni-dir' },
  ),
  sniStrict: turn(GROUP, '--sni-strict', 'Refuse names that no certificate covers'),
  caBundle: row(GROUP, 'file', '--ca-bundle', '<file>', 'Intermediate certificates to merge in', {
    repeatable: true,
  }),
  keyPassphraseFile: row(
    GROUP,
    'file',
    '--key-passphrase-file',
    '<file>',
    'File whose first line opens an encrypted key',
  ),
  host: row(GROUP, 'text', '--host', '<name>', 'One more name for the development certificate, or for ACME', {
    repeatable: true,
    commas: true,
  }),
  clientCa: row(GROUP, 'file', '--client-ca', '<file>', 'Ask for client certificates of this authority', {
    uwsgi: '5th field of --https',
  }),
  clientVerify: row(GROUP, 'choice', '--client-verify', '<how>', 'Clients must show a certificate, or may', {
    default: 'require',
    choices: ['optional', 'require'],
    uwsgi: '! in the 5th field',
  }),
  clientCrl: row(GROUP, 'file', '--client-crl', '<file>', 'Revocation list of --client-ca', {
    repeatable: true,
  }),
  ciphers: row(GROUP, 'text', '--ciphers', '<list>', 'OpenSSL cipher list, such as HIGH', {
    default: INTERMEDIATE_CIPHERS,
    defaultText: "Mozilla's intermediate list",
    uwsgi: '4th field of --https',
  }),
  minTls: row(GROUP, 'choice', '--min-tls', '<version>', 'Oldest TLS version', {
    default: '1.2',
    choices: ['1.2', '1.3'],
  }),
  keylog: row(
    GROUP,
    'file',
    '--keylog',
    '<file>',
    'Write the secrets of all sessions for Wireshark; never in production',
    { defaultText: 'the file in SSLKEYLOGFILE, if set' },
  ),
} satisfies Record<string, OptionRow>;

/** The names of `--host`: lower-case, in ASCII form. @throws FrontError config_invalid */
export function readHosts(settings: Settings): readonly string[] {
  const { label } = settings.get('host');
  return readList(settings, 'host').map((text) => {
    const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
    if (ipFamily(bare) !== 0) return bare.toLowerCase();
    const wildcard = bare.startsWith('*.') ? '*.' : '';
    const name = domainToASCII(bare.slice(wildcard.length)).replace(/\.$/, '');
    if (name !== '' && isHostName(name)) return wildcard + name;
    throw invalid(
      label,
      text,
      'neither a host name nor an IP address',
      'write app.test, *.app.test or 192.168.1.5',
    );
  });
}

/** Refuses what is no folder, or not readable by us. @throws FrontError config_invalid */
export function requireFolder(platform: Platform, label: string, path: string): void {
  const reason = platform.whyUnreadable(path);
  // A folder is the one thing that is wrong for a file and right here.
  if (reason === 'is a folder') return;
  throw invalid(label, path, reason ?? 'is a file, not a folder', 'give the folder, or the file with --cert');
}

/** The list, or an error that names it when OpenSSL knows none of its ciphers. */
export function requireCiphers(platform: Platform, label: string, list: string): string {
  if (platform.knowsCiphers(list)) return list;
  const hint = 'try HIGH, or leave it out; `openssl ciphers -v HIGH` shows what a list stands for';
  throw invalid(label, list, 'OpenSSL knows no cipher of this list', hint);
}

/** Pairs the n-th --cert with the n-th --key; without any --key the keys are in the certificate files. */
export function readPairs(settings: Settings): readonly Pick<CertificateFiles, 'cert' | 'key'>[] {
  const cert = settings.get('cert');
  const key = settings.get('key');
  const keys = readList(settings, 'key');
  const certs = readList(settings, 'cert');
  if (keys.length > 0 && certs.length === 0) {
    throw misused(`${key.label} is given without --cert`, 'add --cert with the certificate of that key');
  }
  if (keys.length > 0 && keys.length !== certs.length) {
    throw misused(
      `${cert.label} is given ${certs.length} times and ${key.label} ${keys.length} times`,
      'give one --key for each --cert, in the same order',
    );
  }
  return certs.map((file, index) => ({ cert: file, key: keys[index] ?? null }));
}

/** Refuses options about certificates and clients where there are none. @throws FrontError config_usage */
export function requireCompanions(settings: Settings, anyCertificate: boolean, anyClientCa: boolean): void {
  const companions: readonly SettingKey[] = ['caBundle', 'keyPassphraseFile'];
  for (const companion of companions) {
    const { values, label } = settings.get(companion);
    if (values.length === 0 || anyCertificate) continue;
    throw misused(
      `${label} is given without a certificate`,
      'add --cert and --key, or --https address,cert,key',
    );
  }
  const strict = settings.get('sniStrict');
  if (readSwitch(settings, 'sniStrict') && !anyCertificate && !settings.has('acme')) {
    throw misused(`${strict.label} is given without a certificate`, 'add --cert, or leave it out');
  }
  // Somebody who says how clients are verified must not get a listener that verifies nobody.
  const verify = settings.get('clientVerify');
  const crl = settings.get('clientCrl');
  for (const { label, given, fits } of [
    { label: verify.label, given: settings.has('clientVerify'), fits: settings.has('clientCa') },
    { label: crl.label, given: settings.has('clientCrl'), fits: anyClientCa },
  ]) {
    // A folder may hold authorities (name.ca); whether it does is seen when it is read.
    if (given && !fits && !settings.has('certDir')) {
      throw misused(
        `${label} is given without --client-ca`,
        'add --client-ca with the authority of your client certificates',
      );
    }
  }
}
