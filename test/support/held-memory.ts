/**
 * What a process really holds: objects and buffers that are alive, without the garbage, the spare heap and the allocator's
 * leftovers that make resident memory another figure on every machine and under every load.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { within } from './deadline.js';
import { PACKAGE_ROOT } from './workspace.js';

const ANSWER_MS = 20_000;
const SAMPLE_MS = 100;
/** A sample costs at most so small a share of the time. */
const PAUSES_A_SAMPLE = 8;
const PROBE = pathToFileURL(join(PACKAGE_ROOT, 'dist/test/support/memory-probe.js'));

/** Made before a program, whose Node must get `nodeArguments`; `remove` it after the program's end. */
export class HeldMemory {
  private readonly folder = mkdtempSync(join(tmpdir(), 'tlsfront-held-'));

  /** @param program how the path of the process ends that is asked: a router among the processes of a front */
  constructor(private readonly program = 'proxy/main.js') {}

  /** For Node itself, before the command. */
  get nodeArguments(): readonly string[] {
    const url = new URL(PROBE);
    url.searchParams.set('socket', this.path);
    url.searchParams.set('program', this.program);
    return ['--import', url.href];
  }

  private get path(): string {
    return join(this.folder, 'probe');
  }

  /** MiB that the process of this pid holds at this moment; its garbage is collected. */
  async mib(pid: number): Promise<number> {
    const text = new Promise<string>((resolve, reject) => {
      let text = '';
      const socket = connect(`${this.path}.${pid}`);
      socket.setEncoding('latin1').on('data', (part: string) => {
        text += part;
      });
      socket.once('end', () => resolve(text));
      socket.once('error', reject);
    });
    return Number(await within(text, ANSWER_MS, 'what a process holds')) / 1024 ** 2;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Asks again and again what is held, and keeps the most. */
export class HeldWatch {
  private isOver = false;
  private settleOver: () => void = () => undefined;
  private readonly over = new Promise<void>((resolve) => {
    this.settleOver = resolve;
  });
  private readonly most: Promise<number>;

  private constructor(
    private readonly ask: () => Promise<number>,
    private readonly firstMib: number,
  ) {
    this.most = this.run();
    // An attack that fails is heard of first.
    this.most.catch(() => undefined);
  }

  static async begin(ask: () => Promise<number>): Promise<HeldWatch> {
    return new HeldWatch(ask, await ask());
  }

  /** One more sample, the last. */
  stop(): void {
    this.isOver = true;
    this.settleOver();
  }

  /** How much more than at the beginning it was at most. */
  mostMib(): Promise<number> {
    return this.most;
  }

  private async run(): Promise<number> {
    let mostMib = this.firstMib;
    let pauseMs = SAMPLE_MS;
    do {
      await Promise.race([pause(pauseMs, undefined, { ref: false }), this.over]);
      const askedMs = performance.now();
      mostMib = Math.max(mostMib, await this.ask());
      // Where a collection takes long, on a busy machine, the process must do more than that.
      pauseMs = Math.max(SAMPLE_MS, PAUSES_A_SAMPLE * (performance.now() - askedMs));
    } while (!this.isOver);
    return mostMib - this.firstMib;
  }
}

/** Resident memory of a process in MiB. */
export function residentMib(pid: number): number {
  const found = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
  return Number(found?.[1]) / 1024;
}
