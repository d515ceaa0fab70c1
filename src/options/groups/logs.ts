/** Logs: what is logged, where and how. */
import type { Config } from '../../shared/config/config.js';
import { LOG_FORMATS, LOG_VARIABLES } from '../../shared/config/log-formats.js';
import { type OptionRow, row, turn } from '../option-row.js';
import { invalid, readList, readNumber, readSwitch, readText, refuseWithout } from '../read-setting.js';
import type { Settings } from '../settings.js';

const GROUP = 'Logs';
/** Also where it is spelt otherwise: names are compared in lower case. */
const SECRET_NAMES =
  'access_token,api_key,apikey,auth,authorization,client_secret,code,id_token,jsessionid,jwt,key,passwd,password,phpsessid,' +
  'pwd,refresh_token,secret,session,session_id,sessionid,sid,sig,signature,token,x-amz-credential,x-amz-security-token,' +
  'x-amz-signature,x-goog-signature';

/** Their rows, in the order of `--help`. */
export const LOG_OPTIONS = {
  logto: row(GROUP, 'file', '--logto', '<file>', 'Write every log line to this file', {
    defaultText: 'stderr',
    uwsgi: 'same (a file only)',
  }),
  accessLog: turn(GROUP, '--access-log', 'One line per request', {
    uwsgi: 'on there, off with --disable-logging',
  }),
  logFormat: row(
    GROUP,
    'text',
    '--log-format',
    '<form>',
    `Form of log lines: ${LOG_FORMATS.join(', ')}, or uWSGI's format string`,
    { default: LOG_FORMATS[0], uwsgi: 'same (a string)' },
  ),
  logRedact: row(
    GROUP,
    'text',
    '--log-redact',
    '<name>',
    'Values of a query that are not logged, by their names; none: all are',
    {
      default: SECRET_NAMES,
      defaultText: 'token, password, code, session and the like',
      repeatable: true,
      commas: true,
    },
  ),
  logSample: row(GROUP, 'text', '--log-sample', '<share>', 'Log this share of the requests; all that fail', {
    default: '100%',
  }),
  logSkip: row(GROUP, 'text', '--log-skip', '<path>', 'Log requests for these paths only when they fail', {
    repeatable: true,
    commas: true,
  }),
  logMaxsize: row(GROUP, 'size', '--log-maxsize', '<size>', 'Set the log file aside when it has this size', {
    default: '0',
    defaultText: 'never',
    uwsgi: 'same',
  }),
  logRotate: row(GROUP, 'duration', '--log-rotate', '<time>', 'Set the log file aside so often, such as 1d', {
    default: '0',
    defaultText: 'never',
  }),
  logKeep: row(GROUP, 'count', '--log-keep', '<n>', 'Keep so many files that were set aside', {
    default: '7',
    most: 1000,
  }),
  traceparent: turn(GROUP, '--traceparent', 'Begin a trace (W3C) for requests that have none'),
  requestStart: turn(GROUP, '--request-start', 'Tell the app in X-Request-Start when a request came'),
  verbose: turn(GROUP, '--verbose', 'The boot lines of every process on a terminal too'),
  quiet: turn(GROUP, '--quiet', 'Only warnings and errors'),
} satisfies Record<string, OptionRow>;

type LogSettings = Pick<
  Config,
  | ('logFile' | 'accessLog' | 'logFormat' | 'logTemplate' | 'logRedact' | 'logSample' | 'logSkip')
  | ('logMaxBytes' | 'logRotateMs' | 'logKeep' | 'traceparent' | 'requestStart')
>;

/** @throws FrontError config_invalid, or config_usage where options do not go together */
export function readLogSettings(settings: Settings): LogSettings {
  const logFile = readLogFile(settings);
  if (logFile === null) refuseWithout(settings, ['logMaxsize', 'logRotate', 'logKeep'], '--logto');
  const template = readTemplate(settings);
  return {
    logFile,
    accessLog: readSwitch(settings, 'accessLog'),
    logFormat: template === null ? readFormat(settings) : 'uwsgi',
    logTemplate: template,
    logRedact: readRedact(settings),
    logSample: readShare(settings),
    logSkip: readPaths(settings),
    logMaxBytes: readNumber(settings, 'logMaxsize'),
    logRotateMs: readNumber(settings, 'logRotate'),
    logKeep: readNumber(settings, 'logKeep'),
    traceparent: readSwitch(settings, 'traceparent'),
    requestStart: readSwitch(settings, 'requestStart'),
  };
}

/** Path of the log file; null: stderr. @throws FrontError config_invalid */
function readLogFile(settings: Settings): string | null {
  const text = readText(settings, 'logto') ?? readText(settings, 'daemonize');
  if (text !== null && /^(?:udp:.*|[^/]*:\d+)$/.test(text)) {
    throw invalid(
      settings.get('logto').label,
      text,
      'logs go to a file, not to a UDP address',
      'give the path of a file',
    );
  }
  return text;
}

function readFormat(settings: Settings): Config['logFormat'] {
  const text = readText(settings, 'logFormat') ?? '';
  const known = LOG_FORMATS.find((format) => format === text);
  if (known !== undefined) return known;
  throw invalid(
    settings.get('logFormat').label,
    text,
    'unknown',
    `choose ${LOG_FORMATS.join(', ')}, or write uWSGI's format string, such as '%(addr) %(method) %(uri) %(status)'`,
  );
}

/** uWSGI's format string; null: the form has a name. */
function readTemplate(settings: Settings): string | null {
  const text = readText(settings, 'logFormat') ?? '';
  if (!text.includes('%(')) return null;
  for (const [, name = ''] of text.matchAll(/%\(([^)]*)\)/g)) {
    if (LOG_VARIABLES.some((known) => known === name) || /^var\.[A-Z][A-Z0-9_]*$/.test(name)) continue;
    const hint = `these are: ${LOG_VARIABLES.join(', ')}, var.NAME`;
    throw invalid(settings.get('logFormat').label, text, `%(${name}) is not known here`, hint);
  }
  return text;
}

/** Names whose values are not logged, lower-case. */
function readRedact(settings: Settings): readonly string[] {
  const names = readList(settings, 'logRedact').map((name) => name.toLowerCase());
  return names.length === 1 && names[0] === 'none' ? [] : names;
}

/** `10%`, `1/10` or `0.1`. */
function readShare(settings: Settings): number {
  const text = readText(settings, 'logSample') ?? '';
  const [, percent, over, under, plain] = /^(?:([\d.]+)%|(\d+)\/(\d+)|([\d.]+))$/.exec(text) ?? [];
  const share =
    percent !== undefined
      ? Number(percent) / 100
      : over !== undefined
        ? Number(over) / Number(under)
        : Number(plain);
  if (share > 0 && share <= 1) return share;
  throw invalid(
    settings.get('logSample').label,
    text,
    'no share of the requests',
    'write 10% or 1/10; without --access-log none is logged',
  );
}

function readPaths(settings: Settings): readonly string[] {
  return readList(settings, 'logSkip').map((path) => {
    if (path.startsWith('/')) return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
    throw invalid(settings.get('logSkip').label, path, 'no path', 'begin it with /, such as /health');
  });
}
