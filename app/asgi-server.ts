/** Knows an ASGI app by its source, without running it, and the server that is installed for it. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { WsgiPlan } from '../src/shared/messages/worker-messages.js';
import { valueOfOption } from './uwsgi-arguments.js';

/** What only ASGI apps say. A Django project has a wsgi.py and an asgi.py; each names its own. */
const SIGNS = [
  /^(\w+)\s*(?::[^=\n]+)?=\s*(?:\w+\.)?(?:FastAPI|Starlette|Quart|Litestar|BlackSheep|Sanic)\(/m,
  /\bget_asgi_application\(/,
  /^async def (\w+)\(\s*scope\s*,\s*receive\s*,\s*send\s*\)/m,
];

/** An app by module and name, as every ASGI server takes it. */
export interface AsgiApp {
  readonly module: string;
  readonly callable: string;
  /** Where the module is found. */
  readonly folder: string;
}

/** Servers in the order in which one is taken, with their arguments for an address. */
const SERVERS = [
  {
    name: 'uvicorn',
    arguments: (app: string, host: string, port: string, workers: string) => [
      ...[app, '--host', host, '--port', port, '--workers', workers],
      ...['--proxy-headers', '--forwarded-allow-ips', '127.0.0.1', '--no-access-log'],
    ],
  },
  {
    name: 'hypercorn',
    arguments: (app: string, host: string, port: string, workers: string) => [
      ...[app, '--bind', `${host}:${port}`, '--workers', workers],
    ],
  },
  {
    name: 'granian',
    arguments: (app: string, host: string, port: string, workers: string) => [
      ...['--interface', 'asgi', '--host', host, '--port', port, '--workers', workers, app],
    ],
  },
] as const;

/** Names of the servers, for a message. */
export const ASGI_SERVERS: readonly string[] = SERVERS.map(({ name }) => name);

/** File and name that the plan serves; null: it names no Python module, or several. */
function sourceOf({ file, callable, options }: WsgiPlan): (AsgiApp & { readonly path: string }) | null {
  const folder = resolve(valueOfOption(options, 'chdir') ?? '');
  if (file !== null) {
    const module = file.replace(/^\.\//, '').replace(/\.py$/, '').replaceAll('/', '.');
    // A file elsewhere, or of another ending, is no module.
    if (!file.endsWith('.py') || file.startsWith('/') || file.startsWith('..')) return null;
    return { module, callable: callable ?? 'application', folder, path: join(folder, file) };
  }
  const spec = valueOfOption(options, 'module', 'wsgi');
  if (spec === null || !/^[\w.]+(?::[\w.]+)?$/.test(spec)) return null;
  const [module = '', name] = spec.split(':');
  const base = join(folder, ...module.split('.'));
  const path = [`${base}.py`, join(base, '__init__.py')].find((candidate) => existsSync(candidate));
  return path === undefined ? null : { module, callable: name ?? callable ?? 'application', folder, path };
}

/** The ASGI app of a plan; null: it is WSGI, or nobody can tell. */
export function findAsgiApp(plan: WsgiPlan): AsgiApp | null {
  const source = sourceOf(plan);
  if (source === null) return null;
  try {
    const text = readFileSync(source.path, 'utf8');
    const found = SIGNS.map((sign) => sign.exec(text)).find((match) => match !== null);
    if (found === undefined) return null;
    const { module, callable, folder } = source;
    // `application` may be nobody's wish but the default.
    const isDefined = new RegExp(`^${callable.split('.')[0] ?? ''}\\b`, 'm').test(text);
    return { module, folder, callable: isDefined ? callable : (found[1] ?? callable) };
  } catch {
    return null;
  }
}

/**
 * Program and arguments of the first server that is installed; null: none is.
 * @param find the path of a program by its name
 */
export function asgiCommand(
  app: AsgiApp,
  { options }: WsgiPlan,
  host: string,
  port: number,
  find: (name: string) => string | undefined,
): { readonly program: string; readonly args: readonly string[] } | null {
  const workers = valueOfOption(options, 'processes', 'workers') ?? '1';
  for (const server of SERVERS) {
    const program = find(server.name);
    if (program === undefined) continue;
    return { program, args: server.arguments(`${app.module}:${app.callable}`, host, String(port), workers) };
  }
  return null;
}
