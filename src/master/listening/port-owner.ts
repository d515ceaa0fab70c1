/** Which process listens on a port, where the system lets us know. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { FrontError } from '../../shared/errors.js';

/** The error of a port that is in use, with the name of the process that holds it; any other as it is. */
export function nameOwner(error: unknown): unknown {
  if (!(error instanceof FrontError) || error.code !== 'listen_failed') return error;
  const { cause } = error;
  const inUse = typeof cause === 'object' && cause !== null && 'inUse' in cause ? cause.inUse : null;
  if (typeof inUse !== 'object' || inUse === null || !('port' in inUse)) return error;
  const owner = findPortOwner(Number(inUse.port));
  if (owner === null) return error;
  return new FrontError('listen_failed', error.message.replace('another process', owner), {
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    cause,
  });
}

/** `nginx (pid: 812)`, or null when it cannot be known (other systems, other users' processes). */
export function findPortOwner(port: number): string | null {
  const inodes = new Set([
    ...listeningInodes('/proc/net/tcp', port),
    ...listeningInodes('/proc/net/tcp6', port),
  ]);
  if (inodes.size === 0) return null;
  for (const pid of listFolder('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    for (const descriptor of listFolder(`/proc/${pid}/fd`)) {
      const match = /^socket:\[(\d+)\]$/.exec(readLink(`/proc/${pid}/fd/${descriptor}`));
      if (match?.[1] !== undefined && inodes.has(match[1])) return `${readName(pid)} (pid: ${pid})`;
    }
  }
  return null;
}

/** Inodes of listening sockets (state 0A) in a table of proc_net_tcp(5). */
function listeningInodes(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const inodes: string[] = [];
  for (const line of readText(table).split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/);
    const inode = fields[9];
    if (fields[1]?.endsWith(suffix) && fields[3] === '0A' && inode !== undefined) inodes.push(inode);
  }
  return inodes;
}

function readName(pid: string): string {
  return readText(`/proc/${pid}/comm`).trim() || 'a process';
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function readLink(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return '';
  }
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
