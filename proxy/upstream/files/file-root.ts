/** A folder whose files are served: finds the file of a path, and opens none that lies outside. */
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readlinkSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import { sep } from 'node:path';
import type { FilesConfig } from '../../../src/shared/config/apps.js';
import { systemCode } from '../../../src/shared/system-error.js';
import { type Coding, isCompressible } from '../../exchange/headers/compression.js';
import type { RequestHead } from '../../exchange/types.js';
import { Expiries } from './expiry.js';
import { endsWithSlash, fileNameOf } from './file-path.js';
import { mediaTypeOf } from './media-types.js';

/** A FIFO without a writer would hold the process. */
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);

/** How long it is believed which compressed neighbours a file has, and where the folder is. */
const BELIEVED_MS = 1000;
const MAX_BELIEVED = 1000;

/** Ends of the names of compressed neighbours, the best first. */
const NEIGHBOURS: readonly (readonly [coding: Coding, end: string])[] = [
  ['br', '.br'],
  ['zstd', '.zst'],
  ['gzip', '.gz'],
];

/** `folder`: the path lacks the slash at its end. */
export type Found = { readonly kind: 'file'; readonly path: string } | { readonly kind: 'folder' | 'none' };

export interface Opened {
  readonly fd: number;
  /** Its whole name, all links followed. */
  readonly real: string;
  readonly stats: Stats;
}

/** Where an open file was found to lie; the same file, unchanged, lies there still. */
interface Place {
  readonly real: string;
  readonly ino: number;
  readonly dev: number;
  /** An inode that is another file's now was changed later. */
  readonly ctimeMs: number;
  readonly untilMs: number;
}

interface Neighbours {
  readonly untilMs: number;
  readonly codings: readonly Coding[];
}

/** What has decided the routes of requests. */
const FOUND = new WeakMap<RequestHead, { readonly folder: string; readonly found: Found }>();

const NONE: Found = { kind: 'none' };

/** One for each folder of a router. */
export class FileRoot {
  private readonly neighbours = new Map<string, Neighbours>();
  private readonly places = new Map<string, Place>();
  readonly expiries: Expiries;
  private inside: string | null = null;
  private insideUntilMs = 0;
  /** A process that has given up its rights may not read its own links below /proc. */
  private asksProc = process.platform === 'linux';

  /** @param folder or the one file that is served */
  constructor(
    readonly folder: string,
    readonly config: FilesConfig,
  ) {
    this.expiries = new Expiries(config.expires);
  }

  /**
   * The file of a path.
   * @param path below the folder, with its query
   * @param asked as the client has sent it
   */
  find(path: string, asked: string): Found {
    const name = fileNameOf(path);
    if (name === null || this.config.skip.some((end) => name.endsWith(end))) return NONE;
    const full = name === '' ? this.folder : `${this.folder}/${name}`;
    const stats = look(full);
    if (stats?.isFile()) return endsWithSlash(asked) ? NONE : { kind: 'file', path: full };
    if (!stats?.isDirectory()) return NONE;
    for (const index of this.config.index) {
      const file = `${full}/${index}`;
      if (look(file)?.isFile())
        return endsWithSlash(asked) ? { kind: 'file', path: file } : { kind: 'folder' };
    }
    return NONE;
  }

  /** Whether there is an answer for the request: what is behind need not be asked. What was found is kept for `findFor`. */
  has(head: RequestHead, path: string): boolean {
    const found = this.find(path, head.path);
    const isAnswer = found.kind === 'folder' || (found.kind === 'file' && this.isInside(realOf(found.path)));
    if (isAnswer) FOUND.set(head, { folder: this.folder, found });
    else FOUND.delete(head);
    return isAnswer;
  }

  /** The file of a request, looked for once: whether there is one may have decided where the request goes. */
  findFor(head: RequestHead, path: string): Found {
    const known = FOUND.get(head);
    return known?.folder === this.folder ? known.found : this.find(path, head.path);
  }

