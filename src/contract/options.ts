/** The table of options: the command line, the environment, `--help`, `check --print` and the docs are all held to it. */
import { ACME_OPTIONS } from './acme-options.js';
import { EXCHANGE_OPTIONS } from './exchange-options.js';
import { LIMIT_OPTIONS } from './limit-options.js';
import { type OptionRow, row, turn } from './option-row.js';
import { LONGEST_DURATION_MS } from './quantities.js';
import { UPSTREAM_OPTIONS } from './upstream-options.js';

/**
 * TLS 1.2 and 1.3 suites of Mozilla's intermediate profile (guidelines 5.7), in its order.
 * Its three DHE suites are left out: Node offers them only with Diffie-Hellman parameters of one's own.
 */
export const INTERMEDIATE_CIPHERS = [
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

/** The engine used unless `--engine` says otherwise. */
export const DEFAULT_ENGINE = 'direct';

/** Every option by its settings key, in the order of `--help`. */
export const OPTIONS = {
  upstream: row(
    'The app',
    'address',
    '--upstream',
    '<[route=]address[,weight=n]>',
    'A running app: port, host:port, unix:/file, uwsgi://host:port; route: [host][/prefix]',
    {
      repeatable: true,
      uwsgi: '--http-to',
    },
  ),
  wsgiFile: row('The app', 'file', '--wsgi-file', '<file>', 'Start a WSGI server for this Python file', {
    uwsgi: 'same',
  }),
  callable: row('The app', 'text', '--callable', '<name>', 'The WSGI callable in that file', {
    default: 'application',
    uwsgi: 'same',
  }),
  wsgiServer: row(
    'The app',
    'choice',
    '--wsgi-server',
    '<name>',
    'WSGI server: auto takes uWSGI when installed',
    {
      default: 'auto',
      choices: ['auto', 'uwsgi', 'wsgiref'],
    },
  ),
  processes: row('The app', 'count', '--processes', '<n>', 'Start the app this many times and balance', {
    short: '-p',
    default: '1',
    least: 1,
    most: 1024,
    uwsgi: 'same (-p too)',
  }),
  readyTimeout: row(
    'The app',
    'duration',
    '--ready-timeout',
    '<time>',
    'The app must accept connections within this',
    {
      default: '60s',
      least: 1,
      most: LONGEST_DURATION_MS,
    },
  ),
  hold: row(
    'The app',
    'duration',
    '--hold',
    '<time>',
    'A safe request waits this long for an app that is not up yet',
    {
      default: '10s',
      least: 0,
      most: LONGEST_DURATION_MS,
    },
  ),
  ...UPSTREAM_OPTIONS,
  listen: row(
    'Listeners',
    'address',
    '--listen',
    '<[host:]port>',
    'HTTPS; without a host: loopback only; :443 is every address',
    {
      short: '-l',
      repeatable: true,
      defaultText: '443 on loopback, 8443 where 443 is not permitted',
    },
  ),
  https: row(
    'Listeners',
    'address',
    '--https',
    '<address[,cert,key[,ciphers[,[!]clientca]]]>',
    'HTTPS with a certificate of its own',
    { repeatable: true, uwsgi: 'same' },
  ),
  http: row(
    'Listeners',
    'address',
    '--http',
    '<[host:]port>',
    'Plain HTTP that serves the app; alone: no HTTPS',
    {
      repeatable: true,
      uwsgi: 'same',
    },
  ),
  httpToHttps: row(
    'Listeners',
    'address',
    '--http-to-https',
    '<[host:]port[,https-port]>',
    'Plain HTTP that redirects to HTTPS',
    { repeatable: true, uwsgi: 'same' },
  ),
  cert: row('Certificates and TLS', 'file', '--cert', '<file>', 'Certificate in any form and order', {
    repeatable: true,
    defaultText: 'a development certificate',
    uwsgi: '2nd field of --https',
  }),
  key: row('Certificates and TLS', 'file', '--key', '<file>', 'Its private key, one for each --cert', {
    repeatable: true,
    defaultText: 'in the --cert file',
    uwsgi: '3rd field of --https',
  }),
  certDir: row(
    'Certificates and TLS',
    'file',
    '--cert-dir',
    '<folder>',
    'Folder of certificates with their keys, chosen by server name',
    { repeatable: true, uwsgi: '--sni-dir' },
  ),
  sniStrict: turn('Certificates and TLS', '--sni-strict', 'Refuse names that no certificate covers'),
  caBundle: row(
    'Certificates and TLS',
    'file',
    '--ca-bundle',
    '<file>',
    'Intermediate certificates to merge in',
    {
      repeatable: true,
    },
  ),
  keyPassphraseFile: row(
    'Certificates and TLS',
    'file',
    '--key-passphrase-file',
    '<file>',
    'File whose first line opens an encrypted key',
  ),
  host: row(
    'Certificates and TLS',
    'text',
    '--host',
    '<name>',
    'One more name for the development certificate, or for ACME',
    {
      repeatable: true,
      commas: true,
    },
  ),
  clientCa: row(
    'Certificates and TLS',
    'file',
    '--client-ca',
    '<file>',
    'Ask for client certificates of this authority',
    { uwsgi: '5th field of --https' },
  ),
  clientVerify: row(
    'Certificates and TLS',
    'choice',
    '--client-verify',
    '<how>',
    'Clients must show a certificate, or may',
    { default: 'require', choices: ['optional', 'require'], uwsgi: '! in the 5th field' },
  ),
  clientCrl: row('Certificates and TLS', 'file', '--client-crl', '<file>', 'Revocation list of --client-ca', {
    repeatable: true,
  }),
  ciphers: row('Certificates and TLS', 'text', '--ciphers', '<list>', 'OpenSSL cipher list, such as HIGH', {
    default: INTERMEDIATE_CIPHERS,
    defaultText: "Mozilla's intermediate list",
    uwsgi: '4th field of --https',
  }),
  minTls: row('Certificates and TLS', 'choice', '--min-tls', '<version>', 'Oldest TLS version', {
    default: '1.2',
    choices: ['1.2', '1.3'],
  }),
  keylog: row(
    'Certificates and TLS',
    'file',
    '--keylog',
    '<file>',
    'Write the secrets of all sessions for Wireshark; never in production',
    { defaultText: 'the file in SSLKEYLOGFILE, if set' },
  ),
  ...ACME_OPTIONS,
  master: turn('Processes', '--master', 'Accepted for uWSGI command lines: always on', {
    short: '-M',
    uwsgi: 'same (-M too)',
  }),
  httpProcesses: row(
    'Processes',
    'count',
    '--http-processes',
    '<n|auto>',
    'Router processes; auto: one a CPU',
    {
      default: '1',
      least: 1,
      most: 1024,
      uwsgi: 'same',
    },
  ),
  uid: row('Processes', 'text', '--uid', '<user>', 'Routers and app run as this user (name or number)', {
    uwsgi: 'same',
  }),
  gid: row('Processes', 'text', '--gid', '<group>', 'Routers and app run as this group (name or number)', {
    uwsgi: 'same',
  }),
  mercy: row('Processes', 'duration', '--mercy', '<time>', 'Longest drain when stopping', {
    default: '60s',
    least: 0,
    most: LONGEST_DURATION_MS,
    uwsgi: '--reload-mercy, --worker-reload-mercy',
  }),
  engine: row(
    'Processes',
    'choice',
    '--engine',
    '<name>',
    'What moves the bytes: our own code, or node:http2 + http-proxy-3',
    {
      default: DEFAULT_ENGINE,
      choices: ['direct', 'library'],
    },
  ),
  changeHost: turn(
    'Requests',
    '--change-host',
    "Send the upstream's host and port as Host, not the client's",
  ),
  noRewriteLocation: turn(
    'Requests',
    '--no-rewrite-location',
    'Leave http:// in Location headers that point at ourselves',
  ),
  bufferRequests: turn(
    'Requests',
    '--buffer-requests',
    'Hold request bodies of unknown length and send them with a length',
  ),
  trustedProxies: row(
    'Requests',
    'text',
    '--trusted-proxies',
    '<cidr>',
    'Peers whose X-Forwarded-* and Forwarded are believed',
    {
      repeatable: true,
      commas: true,
    },
  ),
  ...EXCHANGE_OPTIONS,
  logto: row('Logs', 'file', '--logto', '<file>', 'Write every log line to this file', {
    defaultText: 'stderr',
    uwsgi: 'same (a file only)',
  }),
  accessLog: turn('Logs', '--access-log', 'One line per request', {
    uwsgi: 'on there, off with --disable-logging',
  }),
  logFormat: row('Logs', 'choice', '--log-format', '<name>', 'Form of log lines', {
    default: 'pretty',
    choices: ['pretty', 'json', 'uwsgi'],
  }),
  quiet: turn('Logs', '--quiet', 'Only warnings and errors'),
  ...LIMIT_OPTIONS,
} satisfies Record<string, OptionRow>;

/** The name of a setting in code. */
export type SettingKey = keyof typeof OPTIONS;

/** Keys that stand for Config.limits. */
export type LimitKey = keyof typeof LIMIT_OPTIONS;

function isKey<Table extends object>(table: Table, name: PropertyKey): name is keyof Table {
  return Object.hasOwn(table, name);
}

/** True for the name of a setting. */
export function isSettingKey(name: string): name is SettingKey {
  return isKey(OPTIONS, name);
}

/** Every settings key in the order of `--help`. */
export const SETTING_KEYS: readonly SettingKey[] = Object.keys(OPTIONS).filter(isSettingKey);

/** Every key of Config.limits. */
export const LIMIT_KEYS: readonly LimitKey[] = SETTING_KEYS.filter((key) => isKey(LIMIT_OPTIONS, key));

/** The row of a setting. */
export function optionOf(key: SettingKey): OptionRow {
  return OPTIONS[key];
}

/** Environment name of a setting: `TLSFRONT_` and the flag in capitals. */
export function environmentName(key: SettingKey): string {
  return `TLSFRONT_${OPTIONS[key].flag.slice(2).replaceAll('-', '_').toUpperCase()}`;
}
