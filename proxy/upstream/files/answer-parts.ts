/** Parts of an answer with a file: its validators, the fields of a 304, where a folder lies, and what looks like a page. */
import type { Stats } from 'node:fs';
import type { Validators } from './conditions.js';
import { fileNameOf } from './file-path.js';

/** Not modified, it has no content that were of a type. */
export function withoutType(fields: readonly string[]): string[] {
  return fields.filter((_one, index) => fields[index - (index % 2)] !== 'content-type');
}

/** Both change with the file, as finely as its file system tells. */
export function validatorsOf({ size, mtimeMs }: Stats, mark: string): Validators {
  const tag = `"${Math.floor(mtimeMs * 1000).toString(36)}-${size.toString(36)}${mark}"`;
  return { tag, modifiedSeconds: Math.floor(mtimeMs / 1000) };
}

/** The path with a slash at its end and one at its beginning: two would name another host. */
export function withSlash(path: string): string {
  const query = path.indexOf('?');
  const end = query === -1 ? path.length : query;
  return `${path.slice(0, end).replace(/^\/+/, '/')}/${path.slice(end)}`;
}

/** What looks like a page of a single-page app, not like a file. */
export function isPage(path: string): boolean {
  const name = fileNameOf(path);
  return name !== null && !name.slice(name.lastIndexOf('/') + 1).includes('.');
}