  /** Opens a file that was found; whoever has exchanged it for a link that leads outside since gains nothing. null: it is gone, or may not be read. @throws where too many files are open */
  open(path: string): Opened | null {
    let fd = -1;
    try {
      fd = openSync(path, OPEN_FLAGS);
      const stats = fstatSync(fd);
      const real = stats.isFile() ? this.placeOf(fd, path, stats) : null;
      if (real !== null && this.isInside(real)) return { fd, real, stats };
      closeSync(fd);
      return null;
    } catch (error) {
      if (fd !== -1) closeSync(fd);
      const code = systemCode(error);
      if (code === 'EMFILE' || code === 'ENFILE') throw error;
      return null;
    }
  }

  /** Where a name leads, all links followed. */
  whereLeads(path: string): 'inside' | 'outside' | 'nowhere' {
    const real = realOf(path);
    return real === null ? 'nowhere' : this.isInside(real) ? 'inside' : 'outside';
  }

  /** The codings in which a file lies beside itself, no older than it is. */
  codingsOf(path: string, stats: Stats, nowMs: number): readonly Coding[] {
    if (!isCompressible(mediaTypeOf(path))) return [];
    const known = this.neighbours.get(path);
    if (known !== undefined && known.untilMs > nowMs) return known.codings;
    const codings = NEIGHBOURS.filter(([, end]) => {
      const neighbour = look(path + end);
      return neighbour?.isFile() && Math.floor(neighbour.mtimeMs / 1000) >= Math.floor(stats.mtimeMs / 1000);
    }).map(([coding]) => coding);
    if (this.neighbours.size >= MAX_BELIEVED) this.neighbours.clear();
    this.neighbours.set(path, { codings, untilMs: nowMs + BELIEVED_MS });
    return codings;
  }

  /** As `whereIs`, which is not asked again at once: the way through /proc takes longer than opening the file. */
  private placeOf(fd: number, path: string, stats: Stats): string | null {
    const nowMs = performance.now();
    const { ino, dev, ctimeMs } = stats;
    const known = this.places.get(path);
    if (known !== undefined && known.untilMs > nowMs) {
      if (known.ino === ino && known.dev === dev && known.ctimeMs === ctimeMs) return known.real;
    }
    const real = this.whereIs(fd, path, stats);
    if (real === null) return null;
    if (this.places.size >= MAX_BELIEVED) this.places.clear();
    this.places.set(path, { real, ino, dev, ctimeMs, untilMs: nowMs + BELIEVED_MS });
    return real;
  }

  /** Where an open file lies, all links followed. */
  private whereIs(fd: number, path: string, stats: Stats): string | null {
    if (this.asksProc) {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        this.asksProc = false;
      }
    }
    const real = realOf(path);
    const there = real === null ? null : look(real);
    return there !== null && there.ino === stats.ino && there.dev === stats.dev ? real : null;
  }

  private isInside(real: string | null): boolean {
    if (real === null) return false;
    const nowMs = performance.now();
    if (nowMs < this.insideUntilMs && this.covers(real)) return true;
    // The folder may be a link that leads to another release now.
    this.inside = realOf(this.folder);
    this.insideUntilMs = nowMs + BELIEVED_MS;
    return this.covers(real);
  }

  private covers(real: string): boolean {
    const { inside } = this;
    if (inside === null || !real.startsWith(inside)) return false;
    const next = real.charAt(inside.length);
    return next === '' || next === sep || inside.endsWith(sep);
  }
}

/** The end of the name of a neighbour in this coding. */
export function neighbourEnd(coding: Coding): string {
  return NEIGHBOURS.find(([one]) => one === coding)?.[1] ?? '';
}

/** null: nothing is there that could be read. */
function look(path: string): Stats | null {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? null;
  } catch {
    return null;
  }
}

function realOf(path: string): string | null {
  try {
    return realpathSync.native(path);
  } catch {
    return null;
  }
}
