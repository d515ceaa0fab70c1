/** Spawns a router: its program, descriptors and environment, and a mount namespace of its own where it is to be put into a folder. */
import { type ChildProcess, spawn } from 'node:child_process';
import { enclosedEnvironment, routerEnvironment } from '../../system/child-environment.js';
import { ofOwnMounts } from '../../system/enclosure.js';
import { programFile } from '../../system/package-files.js';

/**
 * V8's young generation is three of these. Its own measure doubled from Node 20 to 24, where a busy router then took 220 MiB instead
 * of 110; requests live so briefly that a larger one saves nothing.
 */
const SEMI_SPACE_MEBIBYTES = 8;

/** Descriptors 0 to 2, then the channel, then the sockets in the order of the listeners. */
export const CHANNEL_DESCRIPTOR = 3;

/** Where a router lives. */
export interface RouterPlace {
  /** The descriptor of its log. */
  readonly output: number | 'inherit';
  /** What it is to see as its root; null: the machine's. */
  readonly chroot: string | null;
}

/** @param sockets descriptors that it inherits behind the channel */
export function spawnRouter({ output, chroot }: RouterPlace, sockets: readonly number[]): ChildProcess {
  const own = [...process.execArgv, `--max-semi-space-size=${SEMI_SPACE_MEBIBYTES}`, programFile('router')];
  const [program, args] =
    chroot === null ? ([process.execPath, own] as const) : ofOwnMounts(process.execPath, own);
  return spawn(program, args, {
    stdio: ['ignore', output, output, 'pipe', ...sockets],
    env: chroot === null ? routerEnvironment() : enclosedEnvironment(),
  });
}
