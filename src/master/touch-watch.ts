/** Reloads the front when a file of `--touch-reload` is written, touched or made. */
import { statSync } from 'node:fs';
import type { Config } from '../shared/config/config.js';

/** As often as uWSGI looks. */
const LOOK_EVERY_MS = 1_000;

/** Idle where no file is named. */
export class TouchWatch {
  private timer: NodeJS.Timeout | null = null;
  /** Files and when they were last changed; null: they are not there. */
  private known: ReadonlyMap<string, number | null> = new Map();

  /** @param onTouch called with the file */
  constructor(private readonly onTouch: (file: string) => void) {}

  /** Begins, or goes on by a configuration that was read anew: what was touched meanwhile counts. */
  watch({ touchReload }: Pick<Config, 'touchReload'>): void {
    this.stop();
    const before = this.known;
    this.known = new Map(touchReload.map((file) => [file, before.get(file) ?? changeOf(file)]));
    if (touchReload.length > 0) this.timer = setInterval(() => this.look(), LOOK_EVERY_MS).unref();
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  /** A file that is gone is waited for. */
  look(): void {
    const now = [...this.known].map(([file]): [string, number | null] => [file, changeOf(file)]);
    const touched = now.find(([file, changed]) => changed !== null && changed !== this.known.get(file));
    this.known = new Map(now);
    if (touched !== undefined) this.onTouch(touched[0]);
  }
}

function changeOf(file: string): number | null {
  try {
    return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? null;
  } catch {
    return null;
  }
}
