/** The apps: running ones by their routes, and one to start, a command or a WSGI file, which takes the rest. */
import { DEFAULT_SCHEME } from '../../shared/addresses/schemes.js';
import { formatRoute } from '../../shared/addresses/upstream-text.js';
import type {
  AppConfig,
  AppUpstream,
  RouteConfig,
  RoutedUpstream,
  WorkerConfig,
} from '../../shared/config/apps.js';
import { WSGI_SERVERS } from '../../shared/config/wsgi-servers.js';
import type { Platform } from '../../system/platform.js';
import { type OptionRow, row } from '../option-row.js';
import { misused, readNumber, readSwitch, refuseWithout } from '../read-setting.js';
import type { Settings } from '../settings.js';
import { readChroot } from '../values/chroot.js';
import { namesOfWsgi, readWsgi } from '../values/python-app.js';
import { MAX_DURATION_MS } from '../values/quantities.js';
import { readUpstream } from '../values/upstream-routes.js';
import { namesFiles, readFiles, readSendfile } from './static-files.js';
import { readUpstreamSettings } from './upstreams.js';

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
  asgiFile: row(
    GROUP,
    'file',
    '--asgi-file',
    '<file>',
    'Start uvicorn, hypercorn or granian for this Python file',
  ),
  callable: row(GROUP, 'text', '--callable', '<name>', 'The app in that file', {
    default: 'application',
    defaultText: 'application; an ASGI app is looked for',
    uwsgi: 'same',
  }),
  wsgiServer: row(
    GROUP,
    'choice',
    '--wsgi-server',
    '<name>',
    'What serves the Python app: auto looks whether it is ASGI, and takes uWSGI for WSGI',
    {
      default: 'auto',
      choices: WSGI_SERVERS,
    },
  ),
  uwsgiOption: row(
    GROUP,
    'text',
    '--uwsgi-option',
    '<name[=value]>',
    'An option for the uWSGI that runs the app: module=app:app, threads=4',
    { repeatable: true, lines: true, uwsgi: 'the option itself' },
  ),
  processes: row(GROUP, 'count', '--processes', '<n>', 'Start the app this many times and balance', {
    short: '-p',
    default: '1',
    least: 1,
    most: 1024,
    uwsgi: 'same (-p too)',
  }),
  appPort: row(
    GROUP,
    'count',
    '--app-port',
    '<port>',
    'The port on which a started app listens whatever PORT says',
    {
      defaultText: 'a free one, in PORT and {port}',
      least: 1,
      most: 65_535,
    },
  ),
  readyTimeout: row(
    GROUP,
    'duration',
    '--ready-timeout',
    '<time>',
    'The app must accept connections within this',
    {
      default: '60s',
      least: 1,
      most: MAX_DURATION_MS,
    },
  ),
  harakiri: row(
    GROUP,
    'duration',
    '--harakiri',
    '<time>',
    'End a process of the app that has not answered a request within this',
    { default: '0', defaultText: 'never', most: MAX_DURATION_MS, uwsgi: 'same' },
  ),
  maxRequests: row(
    GROUP,
    'count',
    '--max-requests',
    '<n>',
    'Replace a process of the app after so many requests',
    { default: '0', defaultText: 'never', uwsgi: 'same' },
  ),
  maxRss: row(GROUP, 'size', '--max-rss', '<size>', 'Replace a process of the app that has so much memory', {
    default: '0',
    defaultText: 'never',
    uwsgi: '--reload-on-rss',
  }),
  name: row(GROUP, 'text', '--name', '<name>', 'Name of this project beside others: NAME.localhost', {
    defaultText: 'of package.json, or the folder',
  }),
  hold: row(
    GROUP,
    'duration',
    '--hold',
    '<time>',
    'A safe request waits this long for an app that is not up yet',
    {
      default: '10s',
      least: 0,
      most: MAX_DURATION_MS,
    },
  ),
} satisfies Record<string, OptionRow>;

const APP_HINT =
  'name the app: --upstream 8080, or -- npm run dev, or --wsgi-file index.py; --root DIR serves files';

/** Addresses at which an app is that runs on this machine. */
const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '::1']);

/** The port of `--upstream 5173 -- command`: where that app listens whatever it is told. Null: it says something else. */
function readPortOfCommand(settings: Settings): number | null {
  const { values, label } = settings.get('upstream');
  const [text, another] = values;
  if (settings.command === null || text === undefined || another !== undefined) return null;
  const { scheme, host, port, path, route, lookUp } = readUpstream(label, text);
  const isPlain = scheme === DEFAULT_SCHEME && path === null && lookUp === null && formatRoute(route) === '';
  return isPlain && LOOPBACK.has(host) ? port : null;
}

