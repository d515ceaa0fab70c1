/** Knows an ASGI app by its source, without running it. */
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { FrontError } from '../src/shared/errors.js';
import type { WsgiPlan } from '../src/shared/messages/worker-messages.js';
import { valueOfOption } from './uwsgi-arguments.js';

const MAKERS =
  'FastAPI|Starlette|Quart|Litestar|BlackSheep|Sanic|FastHTML|Esmerald|ProtocolTypeRouter|ASGIApp|AsyncApp|WsgiToAsgi|falcon\\.asgi\\.App';

/** What only ASGI apps say. A Django project has a wsgi.py and an asgi.py; each names its own. */
const SIGNS = [
  new RegExp(`^(\\w+)\\s*(?::[^=\\n]+)?=\\s*(?:\\w+\\.)*(?:${MAKERS})\\(`, 'm'),
  /\bget_asgi_application\(/,
  /^async def (\w+)\(\s*scope\b[^,]*,\s*receive\b[^,]*,\s*send\b/m,
];

/** What only WSGI apps say. */
const SIGN_OF_WSGI = /\b(Flask|Bottle|get_wsgi_application)\(|\bdef \w+\(\s*(environ)\b|\bimport (bottle)\b/;

/** Names that are tried where nobody gives one. */
const USUAL_NAMES = ['app', 'application', 'api', 'asgi', 'main'];

/** An app by module and name, as every ASGI server takes it. */
export interface AsgiApp {
  readonly module: string;
  readonly callable: string;
  /** The folder that the server works in. */
  readonly folder: string;
  /** Where the module is found. */
  readonly moduleFolder: string;
}

/** The file of a plan, before it is read. */
interface Source {
  readonly module: string;
  /** Null: nobody said. */
  readonly callable: string | null;
  readonly folder: string;
  readonly moduleFolder: string;
  readonly path: string;
}

/** File and name that the plan serves; null: it names no Python module, or several. */
function sourceOf({ file, callable, options }: WsgiPlan): Source | null {
  const folder = resolve(valueOfOption(options, 'chdir') ?? '');
  if (file !== null) {
    if (!file.endsWith('.py')) return null;
    const path = resolve(folder, file);
    const inside = relative(folder, path);
    // A file elsewhere is a module of its own folder.
    const isInside = !inside.startsWith('..');
    const module = (isInside ? inside : basename(path)).slice(0, -'.py'.length).replaceAll('/', '.');
    return { module, callable, folder, moduleFolder: isInside ? folder : dirname(path), path };
  }
  const spec = valueOfOption(options, 'module', 'wsgi');
  if (spec === null || !/^[\w.]+(?::[\w.]+(?:\(\))?)?$/.test(spec)) return null;
  const [module = '', name = callable] = spec.split(':');
  const base = join(folder, ...module.split('.'));
  const path = [`${base}.py`, join(base, '__init__.py')].find((candidate) => existsSync(candidate));
  return path === undefined ? null : { module, callable: name, folder, moduleFolder: folder, path };
}

function isNameIn(text: string, name: string): boolean {
  return new RegExp(`^(?:async def |def |class )?${name}\\b|^(?:from|import) .*\\b${name}\\b`, 'm').test(
    text,
  );
}

function finish({ module, folder, moduleFolder }: Source, callable: string): AsgiApp {
  return { module, callable, folder, moduleFolder };
}

/** The ASGI app of a plan; null: it is WSGI, or nobody can tell. */
export function findAsgiApp(plan: WsgiPlan): AsgiApp | null {
  const source = sourceOf(plan);
  if (source === null) return null;
  let text: string;
  try {
    text = readFileSync(source.path, 'utf8');
  } catch {
    return null;
  }
  const found = SIGNS.map((sign) => sign.exec(text)).find((match) => match !== null);
  if (found === undefined) return null;
  // `application` may be nobody's wish but the default.
  const callable = source.callable ?? 'application';
  const isDefined = isNameIn(text, callable.split(/[.(]/)[0] ?? '');
  return finish(source, isDefined ? callable : (found[1] ?? callable));
}

/**
 * The ASGI app of a plan that says it is one.
 * @throws FrontError worker_failed where nothing in its source can be it
 */
export function requireAsgiApp(plan: WsgiPlan): AsgiApp {
  const source = sourceOf(plan);
  if (source === null) {
    const isFile = plan.file !== null;
    throw new FrontError(
      'worker_failed',
      isFile
        ? `${plan.name}, not a Python module: its name does not end in .py`
        : `${plan.name}, no module that an ASGI server could load`,
      {
        hint: isFile
          ? 'ASGI servers import the file; rename it, or name the module that has the app'
          : `ASGI servers take one app: --module app:app or --asgi-file app.py; the working folder is ${process.cwd()}`,
      },
    );
  }
  const { callable } = source;
  const text = readFileSync(source.path, 'utf8');
  // A file that speaks of ASGI may turn its WSGI app into one.
  const wsgi = /asgi/i.test(text) ? null : SIGN_OF_WSGI.exec(text);
  const sign = SIGNS.map((one) => one.exec(text)).find((match) => match !== null);
  if (wsgi !== null && sign === undefined) {
    const word = wsgi[1] ?? wsgi[2] ?? wsgi[3] ?? '';
    throw new FrontError('worker_failed', `${plan.name}, a WSGI app and no ASGI app (${word})`, {
      hint: plan.file === null ? 'leave out --wsgi-server asgi' : `write --wsgi-file ${plan.file}`,
    });
  }
  if (callable !== null) {
    const name = callable.split(/[.(]/)[0] ?? '';
    // What a star brings, or a function sets, has no name here.
    if (new RegExp(`\\b${name}\\b|import \\*|globals\\(`).test(text)) return finish(source, callable);
    throw new FrontError('worker_failed', `${plan.name}, nothing in it is called ${name}`, {
      hint:
        sign?.[1] === undefined
          ? 'give --callable the name of the app'
          : `did you mean --callable ${sign[1]}?`,
    });
  }
  const usual = sign?.[1] ?? USUAL_NAMES.find((name) => isNameIn(text, name));
  if (usual !== undefined) return finish(source, usual);
  throw new FrontError('worker_failed', `${plan.name}, no ASGI app is found in it`, {
    hint: `the app is called ${USUAL_NAMES.slice(0, -1).join(', ')} or ${USUAL_NAMES.at(-1) ?? ''}, or as --callable says`,
  });
}
