/** What a lone word is by the look of it: `app:app` a Python module and its app, `./manage.py` a Django project, `app.py` an app or a script. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** `app:app`, `shop.wsgi:create_app()`; a host and port have digits behind the colon. */
const MODULE = /^[A-Za-z_][\w.]*:[A-Za-z_][\w.]*(?:\(\))?$/;

/** The options of uWSGI that a word stands for, as `module=app:app`; null: it is something else. */
export function optionsOfWord(word: string): readonly string[] | null {
  if (MODULE.test(word) && existsSync(fileOf(word))) return [`module=${word}`];
  return /(?:^|\/)manage\.py$/.test(word) ? djangoOptions(word) : null;
}

/** Where the module lies, seen from the working folder: a program such as `npm:dev` has no file. */
function fileOf(word: string): string {
  const base = (word.split(':')[0] ?? '').replaceAll('.', '/');
  return existsSync(`${base}.py`) ? `${base}.py` : join(base, '__init__.py');
}

/** `app = Flask(__name__)`, `def site(environ, start_response)`: what a WSGI app is called that is not `application`. */
const WSGI_NAMES = [
  /^(\w+)\s*(?::[^=\n]+)?=\s*(?:\w+\.)*(?:Flask|Bottle|Falcon|falcon\.App|TurboGears|Eve|APIFlask|(?:create|make|build)_app)\(/m,
  /^def (\w+)\(\s*environ\b[^,]*,\s*\w*start/m,
  /^def (app|wsgi_app|simple_app)\(\s*\w+\s*,\s*\w+\s*\)/m,
];
/** It is for the server of Python apps to find out what it is called. */
const LOOKED_INTO =
  /^(?:async def |def |class )?application\b|\bimport\b.*\bapplication\b|\b(?:FastAPI|Starlette|Quart|Litestar|BlackSheep|Sanic|FastHTML)\(|\bscope\b.*\breceive\b/m;
const SCRIPT = /^if __name__ == (["'])__main__\1|\.serve_forever\(|\brun_app\(|^\w+\.run\(/m;

/** What a Python file is: options that name its app, or the command that runs it. */
export function lookInto(
  file: string,
): { readonly options: readonly string[] } | { readonly command: readonly string[] } {
  const options = ['--wsgi-file', file];
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return { options };
  }
  if (LOOKED_INTO.test(text)) return { options };
  const name = WSGI_NAMES.map((pattern) => pattern.exec(text)?.[1]).find((found) => found !== undefined);
  if (name !== undefined) return { options: [...options, '--callable', name] };
  // Django's own script wants to be told what to do.
  const isScript = SCRIPT.test(text) && !/(?:^|\/)manage\.py$/.test(file);
  return isScript ? { command: ['python3', file] } : { options };
}

/** The project of a manage.py by the settings that it names. */
function djangoOptions(file: string): readonly string[] | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return null;
  }
  const settings = /DJANGO_SETTINGS_MODULE["']\s*,\s*["']([\w.]+)["']/.exec(text)?.[1];
  if (settings === undefined) return null;
  const folder = dirname(file);
  const project = settings.split('.')[0] ?? '';
  const part = ['wsgi', 'asgi'].find((name) => existsSync(join(folder, project, `${name}.py`)));
  if (part === undefined) return null;
  const module = `${project}.${part}`;
  return [`chdir=${folder}`, `env=DJANGO_SETTINGS_MODULE=${settings}`, `module=${module}`];
}
