/** Where the app comes from: a running one, a command to start, or a WSGI file. Exactly one of them. */

import type { RoutedUpstream, WorkerConfig } from '../shared/config.js';
import type { Platform } from '../system/platform.js';
import { requireFile } from './certificate-choice.js';
import { misused, readChoice, readNumber, readText } from './read-setting.js';
import type { Settings } from './settings.js';
import type { SettingKey } from './table.js';
import { readUpstream } from './upstream-routes.js';

const APP_HINT = 'name the app: --upstream 8080, or -- npm run dev, or --wsgi-file index.py';

export interface AppSource {
  readonly upstreams: readonly RoutedUpstream[];
  readonly worker: WorkerConfig | null;
}

function refuseTwoApps(settings: Settings): void {
  const { command } = settings;
  const given = [
    ...(settings.has('upstream') ? [settings.get('upstream').label] : []),
    ...(command === null ? [] : [`-- ${command[0] ?? ''}`.trimEnd()]),
    ...(settings.has('wsgiFile') ? [settings.get('wsgiFile').label] : []),
  ];
  const [first, second] = given;
  if (first === undefined) throw misused('there is no app to put HTTPS in front of', APP_HINT);
  if (second !== undefined) throw misused(`${first} and ${second} both name an app`, 'keep one of them');
}

/** An option of the command line that could not have an effect is a misunderstanding; tell it. */
function refuseWithout(settings: Settings, keys: readonly SettingKey[], needed: string): void {
  for (const key of keys) {
    const { origin, label } = settings.get(key);
    if (origin !== 'command line') continue;
    throw misused(`${label} has no effect without ${needed}`, `leave ${label} out, or add ${needed}`);
  }
}

function readServer(settings: Settings): 'auto' | 'uwsgi' | 'wsgiref' {
  const server = readChoice(settings, 'wsgiServer');
  return server === 'uwsgi' || server === 'wsgiref' ? server : 'auto';
}

function readWorker(settings: Settings, platform: Platform): WorkerConfig {
  const file = readText(settings, 'wsgiFile');
  if (file !== null) {
    requireFile(platform, settings.get('wsgiFile').label, file, 'give the Python file that holds the app');
  }
  const callable = readText(settings, 'callable') ?? 'application';
  return {
    command: settings.command,
    wsgi: file === null ? null : { file, callable, server: readServer(settings) },
    processes: readNumber(settings, 'processes'),
    readyTimeoutMs: readNumber(settings, 'readyTimeout'),
  };
}

/** @throws FrontError config_usage when there is no app or more than one, config_invalid for a bad address or file */
export function readAppSource(settings: Settings, platform: Platform): AppSource {
  if (settings.command?.length === 0)
    throw misused('there is no command after --', 'write it after --: tlsfront -- npm run dev');
  refuseTwoApps(settings);
  if (!settings.has('wsgiFile')) refuseWithout(settings, ['callable', 'wsgiServer'], '--wsgi-file');
  const { values, label } = settings.get('upstream');
  if (values.length === 0) return { upstreams: [], worker: readWorker(settings, platform) };
  refuseWithout(settings, ['processes', 'readyTimeout'], 'an app that we start (-- command or --wsgi-file)');
  return { upstreams: values.map((text) => readUpstream(label, text)), worker: null };
}
