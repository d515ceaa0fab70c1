/** The trust stores of the operating systems: anchor folders of Linux, the keychain of macOS, the store of Windows. */
import { posix } from 'node:path';
import type { Machine, Step, TrustStore } from './trust-store.js';

interface AnchorFolder {
  readonly name: string;
  readonly folder: string;
  readonly update: readonly [string, ...string[]];
}

/** In the order of likelihood; the first that exists together with its program is this machine's. */
const ANCHOR_FOLDERS: readonly AnchorFolder[] = [
  { name: 'Debian', folder: '/usr/local/share/ca-certificates', update: ['update-ca-certificates'] },
  { name: 'Fedora', folder: '/etc/pki/ca-trust/source/anchors', update: ['update-ca-trust', 'extract'] },
  {
    name: 'Arch',
    folder: '/etc/ca-certificates/trust-source/anchors',
    update: ['trust', 'extract-compat'],
  },
  { name: 'openSUSE', folder: '/etc/pki/trust/anchors', update: ['update-ca-certificates'] },
  { name: 'openSUSE', folder: '/usr/share/pki/trust/anchors', update: ['update-ca-certificates'] },
];

/** The store of the operating system; on WSL that of Windows too. */
export function systemStores(machine: Machine): TrustStore[] {
  if (machine.platform === 'darwin') return [keychain(machine)];
  if (machine.platform === 'win32') return [windowsStore(machine, 'certutil', (file) => file)];
  const stores = ANCHOR_FOLDERS.filter(
    ({ folder, update }) => machine.exists(folder) && machine.find(update[0]) !== undefined,
  )
    .slice(0, 1)
    .map((anchors) => anchorStore(machine, anchors));
  const certutil = '/mnt/c/Windows/System32/certutil.exe';
  const distribution = machine.environment.WSL_DISTRO_NAME;
  if (distribution === undefined || !machine.exists(certutil)) return stores;
  const windowsPath = (file: string): string =>
    `\\\\wsl.localhost\\${distribution}${file.replaceAll('/', '\\')}`;
  return [...stores, windowsStore(machine, certutil, windowsPath)];
}

function anchorStore(machine: Machine, { name, folder, update }: AnchorFolder): TrustStore {
  const [program, ...rest] = update;
  const refresh = (fresh: boolean): Step => {
    // Debian leaves the links of a removed anchor behind unless it is told to look at all of them.
    const more = !fresh && name === 'Debian' ? ['--fresh'] : [];
    return { argv: [machine.find(program) ?? program, ...rest, ...more], asRoot: true };
  };
  const anchorOf = (nickname: string): string => posix.join(folder, `${nickname}.crt`);
  return {
    name: `system (${name})`,
    isTrusted: async ({ nickname, pem }) => machine.read(anchorOf(nickname)) === pem,
    installSteps: ({ file, nickname }) => [
      { argv: ['install', '-m', '644', file, anchorOf(nickname)], asRoot: true },
      refresh(true),
    ],
    uninstallSteps: ({ nickname }) => [
      { argv: ['rm', '-f', anchorOf(nickname)], asRoot: true },
      refresh(false),
    ],
  };
}

function keychain(machine: Machine): TrustStore {
  const file = posix.join(machine.home, 'Library/Keychains/login.keychain-db');
  return {
    name: 'login keychain',
    isTrusted: async (authority) => {
      const verified = await machine.run(['security', 'verify-cert', '-c', authority.file]);
      return verified.status === 0;
    },
    installSteps: (authority) => [
      {
        argv: ['security', 'add-trusted-cert', '-r', 'trustRoot', '-k', file, authority.file],
        asRoot: false,
      },
    ],
    uninstallSteps: (authority) => [
      { argv: ['security', 'remove-trusted-cert', authority.file], asRoot: false },
      { argv: ['security', 'delete-certificate', '-Z', authority.sha1, file], asRoot: false },
    ],
  };
}

function windowsStore(machine: Machine, certutil: string, pathOf: (file: string) => string): TrustStore {
  return {
    name: "Windows user's store",
    isTrusted: async ({ sha1 }) =>
      (await machine.run([certutil, '-user', '-store', 'Root', sha1])).status === 0,
    installSteps: ({ file }) => [
      { argv: [certutil, '-user', '-addstore', 'Root', pathOf(file)], asRoot: false },
    ],
    uninstallSteps: ({ sha1 }) => [{ argv: [certutil, '-user', '-delstore', 'Root', sha1], asRoot: false }],
  };
}
