/** Files that the front serves itself: a folder as the app, and folders that are looked into before it. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { AppConfig, FilesConfig } from '../../shared/config.js';
import { systemCode } from '../../shared/system-error.js';
import { type OptionRow, row, turn } from '../option-row.js';
import { invalid, readList, readSwitch, readText, refuseWithout } from '../read-setting.js';
import type { Settings } from '../settings.js';
import { readRoutePrefix } from '../upstream-routes.js';

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
} satisfies Record<string, OptionRow>;

const MAP_HINT = 'write /static=public: the path, and the folder or file';

/** Whether the settings have files served. */
export function namesFiles(settings: Settings): boolean {
  return settings.has('root') || settings.has('staticMap') || settings.has('checkStatic');
}

/** What is there; the whole path, so that nothing depends on a folder that a process works in. @throws FrontError config_invalid */
function readPlace(label: string, text: string, takesFile: boolean): string {
  const path = resolve(text);
  let reason = takesFile ? 'neither a folder nor a file' : 'not a folder';
  try {
    const stats = statSync(path);
    if (stats.isDirectory() || (takesFile && stats.isFile())) return path;
  } catch (error) {
    const code = systemCode(error);
    reason = code === 'EACCES' ? 'permission denied' : code === 'ENOENT' ? 'no such folder' : reason;
  }
  throw invalid(label, text, reason, takesFile ? MAP_HINT : 'name a folder with the files to serve');
}

function readNames(settings: Settings): readonly string[] {
  const { label } = settings.get('staticIndex');
  return readList(settings, 'staticIndex').map((name) => {
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
  if (!namesFiles(settings))
    refuseWithout(settings, ['staticIndex'], '--root, --static-map or --check-static');
  if (!settings.has('root')) refuseWithout(settings, ['spa'], '--root');
  const index = readNames(settings);
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
    // A folder is always up.
    health: { ...rules.health, path: null, failCount: 0 },
  });
  const checked = readList(settings, 'checkStatic').map((text) =>
    appOf('', readPlace(settings.get('checkStatic').label, text, false), { kind: 'before', index }),
  );
  const { label, values } = settings.get('staticMap');
  const mapped = values.map((text) => {
    const at = text.indexOf('=');
    const mount = text.slice(0, Math.max(at, 0));
    if (!mount.startsWith('/')) throw invalid(label, text, 'not a path and a folder', MAP_HINT);
    const place = readPlace(label, text.slice(at + 1), true);
    return appOf(readRoutePrefix(label, text, mount), place, { kind: 'before', index });
  });
  const root = readText(settings, 'root');
  if (root === null) return [...checked, ...mapped];
  const kind = readSwitch(settings, 'spa') ? 'spa' : 'app';
  const names = settings.has('staticIndex') ? index : ['index.html'];
  const whole = appOf('', readPlace(settings.get('root').label, root, false), { kind, index: names });
  return [...checked, ...mapped, whole];
}
