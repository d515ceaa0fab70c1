/** Finds the ports on which the processes of an app listen, by what each system tells about its sockets. */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { listSession } from './process-group.js';

const TOOL_TIMEOUT_MS = 5000;
/** State of a listening socket in a table of proc_net_tcp(5). */
const LISTEN_STATE = '0A';
/** Addresses of listeners that loopback reaches. */
const REACHED_BY: ReadonlyMap<string, readonly string[]> = new Map([
  ['0.0.0.0', ['127.0.0.1']],
  ['*', ['127.0.0.1', '::1']],
  ['::', ['127.0.0.1', '::1']],
]);

/** A listening TCP socket, as loopback reaches it. */
export interface ListeningPort {
  readonly port: number;
  /** Addresses to try, the likeliest first; never empty. */
  readonly hosts: readonly string[];
}

/**
 * The listening ports of an app's session (Linux), process group (macOS) or process tree (Windows).
 * @param leader pid of the process that the app began with
 * @returns empty where the system does not tell
 */
export async function findListeningPorts(leader: number): Promise<readonly ListeningPort[]> {
  if (process.platform === 'linux') return listLinux(leader);
  if (process.platform === 'win32') return listWindows(leader);
  return parseLsof(await run('lsof', ['-nP', '-a', '-g', String(leader), '-iTCP', '-sTCP:LISTEN', '-Fn']));
}

function listLinux(leader: number): readonly ListeningPort[] {
  const inodes = new Set<string>();
  for (const pid of listSession(leader)) {
    for (const inode of socketInodes(pid)) inodes.add(inode);
  }
  if (inodes.size === 0) return [];
  return mergePorts([
    ...parseProcTable(readTable('/proc/net/tcp'), inodes),
    ...parseProcTable(readTable('/proc/net/tcp6'), inodes),
  ]);
}

function socketInodes(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((descriptor) => {
      const link = readLink(`/proc/${pid}/fd/${descriptor}`);
      return link.startsWith('socket:[') ? [link.slice('socket:['.length, -1)] : [];
    });
  } catch {
    // It has ended, or took another identity.
    return [];
  }
}

function readLink(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return '';
  }
}

function readTable(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    // A kernel without IPv6 has no tcp6.
    return '';
  }
}

type Socket = readonly [host: string, port: number];

/** Listening sockets of a table of proc_net_tcp(5) whose inode is one of those. */
export function parseProcTable(table: string, inodes: ReadonlySet<string>): readonly Socket[] {
  return table.split('\n').flatMap((line) => {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
    if (state !== LISTEN_STATE || !inodes.has(inode)) return [];
    const [address = '', port = ''] = local.split(':');
    return [[hostOfHex(address), Number.parseInt(port, 16)] as const];
  });
}

/** The address of four or sixteen bytes, which the kernel prints as words of its own byte order. */
function hostOfHex(hex: string): string {
  if (/^0+$/.test(hex)) return hex.length === 8 ? '0.0.0.0' : '::';
  if (hex.length === 8) {
    const bytes = Buffer.from(hex, 'hex');
    return `${bytes[3]}.${bytes[2]}.${bytes[1]}.${bytes[0]}`;
  }
  // ::1, or an IPv4 address in IPv6 form.
  if (hex === '00000000000000000000000001000000') return '::1';
  if (hex.startsWith('0000000000000000FFFF0000')) return hostOfHex(hex.slice(24));
  return hex;
}

/** Output of `lsof -Fn`: lines like `n127.0.0.1:5173`, `n[::1]:5173`, `n*:5173`. */
export function parseLsof(text: string): readonly ListeningPort[] {
  return mergePorts(
    text.split('\n').flatMap((line) => (line.startsWith('n') ? splitAddress(line.slice(1)) : [])),
  );
}

function splitAddress(text: string): readonly Socket[] {
  const colon = text.lastIndexOf(':');
  const port = Number(text.slice(colon + 1));
  if (colon <= 0 || !Number.isInteger(port) || port === 0) return [];
  return [[text.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port]];
}

async function listWindows(leader: number): Promise<readonly ListeningPort[]> {
  const script = 'Get-CimInstance Win32_Process | ForEach-Object { "$($_.ProcessId) $($_.ParentProcessId)" }';
  const [processes, sockets] = await Promise.all([
    run('powershell', ['-NoProfile', '-NonInteractive', '-Command', script]),
    run('netstat', ['-ano', '-p', 'TCP']).then(
      async (text) => text + (await run('netstat', ['-ano', '-p', 'TCPv6'])),
    ),
  ]);
  return parseNetstat(sockets, descendants(processes, leader));
}

/** Pids of the tree under `leader`, itself included; each line of the text is `pid parent`. */
export function descendants(text: string, leader: number): ReadonlySet<number> {
  const rows = text.split('\n').map((line) => line.trim().split(/\s+/).map(Number));
  const tree = new Set([leader]);
  for (let size = 0; size !== tree.size; ) {
    size = tree.size;
    for (const [pid, parent] of rows) {
      if (pid !== undefined && parent !== undefined && tree.has(parent)) tree.add(pid);
    }
  }
  return tree;
}

/** Output of `netstat -ano` on Windows: `  TCP    [::1]:5173    [::]:0    LISTENING    1234`. The state's word is translated, the peer's port 0 is not. */
export function parseNetstat(text: string, pids: ReadonlySet<number>): readonly ListeningPort[] {
  return mergePorts(
    text.split('\n').flatMap((line) => {
      const [protocol, local = '', peer = '', , pid] = line.trim().split(/\s+/);
      if (protocol !== 'TCP' || !peer.endsWith(':0') || !pids.has(Number(pid))) return [];
      return splitAddress(local);
    }),
  );
}

/** One entry a port, without addresses that loopback does not reach. */
function mergePorts(sockets: readonly Socket[]): readonly ListeningPort[] {
  const ports = new Map<number, Set<string>>();
  for (const [host, port] of sockets) {
    const hosts = REACHED_BY.get(host) ?? (host === '::1' || host.startsWith('127.') ? [host] : []);
    if (hosts.length === 0) continue;
    const known = ports.get(port) ?? new Set();
    for (const reached of hosts) known.add(reached);
    ports.set(port, known);
  }
  return [...ports].map(([port, hosts]) => ({ port, hosts: [...hosts].sort() }));
}

function run(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    // lsof ends with 1 when it has found nothing.
    execFile(program, args, { timeout: TOOL_TIMEOUT_MS, windowsHide: true }, (_error, stdout) =>
      resolve(stdout),
    );
  });
}
