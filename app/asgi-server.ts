/** Chooses the server that is installed for an ASGI app, with its arguments and environment. */
import { delimiter } from 'node:path';
import { FrontError } from '../src/shared/errors.js';
import type { WsgiPlan } from '../src/shared/messages/worker-messages.js';
import type { AsgiApp } from './asgi-app.js';
import { findFirstProgram } from './programs.js';
import { nameOfOption, valueOfOption, valuesOfOption } from './uwsgi-arguments.js';

/** Servers in the order in which one is taken, with their arguments for an address. */
const SERVERS = [
  {
    name: 'uvicorn',
    /** The word for an app that a function makes; null: it is called as it is written. */
    factory: '--factory',
    arguments: (app: string, host: string, port: string, workers: string) => [
      ...[app, '--host', host, '--port', port, '--workers', workers],
      ...['--proxy-headers', '--forwarded-allow-ips', '127.0.0.1', '--no-access-log'],
    ],
  },
  {
    name: 'hypercorn',
    factory: null,
    arguments: (app: string, host: string, port: string, workers: string) => [
      ...[app, '--bind', `${host}:${port}`, '--workers', workers],
    ],
  },
  {
    name: 'granian',
    factory: '--factory',
    arguments: (app: string, host: string, port: string, workers: string) => [
      ...['--interface', 'asgi', '--host', host, '--port', port, '--workers', workers, app],
    ],
  },
] as const;

const NAMES = SERVERS.map(({ name }) => name).join(', ');

/** uWSGI's options that are followed here or need nothing; static files are the front's. */
const FOLLOWED =
  /^(?:module|wsgi|chdir|env|pythonpath|python-path|pp|processes|workers|home|virtualenv|venv|pyhome|(?:need-)?plugins?|plugins?-dir|enable-threads|single-interpreter|lazy|lazy-apps|buffer-size|post-buffering|listen|thunder-lock|no-default-app|asyncio|static-.*|check-static|honour-range|offload-threads?|disable-sendfile|strict)$/;

/** What becomes of the options that no ASGI server knows, a sentence; null: there are none. */
function remarkOn(server: string, options: readonly string[]): string | null {
  const names = [...new Set(options.map(nameOfOption))].filter((name) => !FOLLOWED.test(name));
  if (names.length === 0) return null;
  return `warning: ${server} does not follow ${names.map((name) => `--${name}`).join(', ')}, which uWSGI's workers do`;
}

/**
 * The first server that is installed, in the app's folder, with the variables that the options set.
 * @throws FrontError worker_failed where none is installed
 */
export function launchAsgi(
  app: AsgiApp,
  wsgi: WsgiPlan,
  address: { readonly host: string; readonly port: number },
  home: string | undefined,
  environment: NodeJS.ProcessEnv,
) {
  const { options } = wsgi;
  const found = findFirstProgram(SERVERS, home);
  if (found === undefined) {
    const other = wsgi.server === 'asgi' ? '' : '; for a WSGI app say --wsgi-server uwsgi or wsgiref';
    throw new FrontError('worker_failed', `${wsgi.name}, an ASGI app, and no server for it is installed`, {
      hint: `install one of ${NAMES}, for example: pip install uvicorn${other}`,
    });
  }
  const { choice: server, program } = found;
  const isMade = app.callable.endsWith('()') && server.factory !== null;
  const place = `${app.module}:${isMade ? app.callable.slice(0, -2) : app.callable}`;
  const workers = valueOfOption(options, 'processes', 'workers') ?? '1';
  const own = valuesOfOption(options, 'env').map((text): [string, string] => {
    const at = text.indexOf('=');
    return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
  });
  const folders = [
    ...new Set([app.moduleFolder, app.folder]),
    ...valuesOfOption(options, 'pythonpath', 'python-path', 'pp'),
    process.env.PYTHONPATH,
  ];
  const remark = remarkOn(server.name, options);
  // This process is the keeper of the app alone.
  process.chdir(app.folder);
  return {
    kind: 'command',
    program,
    args: [
      ...server.arguments(place, address.host, String(address.port), workers),
      ...(isMade && server.factory !== null ? [server.factory] : []),
    ],
    environment: {
      ...environment,
      ...Object.fromEntries(own),
      PYTHONPATH: folders.filter(Boolean).join(delimiter),
    },
    ...(remark === null ? {} : { remark }),
  } as const;
}
