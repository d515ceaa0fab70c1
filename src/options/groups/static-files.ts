/** Files that the front serves itself: a folder as the app, and folders that are looked into before it. */
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { AppConfig, FilesConfig } from '../../shared/config/apps.js';
import { systemCode } from '../../shared/system-error.js';
import { type OptionRow, row, turn } from '../option-row.js';
import { invalid, readList, readSwitch, readText, refuseWithout } from '../read-setting.js';
import type { Settings } from '../settings.js';
import type { SettingKey } from '../table.js';
import { readRoutePrefix } from '../values/upstream-routes.js';
import { EXPIRY_KEYS, EXPIRY_OPTIONS, readExpiries } from './static-expiry.js';

const GROUP = 'Static files';

/** Their rows, in the order of `--help`. */
export const STATIC_OPTIONS = {
  root: row(GROUP, 'file', '--root', '<dir>', 'Serve the files of this folder: it is the app'),
  spa: turn(GROUP, '--spa', "A page that --root does not have is the folder's index: a single-page app"),
  staticMap: row(
    GROUP,
    'file',
    '--static-map',
    '</path=dir>',
    'Files of this folder, or one file, at and below a path; what is not there is asked of the app',
    { repeatable: true, uwsgi: 'same' },
  ),
  staticMap2: row(
    GROUP,
    'file',
    '--static-map2',
    '</path=dir>',
    'As --static-map, but the folder has the whole path below it',
    { repeatable: true, uwsgi: 'same' },
  ),
  checkStatic: row(
    GROUP,
    'file',
    '--check-static',
    '<dir>',
    'Look into this folder for every path before the app is asked',
    { repeatable: true, uwsgi: 'same' },
  ),
  staticIndex: row(GROUP, 'text', '--static-index', '<name>', 'A file of this name answers for its folder', {
    repeatable: true,
    defaultText: 'index.html in --root, none elsewhere',
    uwsgi: 'same',
  }),
  staticSkipExt: row(GROUP, 'text', '--static-skip-ext', '<.end>', 'Serve no file whose name ends so', {
    repeatable: true,
    uwsgi: 'same',
  }),
  ...EXPIRY_OPTIONS,
  sendfile: row(
    GROUP,
    'file',
    '--sendfile',
    '<[/path=]dir>',
    'The app may answer with a file of this folder: X-Sendfile, X-Accel-Redirect',
    { repeatable: true },
  ),
} satisfies Record<string, OptionRow>;

const FOLDER_HINT = 'name a folder with the files to serve';
const MAP_HINT = 'write /static=public: the path, and the folder or file';

/** What names a folder. */
const NAMING: readonly SettingKey[] = ['root', 'staticMap', 'staticMap2', 'checkStatic'];

/** What says how they are served. */
const MANNERS: readonly SettingKey[] = ['staticIndex', 'staticSkipExt'];

/** Whether the settings have files served. */
export function namesFiles(settings: Settings): boolean {
  return NAMING.some((key) => settings.has(key));
}

/** What uWSGI serves itself where it runs the app. */
const OF_UWSGI =
  /^(?:static-map2?|check-static|static-check|static-index|static-skip-ext|static-expires[a-z-]*)=/;

/** How the values of the options are read. */
interface Reading {
  /** They are those of a uWSGI line: where they mean nothing to us it is uWSGI's to say so, and what is not there may come. */
  readonly isOfUwsgi: boolean;
  /** Where relative names begin. */
  readonly folder: string;
}

function readingOf(settings: Settings): Reading {
  const { values } = settings.get('uwsgiOption');
  const isOfUwsgi = values.some((option) => OF_UWSGI.test(option));
  const chdir = values.findLast((option) => option.startsWith('chdir='));
  return { isOfUwsgi, folder: resolve(isOfUwsgi ? (chdir?.slice('chdir='.length) ?? '') : '') };
}

/** @throws what `read` throws, unless it is uWSGI's to judge: then the value is left out */
function readEach<T>(texts: readonly string[], { isOfUwsgi }: Reading, read: (text: string) => T): T[] {
  return texts.flatMap((text) => {
    try {
      return [read(text)];
    } catch (error) {
      if (isOfUwsgi) return [];
      throw error;
    }
  });
}

