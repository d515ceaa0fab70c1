/** The trust stores of programs that do not ask the operating system: Chromium and Firefox (NSS), Java. */
import { posix } from 'node:path';
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

/** NSS databases and Java's keystore. */
export function programStores(machine: Machine): FoundStores {
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
  return { stores: [...nss, ...javaStores(machine)], unusable };
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
    isTrusted: async ({ nickname, pem }) => {
      const { status, out } = await machine.run(step('-L', '-n', nickname, '-a').argv);
      return status === 0 && bodyOf(out) === bodyOf(pem);
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

function bodyOf(pem: string): string {
  return pem.replaceAll(/-----[^-]+-----|\s+/g, '');
}

/** The keytool of JAVA_HOME, else that on the PATH; undefined when there is no Java. */
export function findKeytool(machine: Machine): string | undefined {
  const home = machine.environment.JAVA_HOME;
  const own = home === undefined ? undefined : posix.join(home, 'bin/keytool');
  return own !== undefined && machine.exists(own) ? own : machine.find('keytool');
}

function javaStores(machine: Machine): TrustStore[] {
  const home = machine.environment.JAVA_HOME;
  const keytool = findKeytool(machine);
  if (keytool === undefined) return [];
  // The password that every Java installation starts with.
  const store = ['-cacerts', '-storepass', 'changeit'];
  const file = home === undefined ? '/etc/ssl/certs/java/cacerts' : posix.join(home, 'lib/security/cacerts');
  const asRoot = machine.platform !== 'win32' && !machine.writable(file);
  return [
    {
      name: `Java (${keytool})`,
      isTrusted: async ({ nickname, pem }) => {
        const { status, out } = await machine.run([
          keytool,
          '-exportcert',
          '-rfc',
          ...store,
          '-alias',
          nickname,
        ]);
        return status === 0 && bodyOf(out).includes(bodyOf(pem));
      },
      installSteps: ({ file: pem, nickname }) => [
        {
          argv: [keytool, '-importcert', '-noprompt', ...store, '-alias', nickname, '-file', pem],
          asRoot,
        },
      ],
      uninstallSteps: ({ nickname }) => [
        { argv: [keytool, '-delete', ...store, '-alias', nickname], asRoot },
      ],
    },
  ];
}
