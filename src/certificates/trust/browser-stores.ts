/** The trust stores of browsers that do not ask the operating system: Chromium and Firefox (NSS). */
import { posix } from 'node:path';
import { bodyOf } from './authority-ref.js';
import { firefoxProfiles } from './firefox-profiles.js';
import type { FoundStores, Machine, Step, TrustStore, UnusableStore } from './trust-store.js';

const CHROMIUM_FOLDERS = ['.pki/nssdb', 'snap/chromium/current/.pki/nssdb'];
const CHROMIUM_PROGRAMS = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'brave-browser',
];

interface NssDatabase {
  readonly name: string;
  readonly folder: string;
  /** Must be made first. */
  readonly isNew: boolean;
}

/** Each NSS database that is there, or that a browser of this machine would read. */
export function browserStores(machine: Machine): FoundStores {
  const databases = findDatabases(machine);
  const certutil = machine.platform === 'win32' ? undefined : machine.find('certutil');
  const unusable: UnusableStore[] = [];
  if (certutil === undefined) {
    for (const { name } of databases) {
      unusable.push({
        name,
        reason: 'certutil is not installed',
        hint: 'install libnss3-tools (Debian), nss-tools (Fedora), nss (Arch, Homebrew) or mozilla-nss-tools (openSUSE)',
      });
    }
  }
  const nss = certutil === undefined ? [] : databases.map((one) => nssStore(machine, certutil, one));
  return { stores: nss, unusable };
}

function findDatabases(machine: Machine): NssDatabase[] {
  const databases: NssDatabase[] = [];
  for (const path of CHROMIUM_FOLDERS) {
    const folder = posix.join(machine.home, path);
    if (machine.exists(posix.join(folder, 'cert9.db'))) {
      databases.push({ name: `Chromium (~/${path})`, folder, isNew: false });
    } else if (path === '.pki/nssdb' && CHROMIUM_PROGRAMS.some((name) => machine.find(name) !== undefined)) {
      databases.push({ name: `Chromium (~/${path})`, folder, isNew: true });
    }
  }
  for (const folder of firefoxProfiles(machine)) {
    const shown = folder.startsWith(`${machine.home}/`) ? `~${folder.slice(machine.home.length)}` : folder;
    databases.push({ name: `Firefox (${shown})`, folder, isNew: false });
  }
  return databases;
}

function nssStore(machine: Machine, certutil: string, { name, folder, isNew }: NssDatabase): TrustStore {
  const database = ['-d', `sql:${folder}`];
  const step = (...rest: string[]): Step => ({ argv: [certutil, ...database, ...rest], asRoot: false });
  return {
    name,
    holding: async ({ nickname, pem }) => {
      const { status, out } = await machine.run(step('-L', '-n', nickname, '-a').argv);
      return status === 0 && bodyOf(out) === bodyOf(pem) ? 'all' : 'none';
    },
    installSteps: ({ file, nickname }) => [
      ...(isNew
        ? [
            { argv: ['mkdir', '-p', '-m', '700', folder], asRoot: false } satisfies Step,
            step('-N', '--empty-password'),
          ]
        : []),
      step('-A', '-t', 'C,,', '-n', nickname, '-i', file),
    ],
    uninstallSteps: ({ nickname }) => [step('-D', '-n', nickname)],
  };
}
