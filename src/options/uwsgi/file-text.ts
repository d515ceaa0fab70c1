/** Reads the options of one uWSGI configuration file: ini, JSON, XML, or the YAML that uWSGI itself reads. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { systemCode } from '../../shared/system-error.js';
import { invalid } from '../read-setting.js';
import { DEFAULT_SECTION, type Entry } from './entry.js';
import { readXml } from './xml-text.js';

/** What file names end in. */
export const FILE_FORMS = {
  '.ini': readIni,
  '.json': readJson,
  '.js': readJson,
  '.xml': readXml,
  '.yaml': readYaml,
  '.yml': readYaml,
} as const;

/** `file.ini:section` taken apart; the file is empty in `:section`. */
export function splitSection(spec: string): { readonly file: string; readonly section: string } {
  const at = spec.lastIndexOf(':');
  if (at === -1) return { file: spec, section: DEFAULT_SECTION };
  return { file: spec.slice(0, at), section: spec.slice(at + 1) || DEFAULT_SECTION };
}

/** The whole file. @throws FrontError config_invalid, with the option that names it */
export function readText(label: string, file: string, folder: string): string {
  if (/^\w+:\/\//.test(file)) {
    throw invalid(label, file, 'only files are read here', 'save it as a file first');
  }
  try {
    return readFileSync(resolve(folder, file), 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    const code = systemCode(error);
    const reason =
      code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'is a folder' : (code ?? 'unreadable');
    throw invalid(label, file, reason, `the working folder is ${folder}`);
  }
}

/** The lines of a section, as uWSGI cuts them: no quotes, no comments behind a value, a key without `=` has an empty value. */
export function readIni(text: string, section: string): readonly Entry[] | null {
  let current = '';
  let found = false;
  const entries: Entry[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.replaceAll(/^[ \t\r]+|[ \t\r]+$/g, '');
    if (line === '' || line.startsWith(';') || line.startsWith('#')) continue;
    if (line.startsWith('[')) {
      current = line.slice(1, -1);
      continue;
    }
    if (current !== section) continue;
    found = true;
    const at = line.indexOf('=');
    const name = (at === -1 ? line : line.slice(0, at)).trimEnd();
    entries.push({ name, value: at === -1 ? '' : line.slice(at + 1).trim(), line: index + 1 });
  }
  return found ? entries : null;
}

function readJson(text: string, section: string): readonly Entry[] | null {
  const whole: unknown = JSON.parse(text);
  if (typeof whole !== 'object' || whole === null) return null;
  const part: unknown = Object.entries(whole).find(([name]) => name === section)?.[1];
  if (typeof part !== 'object' || part === null) return null;
  return Object.entries(part).flatMap(([name, value]: [string, unknown]) =>
    (Array.isArray(value) ? value : [value]).map((one: unknown) => ({
      name,
      value: String(one),
      line: null,
    })),
  );
}

/** `uwsgi:` and `key: value` or `- key: value` beneath it; a list of values repeats its key. */
function readYaml(text: string, section: string): readonly Entry[] | null {
  let inside = false;
  let key = '';
  const entries: Entry[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#') || line === '---') continue;
    if (!/^[ \t]/.test(raw)) {
      inside = line === `${section}:`;
      continue;
    }
    if (!inside) continue;
    const [, dash, name, value] = /^(- +)?(?:([^\s:]+):(?: +|$))?(.*)$/.exec(line) ?? [];
    const text = unquote(value ?? '');
    if (name !== undefined) key = name;
    if (name !== undefined && text === '') continue;
    if (name === undefined && dash === undefined) continue;
    entries.push({ name: name ?? key, value: text, line: index + 1 });
  }
  return entries.length === 0 ? null : entries;
}

function unquote(text: string): string {
  const quoted = /^(["'])(.*)\1(?:\s+#.*)?$/.exec(text);
  return quoted?.[2] ?? text.replace(/\s+#.*$/, '');
}
