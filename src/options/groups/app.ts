/** The options that start the app, or say where it runs. */
import { type OptionRow, row } from '../option-row.js';
import { LONGEST_DURATION_MS } from '../quantities.js';

const GROUP = 'The app';

/** Their rows, in the order of `--help`. */
export const APP_OPTIONS = {
  upstream: row(
    GROUP,
    'address',
    '--upstream',
    '<[route=]address[,weight=n]>',
    'A running app: port, host:port, unix:/file, uwsgi://host:port; route: [host][/prefix]',
    {
      repeatable: true,
      uwsgi: '--http-to',
    },
  ),
  wsgiFile: row(GROUP, 'file', '--wsgi-file', '<file>', 'Start a WSGI server for this Python file', {
    uwsgi: 'same',
  }),
  callable: row(GROUP, 'text', '--callable', '<name>', 'The WSGI callable in that file', {
    default: 'application',
    uwsgi: 'same',
  }),
  wsgiServer: row(
    GROUP,
    'choice',
    '--wsgi-server',
    '<name>',
    'WSGI server: auto takes uWSGI when installed',
    {
      default: 'auto',
      choices: ['auto', 'uwsgi', 'wsgiref'],
    },
  ),
  processes: row(GROUP, 'count', '--processes', '<n>', 'Start the app this many times and balance', {
    short: '-p',
    default: '1',
    least: 1,
    most: 1024,
    uwsgi: 'same (-p too)',
  }),
  readyTimeout: row(
    GROUP,
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
    GROUP,
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
} satisfies Record<string, OptionRow>;
