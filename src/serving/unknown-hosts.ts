/** Finds names given with --host that this machine does not look for at itself, and the line that changes that. */
import { lookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { shellWord } from '../certificates/findings.js';
import { ipFamily } from '../shared/addresses/ip-family.js';
import { isLocalhost } from '../shared/addresses/private-names.js';

/** A start waits no longer than this for a slow or absent name server; there is no hint then. */
const PATIENCE_MS = 300;

/** The names of the hosts that lead nowhere, or to another machine. */
export async function findUnknownHosts(hosts: readonly string[]): Promise<readonly string[]> {
  const names = hosts.filter((name) => ipFamily(name) === 0 && !name.startsWith('*') && !isLocalhost(name));
  const own = ownAddresses();
  const known = await Promise.all(
    names.map((name) => Promise.race([isOurs(name, own), pause(PATIENCE_MS, true)])),
  );
  return names.filter((_name, index) => known[index] === false);
}

async function isOurs(name: string, own: ReadonlySet<string>): Promise<boolean> {
  const found = await lookup(name, { all: true }).catch(() => []);
  return found.some(({ address }) => own.has(address) || address.startsWith('127.'));
}

function ownAddresses(): ReadonlySet<string> {
  return new Set(
    Object.values(networkInterfaces()).flatMap((one) => one?.map(({ address }) => address) ?? []),
  );
}

/** Folders that sudo looks into, whatever the user's own PATH is. */
const ROOT_FOLDERS = /^\/(?:usr\/(?:local\/)?)?s?bin\//;

/** What to type so that the command runs with the rights to change the hosts file. */
export function asRootLine(
  command: string,
  { platform, execPath, getuid }: Pick<NodeJS.Process, 'platform' | 'execPath' | 'getuid'> = process,
): string {
  if (platform === 'win32' || getuid?.() === 0) return command;
  // Version managers keep node where root does not look.
  return ROOT_FOLDERS.test(execPath) ? `sudo ${command}` : `sudo env "PATH=$PATH" ${command}`;
}

/** The hint about them, or undefined when there is none. */
export function unknownHostsHint(names: readonly string[], ownCommand: string): string | undefined {
  if (names.length === 0) return undefined;
  const line = asRootLine(`${ownCommand} hosts add ${names.map(shellWord).join(' ')}`);
  const verb = names.length === 1 ? 'does' : 'do';
  return `${names.join(', ')} ${verb} not lead to this machine yet: ${line}`;
}