/** The port of the app's own choice. @throws FrontError where it cannot have one */
function readAppPort(settings: Settings): number | null {
  const port = settings.has('appPort') ? readNumber(settings, 'appPort') : readPortOfCommand(settings);
  if (port !== null && readNumber(settings, 'processes') > 1) {
    throw misused(
      'several processes of an app cannot listen on one port',
      'leave out --processes, or the port: each process then gets one of its own in PORT',
    );
  }
  return port;
}

/** Apps with a route may stand beside one that takes the rest; who takes everything is one. */
function refuseTwoApps(settings: Settings, upstreams: readonly RoutedUpstream[]): void {
  const { command } = settings;
  const isPort = readPortOfCommand(settings) !== null;
  const takesAll = upstreams.some(({ route }) => formatRoute(route) === '');
  const given = [
    ...(takesAll && !isPort ? [settings.get('upstream').label] : []),
    ...(settings.has('root') ? [settings.get('root').label] : []),
    ...(command === null ? [] : [`-- ${command[0] ?? ''}`.trimEnd()]),
    ...namesOfWsgi(settings).slice(0, 1),
  ];
  const [first, second] = given;
  if (first === undefined && upstreams.length === 0 && !namesFiles(settings))
    throw misused('there is no app to put HTTPS in front of', APP_HINT);
  if (second !== undefined)
    throw misused(
      `${first} and ${second} both name an app`,
      'keep one of them, or give the --upstream a route: /api=9000 or api.test=9000',
    );
}

/** Whether the settings name any app. */
export function namesApp(settings: Settings): boolean {
  const isServer = settings.command !== null || settings.has('upstream') || namesOfWsgi(settings).length > 0;
  return isServer || namesFiles(settings);
}

function readWorker(settings: Settings, platform: Platform): WorkerConfig {
  return {
    command: settings.command,
    chroot: readChroot(settings, platform),
    wsgi: settings.command === null ? readWsgi(settings, platform) : null,
    appPort: readAppPort(settings),
    processes: readNumber(settings, 'processes'),
    readyTimeoutMs: readNumber(settings, 'readyTimeout'),
    harakiriMs: readNumber(settings, 'harakiri'),
    maxRequests: readNumber(settings, 'maxRequests'),
    maxRssBytes: readNumber(settings, 'maxRss'),
  };
}

/** Upstreams of one route are one app. */
function groupByRoute(
  upstreams: readonly RoutedUpstream[],
): readonly Pick<AppConfig, 'route' | 'upstreams'>[] {
  const groups = new Map<string, { route: RouteConfig; upstreams: AppUpstream[] }>();
  for (const { route, ...upstream } of upstreams) {
    const name = formatRoute(route);
    const group = groups.get(name) ?? { route, upstreams: [] };
    group.upstreams.push(upstream);
    groups.set(name, group);
  }
  return [...groups.values()];
}

/** The name of an app whose route is every request. */
const WHOLE = 'app';

/**
 * Every app: the one that we start, and those that `--upstream` names, one a route.
 * @throws FrontError config_usage when there is no app or two for one route, config_invalid for a bad address or file
 */
export function readApps(settings: Settings, platform: Platform): readonly AppConfig[] {
  if (settings.command?.length === 0)
    throw misused('there is no command after --', 'write it after --: tlsfront -- npm run dev');
  const { values, label } = settings.get('upstream');
  const upstreams = values.map((text) => readUpstream(label, text));
  // An app above the sites is for requests that no site takes; there need be none.
  if (!namesApp(settings) && settings.sites.length > 0) return [];
  refuseTwoApps(settings, upstreams);
  const isWsgi = namesOfWsgi(settings).length > 0;
  if (!isWsgi)
    refuseWithout(
      settings,
      ['callable', 'wsgiServer', 'uwsgiOption'],
      '--wsgi-file, --asgi-file or --module',
    );
  const isStarted = settings.command !== null || isWsgi;
  if (!isStarted)
    refuseWithout(
      settings,
      ['processes', 'readyTimeout', 'appPort', 'harakiri', 'maxRequests', 'maxRss'],
      'an app that we start (-- command or --wsgi-file)',
    );
  const rules = {
    ...readUpstreamSettings(settings, platform),
    bufferRequests: readSwitch(settings, 'bufferRequests'),
    sendfile: readSendfile(settings),
    holdMs: readNumber(settings, 'hold'),
  };
  const everything = { host: '', prefix: '' };
  const worker = isStarted ? readWorker(settings, platform) : null;
  const started = {
    name: WHOLE,
    site: null,
    route: everything,
    upstreams: [],
    worker,
    files: null,
    ...rules,
  };
  const running = readPortOfCommand(settings) === null ? groupByRoute(upstreams) : [];
  return [
    ...(worker === null ? [] : [started]),
    ...running.map((app) => ({
      name: formatRoute(app.route) || WHOLE,
      site: null,
      worker: null,
      files: null,
      ...app,
      ...rules,
    })),
    ...readFiles(settings, rules),
  ];
}
