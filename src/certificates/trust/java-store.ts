/** Java's keystore: read by ourselves where its form is simple, since each start of keytool takes half a second. */
import { posix } from 'node:path';
import { bodyOf } from './authority-ref.js';
import { readJksAliases } from './jks-aliases.js';
import type { AuthorityRef, Machine, TrustStore } from './trust-store.js';

/** The password that every Java installation starts with. */
const STORE = ['-cacerts', '-storepass', 'changeit'] as const;

/** Keystores that a distribution makes of its anchors, and what says that it does; by the distributions' own manuals but for Debian. */
const MADE_BY_SYSTEM: Readonly<Record<string, (machine: Machine) => boolean>> = {
  '/etc/ssl/certs/java/cacerts': (machine) =>
    machine.exists('/etc/ca-certificates/update.d/jks-keystore') &&
    /^cacerts_updates="?yes\b/m.test(machine.read('/etc/default/cacerts') ?? ''),
  '/etc/pki/ca-trust/extracted/java/cacerts': () => true,
  '/etc/ca-certificates/extracted/java-cacerts.jks': () => true,
  '/var/lib/ca-certificates/java-cacerts': () => true,
};

/** The keytool of JAVA_HOME, else that on the PATH; undefined when there is no Java. */
export function findKeytool(machine: Machine): string | undefined {
  const home = machine.environment.JAVA_HOME;
  const own = home === undefined ? undefined : posix.join(home, 'bin/keytool');
  return own !== undefined && machine.exists(own) ? own : machine.find('keytool');
}

/** The keystore of the Java that is found first, if there is one. */
export function javaStores(machine: Machine): TrustStore[] {
  const keytool = findKeytool(machine);
  if (keytool === undefined) return [];
  const file = keystoreOf(machine, keytool);
  const asRoot = machine.platform !== 'win32' && !machine.writable(file);
  const isFilledBySystem = MADE_BY_SYSTEM[file]?.(machine) === true;
  /** Undefined: keytool must be asked. */
  const aliases = ({ pem }: AuthorityRef): readonly string[] | undefined =>
    readJksAliases(machine.readBytes(file), Buffer.from(bodyOf(pem), 'base64'));
  return [
    {
      name: `Java (${keytool})`,
      ...(isFilledBySystem ? { isFilledBySystem } : {}),
      holding: async (authority) => {
        const found = aliases(authority);
        if (found !== undefined) return found.length > 0 ? 'all' : 'none';
        const words = ['-exportcert', '-rfc', ...STORE, '-alias', authority.nickname];
        const { status, out } = await machine.run([keytool, ...words]);
        return status === 0 && bodyOf(out).includes(bodyOf(authority.pem)) ? 'all' : 'none';
      },
      installSteps: ({ file: pem, nickname }) => {
        const words = ['-importcert', '-noprompt', ...STORE, '-alias', nickname, '-file', pem];
        return isFilledBySystem ? [] : [{ argv: [keytool, ...words], asRoot }];
      },
      // Debian's hook puts it in by a name of its own, and leaves it there.
      uninstallSteps: (authority) =>
        (aliases(authority) ?? [authority.nickname]).map((alias) => ({
          argv: [keytool, '-delete', ...STORE, '-alias', alias],
          asRoot,
        })),
    },
  ];
}

/** Where this keytool's own Java has its keystore; Debian's and Fedora's Javas share one. */
function keystoreOf(machine: Machine, keytool: string): string {
  const home = posix.dirname(posix.dirname(machine.real(keytool)));
  return machine.real(posix.join(home, 'lib/security/cacerts'));
}
