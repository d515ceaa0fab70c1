/** What passes between client and app: Host, header fields, bodies, cookies, compression. */
import type { SiteRules } from '../../shared/config/config.js';
import type { HeaderRule } from '../../shared/config/rules.js';
import { type OptionRow, row, turn } from '../option-row.js';
import { invalid, misused, readChoice, readList, readSwitch, readText } from '../read-setting.js';
import type { Settings } from '../settings.js';
import { readErrorPages } from '../values/error-pages.js';
import { readHeaderRules } from '../values/header-rules.js';
import { parseDuration } from '../values/quantities.js';

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
    'Hold request bodies until they are whole and send them with a length',
  ),
  streamRequests: row(
    GROUP,
    'text',
    '--stream-requests',
    '<prefix>',
    'Paths whose request bodies go to the app as they come, not when their first 64 KiB are in',
    { repeatable: true, commas: true },
  ),
  redirect: row(
    GROUP,
    'text',
    '--redirect',
    '<[host][/path[/*]]=target[,status=n]>',
    'Answer with a redirect (308): www.example.com=example.com, /old/*=/new/*',
    { repeatable: true },
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
  keepUnderscores: turn(GROUP, '--keep-underscores', 'Pass header names with an underscore on to the app'),
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
  errorPages: row(
    GROUP,
    'file',
    '--error-pages',
    '<dir>',
    "Pages of this folder in place of the front's own: 404.html, 50x.html, 4xx.html",
  ),
} satisfies Record<string, OptionRow>;

/** Prefixes of paths, as they stand in a request. */
export function readStreamRequests(settings: Settings): readonly string[] {
  return readList(settings, 'streamRequests').map((prefix) => {
    if (/^\/[\x21-\x7e]*$/.test(prefix) && !/[?#]/.test(prefix)) return prefix;
    const { label } = settings.get('streamRequests');
    throw invalid(label, prefix, 'not the beginning of a path', 'write /upload, or / for every path');
  });
}

/** The part of the configuration that these settings make. */
export type ExchangeSettings = Omit<SiteRules, 'rewriteLocation' | 'keepUnderscores' | 'streamRequests'>;

const HSTS_HINT = 'write --hsts 180d, or --hsts 365d,includeSubDomains,preload';

/** Value of Strict-Transport-Security (RFC 6797 §6.1), or null. */
function readHsts(settings: Settings): string | null {
  const text = readText(settings, 'hsts');
  if (text === null) return null;
  const { label } = settings.get('hsts');
  const [time = '', ...directives] = text.split(',').map((part) => part.trim());
  const milliseconds = parseDuration(time);
  if (milliseconds === null) throw invalid(label, text, `'${time}' is not a time`, HSTS_HINT);
  const known = new Map([
    ['includesubdomains', 'includeSubDomains'],
    ['preload', 'preload'],
  ]);
  const names = directives.map((directive) => {
    const name = known.get(directive.toLowerCase());
    if (name === undefined) throw invalid(label, text, `'${directive}' is unknown`, HSTS_HINT);
    return name;
  });
  return [`max-age=${Math.floor(milliseconds / 1000)}`, ...names].join('; ');
}

/** The library engine hands bodies on from stream to stream, and has no place where one could be compressed. */
function readCompress(settings: Settings): boolean {
  const compress = readSwitch(settings, 'compress');
  if (compress && readChoice(settings, 'engine') === 'library') {
    throw misused('--compress does not work with --engine library', 'leave one of them out');
  }
  return compress;
}

/** By these Rack's and its like let whoever asks choose what they name (CVE-2025-61780): they are the front's to say, or nobody's. */
const OF_SENDFILE: readonly HeaderRule[] = [
  { action: 'remove', name: 'x-sendfile-type', value: '' },
  { action: 'remove', name: 'x-accel-mapping', value: '' },
];

/** @throws FrontError config_invalid or config_usage */
export function readExchangeSettings(settings: Settings): ExchangeSettings {
  const variable = (name: string): string | undefined => settings.variable(name);
  const up = readHeaderRules(settings.get('headerUp').label, readList(settings, 'headerUp'), 'up', variable);
  const down = readHeaderRules(
    settings.get('headerDown').label,
    readList(settings, 'headerDown'),
    'down',
    variable,
  );
  const changeHost = readSwitch(settings, 'changeHost');
  if (changeHost && up.host !== null) {
    throw misused('--change-host and --header-up both set Host', 'keep one of them');
  }
  return {
    changeHost,
    upstreamHost: up.host,
    headerUp: settings.has('sendfile') ? [...OF_SENDFILE, ...up.rules] : up.rules,
    headerDown: down.rules,
    hsts: readHsts(settings),
    secureCookies: readSwitch(settings, 'secureCookies'),
    via: readSwitch(settings, 'via'),
    compress: readCompress(settings),
    errorPages: readErrorPages(settings),
  };
}
