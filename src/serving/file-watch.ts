/** Notices that certificate files have changed, by looking at them: links, mounts and network folders send no events. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MAX_FOLDER_DEPTH } from '../certificates/chain/folder-files.js';

/** How often the files are looked at. */
const LOOK_MS = 2_000;

/**
 * Calls back once the files have changed and have then stayed the same for one look: pairs are seldom written at once.
 * The first look counts as a change: the files may have changed between their reading and the beginning of the watch.
 */
export class FileWatch {
  private settled = '';
  private latest = '';
  private looking = false;
  private readonly timer: NodeJS.Timeout;

  /**
   * @param paths files and folders; asked for at each look
   * @param onChange reads them anew
   */
  constructor(
    private readonly paths: () => readonly string[],
    private readonly onChange: () => void,
    lookMs = LOOK_MS,
  ) {
    this.timer = setInterval(() => void this.look(), lookMs);
    this.timer.unref();
  }

  /** Counts the next look as a change again: the files have been read meanwhile. */
  restart(): void {
    this.settled = '';
  }

  /** Whether the files have changed again since they were handed on: what was read then may be half old, half new; a look will follow. */
  async isOutdated(): Promise<boolean> {
    return this.settled !== '' && (await fingerprint(this.paths())) !== this.settled;
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async look(): Promise<void> {
    if (this.looking) return;
    this.looking = true;
    const seen = await fingerprint(this.paths());
    const isSteady = seen === this.latest;
    this.latest = seen;
    this.looking = false;
    if (!isSteady || seen === this.settled) return;
    this.settled = seen;
    this.onChange();
  }
}

/** Changes when a file is written, replaced, removed or added. */
async function fingerprint(paths: readonly string[]): Promise<string> {
  const parts = await Promise.all(paths.map((path) => describe(path, 0)));
  return parts.join('\n');
}

async function describe(path: string, depth: number): Promise<string> {
  try {
    const status = await stat(path);
    const { mtimeMs, ctimeMs, size, ino, dev } = status;
    if (!status.isDirectory()) return `${path} ${mtimeMs} ${ctimeMs} ${size} ${ino} ${dev}`;
    if (depth > MAX_FOLDER_DEPTH) return path;
    const names = (await readdir(path)).sort();
    const inner = await Promise.all(names.map((name) => describe(join(path, name), depth + 1)));
    return inner.join('\n');
  } catch {
    return `${path} absent`;
  }
}