/** What is there; the whole path, so that nothing depends on a folder that a process works in. @throws FrontError config_invalid */
function readPlace(label: string, text: string, takesFile: boolean, hint = FOLDER_HINT): string {
  const path = resolve(text);
  let reason = takesFile ? 'neither a folder nor a file' : 'not a folder';
  try {
    const stats = statSync(path);
    if (stats.isDirectory() || (takesFile && stats.isFile())) return path;
  } catch (error) {
    const code = systemCode(error);
    reason = code === 'EACCES' ? 'permission denied' : code === 'ENOENT' ? 'no such folder' : reason;
  }
  throw invalid(label, text, reason, takesFile ? MAP_HINT : hint);
}

function readNames(settings: Settings, reading: Reading): readonly string[] {
  const { label } = settings.get('staticIndex');
  return readEach(readList(settings, 'staticIndex'), reading, (name) => {
    if (!/[/\\]/.test(name) && !name.startsWith('.')) return name;
    throw invalid(label, name, 'not the name of a file', 'write index.html');
  });
}

/** What other settings say of every app. */
type Rules = Omit<AppConfig, 'name' | 'site' | 'route' | 'upstreams' | 'worker' | 'files'>;

/**
 * The folders, each an app: those that are looked into before the others in their order, --check-static first.
 * @throws FrontError config_invalid, config_usage
 */
export function readFiles(settings: Settings, rules: Rules): readonly AppConfig[] {
  const reading = readingOf(settings);
  const { isOfUwsgi, folder } = reading;
  if (!namesFiles(settings) && !isOfUwsgi)
    refuseWithout(settings, [...MANNERS, ...EXPIRY_KEYS], '--root, --static-map or --check-static');
  if (!settings.has('root')) refuseWithout(settings, ['spa'], '--root');
  const index = readNames(settings, reading);
  const before: FilesConfig = {
    kind: 'before',
    index,
    expires: isOfUwsgi
      ? readEach(['all'], reading, () => readExpiries(settings)).flat()
      : readExpiries(settings),
    skip: readList(settings, 'staticSkipExt'),
    standsIn: isOfUwsgi,
  };
  const placeOf = (label: string, text: string, takesFile: boolean): string =>
    isOfUwsgi ? resolve(folder, text) : readPlace(label, text, takesFile);
  const appOf = (prefix: string, path: string, files: FilesConfig): AppConfig => ({
    ...rules,
    name: prefix || (files.kind === 'before' ? 'files' : 'app'),
    site: null,
    route: { host: '', prefix },
    upstreams: [{ scheme: 'file', host: '', port: 0, path, lookUp: null, weight: 1, proxyProtocol: null }],
    worker: null,
    files,
    stripPrefix: true,
    sticky: false,
    bufferRequests: false,
    sendfile: [],
    // A folder is always up.
    health: { ...rules.health, path: null, failCount: 0 },
  });
  const checked = readList(settings, 'checkStatic').map((text) =>
    appOf('', placeOf(settings.get('checkStatic').label, text, false), before),
  );
  const mapped = (['staticMap', 'staticMap2'] as const).flatMap((key) => {
    const { label, values } = settings.get(key);
    return readEach(values, reading, (text) => {
      const at = text.indexOf('=');
      const mount = text.slice(0, Math.max(at, 0));
      if (!mount.startsWith('/')) throw invalid(label, text, 'not a path and a folder', MAP_HINT);
      const place = placeOf(label, text.slice(at + 1), true);
      const app = appOf(readRoutePrefix(label, text, mount), place, before);
      // One file has nothing below it.
      const isFile = statSync(place, { throwIfNoEntry: false })?.isFile() === true;
      return key === 'staticMap' || isFile ? app : { ...app, stripPrefix: false };
    });
  });
  const root = readText(settings, 'root');
  if (root === null) return [...checked, ...mapped];
  const kind = readSwitch(settings, 'spa') ? 'spa' : 'app';
  const names = settings.has('staticIndex') ? index : ['index.html'];
  const whole = appOf('', readPlace(settings.get('root').label, root, false), {
    ...before,
    kind,
    index: names,
    standsIn: false,
  });
  return [...checked, ...mapped, whole];
}

const SENDFILE_HINT =
  'write --sendfile /srv/media, or /protected=/srv/media for X-Accel-Redirect: /protected/a.pdf';

/** Where the files are that the app may name. @throws FrontError config_invalid */
export function readSendfile(settings: Settings): AppConfig['sendfile'] {
  const { label } = settings.get('sendfile');
  return readList(settings, 'sendfile').map((text) => {
    const at = text.startsWith('/') && !existsSync(text) ? text.indexOf('=') : -1;
    const prefix = at === -1 ? '' : readRoutePrefix(label, text, text.slice(0, at));
    return { prefix, folder: readPlace(label, text.slice(at + 1), false, SENDFILE_HINT) };
  });
}
