/** The app's own process: spawned in a session of its own, output passed on, ended with all it started. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { FrontError } from '../src/shared/errors.js';
import type { LineStyle } from '../src/shared/log-lines.js';
import { signalGroup } from '../src/shared/process-group.js';
import { systemCode } from '../src/shared/system-error.js';
import { type DescriptorWriter, openStandardStream } from '../src/system/descriptor-writer.js';
import { openLog } from '../src/system/log-output.js';
import type { Launch } from './launch.js';
import { relayLines, styledLine } from './output.js';
import { isGroupAlive, killAll } from './process-group.js';

const LAST_LINES = 20;
const LAST_LINE_CHARACTERS = 500;
/** After the app's end: how long its pipes and our own output may take to run empty. */
const OUTPUT_MERCY_MS = 1000;
const GROUP_POLL_MS = 20;

export interface AppEnd {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface AppProcess {
  readonly pid: number;
  /** Resolves once the app and all its group are gone and its output has been passed on. */
  readonly exited: Promise<AppEnd>;
  /** SIGTERM to the group, SIGKILL when `mercyMs` are over. Calling again sets a new deadline. */
  end(mercyMs: number): void;
  /** False until the text that the launch waits for was printed. */
  readonly loaded: boolean;
  /** The last lines written, oldest first, without the prefix. */
  lastLines(): string[];
  /** Output goes to this file from now on. @throws Error of the system when it cannot be opened: it goes on where it went */
  reopenLog(file: string): void;
  /** What the output is written with; see leaveProcess. */
  readonly writers: readonly DescriptorWriter[];
}

/** What becomes of its output. */
export interface OutputPlan {
  readonly prefix: string;
  readonly lines: LineStyle;
  /** It writes to our terminal itself: nothing is remembered, nothing is put before its lines. */
  readonly hasTerminal: boolean;
}

/**
 * Spawns the app.
 * @throws FrontError worker_failed with a hint when the program is missing or not executable
 */
export async function spawnApp(
  launch: Launch,
  { prefix, lines, hasTerminal }: OutputPlan,
): Promise<AppProcess> {
  const child = spawn(launch.program, launch.args, {
    // setsid: one signal reaches the whole tree, and a terminal's Ctrl-C reaches none of it. A terminal that is not
    // that of the session may still be read and written: job control asks for its own members alone.
    detached: true,
    stdio: hasTerminal ? 'inherit' : ['pipe', 'pipe', 'pipe'],
    env: launch.environment,
  });
  try {
    await once(child, 'spawn');
  } catch (error) {
    throw describeSpawnError(launch, error);
  }
  return new Running(child, launch, prefix, lines);
}

class Running implements AppProcess {
  readonly pid: number;
  readonly exited: Promise<AppEnd>;
  loaded: boolean;
  private readonly lines: Buffer[] = [];
  readonly writers = [openStandardStream(1), openStandardStream(2)];
  private deadline: NodeJS.Timeout | undefined;
  /** True between end() and the SIGKILL: the rest of the group may finish its work after the leader is gone. */
  private mercy = false;

  constructor(child: ChildProcess, launch: Launch, prefix: string, lines: LineStyle) {
    this.loaded = launch.loadedText === undefined;
    this.pid = child.pid ?? 0;
    // Held open: Vite, esbuild and others quit at the end of their standard input.
    child.stdin?.on('error', () => undefined);
    if (launch.remark !== undefined)
      this.writers[0]?.write(styledLine(launch.remark, { prefix, lines, stream: 'stdout' }));
    const remember = (line: Buffer): void => this.remember(line, launch.loadedText);
    [child.stdout, child.stderr].forEach((source, index) => {
      const writer = this.writers[index];
      const stream = index === 0 ? 'stdout' : 'stderr';
      if (source !== null && writer !== undefined)
        relayLines(source, writer, { prefix, lines, stream }, remember);
    });
    this.exited = this.watch(child);
  }

  end(mercyMs: number): void {
    this.mercy = true;
    clearTimeout(this.deadline);
    signalGroup(this.pid, 'SIGTERM');
    this.deadline = setTimeout(() => {
      this.mercy = false;
      killAll(this.pid);
    }, mercyMs);
  }

  lastLines(): string[] {
    return this.lines.map((line) => line.toString('utf8').trimEnd().slice(0, LAST_LINE_CHARACTERS));
  }

  reopenLog(file: string): void {
    for (const writer of this.writers) writer.moveTo(openLog(file));
  }

  private async watch(child: ChildProcess): Promise<AppEnd> {
    const closed = once(child, 'close');
    const end = await new Promise<AppEnd>((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }));
    });
    while (this.mercy && isGroupAlive(this.pid)) await pause(GROUP_POLL_MS);
    clearTimeout(this.deadline);
    killAll(this.pid);
    const written = closed.then(() => Promise.all(this.writers.map(empty)));
    await Promise.race([written, pause(OUTPUT_MERCY_MS)]);
    return end;
  }

  private remember(line: Buffer, loadedText: string | undefined): void {
    if (!this.loaded && loadedText !== undefined) this.loaded = line.includes(loadedText);
    this.lines.push(line);
    if (this.lines.length > LAST_LINES) this.lines.shift();
  }
}

function empty(writer: DescriptorWriter): Promise<void> {
  return new Promise((resolve) => writer.whenEmpty(resolve));
}

function describeSpawnError(launch: Launch, error: unknown): FrontError {
  const code = systemCode(error);
  // execvp(3) says EACCES for a name found nowhere once a folder of PATH is closed to the user, as root's are after --uid.
  if (code === 'ENOENT' || (code === 'EACCES' && !launch.program.includes('/'))) {
    return new FrontError('worker_failed', `${launch.program}, command not found`, {
      hint: 'check the spelling, and that the user the app runs as may read its folder on PATH; a script of package.json runs as: npm run NAME',
    });
  }
  if (code === 'EACCES') {
    return new FrontError('worker_failed', `${launch.program}, not executable`, {
      hint: `chmod +x ${launch.program}, or name its interpreter before it`,
    });
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new FrontError('worker_failed', `${launch.program}, ${reason}`, { cause: error });
}
