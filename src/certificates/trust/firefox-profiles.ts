/** Where Firefox keeps its profiles, and which of them it opens when nobody chooses. */
import { posix } from 'node:path';
import type { Machine } from './trust-store.js';

/** Beneath the home: plain (the second since Firefox 147), snap, flatpak, macOS. */
const PLAIN_FOLDERS = ['.mozilla/firefox', '.config/mozilla/firefox'];
const CONFINED_FOLDERS = [
  'snap/firefox/common/.mozilla/firefox',
  '.var/app/org.mozilla.firefox/.mozilla/firefox',
];
const MAC_FOLDER = 'Library/Application Support/Firefox/Profiles';

/** Folders of all profiles that have certificates of their own, however Firefox was installed. */
export function firefoxProfiles(machine: Machine): readonly string[] {
  const more = [...CONFINED_FOLDERS, MAC_FOLDER].map((path) => posix.join(machine.home, path));
  return [...new Set([...plainFolders(machine), ...more])].flatMap((folder) =>
    machine
      .list(folder)
      .map((profile) => posix.join(folder, profile))
      .filter((profile) => hasCertificates(machine, profile)),
  );
}

/** The profile that a Firefox which is neither snap nor flatpak opens; undefined when it has made none yet. */
export function defaultFirefoxProfile(machine: Machine): string | undefined {
  for (const folder of plainFolders(machine)) {
    const list = machine.read(posix.join(folder, 'profiles.ini'));
    if (list === undefined) continue;
    const found = inOrderOfPreference(list)
      .map((path) => (posix.isAbsolute(path) ? path : posix.join(folder, path)))
      .find((profile) => hasCertificates(machine, profile));
    if (found !== undefined) return found;
  }
  return undefined;
}

function plainFolders({ home, environment }: Machine): readonly string[] {
  const { XDG_CONFIG_HOME: configuration } = environment;
  const moved = configuration !== undefined && posix.isAbsolute(configuration);
  const folders = PLAIN_FOLDERS.map((path) => posix.join(home, path));
  return [...folders, ...(moved ? [posix.join(configuration, 'mozilla/firefox')] : [])];
}

function hasCertificates(machine: Machine, profile: string): boolean {
  return machine.exists(posix.join(profile, 'cert9.db'));
}

/** The default of an installation goes before the default of versions older than 67, and that before any other. */
function inOrderOfPreference(profilesIni: string): readonly string[] {
  const ofInstallations: string[] = [];
  const old: string[] = [];
  const others: string[] = [];
  for (const section of profilesIni.split(/^(?=\[)/m)) {
    const value = (key: string): string | undefined =>
      new RegExp(`^${key}=(.*?)\\r?$`, 'm').exec(section)?.[1];
    const path = value('Path');
    const chosen = value('Default');
    if (section.startsWith('[Install') && chosen !== undefined) ofInstallations.push(chosen);
    else if (path !== undefined) (chosen === '1' ? old : others).push(path);
  }
  return [...ofInstallations, ...old, ...others];
}
