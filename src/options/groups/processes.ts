/** The options about the processes of the front: how many, as whom, by which engine, until when. */
import { type OptionRow, row, turn } from '../option-row.js';
import { LONGEST_DURATION_MS } from '../quantities.js';

const GROUP = 'Processes';

/** Their rows, in the order of `--help`. */
export const PROCESS_OPTIONS = {
  master: turn(GROUP, '--master', 'Accepted for uWSGI command lines: always on', {
    short: '-M',
    uwsgi: 'same (-M too)',
  }),
  httpProcesses: row(GROUP, 'count', '--http-processes', '<n|auto>', 'Router processes; auto: one a CPU', {
    default: '1',
    least: 1,
    most: 1024,
    uwsgi: 'same',
  }),
  uid: row(GROUP, 'text', '--uid', '<user>', 'Routers and app run as this user (name or number)', {
    uwsgi: 'same',
  }),
  gid: row(GROUP, 'text', '--gid', '<group>', 'Routers and app run as this group (name or number)', {
    uwsgi: 'same',
  }),
  mercy: row(GROUP, 'duration', '--mercy', '<time>', 'Longest drain when stopping', {
    default: '60s',
    least: 0,
    most: LONGEST_DURATION_MS,
    uwsgi: '--reload-mercy, --worker-reload-mercy',
  }),
  engine: row(
    GROUP,
    'choice',
    '--engine',
    '<name>',
    'What moves the bytes: our own code, or node:http2 + http-proxy-3',
    {
      default: 'direct',
      choices: ['direct', 'library'],
    },
  ),
} satisfies Record<string, OptionRow>;
