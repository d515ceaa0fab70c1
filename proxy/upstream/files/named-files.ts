/** Files that an app names in place of a body: X-Sendfile with a name of the file system, X-Accel-Redirect with a path below a prefix. */
import { isAbsolute } from 'node:path';
import { PLAIN_FILES, type SendfileConfig } from '../../../src/shared/config/apps.js';
import type { UpstreamResponse } from '../transport.js';
import { FileRoot, type Opened } from './file-root.js';

const SENDFILE = 'x-sendfile';
const ACCEL_REDIRECT = 'x-accel-redirect';

/** `outside`: in none of the folders · `missing`: not there, or not readable. */
export type NamedFile =
  | { readonly kind: 'file'; readonly root: FileRoot; readonly path: string; readonly opened: Opened }
  | { readonly kind: 'outside' | 'missing'; readonly path: string };

interface Folder {
  readonly prefix: string;
  readonly root: FileRoot;
}

/** One for each route whose app may name files. */
export class NamedFiles {
  /** Longest prefix first. */
  private readonly folders: readonly Folder[];
  /** Files that are open at this moment. */
  readonly open = { count: 0 };

  constructor(folders: readonly SendfileConfig[]) {
    this.folders = folders
      .map(({ prefix, folder }) => ({
        prefix,
        root: new FileRoot(folder, PLAIN_FILES),
      }))
      .sort((first, second) => second.prefix.length - first.prefix.length);
  }

  /** Opens the file that a response names. @throws where too many files are open */
  find(name: NameInResponse): NamedFile {
    const places = name.field === SENDFILE ? this.placesOf(name.value) : this.placesBelow(name.value);
    const [first = { path: name.value, root: null }] = places;
    for (const { root, path } of places) {
      const opened = root.open(path);
      if (opened !== null) return { kind: 'file', root, path, opened };
    }
    const leads = places.map(({ root, path }) => root.whereLeads(path));
    const isOutside = places.length === 0 || (leads.includes('outside') && !leads.includes('inside'));
    return { kind: isOutside ? 'outside' : 'missing', path: first.path };
  }

  /** A name of the file system, as it is and with escapes undone; one that is not absolute is below each folder. */
  private placesOf(value: string): readonly Place[] {
    const name = fromBytes(value);
    const decoded = decode(name);
    const names = decoded === null || decoded === name ? [name] : [name, decoded];
    return names.flatMap((one) =>
      this.folders.map(({ root }) => ({ root, path: isAbsolute(one) ? one : `${root.folder}/${one}` })),
    );
  }

  /** A path of a request, as it were. */
  private placesBelow(value: string): readonly Place[] {
    const query = value.indexOf('?');
    const path = decode(fromBytes(query === -1 ? value : value.slice(0, query)));
    if (path === null || !path.startsWith('/') || path.split(/[/\\]/).includes('..')) return [];
    const folder = this.folders.find(
      ({ prefix }) => prefix === '' || path === prefix || path.startsWith(`${prefix}/`),
    );
    if (folder === undefined) return [];
    return [{ root: folder.root, path: folder.root.folder + path.slice(folder.prefix.length) }];
  }
}

interface Place {
  readonly root: FileRoot;
  readonly path: string;
}

/** How a response names a file. */
export interface NameInResponse {
  readonly field: string;
  readonly value: string;
}

/** What a response names; null: nothing. */
export function nameIn(headers: readonly string[]): NameInResponse | null {
  for (let index = 0; index < headers.length; index += 2) {
    const field = headers[index] ?? '';
    if (field === SENDFILE || field === ACCEL_REDIRECT) return { field, value: headers[index + 1] ?? '' };
  }
  return null;
}

/** Whether the response has a place for a file: others have no content (RFC 9110 §15). */
export function hasPlace({ status }: Pick<UpstreamResponse, 'status'>): boolean {
  return status !== 204 && status !== 205 && status !== 304;
}

/** What was true of the body that the app left out. */
const OF_THE_BODY: ReadonlySet<string> = new Set(
  [
    'content-length content-encoding content-range accept-ranges etag last-modified',
    'repr-digest content-digest digest content-md5 transfer-encoding trailer',
  ].flatMap((names) => names.split(' ')),
);

/** The fields of a response without its name of a file, nor what else it says to the front alone. @param withoutBody without what describes a body too */
export function fieldsBeside(headers: readonly string[], withoutBody: boolean): string[] {
  const kept: string[] = [];
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? '';
    if (name === SENDFILE || name.startsWith('x-accel-') || (withoutBody && OF_THE_BODY.has(name))) continue;
    kept.push(name, headers[index + 1] ?? '');
  }
  return kept;
}

/** Fields are bytes; names of files are UTF-8. */
function fromBytes(value: string): string {
  return /[\x80-\xff]/.test(value) ? Buffer.from(value, 'latin1').toString('utf8') : value;
}

/** null: it cannot be, or no name of a file comes of it. */
function decode(text: string): string | null {
  if (!text.includes('%')) return text;
  try {
    const decoded = decodeURIComponent(text);
    return decoded.includes('\0') ? null : decoded;
  } catch {
    return null;
  }
}
