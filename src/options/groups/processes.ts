/** The processes of the front: how many, as whom, by which engine, until when. */
import type { Platform } from '../../system/platform.js';
import { type OptionRow, row, turn } from '../option-row.js';
import { invalid, misused, readNumber, readText } from '../read-setting.js';
import type { Settings } from '../settings.js';
import { MAX_DURATION_MS } from '../values/quantities.js';

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
  chroot: row(
    GROUP,
    'file',
    '--chroot',
    '<folder>',
    'Routers, and the app that is started, see this folder as their root',
    { uwsgi: 'same' },
  ),
  pidfile: row(GROUP, 'file', '--pidfile', '<file>', "Write the master's process id to this file", {
    uwsgi: 'same, --safe-pidfile',
  }),
  daemonize: row(
    GROUP,
    'file',
    '--daemonize',
    '<file>',
    'Go to the background and write the log to this file',
    {
      short: '-d',
      uwsgi: 'same (-d too)',
    },
  ),
  touchReload: row(
    GROUP,
    'file',
    '--touch-reload',
    '<file>',
    'Reload, as SIGHUP does, when this file is touched',
    {
      repeatable: true,
      uwsgi: "same; the worker's where uWSGI runs the app",
    },
  ),
  mercy: row(GROUP, 'duration', '--mercy', '<time>', 'Longest drain when stopping', {
    default: '60s',
    least: 0,
    most: MAX_DURATION_MS,
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

/** The number of router processes. @throws FrontError config_invalid */
export function readRouters(settings: Settings, platform: Platform): number {
  if (readText(settings, 'httpProcesses') === 'auto') return platform.processors;
  return readNumber(settings, 'httpProcesses');
}

/** Changing identity needs root, unless it is the one we have. */
export function readIdentity(settings: Settings, platform: Platform, key: 'uid' | 'gid'): string | null {
  const text = readText(settings, key);
  if (text === null) return null;
  const { label } = settings.get(key);
  const noun = key === 'uid' ? 'user' : 'group';
  const current = key === 'uid' ? platform.userId : platform.groupId;
  if (current === null) throw misused(`${label} does not work on this system`, `leave ${label} out`);
  const account = key === 'uid' ? platform.findUser(text) : platform.findGroup(text);
  const id = account?.id ?? (/^\d{1,10}$/.test(text) ? Number(text) : null);
  if (id === null) {
    const database = key === 'uid' ? 'passwd' : 'group';
    throw invalid(label, text, `there is no such ${noun}`, `\`getent ${database}\` lists them`);
  }
  if (platform.userId !== 0 && id !== current) {
    throw misused(
      `${label} ${text}: only root may change to another ${noun}`,
      `start with sudo, or leave ${label} out`,
    );
  }
  return text;
}
