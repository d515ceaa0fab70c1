/** The options about certificates, their keys and TLS. */
import { type OptionRow, row, turn } from '../option-row.js';

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
