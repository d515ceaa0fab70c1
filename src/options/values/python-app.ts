/** The app of Python's that the settings name: its file, what is taken out of it, and what serves it. */
import { isAbsolute, join } from 'node:path';
import type { WorkerConfig } from '../../shared/config/apps.js';
import { WSGI_SERVERS, type WsgiServer } from '../../shared/config/wsgi-servers.js';
import type { Platform } from '../../system/platform.js';
import { misused, readChoice, readText, requireFile } from '../read-setting.js';
import type { Settings } from '../settings.js';
import { appOptions } from '../uwsgi/app-options.js';

const FILE_KEYS = ['asgiFile', 'wsgiFile'] as const;

/** What names an app of Python's: --wsgi-file, --asgi-file, and the options of uWSGI that do. Together they are one app of uWSGI's. */
export function namesOfWsgi(settings: Settings): readonly string[] {
  const options = appOptions(settings.get('uwsgiOption').values);
  return [
    ...FILE_KEYS.filter((key) => settings.has(key)).map((key) => settings.get(key).label),
    ...options.map((option) => `--${option.split('=', 1)[0] ?? ''}`),
  ];
}

/** @throws FrontError where --asgi-file stands beside another server or another app of Python's */
function readServer(settings: Settings): WsgiServer {
  const text = readChoice(settings, 'wsgiServer');
  const server = WSGI_SERVERS.find((name) => name === text) ?? 'auto';
  if (!settings.has('asgiFile')) return server;
  const { label } = settings.get('asgiFile');
  if (server !== 'auto' && server !== 'asgi')
    throw misused(`${label} is served by no ${server}`, `leave out --wsgi-server, or write --wsgi-file`);
  const other = namesOfWsgi(settings).find((name) => name !== label && !/static/.test(name));
  if (other !== undefined) throw misused(`${label} and ${other} both name an app`, 'keep one of them');
  return 'asgi';
}

/** The value of the last of these options, as `chdir=/srv`; null: none is given. */
function valueOfOption(options: readonly string[], name: string): string | null {
  const option = options.findLast((text) => text.startsWith(`${name}=`));
  return option === undefined ? null : option.slice(name.length + 1);
}

/** @throws FrontError where two options name the app, or its file is not there */
export function readWsgi(settings: Settings, platform: Platform): WorkerConfig['wsgi'] {
  const server = readServer(settings);
  const key = settings.has('asgiFile') ? 'asgiFile' : 'wsgiFile';
  const file = readText(settings, key);
  const { values: options } = settings.get('uwsgiOption');
  if (file !== null && !settings.has('chroot')) {
    // uWSGI changes into the folder before it opens the file.
    const path = join(valueOfOption(options, 'chdir') ?? '', file);
    requireFile(
      platform,
      settings.get(key).label,
      isAbsolute(file) ? file : path,
      'give the Python file that holds the app',
    );
  }
  const [named = ''] = appOptions(options);
  // A module, and what is ASGI, may have a name of its own choice.
  const isFree = (file === null || server === 'asgi') && !settings.has('callable');
  return {
    file,
    name: file ?? named.slice(named.indexOf('=') + 1),
    callable: isFree ? null : (readText(settings, 'callable') ?? 'application'),
    server,
    options,
  };
}
