/** The trust stores of the operating systems: anchor folders of Linux, the keychain of macOS, the store of Windows. */
import { posix } from 'node:path';
import { bodyOf } from './authority-ref.js';
import type { Machine, Step, TrustStore } from './trust-store.js';

interface AnchorFolder {
  readonly name: string;
  readonly folder: string;
  readonly update: readonly [string, ...string[]];
  /** What the program makes of the folder, and OpenSSL reads. */
  readonly bundle: string;
}

/** In the order of likelihood; the first that exists together with its program is this machine's. */
const ANCHOR_FOLDERS: readonly AnchorFolder[] = [
  {
    name: 'Debian',
    folder: '/usr/local/share/ca-certificates',
    update: ['update-ca-certificates'],
    bundle: '/etc/ssl/certs/ca-certificates.crt',
  },
  {
    name: 'Fedora',
    folder: '/etc/pki/ca-trust/source/anchors',
    update: ['update-ca-trust', 'extract'],
    bundle: '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  },
  {
    name: 'Arch',
    folder: '/etc/ca-certificates/trust-source/anchors',
    update: ['trust', 'extract-compat'],
    bundle: '/etc/ca-certificates/extracted/tls-ca-bundle.pem',
  },
  {
    name: 'openSUSE',
    folder: '/etc/pki/trust/anchors',
    update: ['update-ca-certificates'],
    bundle: '/var/lib/ca-certificates/ca-bundle.pem',
  },
  {
    name: 'openSUSE',
    folder: '/usr/share/pki/trust/anchors',
    update: ['update-ca-certificates'],
    bundle: '/var/lib/ca-certificates/ca-bundle.pem',
  },
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

function anchorStore(machine: Machine, { name, folder, update, bundle }: AnchorFolder): TrustStore {
  const [program, ...rest] = update;
  const refresh = (fresh: boolean): Step => {
    // Debian leaves the links of a removed anchor behind unless it is told to look at all of them.
    const more = !fresh && name === 'Debian' ? ['--fresh'] : [];
    return { argv: [machine.find(program) ?? program, ...rest, ...more], asRoot: true, isSlow: true };
  };
  const anchorOf = (nickname: string): string => posix.join(folder, `${nickname}.crt`);
  return {
    name: `system (${name})`,
    holding: async ({ nickname, pem }) => {
      const hasAnchor = machine.read(anchorOf(nickname)) === pem;
      const made = machine.read(bundle);
      // The program may have been ended between the file and the bundle.
      const isMade = made === undefined ? hasAnchor : bodyOf(made).includes(bodyOf(pem));
      if (hasAnchor && isMade) return 'all';
      return hasAnchor || isMade ? 'part' : 'none';
    },
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
    holding: async (authority) => {
      const verified = await machine.run(['security', 'verify-cert', '-c', authority.file]);
      return verified.status === 0 ? 'all' : 'none';
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
    holding: async ({ sha1 }) =>
      (await machine.run([certutil, '-user', '-store', 'Root', sha1])).status === 0 ? 'all' : 'none',
    installSteps: ({ file }) => [
      { argv: [certutil, '-user', '-addstore', 'Root', pathOf(file)], asRoot: false },
    ],
    uninstallSteps: ({ sha1 }) => [{ argv: [certutil, '-user', '-delstore', 'Root', sha1], asRoot: false }],
  };
}
