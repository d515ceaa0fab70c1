/** Starts the bench's processes and ends each of them, with its descendants, by pid. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Launch } from './contract.js';
import { readStat, readTree } from './process-tree.js';

/** File descriptors wanted for 10,000 idle connections on both sides of a proxy. */
const WANTED_DESCRIPTORS = 65_536;
const RAISE_LIMIT = `ulimit -n ${WANTED_DESCRIPTORS} 2>/dev/null || ulimit -n "$(ulimit -H -n)"`;
const KEPT_OUTPUT_CHARACTERS = 4_000;
const END_GRACE_MS = 2_000;

export interface Child {
  readonly process: ChildProcess;
  readonly pid: number;
  /** The last lines it wrote, both channels. */
  tail(): string;
}

const living = new Set<Child>();

/**
 * Spawns a command with as many file descriptors as the system grants: peers do not raise
 * their soft limit by themselves. `exec` keeps the pid ours.
 */
export function startChild(launch: Launch): Child {
  const script = `${RAISE_LIMIT}; exec "$0" "$@"`;
  const spawned = spawn('/bin/sh', ['-c', script, launch.command, ...launch.arguments], {
    env: { ...process.env, ...launch.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString('latin1')).slice(-KEPT_OUTPUT_CHARACTERS);
  };
  spawned.stderr.on('data', keep);
  spawned.stdout.on('data', keep);
  spawned.on('error', (error) => keep(Buffer.from(error.message)));
  const child: Child = { process: spawned, pid: spawned.pid ?? -1, tail: () => output.trim() };
  living.add(child);
  spawned.once('exit', () => living.delete(child));
  return child;
}

/** How many file descriptors a child of ours can have. */
export function readDescriptorLimit(): number {
  const answer = execFileSync('/bin/sh', ['-c', `${RAISE_LIMIT}; ulimit -n`], { encoding: 'utf8' }).trim();
  return answer === 'unlimited' ? Number.POSITIVE_INFINITY : Number(answer);
}

/** A port of 127.0.0.1 that nobody listens on now. */
export function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address !== null && typeof address === 'object') resolve(address.port);
        else reject(new Error('no port was assigned'));
      });
    });
  });
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Resolves once the child accepts on the port; throws with the child's last words when it ends or `limitMs` is over. */
export async function waitUntilAccepting(child: Child, port: number, limitMs: number): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await accepts(port))) {
    if (child.process.exitCode !== null || child.process.signalCode !== null) {
      throw new Error(`ended before it listened: ${child.tail() || 'it said nothing'}`);
    }
    if (performance.now() > end) throw new Error(`not listening after ${limitMs} ms: ${child.tail()}`);
    await pause(2);
  }
}

/** Ends the child and every process below it: SIGTERM, then SIGKILL after two seconds to what is left. */
export async function endChild(child: Child): Promise<void> {
  const starts = new Map<number, number>();
  for (const pid of readTree(child.pid).pids) {
    const stat = readStat(pid);
    if (stat !== null) starts.set(pid, stat.startTicks);
  }
  // A pid may have been given to a stranger meanwhile: the start time tells.
  const isOurs = ([pid, start]: [number, number]): boolean => readStat(pid)?.startTicks === start;
  child.process.kill('SIGTERM');
  const end = performance.now() + END_GRACE_MS;
  while ([...starts].some(isOurs) && performance.now() < end) await pause(10);
  for (const entry of [...starts].filter(isOurs)) {
    try {
      process.kill(entry[0], 'SIGKILL');
    } catch {
      // It ended between the look and the signal.
    }
  }
  living.delete(child);
}

/** Ends everything that is still up. */
export async function endAll(): Promise<void> {
  await Promise.all([...living].map(endChild));
}
