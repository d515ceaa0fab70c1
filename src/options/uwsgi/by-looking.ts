/** What a lone word is by the look of it: `app:app` a Python module and its app, `./manage.py` a Django project. */
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
  const module = `${settings.split('.')[0] ?? ''}.wsgi`;
  if (!existsSync(join(folder, `${module.replaceAll('.', '/')}.py`))) return null;
  return [`chdir=${folder}`, `env=DJANGO_SETTINGS_MODULE=${settings}`, `module=${module}`];
}
