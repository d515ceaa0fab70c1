/** Which test files run which parts of the code: measured once a test file, kept beside the compiled code. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ScriptCoverage } from './coverage-probe.js';

/** Places of one file that ran: starts and ends in turn, as offsets of the text with this hash. */
interface Covered {
  readonly hash: string;
  readonly parts: readonly number[];
}

/** One test file, measured. */
export interface Measured {
  /** Of the compiled test; another one is measured again. */
  readonly hash: string;
  readonly passed: boolean;
  readonly ms: number;
  readonly files: Readonly<Record<string, Covered>>;
}

export function hashOf(path: string): string {
  return createHash('sha1').update(readFileSync(path)).digest('base64url');
}

export class CoverageMap {
  readonly #path: string;
  readonly #tests: Record<string, Measured>;

  /** @param dist the folder of the compiled code, which holds the map too */
  constructor(dist: string) {
    this.#path = join(dist, '.mutate-coverage.json');
    this.#tests = existsSync(this.#path) ? JSON.parse(readFileSync(this.#path, 'utf8')) : {};
  }

  get(test: string): Measured | undefined {
    return this.#tests[test];
  }

  set(test: string, measured: Measured): void {
    this.#tests[test] = measured;
    // Another run may read it meanwhile.
    const part = `${this.#path}.${process.pid}`;
    writeFileSync(part, JSON.stringify(this.#tests));
    renameSync(part, this.#path);
  }

  /** The test files that run this place; where the file has changed since, those that run anything of it. */
  runnersOf(file: string, offset: number, hash: string): readonly string[] {
    return Object.entries(this.#tests)
      .filter(([, { passed, files }]) => {
        const covered = files[file];
        if (!passed || covered === undefined) return false;
        return covered.hash !== hash || holds(covered.parts, offset);
      })
      .map(([test]) => test);
  }
}

function holds(parts: readonly number[], offset: number): boolean {
  for (let at = 0; at < parts.length; at += 2) {
    if ((parts[at] ?? 0) <= offset && offset < (parts[at + 1] ?? 0)) return true;
  }
  return false;
}

/** Reads and removes what the probes of a test's processes left in `folder`. */
export function collect(folder: string, dist: string): Readonly<Record<string, Covered>> {
  const painted = new Map<string, Uint8Array>();
  if (!existsSync(folder)) return {};
  for (const name of readdirSync(folder)) {
    if (name.endsWith('.json')) {
      const scripts: readonly ScriptCoverage[] = JSON.parse(readFileSync(join(folder, name), 'utf8'));
      for (const script of scripts) paint(painted, script, dist);
    }
    rmSync(join(folder, name));
  }
  const files: Record<string, Covered> = {};
  for (const [file, ran] of painted) files[file] = { hash: hashOf(join(dist, file)), parts: partsOf(ran) };
  return files;
}

function paint(painted: Map<string, Uint8Array>, script: ScriptCoverage, dist: string): void {
  const file = decodeURIComponent(new URL(script.url).pathname).slice(dist.length + 1);
  if (!existsSync(join(dist, file))) return;
  const all = painted.get(file) ?? new Uint8Array(readFileSync(join(dist, file), 'utf8').length);
  painted.set(file, all);
  const ran = new Uint8Array(all.length);
  for (const { ranges } of script.functions) {
    for (const { startOffset, endOffset, count } of ranges)
      ran.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  }
  for (let at = 0; at < all.length; at++) if (ran[at] === 1) all[at] = 1;
}

function partsOf(ran: Uint8Array): readonly number[] {
  const parts: number[] = [];
  for (let at = 0; at <= ran.length; at++) {
    if ((ran[at] ?? 0) !== (ran[at - 1] ?? 0)) parts.push(at);
  }
  return parts;
}
