/** What lets every user of this machine listen on 80 and 443 (Linux), and how that is taken back. */
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import type { Step } from '../../certificates/trust/trust-store.js';

/** What is asked of the machine. */
export interface PortsMachine {
  readonly platform: NodeJS.Platform;
  /** Stands before each path; empty: this machine's own. */
  readonly root: string;
  /** Undefined where it cannot be read. */
  read(path: string): string | undefined;
}

/** Steps to take, or why there are none. */
export interface PortsPlan {
  readonly text: string;
  readonly steps: readonly Step[];
}

const KEY = 'net.ipv4.ip_unprivileged_port_start';
const VALUE_FILE = '/proc/sys/net/ipv4/ip_unprivileged_port_start';
const RULE_FILE = '/etc/sysctl.d/50-tlsfront.conf';
/** The first line of our file, with what held before. */
const MARK = '# Written by tlsfront setup; before:';
const FIRST_PORT = 80;
/** What the kernel begins with. */
const USUAL = 1024;

const RULE_NAME = `${RULE_FILE} (ports from ${FIRST_PORT} on for every user)`;

/** What `setup` does. */
export function planPorts({ platform, root, read }: PortsMachine): PortsPlan {
  if (platform !== 'linux')
    return { text: `ports 80 and 443: ${OTHER_SYSTEMS[platform] ?? UNKNOWN}`, steps: [] };
  const now = Number(read(posix.join(root, VALUE_FILE)) ?? Number.NaN);
  if (Number.isNaN(now)) return { text: `ports 80 and 443: this kernel has no ${KEY}`, steps: [] };
  if (now <= FIRST_PORT) return { text: 'ports 80 and 443: every user may have them already', steps: [] };
  const rule = read(posix.join(root, RULE_FILE));
  if (rule !== undefined && !isOurs(rule)) {
    return { text: `ports 80 and 443: ${RULE_FILE} is there, and not by us`, steps: [] };
  }
  const before = rule === undefined ? now : beforeOf(rule);
  const file = posix.join(root, RULE_FILE);
  const script = `mkdir -p ${posix.dirname(file)} && printf '%s\\n' '${MARK} ${before}' '${KEY} = ${FIRST_PORT}' > ${file}`;
  return {
    text: `ports 80 and 443: ${RULE_NAME}`,
    steps: [
      { argv: ['sh', '-c', script], asRoot: true },
      { argv: ['sysctl', '-q', '-w', `${KEY}=${FIRST_PORT}`], asRoot: true },
    ],
  };
}

/** What `setup --undo` does: only what a file of ours stands for. */
export function planPortsUndo({ root, read }: PortsMachine): PortsPlan {
  const file = posix.join(root, RULE_FILE);
  const rule = read(file);
  if (rule === undefined || !isOurs(rule)) return { text: 'ports 80 and 443: nothing of ours', steps: [] };
  return {
    text: `ports 80 and 443: without ${RULE_NAME}`,
    steps: [
      { argv: ['rm', '-f', file], asRoot: true },
      { argv: ['sysctl', '-q', '-w', `${KEY}=${beforeOf(rule)}`], asRoot: true },
    ],
  };
}

function isOurs(rule: string): boolean {
  return rule.startsWith(MARK);
}

/** Root writes this file; what is no port there is the usual one. */
function beforeOf(rule: string): number {
  const before = Number(/^ (\d{1,5})$/m.exec(rule.slice(MARK.length).split('\n')[0] ?? '')?.[1] ?? USUAL);
  return before <= 65_535 ? before : USUAL;
}

const UNKNOWN = 'not known for this system; 8443 is taken where 443 is not permitted';
const OTHER_SYSTEMS: Partial<Record<NodeJS.Platform, string>> = {
  darwin: 'macOS has no such setting for loopback; 8443 is taken where 443 is not permitted',
  win32: 'Windows permits them to every user',
};

/** The text of a file; undefined where it cannot be read. */
export function readOrNone(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
