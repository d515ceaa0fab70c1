/** A copy of the package whose compiled code may be broken, and one test file run in it, with all that it starts ended after. */
import { spawn } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../support/workspace.js';

export type Outcome = 'passed' | 'failed' | 'timed out';

export interface TestRun {
  readonly outcome: Outcome;
  readonly ms: number;
  /** The first test that failed, as the runner names it. */
  readonly failed?: string;
  /** What the runner wrote until then. */
  readonly output: string;
}

/** Tests preload it into their fronts in the place of the probe, which it then brings along. */
const PRELOADED = 'test/support/hasty-watch.js';

/** A test that failed; what is skipped or still to be done is none. */
const NOT_OK = /^\s*not ok \d+ - (?!.*# (?:SKIP|TODO))(.*)$/m;

export class TestCopy {
  readonly root = mkdtempSync(join(tmpdir(), 'mutate-'));
  readonly dist = join(this.root, 'dist');
  /** Every process of a test has this folder for its temporary files, by which it is found. */
  readonly #temporary = join(this.root, 't');

  readonly #preloaded: string;

  constructor() {
    for (const name of readdirSync(PACKAGE_ROOT)) {
      if (name !== 'dist' && name !== '.git') symlinkSync(join(PACKAGE_ROOT, name), join(this.root, name));
    }
    // Without the bundles: mutants are made in modules.
    const bundle = join(PACKAGE_ROOT, 'dist/bundle');
    cpSync(join(PACKAGE_ROOT, 'dist'), this.dist, { recursive: true, filter: (from) => from !== bundle });
    // Tests take this variable away from the fronts that they start, and the probe comes by it.
    this.write('test/support/command.js', this.read('test/support/command.js').replace('|NODE_OPTIONS', ''));
    this.#preloaded = this.read(PRELOADED);
  }

  read(file: string): string {
    return readFileSync(join(this.dist, file), 'utf8');
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.dist, file), text);
  }

  /** @param test below dist/test; @param limitMs a test that takes longer is ended */
  async run(test: string, limitMs: number, probe: boolean): Promise<TestRun> {
    mkdirSync(this.#temporary, { recursive: true });
    this.write(PRELOADED, `${probe ? "import '../mutate/coverage-probe.js';\n" : ''}${this.#preloaded}`);
    const started = performance.now();
    const child = spawn(process.execPath, ['--test-reporter=tap', join(this.dist, 'test', test)], {
      cwd: this.root,
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: {
        ...process.env,
        TMPDIR: this.#temporary,
        NODE_OPTIONS: probe ? `--import=${join(this.dist, 'test/mutate/coverage-probe.js')}` : '',
      },
    });
    let output = '';
    const result = await new Promise<Omit<TestRun, 'ms' | 'output'>>((resolve) => {
      const timer = setTimeout(() => resolve({ outcome: 'timed out' }), limitMs);
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        const failed = NOT_OK.exec(output.slice(0, output.lastIndexOf('\n') + 1))?.[1];
        if (failed !== undefined && !probe) resolve({ outcome: 'failed', failed });
      });
      child.once('exit', (code) => {
        clearTimeout(timer);
        const failed = NOT_OK.exec(output)?.[1];
        if (code === 0 && failed === undefined) resolve({ outcome: 'passed' });
        else resolve({ outcome: 'failed', failed: failed ?? `exit code ${code}` });
      });
    });
    this.#endAll(child.pid);
    return { ...result, output, ms: performance.now() - started };
  }

  remove(): void {
    this.#endAll(undefined);
    rmSync(this.root, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Ends the test and everything that it started, in whatever process group. */
  #endAll(group: number | undefined): void {
    if (group !== undefined) end(-group);
    for (const pid of this.#processes()) end(pid);
    rmSync(this.#temporary, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Linux alone shows the environment of processes; elsewhere the group must do. */
  #processes(): readonly number[] {
    const mark = `TMPDIR=${this.#temporary}`;
    return (process.platform === 'linux' ? readdirSync('/proc') : []).map(Number).filter((pid) => {
      if (!(pid > 0) || pid === process.pid) return false;
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(mark);
      } catch {
        // Ended meanwhile, or another user's.
        return false;
      }
    });
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
