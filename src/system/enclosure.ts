/**
 * Makes a folder all that a process of ours can see. Node has no chroot(2); Linux moves the root of every process of a mount namespace
 * by pivot_root(2), which programs of util-linux call for us, while the process runs with all that it needs in memory.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { FrontError } from '../shared/errors.js';

const run = promisify(execFile);
const PATIENCE_MS = 10_000;

/** The folder becomes a mount of its own and then the root, with the old one hidden above it. */
const PIVOT = 'mount --rbind "$0" "$0" && cd "$0" && pivot_root . .';

/** A command whose process has a mount namespace of its own, under the same process id: `encloseProcess` can close it in. */
export function ofOwnMounts(
  program: string,
  args: readonly string[],
): readonly [program: string, args: readonly string[]] {
  return ['unshare', ['--mount', '--propagation', 'private', '--', program, ...args]];
}

/**
 * Gives a running process this folder as its root. What it has open stays open.
 * @throws FrontError config_invalid where this machine does not let us
 */
export async function encloseProcess(pid: number, folder: string): Promise<void> {
  const mounts = `--mount=/proc/${pid}/ns/mnt`;
  const options = { timeout: PATIENCE_MS };
  try {
    await run('nsenter', [mounts, 'sh', '-c', PIVOT, folder], options);
    // From outside: within, there is no umount any more.
    await run('nsenter', [mounts, '--root=/', 'umount', '-c', '-l', `/proc/${pid}/root/..`], options);
  } catch (error) {
    throw refusal(folder, reasonOf(error));
  }
  // Whoever sees another root beside its own can reach it.
  const roots = readFileSync(`/proc/${pid}/mountinfo`, 'utf8')
    .split('\n')
    .filter((line) => line.split(' ')[4] === '/');
  if (roots.length !== 1) throw refusal(folder, 'the old root is still in sight');
}

/** What is said where a process cannot be closed in. */
export function refusal(folder: string, reason: string): FrontError {
  return new FrontError(
    'config_invalid',
    `--chroot ${folder}, the routers cannot be put into it: ${reason}`,
    {
      hint: 'it needs Linux, root with CAP_SYS_ADMIN, and unshare, nsenter, mount, umount and pivot_root of util-linux; a container confines without --chroot',
    },
  );
}

function reasonOf(error: unknown): string {
  const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
  const last = said.split('\n').at(-1) ?? '';
  return last !== '' ? last : error instanceof Error ? error.message : String(error);
}
