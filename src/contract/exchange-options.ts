/** The options that change what passes between client and app: header fields, cookies, compression. */
import { type OptionRow, row, turn } from './option-row.js';

/** Rows of the group "Requests" that stand behind those of options.ts. */
export const EXCHANGE_OPTIONS = {
  headerUp: row(
    'Requests',
    'text',
    '--header-up',
    '<rule>',
    "Change what the app receives: 'Name value' sets, '+Name value' adds, -Name removes",
    { repeatable: true, lines: true },
  ),
  headerDown: row(
    'Requests',
    'text',
    '--header-down',
    '<rule>',
    "Change what the client receives of the app's answer, by the same rules",
    { repeatable: true, lines: true },
  ),
  hsts: row(
    'Requests',
    'text',
    '--hsts',
    '<time[,includeSubDomains][,preload]>',
    'Strict-Transport-Security for so long; never for localhost or addresses',
  ),
  secureCookies: turn('Requests', '--secure-cookies', 'Add Secure to cookies that the app sets without it'),
  compress: turn(
    'Requests',
    '--compress',
    "Compress the app's text answers with br, zstd or gzip, as the client likes",
    { uwsgi: '--http-auto-gzip' },
  ),
  via: turn('Requests', '--via', 'Add Via fields in both directions'),
} satisfies Record<string, OptionRow>;
