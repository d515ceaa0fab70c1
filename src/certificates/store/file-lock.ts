/** An exclusive lock between processes on one folder, which outlives no dead holder. */
import { randomUUID } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { link, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { FrontError } from '../../shared/errors.js';
import { systemCode } from '../../shared/system-error.js';
import { fileFailure } from './file-failure.js';

const POLL_MS = 25;
const HEARTBEAT_MS = 3_000;
/** A holder that gave no sign for so long is taken for dead, whatever its process id says (another host, another container). */
const STALE_MS = 20_000;
const WAIT_MS = 60_000;
/** A lock that nobody can be named for: its writer has died in the middle of writing, or is about to write. */
const UNREADABLE_MS = 2_000;
/** What link(2) says where a file system has no hard links. */
const LINKLESS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

interface Holder {
  readonly pid: number;
  readonly realm: string;
  readonly token: string;
}

const heldTokens = new Set<string>();

/**
 * Runs the work while this process alone holds the lock file.
 * @throws FrontError config_invalid when the lock file cannot be made
 * @throws FrontError internal when another living process keeps the lock for a minute.
 */
export async function withFileLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const holder: Holder = { pid: process.pid, realm: processRealm(), token: randomUUID() };
  // Before the file exists, so that no neighbour in this process takes it for a dead process's lock.
  heldTokens.add(holder.token);
  let heartbeat: NodeJS.Timeout | undefined;
  try {
    await acquire(path, holder);
    heartbeat = setInterval(() => touch(path), HEARTBEAT_MS);
    heartbeat.unref();
    return await work();
  } finally {
    clearInterval(heartbeat);
    await release(path, holder);
    heldTokens.delete(holder.token);
  }
}

async function acquire(path: string, holder: Holder): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  while (!(await createExclusively(path, JSON.stringify(holder)))) {
    if (await isAbandoned(path)) {
      await breakLock(path, holder);
    } else if (Date.now() > deadline) {
      throw new FrontError('internal', `the lock ${path} is held by another process`, {
        hint: 'end the other tlsfront process, or delete the lock file when there is none',
      });
    } else {
      await delay(POLL_MS);
    }
  }
}

/** The file appears with its whole content or not at all: a disk that is full leaves no empty lock behind. */
async function createExclusively(path: string, content: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(draft, content, { flag: 'wx', mode: 0o600 });
    await link(draft, path);
    return true;
  } catch (cause) {
    if (systemCode(cause) === 'EEXIST') return false;
    if (LINKLESS.has(systemCode(cause) ?? '')) return createWithoutLink(path, content);
    throw unmade(path, cause);
  } finally {
    await rm(draft, { force: true });
  }
}

/** For file systems without hard links, and Windows. */
async function createWithoutLink(path: string, content: string): Promise<boolean> {
  try {
    await writeFile(path, content, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (cause) {
    // Windows answers EPERM while another process is deleting the file.
    if (systemCode(cause) === 'EEXIST' || (process.platform === 'win32' && systemCode(cause) === 'EPERM')) {
      return false;
    }
    // What was made of it is ours: it was not there before.
    await rm(path, { force: true });
    throw unmade(path, cause);
  }
}

function unmade(path: string, cause: unknown): FrontError {
  const code = systemCode(cause);
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  const isReadOnly = code === 'EROFS';
  return new FrontError('config_invalid', `the lock file ${path} cannot be made: ${fileFailure(cause)}`, {
    hint: isFull
      ? 'make room on that disk, or set XDG_DATA_HOME to a folder on another'
      : isReadOnly
        ? 'give a certificate with --cert, or set XDG_DATA_HOME to a folder that can be written, such as a tmpfs'
        : 'make its folder writable for this user',
    cause,
  });
}

/**
 * Only one process at a time may judge and remove a dead holder's lock; otherwise the second remover could take away
 * the lock that a third has just made.
 */
async function breakLock(path: string, holder: Holder): Promise<void> {
  const guard = `${path}.break`;
  if (!(await createExclusively(guard, JSON.stringify(holder)))) {
    if (await isAbandoned(guard)) await rm(guard, { force: true });
    await delay(POLL_MS);
    return;
  }
  try {
    if (await isAbandoned(path)) await rm(path, { force: true });
  } finally {
    await rm(guard, { force: true });
  }
}

async function isAbandoned(path: string): Promise<boolean> {
  const holder = await readHolder(path);
  if (holder !== undefined && holder.realm === processRealm()) {
    if (holder.pid === process.pid) return !heldTokens.has(holder.token);
    if (!isAlive(holder.pid)) return true;
  }
  return isOlderThan(path, holder === undefined ? UNREADABLE_MS : STALE_MS);
}

async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    return isHolder(value) ? value : undefined;
  } catch {
    // Gone meanwhile, or its writer has not finished: the next look decides.
    return undefined;
  }
}

function isHolder(value: unknown): value is Holder {
  return (
    typeof value === 'object' &&
    value !== null &&
    'pid' in value &&
    typeof value.pid === 'number' &&
    'realm' in value &&
    typeof value.realm === 'string' &&
    'token' in value &&
    typeof value.token === 'string'
  );
}

async function isOlderThan(path: string, ageMs: number): Promise<boolean> {
  try {
    return Date.now() - (await stat(path)).mtimeMs > ageMs;
  } catch {
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return systemCode(cause) !== 'ESRCH';
  }
}

/** Where a process id means something: containers share folders and host names, but not process ids. */
function processRealm(): string {
  try {
    return `${hostname()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}

function touch(path: string): void {
  const now = new Date();
  utimes(path, now, now).catch(() => {
    // The lock was broken by someone who took us for dead; release() sees that it is not ours.
  });
}

async function release(path: string, holder: Holder): Promise<void> {
  if ((await readHolder(path))?.token === holder.token) await rm(path, { force: true });
}
