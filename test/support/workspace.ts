/** A private temporary folder for one test, removed when the test is over. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PROGRAMS } from '../../src/system/package-files.js';

/** The package's root folder (compiled tests run from dist/test/support). */
export const PACKAGE_ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** A program as it is published, in its bundle; where mutants are tried there is none, and the modules run. */
export function builtProgram(program: keyof typeof PROGRAMS): string {
  const bundle = join(PACKAGE_ROOT, 'dist/bundle', PROGRAMS[program]);
  return existsSync(bundle) ? bundle : join(PACKAGE_ROOT, 'dist', PROGRAMS[program]);
}

/** Full path of a file below test/support/fixtures. */
export function fixture(name: string): string {
  return join(PACKAGE_ROOT, 'test/support/fixtures', name);
}

/** Whatever runs steps when it is over: a test, or a group by Afterwards. */
export interface Ending {
  after(step: () => unknown): void;
}

/** Collects in a `before` hook what the `after` hook must run, the last first. */
export class Afterwards implements Ending {
  private readonly steps: (() => unknown)[] = [];

  after(step: () => unknown): void {
    this.steps.unshift(step);
  }

  async run(): Promise<void> {
    for (const step of this.steps) await step();
  }
}

export interface Workspace {
  /** The folder, mode 0700, with no symbolic link in its path. */
  readonly path: string;
  /** Full path of `name` inside the folder. */
  at(name: string): string;
  /** Writes a file (folders are made as needed) and returns its full path. */
  write(name: string, content: string | Uint8Array, mode?: number): string;
}

function remove(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 3 });
}

/** Makes the folder; it is removed with all it holds after the test `t`, whether it passed or failed. */
export function makeWorkspace(t: Ending): Workspace {
  const path = mkdtempSync(join(tmpdir(), 'tlsfront-test-'));
  t.after(() => {
    try {
      remove(path);
    } catch {
      // Something that still runs writes into it: the hooks that end it come after this one.
      process.once('exit', () => remove(path));
    }
  });
  const at = (name: string): string => join(path, name);
  return {
    path,
    at,
    write(name, content, mode = 0o600) {
      const file = at(name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content, { mode });
      return file;
    },
  };
}
