/** Reads the pages of `--error-pages`. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ErrorPages } from '../../shared/config/rules.js';
import { FrontError } from '../../shared/errors.js';
import { systemCode } from '../../shared/system-error.js';
import { invalid, readText } from '../read-setting.js';
import type { Settings } from '../settings.js';
import { formatSize } from './quantities.js';

/** Every router keeps them in memory. */
const MAX_PAGE_BYTES = 256 * 1024;

const NAME = /^([45](?:\d\d|\dx|xx))\.html$/;

const HINT = 'name a folder with pages called 404.html, 50x.html, 5xx.html';

/** null: none are named. @throws FrontError config_invalid */
export function readErrorPages(settings: Settings): ErrorPages | null {
  const folder = readText(settings, 'errorPages');
  if (folder === null) return null;
  const { label } = settings.get('errorPages');
  let names: readonly string[];
  try {
    names = readdirSync(folder).filter((name) => NAME.test(name));
  } catch (error) {
    throw invalid(label, folder, whyUnreadable(error, 'not a folder'), HINT);
  }
  if (names.length === 0) throw invalid(label, folder, 'there is no page in it', HINT);
  return Object.fromEntries(names.map((name) => [name.slice(0, 3), readPage(label, join(folder, name))]));
}

function readPage(label: string, path: string): string {
  let text: string | null;
  try {
    const stats = statSync(path);
    if (!stats.isFile()) throw invalid(label, path, 'not a file', 'leave it out, or make a page of it');
    text = stats.size > MAX_PAGE_BYTES ? null : readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof FrontError) throw error;
    throw invalid(label, path, whyUnreadable(error, 'cannot be read'), 'make it readable, or leave it out');
  }
  if (text !== null) return text;
  const most = formatSize(MAX_PAGE_BYTES);
  throw invalid(
    label,
    path,
    'too large',
    `the most is ${most}: keep pictures and styles in files of their own`,
  );
}

function whyUnreadable(error: unknown, otherwise: string): string {
  const code = systemCode(error);
  if (code === 'EACCES') return 'permission denied';
  return code === 'ENOENT' ? 'no such file or folder' : otherwise;
}
