/** Reads command lines of uWSGI as the program would, and says in one line what they come to. */
import { resolveConfig } from '../../src/options/resolve.js';
import { Settings } from '../../src/options/settings.js';
import { isUwsgiLine, readUwsgiLine } from '../../src/options/uwsgi/line.js';
import type { Surroundings } from '../../src/options/uwsgi/surroundings.js';
import type { Translation } from '../../src/options/uwsgi/translate.js';
import { formatListenAddress } from '../../src/shared/addresses/host-port.js';
import { FrontError } from '../../src/shared/errors.js';
import { TEST_PLATFORM } from './settings.js';

/** A machine that is the same everywhere. */
export const AROUND: Surroundings = {
  folder: '/srv/corpus',
  environment: {},
  hostname: 'box',
  processors: 4,
  userId: 0,
  userName: 'root',
  groupId: 0,
  groupName: 'root',
};

const FOLDERS = ['/etc/certs', '/srv/jail'];

/** It has every file, and these folders. */
const PLATFORM = {
  ...TEST_PLATFORM,
  whyUnreadable: (path: string) => (FOLDERS.includes(path) ? 'is a folder' : null),
};

/** The words of a line as a shell would cut them; double quotes hold words together. */
export function cutWords(line: string): readonly string[] {
  return [...line.matchAll(/(?:[^\s"]|"(?:[^"\\]|\\.)*")+/g)].map(([word]) =>
    word.replaceAll(/(?<!\\)"/g, '').replaceAll('\\"', '"'),
  );
}

/** `http :8000; worker: module=app:app` of a line that serves, `refused: …` of one that does not. */
export function summarize(words: readonly string[], around = AROUND): string {
  try {
    return describe(
      isUwsgiLine(words, around.environment) ? readUwsgiLine(words, null, around) : null,
      words,
    );
  } catch (error) {
    if (error instanceof FrontError) return `refused: ${error.message}`;
    throw error;
  }
}

function describe(translation: Translation | null, words: readonly string[]): string {
  if (translation === null) return `not a line of uWSGI: ${words.join(' ')}`;
  const { values } = translation;
  const { listeners, apps, user } = resolveConfig(new Settings(values, {}), PLATFORM);
  const worker = apps.find((app) => app.worker !== null)?.worker ?? null;
  const wsgi = worker?.wsgi ?? null;
  const files = apps
    .filter((app) => app.files?.standsIn === true)
    .map(({ route, upstreams: [folder] }) => `${route.prefix}=${folder?.path ?? ''}`);
  const running = apps
    .filter((app) => app.files === null)
    .flatMap(({ upstreams }) =>
      upstreams.map(({ scheme, host, port, path }) => {
        return (scheme === 'http' ? '' : `${scheme}://`) + (path ?? `${host}:${port}`);
      }),
    );
  const told = Object.keys(values).filter((key) => !SHOWN.has(key) && !/^(?:static|checkStatic)/.test(key));
  const listens = listeners.map(({ kind, host, port }) => `${kind} ${formatListenAddress(host, port)}`);
  const parts = [
    listens.join(', '),
    ...(wsgi?.file == null ? [] : [`file ${wsgi.file} (${wsgi.callable ?? ''})`]),
    ...(wsgi === null || wsgi.options.length === 0 ? [] : [`worker: ${wsgi.options.join(' ')}`]),
    ...(files.length === 0 ? [] : [`without uWSGI files: ${files.join(' ')}`]),
    ...(running.length === 0 ? [] : [`app: ${running.join(', ')}`]),
    ...(user === null ? [] : [`as ${user}`]),
    ...(told.length === 0 ? [] : [`and ${told.join(' ')}`]),
  ];
  return parts.join('; ');
}

/** Settings that the summary has anyway, or that say nothing. */
const SHOWN = new Set(
  'http https httpToHttps listen uwsgiOption wsgiFile callable master uid gid upstream'.split(' '),
);
