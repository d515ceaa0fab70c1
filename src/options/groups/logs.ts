/** The options about what is logged, where and how. */
import { type OptionRow, row, turn } from '../option-row.js';

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
    default: 'pretty',
    choices: ['pretty', 'json', 'uwsgi'],
  }),
  quiet: turn(GROUP, '--quiet', 'Only warnings and errors'),
} satisfies Record<string, OptionRow>;
