/** Logs: what is logged, where and how. */
import type { Config } from '../../shared/config.js';
import { LOG_FORMATS } from '../../shared/log-formats.js';
import { type OptionRow, row, turn } from '../option-row.js';
import { invalid, readChoice, readList, readText } from '../read-setting.js';
import type { Settings } from '../settings.js';

const GROUP = 'Logs';

/** Their rows, in the order of `--help`. */
export const LOG_OPTIONS = {
  logto: row(GROUP, 'file', '--logto', '<file>', 'Write every log line to this file', {
    defaultText: 'stderr',
    uwsgi: 'same (a file only)',
  }),
  accessLog: turn(GROUP, '--access-log', 'One line per request', {
    uwsgi: 'on there, off with --disable-logging',
  }),
  logFormat: row(GROUP, 'choice', '--log-format', '<name>', 'Form of log lines', {
    default: LOG_FORMATS[0],
    choices: LOG_FORMATS,
  }),
  logRedact: row(
    GROUP,
    'text',
    '--log-redact',
    '<name>',
    'Values of a query that are not logged, by their names',
    {
      default: 'access_token,api_key,apikey,password,secret,signature,token',
      repeatable: true,
      commas: true,
    },
  ),
  verbose: turn(GROUP, '--verbose', 'The boot lines of every process on a terminal too'),
  quiet: turn(GROUP, '--quiet', 'Only warnings and errors'),
} satisfies Record<string, OptionRow>;

/** Path of the log file; null: stderr. @throws FrontError config_invalid */
export function readLogFile(settings: Settings): string | null {
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

/** How lines are written. @throws FrontError config_invalid */
export function readLogFormat(settings: Settings): Config['logFormat'] {
  const format = readChoice(settings, 'logFormat');
  return LOG_FORMATS.find((known) => known === format) ?? LOG_FORMATS[0];
}

/** Names whose values are not logged, lower-case. @throws FrontError config_invalid */
export function readLogRedact(settings: Settings): readonly string[] {
  const names = readList(settings, 'logRedact').map((name) => name.toLowerCase());
  return names.length === 1 && names[0] === 'none' ? [] : names;
}
