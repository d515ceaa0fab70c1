/** The options that change what passes between client and app: Host, header fields, bodies, cookies, compression. */
import { type OptionRow, row, turn } from '../option-row.js';

const GROUP = 'Requests';

/** Their rows, in the order of `--help`. */
export const EXCHANGE_OPTIONS = {
  changeHost: turn(GROUP, '--change-host', "Send the upstream's host and port as Host, not the client's"),
  noRewriteLocation: turn(
    GROUP,
    '--no-rewrite-location',
    'Leave http:// in Location headers that point at ourselves',
  ),
  bufferRequests: turn(
    GROUP,
    '--buffer-requests',
    'Hold request bodies of unknown length and send them with a length',
  ),
  trustedProxies: row(
    GROUP,
    'text',
    '--trusted-proxies',
    '<cidr>',
    'Peers whose X-Forwarded-* and Forwarded are believed',
    {
      repeatable: true,
      commas: true,
    },
  ),
  headerUp: row(
    GROUP,
    'text',
    '--header-up',
    '<rule>',
    "Change what the app receives: 'Name value' sets, '+Name value' adds, -Name removes",
    { repeatable: true, lines: true },
  ),
  headerDown: row(
    GROUP,
    'text',
    '--header-down',
    '<rule>',
    "Change what the client receives of the app's answer, by the same rules",
    { repeatable: true, lines: true },
  ),
  hsts: row(
    GROUP,
    'text',
    '--hsts',
    '<time[,includeSubDomains][,preload]>',
    'Strict-Transport-Security for so long; never for localhost or addresses',
  ),
  secureCookies: turn(GROUP, '--secure-cookies', 'Add Secure to cookies that the app sets without it'),
  compress: turn(
    GROUP,
    '--compress',
    "Compress the app's text answers with br, zstd or gzip, as the client likes",
    { uwsgi: '--http-auto-gzip' },
  ),
  via: turn(GROUP, '--via', 'Add Via fields in both directions'),
} satisfies Record<string, OptionRow>;
